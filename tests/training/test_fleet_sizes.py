"""A sidecar that learns what the size of the golden frame does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import jpeg, other_models, photo_of
from pictures import board
from visiqc.errors import BadRecipe, IntegrityError
from visiqc.inspection.fleet import Fleet
from visiqc.training.fleet import build_fleet, write_fleet
from visiqc.training.fleet_products import Product, Upload
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.fleet_sizes import measured_sizes, with_sizes


def drawn(folder: Path) -> Product:
    """A board with a golden photo, twenty good uploads, and a defective one that is no photo."""
    product = board(seed=3)
    (folder / "golden.jpg").write_bytes(jpeg(photo_of(product)))
    uploads = [Upload(path=folder / "defective.jpg", defective=True)]
    for n in range(20):
        uploads.append(Upload(path=folder / f"upload-{n}.jpg"))
        uploads[-1].path.write_bytes(jpeg(photo_of(product, 0.2 * n, 1 - 0.01 * n, noise=n + 1)))
    return Product(name="board", goldens=(folder / "golden.jpg",), uploads=tuple(uploads))


def test_the_good_photos_are_compared_at_every_size_and_all_else_stays(tmp_path: Path) -> None:
    models, fleet = other_models()
    recipe = FleetRecipe(photos=tmp_path, goldens=(1,), sizes=(160, 96), fewest_products=1)
    told: list[tuple[int, int]] = []
    learned = measured_sizes(
        fleet, [drawn(tmp_path)], models, recipe, usual_side=128, told=lambda _, n, count: told.append((n, count))
    )
    assert fleet.fusion is not None
    assert learned.fusion is not None
    assert [size.side for size in learned.fusion.sizes] == [96, 160]
    assert replace(learned, fusion=fleet.fusion) == fleet
    assert told == [(0, 2), (1, 2)]


def test_sizes_need_names_and_a_sidecar_of_the_defect_model_that_compares(tmp_path: Path) -> None:
    models, fleet = other_models()
    recipe = FleetRecipe(photos=tmp_path, sizes=(160, 96))
    with pytest.raises(BadRecipe, match="sizes were not named"):
        measured_sizes(fleet, [], models, replace(recipe, sizes=()), usual_side=400, told=lambda *_: None)
    kept = written(fleet, tmp_path)
    with pytest.raises(IntegrityError, match="name a sidecar and its own defect model"):
        with_sizes(kept, [], replace(models, defect=None), recipe)
    with pytest.raises(IntegrityError, match="built with identity model ffffffffffff"):
        with_sizes(written(replace(fleet, identity="f" * 64), tmp_path), [], models, recipe)


def test_one_thing_is_learned_at_a_time(tmp_path: Path) -> None:
    recipe = FleetRecipe(photos=tmp_path, sizes_of=tmp_path, colours_of=tmp_path)
    with pytest.raises(BadRecipe, match="colours_of and sizes_of were given together; measure one after the other"):
        build_fleet(recipe)


def written(fleet: Fleet, folder: Path) -> Path:
    write_fleet(fleet, folder)
    return folder
