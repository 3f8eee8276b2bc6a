"""A photographer without a renderer: draws a disc, or fails as a shot asks. Other processes can import it."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visiqc.errors import InputError
from visiqc.rendering.design import Design, Look
from visiqc.rendering.shots import PoseLevel, Shot, ShotRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A family of one number."""

    radius: float = 0.3


@dataclass(frozen=True)
class Drawn:
    """A drawn photo."""

    photo: np.ndarray
    label: np.ndarray
    record: dict[str, Any]
    jpeg_quality: int
    seconds: dict[str, float]


def a_shot(sku: str = "disc", name: str = "golden/1", **changes: Any) -> Shot:
    """A small photo of a disc."""
    design = Design(family="disc", look=Look(metal="gold18"), shape=Disc())
    values = {"role": ShotRole.GOLDEN, "design": design, "pose": PoseLevel.JIG, "seed": 1, "side_px": 16, "samples": 1}
    return Shot(sku=sku, name=name, **(values | changes))


def photograph(shot: Shot) -> Drawn:
    """Draw a disc. Its attribute may ask for trouble: `refuse`, `mistake`, `die`, `slow`."""
    trouble(shot.attribute)
    rng = np.random.default_rng(shot.seed)
    rows, columns = np.mgrid[0 : shot.side_px, 0 : shot.side_px] / shot.side_px - 0.5
    disc = rows**2 + columns**2 < shot.design.shape.radius**2
    photo = rng.integers(0, 255, (shot.side_px, shot.side_px, 3), np.uint8)
    photo[disc] = (212, 175, 55)
    record = {
        "planned": {"sku": shot.sku, "seed": shot.seed},
        "measured": {"area_px": int(disc.sum()), "visible": True, "process": os.getpid(), "deaf": is_deaf()},
    }
    return Drawn(photo, np.where(disc, 64, 0).astype(np.uint8), record, 90, {"draw": 0.25})


def is_deaf() -> bool:
    """Whether Ctrl-C does not reach this process."""
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def trouble(kind: str) -> None:
    if kind == "refuse":
        raise InputError("stone 7.0 mm is larger than its setting 6.5 mm")
    if kind == "mistake":
        raise ZeroDivisionError("division by zero")
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "slow":
        time.sleep(0.1)


def unprepared() -> None:
    """What a process runs first where Mitsuba is broken."""
    from visiqc.errors import Unavailable

    raise Unavailable("Mitsuba is not installed")


if __name__ == "__main__":  # python photographer.py FOLDER SKUS: render that many products, slowly
    from visiqc.rendering.folder import claimed
    from visiqc.rendering.jobs import render_all

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is born deaf to it
    folder = Path(sys.argv[1])
    wanted = [
        a_shot(f"disc-{sku}", f"uploads/{n}", attribute="slow") for sku in range(int(sys.argv[2])) for n in range(4)
    ]
    with claimed(folder):
        done = render_all(wanted, folder, workers=2, photographer=photograph)
    sys.stdout.write(f"{done.already} {done.taken}\n")
