"""A tracking store that is migrated once for all tests: making one takes twelve seconds, copying it none."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from visiqc.training import checkpoints, offline, sending, tracking

LOGGING = (checkpoints, offline, sending, tracking)
_MIGRATE = "import sys; from mlflow.tracking import MlflowClient; MlflowClient(sys.argv[1]).search_experiments()"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[MutableMapping[str, Any]]:
    """What is logged from now on: an earlier test may have configured, and so cached, the loggers of the process."""
    capture = LogCapture()
    for module in LOGGING:
        monkeypatch.setattr(module, "log", structlog.wrap_logger(structlog.ReturnLogger(), processors=[capture]))
    return capture.entries


@pytest.fixture(scope="session")
def migrated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow store, made by whichever process of the test run needs it first."""
    pytest.importorskip("mlflow", reason="MLflow is not installed; it comes with visiqc[train]", exc_type=ImportError)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    store = shared / "migrated.sqlite3"
    with (shared / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not store.exists():
            draft = store.with_suffix(".draft")
            env = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
            subprocess.run([sys.executable, "-c", _MIGRATE, f"sqlite:///{draft}"], check=True, env=env)
            draft.rename(store)
    return store


@pytest.fixture
def cache(migrated_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `VISIQC_CACHE` with a tracking store in it."""
    folder = tmp_path / "cache"
    folder.mkdir()
    shutil.copy2(migrated_store, folder / "mlflow.sqlite3")
    monkeypatch.setenv("VISIQC_CACHE", str(folder))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return folder
