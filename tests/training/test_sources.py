"""Where a recipe's photos come from."""

from __future__ import annotations

import os
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import png, shipped_models
from pair_sets import Export, mvtec, photo
from visiqc.errors import BadRecipe, InputError, NotAllowed
from visiqc.recipes import as_yaml, make_recipe, read_recipe
from visiqc.training.datasets import manifests
from visiqc.training.datasets.folders import FolderSource
from visiqc.training.datasets.pairs import Licence, Pair, PairSet
from visiqc.training.defect import DefectRecipe
from visiqc.training.mask import MaskRecipe
from visiqc.training.mismatch import MismatchRecipe
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
COMMANDS = (ROOT / "docs/command-line.md").read_text()


def test_a_recipe_that_names_no_photos_is_refused() -> None:
    with pytest.raises(BadRecipe, match="data names no photos; give renders, folders, tables or verdicts"):
        Sources()


def test_the_sample_photos_are_a_rendered_set() -> None:
    (samples,) = read_sources(Sources(renders=(ROOT / "data/samples",)), shippable=True)
    assert len({pair.sku for pair in samples.pairs}) == 8
    assert samples.seed == 20252
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
    with pytest.raises(InputError, match=r"there is no folder and no rendered set test; make it with `visiqc render"):
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


def tabled(folder: Path, rows: int = 2) -> Path:
    folder.mkdir()
    (folder / "golden.png").write_bytes(png(photo(0)))
    for n in range(rows):
        (folder / f"{n}.png").write_bytes(png(photo(n + 1)))
    lines = [f"R-{n},golden.png,{n}.png,no" for n in range(rows)]
    (folder / "pairs.csv").write_text("\n".join(["sku,goldens,upload,defective", *lines]) + "\n")
    return folder


def table_recipe(folder: Path, licence: str = "own photos", *, commercial: bool = True) -> DefectRecipe:
    path = folder / "recipe.yaml"
    source = {"folder": str(folder / "pairs"), "licence": {"name": licence, "commercial": commercial}}
    path.write_text(yaml.safe_dump({"data": {"renders": [str(ROOT / "data/samples")], "tables": [source]}}))
    return read_recipe(DefectRecipe, path)


def test_a_recipe_reads_a_table_beside_renders_and_their_joint_digest_is_of_both(tmp_path: Path) -> None:
    folder = tabled(tmp_path / "pairs")
    recipe = table_recipe(tmp_path)
    sets = read_sources(recipe.data, shippable=recipe.shippable)
    assert [(one.name, one.licence.name) for one in sets] == [("samples", "own renders"), ("pairs", "own photos")]
    assert [pair.sku for pair in sets[1].pairs] == ["R-0", "R-1"]
    models = shipped_models()
    seen = seen_by(sets, models)
    assert seen != seen_by(sets[:1], models) != seen_by(sets[1:], models)
    (folder / "1.png").write_bytes(png(photo(9)))
    assert seen_by(read_sources(recipe.data, shippable=True), models) != seen
    (tmp_path / "again.yaml").write_text(as_yaml(recipe))
    assert read_recipe(DefectRecipe, tmp_path / "again.yaml") == recipe


def test_a_table_for_research_only_is_refused_for_a_model_that_ships(tmp_path: Path) -> None:
    tabled(tmp_path / "pairs")
    recipe = table_recipe(tmp_path, "CC BY-NC 4.0", commercial=False)
    with pytest.raises(NotAllowed, match=r"pairs \(CC BY-NC 4\.0\) may not be shipped.*set shippable: false"):
        read_sources(recipe.data, shippable=recipe.shippable)
    assert not is_shippable(read_sources(recipe.data, shippable=False))
    with pytest.raises(InputError, match="does not allow commercial use; give commercial: false"):
        table_recipe(tmp_path, "CC BY-NC 4.0")


