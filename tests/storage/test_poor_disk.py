"""A disk that is full, read-only or limited gets a clear error, and nothing accepted is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).parent / "child_on_a_poor_disk.py"
OWN_MOUNT = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"']


ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def ended(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT)


def play(scene: str, folder: Path, *, before: tuple[str, ...] = ()) -> None:
    """Play a scene of the child to its end."""
    child = ended([*before, sys.executable, str(CHILD), scene, str(folder)])
    assert child.returncode == 0, child.stderr


@pytest.fixture
def own_mount(tmp_path: Path) -> tuple[str, ...]:
    """How to run a command with a tmpfs of 4 MiB over `tmp_path` that nobody else sees."""
    before = (*OWN_MOUNT, str(tmp_path))
    if not shutil.which("unshare"):
        pytest.skip("a private tmpfs needs the unshare command, which is not here")
    if error := ended([*before, "true"]).stderr:
        pytest.skip(f"no private tmpfs can be mounted here: {error.strip()}")
    return before


def test_a_full_disk_refuses_clearly_and_loses_nothing(tmp_path: Path, own_mount: tuple[str, ...]) -> None:
    play("full", tmp_path, before=own_mount)


def test_a_read_only_disk_can_be_read_and_says_so_when_written(tmp_path: Path, own_mount: tuple[str, ...]) -> None:
    play("read-only", tmp_path, before=own_mount)


def test_a_file_size_limit_is_refused_like_a_full_disk(tmp_path: Path) -> None:
    play("limited", tmp_path)
