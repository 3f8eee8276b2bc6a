"""The mismatch model from photos to a candidate that is served."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from small_sets import drawn_set
from visiqc.bootstrap import load_fleet
from visiqc.errors import BadRecipe, InputError
from visiqc.inspection.fleet import to_json
from visiqc.recipes import make_recipe, read_recipe
from visiqc.runtime.cards import read_card
from visiqc.runtime.models import load_models
from visiqc.training.datasets.reading import Unreadable
from visiqc.training.joined_set import joined_set
from visiqc.training.mismatch import MismatchRecipe, data_digest, train_mismatch, whole_photos
from visiqc.training.mismatch_looks import ATTRIBUTES
from visiqc.training.tracking import Tracker

ROOT = Path(__file__).parents[2]


def test_the_recipes_in_configs_are_recipes() -> None:
    for name in ("train_mismatch", "train_mismatch_smoke"):
        assert isinstance(read_recipe(MismatchRecipe, ROOT / f"configs/{name}.yaml"), MismatchRecipe)


@pytest.mark.parametrize(
    ("changes", "named"), [({"held_out": 0}, "held_out"), ({"patches": 0}, "patches"), ({"steps": 0}, "steps")]
)
def test_a_recipe_that_cannot_be_is_refused_by_name(changes: dict[str, int], named: str) -> None:
    with pytest.raises(BadRecipe, match=named):
        make_recipe(MismatchRecipe, {"data": {"renders": ["data/samples"]}} | changes)


def cut_off(photo: Path) -> None:
    """As an upload over a bad line: its header is whole, its pixels are not."""
    photo.write_bytes(photo.read_bytes()[: photo.stat().st_size // 2])


def test_photos_that_none_validates_on_are_read_before_a_calibration_takes_them(tmp_path: Path) -> None:
    pairs, unreadable, apart = drawn_set(tmp_path, products=1), Unreadable(limit=1), frozenset({"board-0"})
    cut_off(pairs.pairs[1].upload)
    whole = whole_photos([pairs], apart, [], unreadable)
    assert whole == {*pairs.pairs[0].goldens, pairs.pairs[0].upload}
    assert [one.name for one in unreadable.files.values()] == ["board-0/dirty.jpg"]
    cut_off(pairs.pairs[0].goldens[1])
    with pytest.raises(InputError, match=r"2 photos cannot be read .*raise max_unreadable"):
        whole_photos([pairs], apart, [], unreadable)


def test_products_too_broken_to_calibrate_on_are_refused_before_the_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path / "nothing-promoted"))
    pairs = drawn_set(tmp_path, products=2).pairs
    lines = [f"{p.sku},{p.sku}/golden-0.jpg,{p.sku}/{p.upload.name},{'yes' if p.defective else 'no'}" for p in pairs]
    (tmp_path / "pairs.csv").write_text("\n".join(["sku,goldens,upload,defective", *lines]))
    for number in (0, 1):
        cut_off(tmp_path / f"board-{number}/good.jpg")
    source = {"folder": str(tmp_path), "licence": {"name": "own", "commercial": True}}
    values = {"data": {"tables": [source]}, "held_out": 0.5, "patches": 1, "calibration": {"fewest_products": 1}}
    with pytest.raises(InputError, match=r"calibration needs 1 products .* and 0 are held out"):
        train_mismatch(make_recipe(MismatchRecipe, values), Tracker(tmp_path / "run"), tmp_path / "run")


@pytest.mark.slow
def test_the_smoke_recipe_gives_a_candidate_that_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path / "nothing-promoted"))
    recipe = read_recipe(MismatchRecipe, ROOT / "configs/train_mismatch_smoke.yaml", ["version=smoke"])
    result = train_mismatch(recipe, Tracker(tmp_path / "run"), tmp_path / "run")
    assert result.data_digest == data_digest(recipe)
    (candidate,) = result.artifacts
    card = read_card(candidate / "identity" / "smoke")
    assert card.training is not None
    assert card.training.data[0].name == "samples"
    learned = card.training.data[0].skus
    assert learned
    assert set(learned).isdisjoint(json.loads((candidate / "held-out.json").read_text()))
    assert set(card.metrics) >= {"held out/tar", "held out/eer", "held out/recall_at_1"}
    assert {f"kept/val/accuracy_{name}" for name in ATTRIBUTES} <= set(result.metrics)
    models = joined_set().with_candidate(candidate, task="identity", version="smoke")
    assert models.identity.digest == card.sha256
    for picture in ("learning-curves", "roc", "similarities", "worst-false-accepts", "worst-misses"):
        assert (tmp_path / f"run/figures/{picture}.png").stat().st_size > 1000
    fleet = load_fleet(models, home=_home_of(candidate, tmp_path))
    shipped = load_fleet(load_models())
    assert fleet.fusion is not None
    assert shipped.fusion is not None
    alike = {"known": shipped.fusion.known, "single_known": shipped.fusion.single_known}
    assert {name: getattr(fleet.fusion, name) for name in alike} != alike  # measured with this model
    kept = replace(fleet, cohort=shipped.cohort, identity=shipped.identity, source=shipped.source)
    kept = replace(kept, fusion=replace(fleet.fusion, **alike))
    assert to_json(kept) == to_json(shipped)
    assert fleet.cohort.shape[1] == 128


def _home_of(candidate: Path, folder: Path) -> Path:
    (folder / "home").mkdir()
    (folder / "home" / "models").symlink_to(candidate)
    return folder / "home"
