"""The comparing script on a small set: what ships against itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_renders import small_set
from visiqc.training.compare import CompareRecipe, compare
from visiqc.training.model_choice import ModelChoice
from visiqc.training.tracking import open_tracker


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
