"""A sidecar that learns what the size of the golden frame does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import jpeg, other_models, photo_of
from pictures import board
from visiqc.errors import BadRecipe, IntegrityError
from visiqc.inspection.fleet import Fleet, to_json
from visiqc.training.calibration_settings import CalibrationSettings
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
    recipe = FleetRecipe(
        photos=tmp_path, goldens=(1,), sizes=(160, 96), usual_side=128, fewest_products=1, source="boards"
    )
    learned = with_sizes(written(fleet, tmp_path), [drawn(tmp_path)], models, recipe)
    assert fleet.fusion is not None
    assert learned.fusion is not None
    assert [size.side for size in learned.fusion.sizes] == [96, 128, 160]
    assert learned.fusion.sizes == learned.fusion.single_sizes  # there is one golden alone
    assert learned.fusion.sizes[0].shift != learned.fusion.sizes[2].shift
    assert learned.source == f"{fleet.source}; sizes: boards"
    assert to_json(replace(learned, fusion=fleet.fusion, source=fleet.source)) == to_json(fleet)


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


@pytest.mark.parametrize("sizes", [(400,), (400, 400), (0, 400), (-5, 400), (400, 9000)])
def test_sizes_that_cannot_be_compared_are_refused_before_anything_is_done(sizes: tuple[int, ...]) -> None:
    with pytest.raises(BadRecipe, match="sizes must be at least two different sides of 64 to 4096 pixels"):
        FleetRecipe(photos=Path("x"), sizes=sizes)
    with pytest.raises(BadRecipe, match=r"calibration\.sizes must be"):
        CalibrationSettings(sizes=sizes)


def test_sizes_without_a_sidecar_that_learns_them_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="sizes were given without sizes_of"):
        build_fleet(FleetRecipe(photos=tmp_path, sizes=(400, 800)))


def written(fleet: Fleet, folder: Path) -> Path:
    write_fleet(fleet, folder)
    return folder
