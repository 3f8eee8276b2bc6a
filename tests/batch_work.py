"""Work that spawned processes can be handed: importable, quick, and told what to do by the task itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builders import a_calibration_report, a_verdict, members
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreResult, RescoreTask
from visiqc.errors import Unavailable


def squares() -> Callable[[int], int]:
    """Squares; a negative number kills its worker, 999 finds the disk full."""
    return _square


def _square(number: int) -> int:
    if number < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 999:
        raise Unavailable("the disk is full; free some space and try again")
    return number * number


def stillborn() -> Callable[[int], int]:
    """Never opens."""
    os.kill(os.getpid(), signal.SIGKILL)
    return _square


def threads() -> Callable[[int], str]:
    """Says how many threads libraries may use."""
    import cv2

    return lambda _: f"{cv2.getNumThreads()} {os.environ['OMP_NUM_THREADS']} {os.environ['OMP_WAIT_POLICY']}"


@dataclass(frozen=True)
class Dies:
    """Kills its worker the first `times` times it sees `task`; otherwise the task itself comes back."""

    folder: Path
    task: int
    times: int

    def __call__(self) -> Callable[[int], int]:
        return self.work

    def work(self, task: int) -> int:
        with (self.folder / "begun").open("a") as file:
            file.write(f"{task}\n")
        if task == self.task and (self.folder / "begun").read_text().split().count(f"{task}") <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.005)
        return task


@dataclass(frozen=True)
class Scores:
    """A quick scoring story: REJECT for uploads whose name ends in `x`, an error for `e`, PASS for all others."""

    def __call__(self) -> Callable[[RescoreTask], RescoreResult]:
        return self.work

    def work(self, task: RescoreTask) -> RescoreResult:
        if task.upload_id.endswith("e"):
            return RescoreResult(position=task.position, error="no blob; restore it from a backup")
        bad = task.upload_id.endswith("x")
        verdict = a_verdict(
            id=task.upload_id,
            outcome=Outcome.REJECT if bad else Outcome.PASS,
            golden_version=task.golden_version,
            calibration=a_calibration_report(p_value=0.003 if bad else 0.6),
            model_digests=members().digests,
        )
        return RescoreResult(position=task.position, verdict=verdict)
