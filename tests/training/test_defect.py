"""The defect recipe, and what is refused before the hours begin."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from bench import real_models
from small_sets import drawn_set
from visiqc.errors import BadRecipe, InputError
from visiqc.recipes import make_recipe, read_recipe
from visiqc.training import defect, mismatch
from visiqc.training.calibration_settings import CalibrationSettings, require_calibration
from visiqc.training.datasets.pairs import OWN, Pair, PairSet
from visiqc.training.defect import DefectRecipe
from visiqc.training.defect_candidate import held_out_products

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["train_defect", "train_defect_smoke"])
def test_the_recipes_that_ship_are_read(name: str) -> None:
    recipe = read_recipe(DefectRecipe, ROOT / "configs" / f"{name}.yaml", ["fit.epochs=3"])
    assert recipe.fit.epochs == 3
    assert recipe.shippable


@pytest.mark.parametrize("wrong", [{"held_out": 1.0}, {"batch": 0}, {"workers": 65}])
def test_values_that_make_no_sense_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(BadRecipe, match=f"{next(iter(wrong))} must be"):
        make_recipe(DefectRecipe, {"data": {"renders": ["train"]}, **wrong})


def test_nothing_is_learned_from_the_products_of_a_set_held_out_in_any_set(tmp_path: Path) -> None:
    sets = [drawn_set(tmp_path / "a", products=6), replace(drawn_set(tmp_path / "b", products=2), name="kept")]
    asked = {"data": {"renders": ["boards", "kept"], "held_out": ["kept"]}, "held_out": 0}
    for made in (
        defect.products_held_out(make_recipe(DefectRecipe, asked), sets),
        mismatch.products_held_out(make_recipe(mismatch.MismatchRecipe, asked), sets),
    ):
        assert made == {"board-0", "board-1"}
    more = make_recipe(DefectRecipe, asked | {"held_out": 0.4})
    assert defect.products_held_out(more, sets) > {"board-0", "board-1"}
    with pytest.raises(InputError, match="2 of 2 products are held out, which leaves none to learn from"):
        defect.products_held_out(make_recipe(DefectRecipe, asked), sets[1:])
    with pytest.raises(BadRecipe, match=r"held_out must be over 0 and under 1, or 0 beside data\.held_out, got 0"):
        make_recipe(DefectRecipe, {"data": {"renders": ["boards"]}, "held_out": 0})


def test_too_few_products_held_out_for_a_calibration_are_refused_beforehand(tmp_path: Path) -> None:
    sets = [drawn_set(tmp_path, products=3)]
    with pytest.raises(InputError, match=r"calibration needs 10 products .* and 2 are held out; raise held_out"):
        require_calibration(sets, frozenset({"board-0", "board-1"}), CalibrationSettings())
    require_calibration(sets, frozenset({"board-0"}), CalibrationSettings(wanted=False))
    require_calibration(sets, frozenset({"board-0", "board-1"}), CalibrationSettings(fewest_products=2))


def test_too_few_good_photos_for_a_calibration_are_refused_before_the_hours(tmp_path: Path) -> None:
    def photographed(count: int) -> tuple[PairSet, frozenset[Path]]:
        golden, uploads = tmp_path / "golden.jpg", [tmp_path / f"{n}.jpg" for n in range(count)]
        pairs = [Pair(sku="ring", goldens=(golden,), upload=photo, defective=False) for photo in (*uploads, *uploads)]
        one = PairSet(name="ours", licence=OWN, digest="0" * 64, pairs=tuple(pairs))
        return one, frozenset({golden, *uploads})

    settings = CalibrationSettings(fewest_products=1)
    few, whole = photographed(19)
    with pytest.raises(InputError, match=r"calibration needs 20 good photos of products .* and 19 are held out"):
        require_calibration([few], frozenset({"ring"}), settings, whole)
    enough, whole = photographed(20)
    require_calibration([enough], frozenset({"ring"}), settings, whole)


def test_products_without_a_defect_are_not_counted_where_both_maps_are_weighed(tmp_path: Path) -> None:
    def of(sku: str, *, defective: bool) -> Pair:
        golden, upload = (tmp_path / f"{sku}-{what}.jpg" for what in ("golden", str(defective)))
        return Pair(sku=sku, goldens=(golden,), upload=upload, defective=defective)

    pairs = (of("ring", defective=False), of("ring", defective=True), of("chain", defective=False))
    sets, both = [PairSet(name="ours", licence=OWN, digest="0" * 64, pairs=pairs)], frozenset({"ring", "chain"})
    settings = CalibrationSettings(fewest_products=2)
    require_calibration(sets, both, settings)
    with pytest.raises(InputError, match=r"needs 2 products with defective photos that nothing .* and 1 are held out"):
        require_calibration(sets, both, settings, maps=True)


def test_a_design_that_two_sets_photograph_is_one_product_and_no_impostor_of_itself(tmp_path: Path) -> None:
    first, second = drawn_set(tmp_path / "a", products=2), drawn_set(tmp_path / "b", products=2)
    products = held_out_products([first, replace(second, name="again")], frozenset({"board-0", "board-1"}))
    assert [product.name for product in products] == [
        "boards/board-0",
        "boards/board-1",
        "again/board-0",
        "again/board-1",
    ]
    assert {product.design for product in products} == {"board-0", "board-1"}


def test_two_views_of_a_product_are_enrolled_apart(tmp_path: Path) -> None:
    def seen(view: str) -> Pair:
        return Pair(sku="ring", goldens=(tmp_path / f"{view}.jpg",), upload=tmp_path / f"{view}-1.jpg", defective=False)

    both = PairSet(name="ours", licence=OWN, digest="0" * 64, pairs=(seen("front"), seen("back")))
    products = held_out_products([both], frozenset({"ring"}))
    assert [product.goldens[0].name for product in products] == ["front.jpg", "back.jpg"]
    assert len({product.name for product in products}) == 2
    assert {product.design for product in products} == {"ring"}


def test_broken_photos_are_left_out_of_the_calibration_too(tmp_path: Path) -> None:
    pairs = drawn_set(tmp_path, products=2)
    whole = {path for pair in pairs.pairs for path in (*pair.goldens, pair.upload)}
    whole -= {tmp_path / name for name in ("board-0/golden-0.jpg", "board-0/dirty.jpg", "board-1/good.jpg")}
    held_out = frozenset({"board-0", "board-1"})
    (product,) = held_out_products([pairs], held_out, whole)
    assert [path.name for path in product.goldens] == ["golden-1.jpg"]
    assert [upload.path.name for upload in product.uploads] == ["good.jpg"]
    with pytest.raises(InputError, match=r"calibration needs 2 products .* and 1 are held out"):
        require_calibration([pairs], held_out, CalibrationSettings(fewest_products=2), whole)


def test_a_product_that_could_not_be_laid_is_left_out_of_the_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    pairs = drawn_set(tmp_path, products=2)
    pairs.pairs[0].goldens[0].write_bytes(b"nothing")
    upload = pairs.pairs[1].upload  # nobody opens it, for there is nothing to lay it over
    upload.write_bytes(upload.read_bytes()[:900])
    recipe = make_recipe(DefectRecipe, {"data": {"renders": ["boards"]}, "long_side": 256})
    _, whole = defect.laid_sets(recipe, [pairs], real_models())
    (product,) = held_out_products([pairs], frozenset({"board-0", "board-1"}), whole)
    assert (product.design, len(product.goldens), len(product.uploads)) == ("board-1", 2, 2)


@pytest.mark.parametrize("limit", [1, 0])
def test_the_recipe_limits_how_many_photos_may_be_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], limit: int
) -> None:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    pairs = drawn_set(tmp_path, products=1)
    pairs.pairs[0].upload.write_bytes(b"nothing")
    asked = {"data": {"renders": ["boards"]}, "long_side": 256, "max_unreadable": limit}
    recipe = make_recipe(DefectRecipe, asked)
    with nullcontext() if limit else pytest.raises(InputError, match=r"0 are allowed.*raise max_unreadable"):
        ((product,), whole) = defect.laid_sets(recipe, [pairs], real_models())
        assert (product.sku, whole) == ("board-0", {*pairs.pairs[0].goldens, pairs.pairs[1].upload})
        assert "1 photos cannot be read, left out: board-0/good.jpg" in capsys.readouterr().err
