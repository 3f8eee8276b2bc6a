"""The fleet sidecar, built from a few drawn products."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from bench import jpeg, photo_of, real_fleet, real_models
from pictures import board, plate, ring
from visiqc.domain.colour import BalanceBasis, ColourPart, ColourReport, PartColour
from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import FORMAT, MANIFEST, Item, Manifest
from visiqc.inspection.compare import Comparison
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import read_fleet
from visiqc.inspection.parts import SentPhoto
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.models import DEFAULT_TRUNK
from visiqc.training import fleet_additions, fleet_comparisons
from visiqc.training.fleet import build_fleet
from visiqc.training.fleet_products import Upload, fleet_products, readable_products
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.fleet_sameness import Held
from visiqc.training.fleet_sidecar import FleetPhotos, Judged, make_sidecar, with_colour_scales
from visiqc.vision.golden_view import GoldenView
from visiqc.vision.photo import DecodeLimits


def drawn_products(folder: Path, *, boards: int = 8, uploads: int = 2) -> Path:
    """Boards of different designs, a ring and a plate, each with a golden photo and good uploads."""
    products = {f"board-{n}": board(seed=n) for n in range(boards)} | {"ring": ring(), "plate": plate()}
    for name, product in products.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "golden-1.jpg").write_bytes(jpeg(photo_of(product)))
        for n in range(uploads):
            photo = photo_of(product, 2.0 * n, 1 - 0.02 * n, noise=n + 1)
            (folder / name / f"upload-{n}.jpg").write_bytes(jpeg(photo))
    return folder


@pytest.mark.slow
def test_a_sidecar_is_built_that_the_trunk_accepts(tmp_path: Path) -> None:
    photos = drawn_products(tmp_path / "photos")
    (photos / "empty").mkdir()
    (photos / "ring" / "upload-9.jpg").write_bytes((photos / "ring" / "upload-1.jpg").read_bytes()[:2000])  # broken
    shutil.copy(photos / "ring" / "upload-1.jpg", photos / "ring" / "golden-2.jpg")
    recipe = FleetRecipe(
        photos=photos, out=tmp_path / "out", identity=DEFAULT_TRUNK, goldens=(1, 2), impostors=1, long_side=256
    )
    result = build_fleet(recipe)
    folder = tmp_path / "out" / DEFAULT_TRUNK
    assert result.artifacts == (folder / "fleet.json", folder / "cohort.npy")
    built = read_fleet(
        (folder / "fleet.json").read_text(), (folder / "cohort.npy").read_bytes(), trunk=real_models().trunk.digest
    )
    assert (built.products, len(built.scores), built.cohort.shape) == (10, 22, (30, real_fleet().cohort.shape[1]))
    assert built.alike_poor < 1.2
    assert built.same_accepted <= built.same_sure
    assert built.heat_low < built.heat_high
    assert (result.metrics["good_photos"], result.metrics["good_comparisons"]) == (20, 22)
    assert result.metrics["good_accepted"] >= 0.95
    assert all(np.isfinite(value) for value in result.metrics.values())


def test_a_broken_upload_is_named_and_left_out_and_too_many_are_refused(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("board", "ring"):
        (photos / name).mkdir(parents=True)
        for file in ("golden-1.jpg", "upload-0.jpg", "upload-1.jpg"):
            (photos / name / file).write_bytes(jpeg(photo_of(ring())))
    whole = (photos / "board" / "upload-1.jpg").read_bytes()
    (photos / "board" / "upload-1.jpg").write_bytes(whole[: len(whole) // 2])
    found = readable_products(fleet_products(photos), max_unreadable=1)
    assert [(one.name, [each.path.name for each in one.uploads]) for one in found] == [
        ("board", ["upload-0.jpg"]),
        ("ring", ["upload-0.jpg", "upload-1.jpg"]),
    ]
    with pytest.raises(InputError, match=r"1 photos cannot be read \(board/upload-1\.jpg, …\), 0 are allowed"):
        readable_products(fleet_products(photos), max_unreadable=0)


def test_fewer_than_ten_products_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"at least 10 products .* found 9"):
        build_fleet(FleetRecipe(photos=drawn_products(tmp_path, boards=7, uploads=1)))


def test_photos_that_are_not_there_are_named_with_the_command_that_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="no folder and no rendered set fleet; make it with `visiqc render"):
        build_fleet(FleetRecipe(photos=Path("fleet")))


def test_too_few_photos_that_can_be_compared_are_refused() -> None:
    nothing = FleetPhotos(own=[], others=[], banks={}, designs={})
    with pytest.raises(InputError, match="at least 20 good photos that can be compared"):
        make_sidecar(nothing, real_models(), source="nothing")


def test_a_photo_held_against_one_golden_and_against_several_is_one_of_the_twenty_a_fleet_needs() -> None:
    twice = [shown(n / 10, goldens=goldens, photo=f"{n}.jpg") for n in range(19) for goldens in (1, 3)]
    photos = FleetPhotos(own=twice, others=[Held("ring", twice[0].found, "plate")], banks={}, designs={})
    with pytest.raises(InputError, match=r"at least 20 good photos .* got 19 and 1"):
        make_sidecar(photos, real_models(), source="twice")


def test_photos_compared_twice_make_no_scale_of_colours() -> None:
    twice = [shown(n / 10 + again, photo=f"{n}.jpg") for n in range(19) for again in (0, 0.05)]
    assert with_colour_scales(real_fleet(), twice).colour_metal == ()


def test_the_same_seed_draws_the_same_impostors(tmp_path: Path) -> None:
    products = fleet_products(drawn_products(tmp_path, uploads=1))
    banks = dict.fromkeys((product.name for product in products), None)

    def drawn(seed: int) -> list[str]:
        recipe = FleetRecipe(photos=tmp_path, impostors=3, seed=seed)
        return [other.name for p in products for _, other in fleet_comparisons._impostors(p, products, banks, recipe)]  # type: ignore[arg-type]

    assert drawn(1) == drawn(1) != drawn(2)
    assert len(drawn(1)) == 30


def test_the_products_of_a_rendered_set_are_its_goldens_and_good_uploads(tmp_path: Path) -> None:
    items = []
    for number in range(10):
        for name, role in (("golden/1", "golden"), ("uploads/1", "good"), ("uploads/2", "defective")):
            file = f"ring-{number}/{name}.jpg"
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).touch()
            items.append(an_item(f"ring-{number}", file, role))
    manifest = Manifest(
        format=FORMAT, name="rings", split="train", digest="d", recipe_digest="r", recipe={}, items=tuple(items)
    )
    (tmp_path / MANIFEST).write_text(json.dumps(asdict(manifest)))
    products = fleet_products(tmp_path)
    assert [product.name for product in products] == [f"ring-{number}" for number in range(10)]
    assert products[3].goldens == (tmp_path / "ring-3/golden/1.jpg",)
    assert products[3].uploads == (
        Upload(path=tmp_path / "ring-3/uploads/1.jpg", pose="jig"),
        Upload(path=tmp_path / "ring-3/uploads/2.jpg", pose="jig", defective=True),
    )


def an_item(sku: str, file: str, role: str) -> Item:
    return Item(
        sku=sku,
        file=file,
        mask=file,
        record=file,
        role=role,
        defect=None,
        code=None,
        pose="jig",
        attribute=None,
        family="plain_band",
        visible=True if role == "defective" else None,
    )


def shown(evidence: float, *, goldens: int = 3, photo: str = "") -> Judged:
    """A good photo whose metal differs so much, held against so many goldens; without a name one of its own."""
    metal = PartColour(
        part=ColourPart.METAL,
        delta_e00=1.0,
        delta_a=0.0,
        delta_b=0.0,
        delta_chroma=0.0,
        uncertainty=1.0,
        evidence=evidence,
        share=0.5,
    )
    report = ColourReport(basis=BalanceBasis.NONE, parts=(metal,))
    found = Comparison(view=view_of(goldens), colour=report, golden_map=np.zeros((4, 4), np.float32), alike=1.0)
    return Judged(product="ring", found=found, photo=Path(photo or f"{evidence}-{goldens}.jpg"))


@cache
def view_of(goldens: int) -> GoldenView:
    photos = [SentPhoto(name=f"{n}.jpg", content=jpeg(photo_of(ring(), noise=n + 1))) for n in range(goldens)]
    return build_bank(photos, real_models(), DecodeLimits(), long_side=256)[0].views[0]


def test_colours_are_a_scale_only_where_enough_good_photos_show_them() -> None:
    learned = with_colour_scales(real_fleet(), [shown(-n / 10) for n in range(20)])
    assert learned.colour_metal == tuple(-n / 10 for n in reversed(range(20)))
    assert learned.colour_stones == ()
    assert with_colour_scales(real_fleet(), [shown(-n / 10) for n in range(19)]).colour_metal == ()


def test_colours_against_one_golden_are_a_scale_of_their_own() -> None:
    photos = [shown(-n / 10) for n in range(20)] + [shown(n / 10, goldens=1) for n in range(20)]
    learned = with_colour_scales(real_fleet(), photos)
    assert learned.colours(single=False)[0] == tuple(-n / 10 for n in reversed(range(20)))
    assert learned.colours(single=True)[0] == tuple(n / 10 for n in range(20))


def test_where_one_golden_has_no_scale_of_colours_that_of_several_counts() -> None:
    learned = with_colour_scales(real_fleet(), [shown(-n / 10) for n in range(20)])
    assert learned.colours(single=True) == learned.colours(single=False)


def test_a_sidecar_learns_colours_and_keeps_all_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = bundled_models() / "fleet" / DEFAULT_TRUNK
    monkeypatch.setattr(
        fleet_additions,
        "with_colour_scales",
        lambda fleet, _: replace(fleet, colour_metal=(0.1, 0.2), colour_stones=(0.3,)),
    )
    recipe = FleetRecipe(photos=tmp_path, source="boards")
    learned = fleet_additions.with_colours(known, [], real_models(), recipe)
    before = real_fleet()
    assert (learned.colour_metal, learned.colour_stones) == ((0.1, 0.2), (0.3,))
    assert learned.source.endswith("colours: boards")
    assert (learned.scores, learned.usual, learned.same_sure) == (before.scores, before.usual, before.same_sure)


def test_a_rendered_set_is_found_by_its_name_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path))
    drawn_products(tmp_path / "renders" / "fleet-1234abcd", boards=1, uploads=1)
    with pytest.raises(InputError, match=r"at least 10 products .* found 3"):
        build_fleet(FleetRecipe(photos=Path("fleet")))
