"""The command line in this process, in a folder and a home of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from commands import Run, run_command


@pytest.fixture
def visiqc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `visiqc` with arguments, in an empty folder, with the default home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VISIQC_HOME", "visiqc-home")
    monkeypatch.setenv("VISIQC_DEBUG", "0")
    return partial(run_command, monkeypatch, capsys)
