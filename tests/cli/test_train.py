from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from commands import Run
from visiqc.training.fit_settings import FitSettings
from visiqc.training.offline import Outbox


@dataclass(frozen=True, kw_only=True)
class LineRecipe:
    """Fit a line."""

    fit: FitSettings = field(default_factory=FitSettings)
    seed: int = 0


def train_line(recipe: LineRecipe, tracker: Any, folder: Path) -> Any:
    from tiny_learner import TinyLearner
    from visiqc.training.engine import fit
    from visiqc.training.recipes import RunResult

    result = fit(TinyLearner(), recipe.fit, folder=folder, tracker=tracker, seed=recipe.seed)
    made = (folder / "candidate",)
    return RunResult(metrics={"epochs": result.epochs_run, "resumed": result.resumed}, artifacts=made)


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe of a training that takes a second, in place of the defect model's; every other part is the real one."""
    pytest.importorskip("torch", reason="torch is not installed; it comes with visiqc[train]", exc_type=ImportError)
    import visiqc.training.defect

    monkeypatch.setattr(visiqc.training.defect, "DefectRecipe", LineRecipe)
    monkeypatch.setattr(visiqc.training.defect, "train_defect", train_line)
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "line.yaml"
    path.write_text("fit: {epochs: 2, threads: 1, device: cpu}\n")
    return path


def test_a_training_is_printed_run_and_goes_on_where_it_was(visiqc: Run, recipe: Path, tmp_path: Path) -> None:
    first = visiqc("train", "defect", recipe, "--no-tracking")
    assert first.code == 0, first.err
    assert first.out.startswith("LineRecipe\nfit:\n  epochs: 2\n")
    assert "epochs: 2\nresumed: 0\n" in first.out
    assert "fit: epoch 2/2: train/loss" in first.err
    again = visiqc("train", "defect", recipe, "--no-tracking")
    assert "epochs: 2\nresumed: 1\n" in again.out
    fresh = visiqc("train", "defect", recipe, "--no-tracking", "--fresh")
    assert "epochs: 2\nresumed: 0\n" in fresh.out
    (run,) = (path for path in (tmp_path / "cache" / "runs").iterdir() if path.suffix != ".previous")
    assert {"recipe.yaml", "checkpoint.pt", "log.jsonl"} <= {path.name for path in run.iterdir()}
    assert fresh.out.endswith(f"visiqc model promote {run / 'candidate'}\n"), "it says what to do with the candidate"


def test_a_nested_key_is_set_and_an_unknown_one_named(visiqc: Run, recipe: Path) -> None:
    ran = visiqc("train", "defect", recipe, "--no-tracking", "--set", "fit.epochs=1")
    assert "epochs: 1\nresumed: 0\n" in ran.out
    refused = visiqc("train", "defect", recipe, "--set", "fit.epohcs=1")
    assert refused.code == 3
    assert "FitSettings has no key 'fit.epohcs'; its keys are fit.epochs, fit.rate, " in refused.err


def test_without_the_extra_it_says_what_to_install(visiqc: Run, recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visiqc.cli.train.NEEDED", ("torch", "mlflow_of_mars"))
    for command in ("defect", "identity", "mask"):
        ran = visiqc("train", command, recipe)
        assert ran.code == 5
        assert ran.err == 'visiqc: training needs mlflow_of_mars; run: pip install "visiqc[train]"\n'


def test_help_is_quick_and_needs_no_torch(visiqc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    ran = visiqc("train", "defect", "--help")
    assert ran.code == 0
    assert "--fresh" in ran.out


def test_what_waits_for_a_server_that_is_away_is_counted(
    visiqc: Run, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert visiqc("train", "sync").out == "nothing waits to be sent\n"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # the discard port: nobody listens there
    run = tmp_path / "cache" / "runs" / "one"
    for number in range(3):
        Outbox(run).add({"kind": "tags", "values": {"n": number}})
    ran = visiqc("train", "sync")
    assert (ran.code, ran.out.splitlines()[-1]) == (5, "one: 3 entries still wait")
    assert [json.loads(line)["values"]["n"] for line in (run / "offline.jsonl").read_text().splitlines()] == [0, 1, 2]
