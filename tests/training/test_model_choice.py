"""Which models are measured."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from bench import real_models, shipped_fleet, shipped_models
from visiqc.errors import InputError, NotFound
from visiqc.runtime.bundle import bundled_models
from visiqc.training.model_choice import ModelChoice, loader_of


def test_nothing_said_is_what_ships() -> None:
    with loader_of(ModelChoice(), threads=1) as load:
        models, fleet = pickle.loads(pickle.dumps(load))()
    assert models.digests == shipped_models().digests
    assert fleet.digest == shipped_fleet().digest


def test_a_candidate_is_taken_from_its_runs_folder(tmp_path: Path) -> None:
    for task in ("identity", "fleet"):
        shutil.copytree(bundled_models() / task / "lite0-1", tmp_path / "run" / "candidate" / task / "lite0-1")
    with loader_of(ModelChoice(candidates=(tmp_path / "run",), defect="none", mask="none"), threads=1) as load:
        models, _ = load()
    assert models.digests == real_models().digests


def test_a_folder_without_candidates_and_a_version_that_is_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model to promote"), loader_of(ModelChoice(candidates=(tmp_path,))):
        pass
    with loader_of(ModelChoice(identity="lite9-1")) as load, pytest.raises(NotFound, match="lite9-1"):
        load()
