"""What a card says of the photos a model learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from small_models import a_defect_card, a_defect_graph, put_model
from small_sets import drawn_set
from visiqc.errors import InputError, NotAllowed
from visiqc.recipes import make_recipe
from visiqc.runtime.cards import ModelCard
from visiqc.training.datasets.pairs import Licence
from visiqc.training.defect import DefectRecipe, train_defect
from visiqc.training.fit_settings import FitResult
from visiqc.training.tracking import Tracker
from visiqc.training.training_record import require_unlearned, training_record

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
RECIPE = make_recipe(DefectRecipe, {"data": {"renders": ["boards"]}})
FITTED = FitResult(best_epoch=0, best={}, epochs_run=1, seconds=60.0, stopped_early=False, resumed=False, history=())


def parent_of(folder: Path) -> ModelCard:
    """A model that learned from a set of no commercial licence."""
    other = replace(
        drawn_set(folder, products=2),
        name="theirs",
        digest="b" * 64,
        licence=Licence(name="CC BY-NC 4.0", commercial=False),
    )
    record = training_record(RECIPE, [other], frozenset({"board-0"}), FITTED, parent=None)
    return replace(a_defect_card(a_defect_graph(), "theirs-1"), training=record, shippable=False)


def test_the_products_learned_from_are_kept_beside_those_held_out(tmp_path: Path) -> None:
    record = training_record(RECIPE, [drawn_set(tmp_path)], frozenset({"board-1"}), FITTED, parent=None)
    (data,) = record.data
    assert (data.name, data.skus, data.held_out) == ("boards", ("board-0", "board-2"), ("board-1",))


def test_what_a_model_went_on_from_had_learned_it_has_learned_too(tmp_path: Path) -> None:
    parent = parent_of(tmp_path / "theirs")
    record = training_record(RECIPE, [drawn_set(tmp_path / "ours")], frozenset(), FITTED, parent=parent)
    assert [(one.name, one.licence, one.shippable, one.skus) for one in record.data] == [
        ("boards", record.data[0].licence, True, ("board-0", "board-1", "board-2")),
        ("theirs", "CC BY-NC 4.0", False, ("board-1",)),
    ]
    again = training_record(RECIPE, [], frozenset(), FITTED, parent=replace(parent, training=record))
    assert again.data == record.data


def test_from_one_that_may_not_be_given_away_comes_none_that_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path / "home"))
    put_model(tmp_path / "home" / "models", parent_of(tmp_path / "theirs"), a_defect_graph())
    asked = {"data": {"renders": [str(tmp_path / "nowhere")]}, "start_from": "theirs-1"}
    with pytest.raises(NotAllowed, match=r"goes on from defect theirs-1 may not be shipped.*shippable: false"):
        train_defect(make_recipe(DefectRecipe, asked), Tracker(), tmp_path / "run")


def test_nothing_that_the_model_gone_on_from_learned_may_be_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path / "home"))
    skus = tuple(sorted(folder.name for folder in SAMPLES.iterdir() if (folder / "golden").is_dir()))
    record = training_record(RECIPE, [], frozenset(), FITTED, parent=parent_of(tmp_path / "theirs"))
    record = replace(record, data=(replace(record.data[0], skus=skus),))
    parent = replace(a_defect_card(a_defect_graph(), "theirs-1"), training=record)
    put_model(tmp_path / "home" / "models", parent, a_defect_graph())
    asked = {"data": {"renders": [str(SAMPLES)]}, "held_out": 0.5, "start_from": "theirs-1"}
    with pytest.raises(InputError, match=r"defect theirs-1 learned from \S+, .*held out here: .*hold out what it held"):
        train_defect(make_recipe(DefectRecipe, asked), Tracker(), tmp_path / "run")
    require_unlearned(parent, [drawn_set(tmp_path / "ours")], frozenset({"board-0"}))


def test_a_product_drawn_from_another_seed_than_what_was_learned_may_be_held_out(tmp_path: Path) -> None:
    sown = replace(drawn_set(tmp_path), seed=1)
    record = training_record(RECIPE, [sown], frozenset({"board-0"}), FITTED, parent=None)
    assert [one.seed for one in record.data] == [1]
    parent = replace(a_defect_card(a_defect_graph(), "mine-1"), training=record)
    require_unlearned(parent, [replace(sown, seed=2)], frozenset({"board-1"}))
    for seed in (1, None):
        with pytest.raises(InputError, match="defect mine-1 learned from board-1, held out here"):
            require_unlearned(parent, [replace(sown, seed=2), replace(sown, seed=seed)], frozenset({"board-1"}))
