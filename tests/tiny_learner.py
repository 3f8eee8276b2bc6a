"""A learner small enough to fit in a test: a line through noise, with dropout and running statistics.

As a script it is the process that is killed, runs out of disk, or works beside others:
`python tiny_learner.py FOLDER [key=value of FitSettings]... [die=EPOCH,STEP] [file_bytes=N]`; prints the weights.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from visiqc.training.engine import fit
from visiqc.training.fit_settings import FitResult, FitSettings
from visiqc.training.tracking import Tracker

STEPS, BATCH = 6, 8
SETTINGS: dict[str, Any] = {"epochs": 3, "rate": 0.02, "threads": 1, "device": "cpu", "checkpoint_minutes": 0.0}


class TinyLearner:
    """Learns the sum of its inputs.

    Args:
        before_loss: Called with epoch and step; to break things.
        noisy: Whether dropout and the global random states have a say.
    """

    def __init__(
        self, *, before_loss: Callable[[int, int], None] = lambda *_: None, noisy: bool = True, steps: int = STEPS
    ) -> None:
        torch.manual_seed(0)
        drop, norm = (nn.Dropout(0.2), nn.BatchNorm1d(8)) if noisy else (nn.Identity(), nn.Identity())
        self.module: nn.Module = nn.Sequential(nn.Linear(4, 8), norm, drop, nn.Linear(8, 1))
        self.steps_per_epoch = steps
        self._before_loss, self._noisy = before_loss, noisy
        self.scales = [1.0, 1.0]
        self.epoch = self._step = 0

    def start_epoch(self, epoch: int) -> None:
        self.epoch, self._step = epoch, 0

    def parameter_groups(self) -> list[dict[str, Any]]:
        halves = next(iter(self.module.children())), list(self.module.children())[1:]
        return [
            {"params": list(halves[0].parameters()), "scale": self.scales[0]},
            {"params": [each for part in halves[1] for each in part.parameters()], "scale": self.scales[1]},
        ]

    def batches(self, epoch: int, *, rank: int, world: int) -> Iterator[Tensor]:
        own = np.random.default_rng([7, epoch])
        for _ in range(self.steps_per_epoch // world if world > 1 else self.steps_per_epoch):
            rows = torch.from_numpy(own.normal(size=(BATCH * world, 4)).astype(np.float32))[rank::world]
            self._step += 1
            yield rows + 0.1 * torch.randn(rows.shape) if self._noisy else rows

    def loss(self, batch: Tensor) -> tuple[Tensor, dict[str, float]]:
        self._before_loss(self.epoch, self._step)
        loss = ((self.module(batch) - batch.sum(dim=1, keepdim=True)) ** 2).mean()
        return loss, {"square": float(loss.detach())}

    def validate(self) -> dict[str, float]:
        batch = torch.linspace(-1, 1, 64).reshape(16, 4)
        return {"score": -float(((self.module(batch) - batch.sum(dim=1, keepdim=True)) ** 2).mean().detach())}


def fitted(
    folder: Path, learner: Any = None, *, tracker: Tracker | None = None, digest: str = "d", **change: Any
) -> FitResult:
    """Fit a tiny learner in a folder."""
    settings = FitSettings(**SETTINGS | change)
    return fit(learner or TinyLearner(), settings, folder=folder, tracker=tracker or Tracker(), seed=3, digest=digest)


def weights(learner: TinyLearner) -> dict[str, list[float]]:
    return {name: value.double().flatten().tolist() for name, value in learner.module.state_dict().items()}


def child(folder: Path, *options: str, **env: str) -> subprocess.Popen[str]:
    """This file as a process of its own."""
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, __file__, str(folder), *options]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path} | env, **pipes)


def two_children(folder: Path, *options: str) -> list[tuple[dict[str, list[float]], str]]:
    """Two that train together, in `folder/0` and `folder/1`: what weights each ends with, and what it says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    together = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    both = [child(folder / rank, *options, **together, RANK=rank, LOCAL_RANK=rank) for rank in ("0", "1")]
    said = [each.communicate(timeout=120) for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    return [(yaml.safe_load(out), err) for out, err in said]


def thread_names() -> list[str]:
    """Of this process's threads, as the system knows them; empty where it does not tell."""
    return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]


def _main(folder: Path, *options: str) -> None:
    change = {name: yaml.safe_load(value) for name, _, value in (each.partition("=") for each in options)}
    die, size = change.pop("die", None), change.pop("file_bytes", None)
    noisy = change.pop("noisy", True)
    if size:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def before_loss(epoch: int, step: int) -> None:
        if die and [epoch, step] == [int(each) for each in die.split(",")]:
            os.kill(os.getpid(), signal.SIGKILL)

    learner = TinyLearner(before_loss=before_loss, noisy=noisy)
    fitted(folder, learner, **change)
    left = [thread for thread in thread_names() if "gloo" in thread or "tcpstore" in thread]
    assert not left, f"threads of the process group are left: {left}"
    sys.stdout.write(yaml.safe_dump(weights(learner)))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), *sys.argv[2:])
