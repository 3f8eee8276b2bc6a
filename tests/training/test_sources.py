"""Where a recipe's photos come from."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench import shipped_models
from pair_sets import Export
from visiqc.errors import BadRecipe, InputError, NotAllowed
from visiqc.training.datasets.folders import FolderSource
from visiqc.training.datasets.pairs import Licence, Pair, PairSet
from visiqc.training.sources import (
    Sources,
    describe_sets,
    held_out_skus,
    is_shippable,
    read_sources,
    rendered_folder,
    reserved_skus,
    seen_by,
)

ROOT = Path(__file__).parents[2]


def test_a_recipe_that_names_no_photos_is_refused() -> None:
    with pytest.raises(BadRecipe, match="data names no photos; give renders, folders or verdicts"):
        Sources()


def test_the_sample_photos_are_a_rendered_set() -> None:
    (samples,) = read_sources(Sources(renders=(ROOT / "data/samples",)), shippable=True)
    assert len({pair.sku for pair in samples.pairs}) == 8
    assert is_shippable([samples])


def test_a_set_in_the_cache_is_found_by_its_name_and_the_newest_of_two_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path))
    for name, at in (("train-11111111", 100), ("train-22222222", 200), ("train-small-33333333", 300)):
        (tmp_path / "renders" / name).mkdir(parents=True)
        os.utime(tmp_path / "renders" / name, (at, at))
    assert rendered_folder(Path("train")).name == "train-22222222"
    assert rendered_folder(Path("train-small")).name == "train-small-33333333"
    with pytest.raises(InputError, match=r"there is no rendered set test; make it with `visiqc render"):
        rendered_folder(Path("test"))


def test_a_set_for_research_only_is_refused_for_a_model_that_ships_and_taken_for_one_that_does_not(
    tmp_path: Path,
) -> None:
    good = tmp_path / "plates" / "train" / "good"
    good.mkdir(parents=True)
    photo = next((ROOT / "data/samples").glob("*/golden/*.jpg")).read_bytes()
    for n in range(4):
        (good / f"{n}.jpg").write_bytes(photo)
    licence = Licence(name="CC BY-NC-SA 4.0", commercial=False)
    sources = Sources(folders=(FolderSource(folder=tmp_path / "plates", licence=licence, goldens=2),))
    with pytest.raises(NotAllowed, match=r"plates \(CC BY-NC-SA 4.0\) may not be shipped"):
        read_sources(sources, shippable=True)
    assert not is_shippable(read_sources(sources, shippable=False))


def test_the_recipe_says_how_many_photos_of_an_export_may_be_broken(tmp_path: Path) -> None:
    export = Export(tmp_path / "export")
    for _ in range(2):
        export.upload("PASS", {"answer": "confirmed"})
    (export.folder / export.values["uploads"][0]["photo"]).write_bytes(b"nothing")
    sources = Sources(verdicts=(export.written(),))
    assert len(read_sources(sources, shippable=True, max_unreadable=1)[0].pairs) == 1
    with pytest.raises(InputError, match=r"1 photos cannot be read .* 0 are allowed.*raise max_unreadable"):
        read_sources(sources, shippable=True, max_unreadable=0)


def photographed(name: str, numbers: range = range(40)) -> PairSet:
    pairs = tuple(
        Pair(sku=f"ring-{n}", goldens=(Path(f"{name}-{n}-g"),), upload=Path(f"{name}-{n}-u"), defective=False)
        for n in numbers
    )
    return PairSet(name=name, licence=Licence(name="own", commercial=True), digest="0" * 64, pairs=pairs)


def test_a_set_can_be_held_out_whole_and_is_named_if_it_is_not_there() -> None:
    sets = [photographed("one"), photographed("few", range(38, 45))]
    assert reserved_skus(sets, ["few"]) == {f"ring-{n}" for n in range(38, 45)}
    assert reserved_skus(sets, []) == frozenset()
    with pytest.raises(
        BadRecipe, match=r"data\.held_out names the set 'none', which is not among the photos: one, few"
    ):
        reserved_skus(sets, ["none"])


def test_products_held_out_are_whole_and_the_same_for_every_set_that_photographs_them() -> None:
    one, two = photographed("one"), photographed("two")
    assert held_out_skus([one], 0.3, seed=1) == held_out_skus([one, two], 0.3, seed=1)
    assert 4 <= len(held_out_skus([one], 0.3, seed=1)) <= 20
    assert held_out_skus([one], 0.3, seed=1) != held_out_skus([one], 0.3, seed=2)


def test_it_is_told_how_much_of_each_set_is_learned_from_and_what_was_left_out_of_it() -> None:
    taught = replace(photographed("a", range(3)), notes=("2 photos that are unusable, left out",))
    apart = photographed("b", range(5, 7))
    assert describe_sets([taught, apart], frozenset({"ring-0", "ring-5", "ring-6"})) == [
        "a: 3 products, 3 good; learned from 2, held out 1",
        "  2 photos that are unusable, left out",
        "b: 2 products, 2 good; nothing is learned from it, for all of them are held out",
    ]


def test_a_run_on_photos_that_another_mask_frames_is_another_run() -> None:
    (samples,) = read_sources(Sources(renders=(ROOT / "data/samples",)), shippable=True)
    framed = shipped_models()
    assert framed.mask is not None
    assert seen_by([samples], framed) == seen_by([samples], framed)
    assert seen_by([samples], framed) != seen_by([samples], replace(framed, mask=None))
