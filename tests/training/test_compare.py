"""The comparing script on a small set: what ships against itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from small_renders import small_set
from visiqc.training.compare import CompareRecipe, compare
from visiqc.training.model_choice import ModelChoice
from visiqc.training.tracking import Tracker, open_tracker


class Tagged(Tracker):
    """Remembers the tags."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kept: dict[str, str] = {}

    def tags(self, values: Mapping[str, str]) -> None:
        self.kept |= values


def test_what_either_side_knows_of_the_set_is_said_and_tagged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    uploads = dict.fromkeys(("luna-pendant", "gala-studs"), ("guided-good-8", "guided-defective-9"))
    photos = small_set(tmp_path / "set", uploads, name="train-small")  # the defect model that ships learned beside it
    recipe = CompareRecipe(photos=photos, challenger=ModelChoice(), goldens=1, long_side=256)
    tracker = Tagged(tmp_path / "run")
    compare(recipe, tracker, tmp_path / "run")
    said = capsys.readouterr().err
    for side in ("champion", "challenger"):
        assert f"the {side} knows what it is compared on: defect lite0-1" in said
        assert tracker.kept[f"{side}_knows"].startswith("defect lite0-1")


def test_what_ships_is_no_different_from_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    uploads = dict.fromkeys(("luna-pendant", "gala-studs"), ("guided-good-8", "guided-defective-9"))
    photos = small_set(tmp_path / "set", uploads)
    recipe = CompareRecipe(photos=photos, challenger=ModelChoice(), goldens=1, long_side=256)
    with open_tracker("test", tmp_path / "run", wanted=False) as tracker:
        result = compare(recipe, tracker, tmp_path / "run")
    assert result.metrics["gain/image AUROC"] == 0.0
    values = json.loads((tmp_path / "run" / "comparison.json").read_text())
    assert values["verdict"] == "no different"
    assert "The challenger is no different" in (tmp_path / "run" / "comparison.txt").read_text()