def test_a_table_tolerates_as_many_broken_photos_as_its_recipe_says(tmp_path: Path) -> None:
    (tabled(tmp_path / "pairs") / "1.png").unlink()
    given = manifests.TableSource(folder=tmp_path / "pairs", licence=Licence(name="own", commercial=True))
    (one,) = read_sources(Sources(tables=(given,)), shippable=True)
    assert one.notes == ("no defective photo: every upload is good or not known", *one.notes[1:])
    assert len(one.pairs) == 1
    with pytest.raises(InputError, match="raise max_unreadable"):
        read_sources(Sources(tables=(replace(given, max_unreadable=0),)), shippable=True)


@pytest.mark.parametrize("kind", ["folders", "tables"])
def test_the_recipe_says_how_many_photos_may_be_broken_where_a_folder_or_table_does_not(
    tmp_path: Path, kind: str
) -> None:
    (tabled(tmp_path / "tables") / "1.png").unlink()
    (mvtec(tmp_path / "folders", {"good": 2}) / "test/good/001.png").write_bytes(b"nothing")
    source = {"folder": str(tmp_path / kind), "licence": {"name": "own", "commercial": True}}
    plain = make_recipe(DefectRecipe, {"data": {kind: [source]}})
    (one,) = read_sources(plain.data, shippable=True, max_unreadable=1)
    assert "1 photos cannot be read, left out" in one.notes[-1]
    with pytest.raises(InputError, match=r"0 are allowed.*raise max_unreadable"):
        read_sources(plain.data, shippable=True, max_unreadable=0)
    limited = make_recipe(DefectRecipe, {"data": {kind: [source | {"max_unreadable": 1}]}})
    assert read_sources(limited.data, shippable=True, max_unreadable=0)[0].notes == one.notes


def test_a_misspelt_key_of_a_table_is_refused_by_name() -> None:
    source = {"folder": "pairs", "licence": {"name": "own", "commercial": True}, "max_unreadble": 3}
    with pytest.raises(BadRecipe, match=r"no key 'data\.tables\.0\.max_unreadble'; its keys are .*max_unreadable"):
        make_recipe(DefectRecipe, {"data": {"tables": [source]}})


@pytest.mark.parametrize("kind", ["folders", "tables"])
def test_a_misspelt_key_of_a_licence_is_refused_by_name_too(kind: str) -> None:
    source = {"folder": "pairs", "licence": {"name": "own", "commercial": True, "txt": "Photos by A. Smith"}}
    with pytest.raises(BadRecipe, match=rf"no key 'data\.{kind}\.0\.licence\.txt'; its keys are .*licence\.text"):
        make_recipe(DefectRecipe, {"data": {kind: [source]}})


@pytest.mark.parametrize("recipe", [DefectRecipe, MaskRecipe, MismatchRecipe])
def test_fewer_broken_photos_than_none_is_no_limit(recipe: type[Any]) -> None:
    photos = {"renders": ["train-small"]}
    with pytest.raises(BadRecipe, match=r"max_unreadable must be a number of photos.*got -3"):
        make_recipe(recipe, {"data": photos, "max_unreadable": -3})
    source = {"folder": "pairs", "licence": {"name": "own", "commercial": True}, "max_unreadable": -1}
    for kind in ("folders", "tables"):
        with pytest.raises(BadRecipe, match=r"max_unreadable must be a number of photos.*got -1"):
            make_recipe(recipe, {"data": {kind: [source]}})


def test_the_docs_name_every_source_and_every_column_of_a_table() -> None:
    section = COMMANDS.partition("### Where a recipe's photos come from")[2].partition("\n## ")[0]
    firsts = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = [name for cell in firsts for name in re.findall(r"`(\w+)`", cell)]
    assert set(named) | {"mask_kind"} == {field.name for field in fields(Sources)} | set(manifests.COLUMNS)
    (shown,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    (source,) = yaml.safe_load(shown)["data"]["tables"]
    assert set(source) == {"folder", "licence"}


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
