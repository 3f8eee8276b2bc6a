"""A promotion on designs that either side knows."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from commands import Run
from promoted_sets import AsGood
from small_models import a_candidate, a_defect_card, a_defect_graph, a_fleet, put_model
from small_renders import small_set
from visiqc.bootstrap import build_records
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.cards import DataSetRecord, TrainingRecord, read_card
from visiqc.runtime.models import DEFAULT_TRUNK, SHIPPED
from visiqc.settings import Settings
from visiqc.storage.records import SqlRecords


def learned_from(root: Path, name: str, skus: tuple[str, ...]) -> Path:
    """A defect model that learned from products of a set."""
    data = DataSetRecord(name=name, digest="a" * 64, licence="ours", shippable=True, skus=skus)
    training = TrainingRecord(recipe="", data=(data,), minutes=1, machine="two cores", epochs=1)
    content = a_defect_graph()
    return put_model(root, replace(a_defect_card(content, "mine-1"), training=training), content)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A set called train-large, of the designs luna-pendant and gala-studs."""
    return small_set(tmp_path / "large", name="train-large")


def test_letting_it_pass_is_kept_in_the_history_though_the_gate_itself_was_passed(
    visiqc: Run, home: Path, tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "visiqc.evaluation.model_comparison", SimpleNamespace(compare_models=AsGood()))
    model = learned_from(tmp_path / "run", "train-small", ("gala-studs",))
    identity = read_card(bundled_models() / "identity" / SHIPPED[DEFAULT_TRUNK].identity).sha256
    a_fleet(tmp_path / "run", "mine-1", identity=identity, defect=read_card(model).sha256)
    refused = visiqc("model", "promote", tmp_path / "run", "--on", large, "--yes")
    assert (refused.code, "learned from gala-studs" in refused.err) == (3, True)
    ran = visiqc("model", "promote", tmp_path / "run", "--on", large, "--override", "all there is", "--yes")
    assert ran.code == 0, ran.err
    records = cast("SqlRecords", build_records(Settings(home=home)))
    (row,) = records.model_sets()
    records.close()
    assert (row.overridden, row.why) == (True, "all there is")
    assert row.comparison["learned"] == ["defect mine-1 learned from gala-studs"]
    champion = "The champion knows what it is compared on, which favours it: defect mine-1 learned from gala-studs."
    assert champion not in ran.err
    assert "does not know what the size of a photo does to its scores, though the champion does" in ran.err
    again = a_candidate(tmp_path / "next", "halo-9", seed=1)
    said = visiqc("model", "promote", again, "--on", large, "--yes").err
    assert champion in said
    assert "the size of a photo" not in said  # neither side knows
    assert 'although compared on designs it knows: "all there is"' in visiqc("model", "history").out
