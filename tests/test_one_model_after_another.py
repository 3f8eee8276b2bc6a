"""Two tasks trained and promoted one after the other, by the commands that people use and those they are told."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from serving import VISIQC
from small_renders import small_set

ROOT = Path(__file__).parents[1]


def run_in(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """`visiqc` in the checkout, with cache and home in `folder`."""
    own = {"VISIQC_HOME": str(folder / "home"), "VISIQC_CACHE": str(folder / "cache"), "VISIQC_DEVICE": "cpu"}
    quiet = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
    command = [*VISIQC, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | own | quiet, capture_output=True, text=True, timeout=900, check=False
    )


def trained(folder: Path, *arguments: object) -> Path:
    """The run's folder."""
    ran = run_in(folder, "train", *arguments, "--no-tracking")
    assert ran.returncode == 0, ran.stderr[-2000:]
    (candidate,) = re.findall(r"visiqc model promote (.+)$", ran.stdout)
    return Path(candidate).parent


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_models_of_two_tasks_take_over_one_after_the_other(tmp_path: Path) -> None:
    identity = trained(tmp_path, "identity", "configs/train_mismatch_smoke.yaml")
    defect = trained(tmp_path, "defect", "configs/train_defect_smoke.yaml", "--set", "steps=2")
    assert not (tmp_path / "home").exists()
    promotion = ("--on", small_set(tmp_path / "other", name="other"), "--override", "useless models", "--yes")
    first = run_in(tmp_path, "model", "promote", identity, *promotion)
    assert first.returncode == 0, first.stderr
    # It was trained before the other one took over: the sidecar that fits is made, and nothing is learned again.
    refused = run_in(tmp_path, "model", "promote", defect, *promotion)
    assert refused.returncode == 4
    train, promote = (shlex.split(line)[1:] for line in re.findall(r"^  (.+)$", refused.stderr, re.MULTILINE))
    (model,) = (defect / "candidate" / "defect").iterdir()
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    again = run_in(tmp_path, *train, "--no-tracking")
    assert again.returncode == 0, again.stderr[-2000:]
    assert "in force in the home" in again.stderr
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before
    second = run_in(tmp_path, *promote, *promotion)
    assert second.returncode == 0, second.stderr
    # And one that is trained now fits as it comes.
    third = trained(tmp_path, "identity", "configs/train_mismatch_smoke.yaml", "--set", "seed=1")
    assert run_in(tmp_path, "model", "promote", third, *promotion).returncode == 0
