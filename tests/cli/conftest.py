"""The command line in this process, in a folder and a home of its own."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import structlog

from commands import Run, run_command
from visiqc.runtime.bundle import bundled_samples

SIGNET = bundled_samples() / "dora-signet"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command that sets up logging does so for its process, which here goes on."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def scratched() -> Path:
    """A photo of a scratched signet ring, in the pose of its golden."""
    return SIGNET / "uploads" / "jig-defective-4.jpg"


@pytest.fixture
def golden_photo() -> Path:
    """The golden photo of the signet ring."""
    return SIGNET / "golden" / "1.jpg"


@pytest.fixture
def visiqc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `visiqc` with arguments, in an empty folder, with the default home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VISIQC_HOME", "visiqc-home")
    monkeypatch.setenv("VISIQC_DEBUG", "0")
    # Not the registry of whoever runs the tests: a promotion moves its alias.
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return partial(run_command, monkeypatch, capsys)


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which version 1 of the signet is approved and version 2 is not."""
    from visiqc.bootstrap import build_parts
    from visiqc.domain.golden import ScoringPolicy
    from visiqc.inspection.enrol import approve_golden, enrol_golden
    from visiqc.inspection.parts import SentPhoto
    from visiqc.settings import Settings

    home = tmp_path_factory.mktemp("enrolled")
    parts = build_parts(Settings(home=home))
    photo = SentPhoto(name="front.jpg", content=(SIGNET / "golden" / "1.jpg").read_bytes(), view="front")
    for _ in range(2):
        enrol_golden("signet", [photo], parts, policy=ScoringPolicy(long_side=256))
    approve_golden("signet", 1, by="anna", parts=parts)
    return home


@pytest.fixture
def home(enrolled: Path, tmp_path: Path, visiqc: Run) -> Path:
    """A copy of that home, in force for the commands of this test."""
    return Path(shutil.copytree(enrolled, tmp_path / "visiqc-home"))
