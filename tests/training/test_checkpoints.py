from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny_learner
from tiny_learner import fitted
from visiqc.errors import Conflict, Unavailable
from visiqc.training.checkpoints import (
    NEWEST,
    PREVIOUS,
    load_checkpoint,
    random_states,
    remove_checkpoints,
    restore_random,
    save_checkpoint,
)


def state(number: int) -> dict[str, Any]:
    return {"weights": torch.full((1000,), float(number)), "at": {"epoch": number, "history": [{"score": 0.5}]}}


def loaded(folder: Path) -> int:
    found = load_checkpoint(folder, digest="d")
    assert found is not None
    assert found["weights"][0] == found["at"]["epoch"]
    return int(found["at"]["epoch"])


@pytest.fixture
def two(tmp_path: Path) -> Path:
    for number in (1, 2):
        save_checkpoint(tmp_path, state(number), digest="d")
    return tmp_path


def test_without_one_there_is_none(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path, digest="d") is None


def test_the_newest_is_loaded_and_the_one_before_is_kept(two: Path) -> None:
    assert loaded(two) == 2
    (two / NEWEST).unlink()
    assert loaded(two) == 1


@pytest.mark.parametrize("harm", ["torn", "flipped", "empty", "other"])
def test_one_that_cannot_be_read_gives_way_to_the_one_before(
    two: Path, harm: str, logged: list[MutableMapping[str, Any]]
) -> None:
    content = (two / NEWEST).read_bytes()
    middle = len(content) // 2
    harmed = {
        "torn": content[:middle],
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "empty": b"",
        "other": b"a photo",
    }
    (two / NEWEST).write_bytes(harmed[harm])
    assert loaded(two) == 1
    assert [entry["event"] for entry in logged] == ["checkpoint cannot be read"]


def test_a_file_that_would_run_code_is_not_read(two: Path) -> None:
    torch.save({"format": 1, "digest": "d", "state": Path("x")}, two / NEWEST)  # any class will do
    assert loaded(two) == 1


def test_when_none_can_be_read_it_says_so(two: Path) -> None:
    for name in (NEWEST, PREVIOUS):
        (two / name).write_bytes(b"")
    with pytest.raises(Unavailable, match="none of 2 checkpoints can be read; start over with --fresh"):
        load_checkpoint(two, digest="d")
    remove_checkpoints(two)
    assert load_checkpoint(two, digest="d") is None


def test_one_of_another_recipe_is_refused(two: Path) -> None:
    with pytest.raises(Conflict, match=r"digest d, this run's is e\)"):
        load_checkpoint(two, digest="e")


def test_random_numbers_go_on_where_they_were() -> None:
    def drawn() -> list[float]:
        return [random.random(), float(np.random.random()), float(torch.rand(1))]

    states = random_states()
    before = drawn()
    assert drawn() != before
    restore_random(states)
    assert drawn() == before


def test_random_states_survive_the_file(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {"random": random_states()}, digest="d")
    before = float(np.random.random())
    found = load_checkpoint(tmp_path, digest="d")
    assert found is not None
    restore_random(found["random"])
    assert float(np.random.random()) == before


@pytest.mark.parametrize("renames", [0, 1])
def test_a_kill_at_the_worst_moment_leaves_a_whole_one(
    two: Path, renames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, done = Path.replace, []

    def killed(path: Path, target: Path) -> Path:
        if len(done) == renames:
            raise KeyboardInterrupt
        done.append(path)
        return real(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(two, state(3), digest="d")
    assert loaded(two) == 2
    monkeypatch.undo()
    save_checkpoint(two, state(3), digest="d")
    assert loaded(two) == 3


@pytest.mark.slow
def test_a_full_disk_is_said_and_the_one_before_is_whole(tmp_path: Path) -> None:
    """With a limit on the size of files, which the system treats as it does a full disk."""
    fitted(tmp_path, epochs=1)
    before = (tmp_path / NEWEST).read_bytes()
    command = [sys.executable, tiny_learner.__file__, str(tmp_path), "epochs=3", f"file_bytes={len(before) // 2}"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert "Unavailable: the checkpoint of 0.0 MB cannot be written (the one before it is whole" in last
    assert last.endswith("the file would pass the size limit set for this process; raise the limit and try again")
    assert (tmp_path / NEWEST).read_bytes() == before
    assert not list(tmp_path.glob("*.part"))
    assert fitted(tmp_path, epochs=3).resumed
