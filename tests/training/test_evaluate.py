"""The measuring script on a small set, with the models that ship."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_renders import small_set
from visiqc.training.evaluate import EvaluateRecipe, evaluate
from visiqc.training.tracking import Tracker, open_tracker

UPLOADS = {"luna-pendant": ("guided-good-8", "guided-good-11", "guided-defective-9", "guided-defective-12")}


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    return small_set(tmp_path / "set", UPLOADS)


def run(recipe: EvaluateRecipe, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], dict[str, float]]:
    pictures: list[str] = []

    def figure(self: Tracker, png: bytes, name: str) -> None:
        assert png.startswith(b"\x89PNG")
        pictures.append(name)

    monkeypatch.setattr(Tracker, "figure", figure)
    with open_tracker("test", folder, wanted=False) as tracker:
        result = evaluate(recipe, tracker, folder)
    assert {path.name for path in result.artifacts} >= {"summary.txt", "summary.json"}
    assert result.data_digest
    return pictures, dict(result.metrics)


def test_tables_figures_and_pictures_come_out(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = EvaluateRecipe(photos=photos, goldens=(1,), long_sides=(256,), examples=2)
    pictures, metrics = run(recipe, tmp_path / "run", monkeypatch)
    assert 0 <= metrics["Good from defective/guided/image AUROC"] <= 1
    assert "1-goldens-256-px-guided-roc.png" in pictures
    assert "1-goldens-256-px-guided-scores.png" in pictures
    assert any("worst" in name for name in pictures)
    (document,) = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert document["photos"] == 4
