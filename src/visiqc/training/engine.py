"""Fit a learner: epochs, validation, early stopping, and checkpoints from which a killed run goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from visiqc.errors import BadRecipe, InputError
from visiqc.training.checkpoints import load_checkpoint, random_states, restore_random, save_checkpoint
from visiqc.training.devices import Place, placed
from visiqc.training.fit_settings import FitResult, FitSettings
from visiqc.training.progress import Meter, meter
from visiqc.training.rate_finder import with_found_rate
from visiqc.training.running_mean import RunningMean
from visiqc.training.schedule import rate_share
from visiqc.training.seeding import seed_everything
from visiqc.training.stepper import Learner, NotFinite, Stepper, batches_from, kept_batch
from visiqc.training.tracking import Tracker

__all__ = ["FitResult", "FitSettings", "Learner", "fit"]

Row = dict[str, Any]


def fit(
    learner: Learner, settings: FitSettings, *, folder: Path, tracker: Tracker, seed: int, digest: str = ""
) -> FitResult:
    """Fit the learner, or go on where a killed run stopped; the best weights are in `learner.module` afterwards.

    On a CPU with one thread a run that was killed and resumed ends with the same bits as one that was not. Under
    `torchrun` every process calls this; the first validates, writes and speaks.

    Args:
        learner: What is trained.
        settings: How.
        folder: Of the run; checkpoints are written here.
        tracker: Told every epoch's figures.
        seed: Of everything random.
        digest: Of recipe and data; a checkpoint of another is refused.

    Raises:
        BadRecipe: `settings.watch` is no metric of the learner, or several processes are to find a rate.
        Conflict: The folder's checkpoint belongs to another recipe or other data.
        InputError: The loss is no number, or no batch came.
        Unavailable: The device is not there, or a checkpoint cannot be written or read.
    """
    with placed(settings) as place:
        if settings.find_rate:
            settings = with_found_rate(learner, settings, folder, tracker, seed, place=place)
        steps = max(1, -(-learner.steps_per_epoch // place.world))
        with meter(settings.epochs, steps, wanted=place.leads) as shown:
            run = _Run(learner, settings, place, folder, tracker, shown=shown, seed=seed, digest=digest, steps=steps)
            return run.to_the_end()


@dataclass(slots=True)
class _At:
    """How far a run is: what a checkpoint holds beside the weights.

    Attributes:
        epoch: The one being run.
        step: Steps of it that are done.
        sums: Of the losses of those steps, with `count`.
        history: Rows of the finished epochs.
        best: Number of the best of them; -1 = none yet.
        waited: Finished epochs since then.
        seconds: Spent before this process.
        world: Processes that made these steps.
    """

    epoch: int = 0
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    history: list[Row] = field(default_factory=list)
    best: int = -1
    waited: int = 0
    seconds: float = 0.0
    world: int = 1


class _Run:
    def __init__(
        self,
        learner: Learner,
        settings: FitSettings,
        place: Place,
        folder: Path,
        tracker: Tracker,
        *,
        shown: Meter,
        seed: int,
        digest: str,
        steps: int,
    ) -> None:
        self._learner, self._settings, self._place = learner, settings, place
        self._folder, self._tracker, self._shown = folder, tracker, shown
        self._seed, self._digest, self._steps = seed, digest, steps
        self._module = learner.module.to(place.device)
        place.align(self._module)
        self._stepper = Stepper(learner, settings, place)
        self._mean = RunningMean(self._module, settings.ema) if settings.ema else None
        self._best: dict[str, Tensor] = {}
        self._random: Mapping[str, Any] | None = None
        self._started = self._saved = time.monotonic()
        self._at = _At(world=place.world)
        self._resumed = self._restore()

    def to_the_end(self) -> FitResult:
        """Run the epochs that are left."""
        at, settings = self._at, self._settings
        while at.epoch < settings.epochs and not self._stopped_early:
            self._one_epoch()
        if self._place.leads:
            self._module.load_state_dict(self._best)
        self._place.align(self._module)
        self._module.eval()
        return FitResult(
            best_epoch=at.best,
            best=_metrics(at.history[at.best]),
            epochs_run=len(at.history),
            seconds=self._seconds,
            stopped_early=self._stopped_early,
            resumed=self._resumed,
            history=tuple(at.history),
        )

    @property
    def _stopped_early(self) -> bool:
        return 0 < self._settings.patience <= self._at.waited

    @property
    def _seconds(self) -> float:
        return self._at.seconds + time.monotonic() - self._started

    def _one_epoch(self) -> None:
        at, place = self._at, self._place
        seed_everything(self._seed, at.epoch, place.rank)
        self._module.train()
        self._learner.start_epoch(at.epoch)
        self._stepper.read_scales()
        batches = batches_from(self._learner, at.epoch, at.step, rank=place.rank, world=place.world)
        if self._random is not None:
            restore_random(self._random)
        self._random = None
        self._shown.start_epoch()
        while at.step < self._steps:
            batch = next(batches, None)
            if batch is None and place.world == 1:
                break
            self._one_step(batch)
            if place.leads and time.monotonic() - self._saved >= 60 * self._settings.checkpoint_minutes:
                self._save()
        self._close_epoch()

    def _one_step(self, batch: Any) -> None:
        at = self._at
        rate = self._settings.rate * self._share()
        try:
            losses = self._stepper.step(batch, rate=rate)
        except NotFinite as found:
            raise self._refused(batch, found, rate) from None
        at.step += 1
        if self._mean:
            self._mean.update()
        if losses:
            for name, value in (losses | {"count": 1.0}).items():
                at.sums[name] = at.sums.get(name, 0.0) + value
            self._shown.step(at.epoch, at.step, losses)

    def _share(self) -> float:
        total = self._settings.epochs * self._steps
        warmup = round(self._settings.warmup_epochs * self._steps)
        return rate_share(self._at.epoch * self._steps + self._at.step, warmup=warmup, total=total)

    def _refused(self, batch: Any, found: NotFinite, rate: float) -> InputError:
        at, settings = self._at, self._settings
        kept = "another process kept its batch, and says where"
        if found.mine:
            kept = kept_batch(self._folder, batch, self._module, found, epoch=at.epoch, step=at.step, rate=rate)
        return InputError(
            f"the {found.what} is no number at epoch {at.epoch + 1}, step {at.step + 1} (rate {rate:.3g}); {kept}. "
            f"Look there for a bad photo or mask, then try a smaller fit.rate (now {settings.rate:g}), a longer "
            f"fit.warmup_epochs (now {settings.warmup_epochs:g}), or fit.precision=fp32 on a GPU"
        )

    def _close_epoch(self) -> None:
        """Validate, remember the best, write the checkpoint, and tell the tracker."""
        at, place = self._at, self._place
        count = place.mean({"count": at.sums.pop("count", 0.0)})["count"]
        if not count:
            raise InputError(f"no batch came in epoch {at.epoch + 1}; the training split is empty or unreadable")
        own = {name: value / count for name, value in at.sums.items()}
        row: Row = {"epoch": at.epoch, "rate": self._settings.rate * self._share(), "at": time.time()}
        row |= {f"train/{name}": value for name, value in place.mean(own).items()}
        place.align(self._module)  # every process's own running statistics
        row |= self._validated()
        row["seconds"] = self._seconds
        watch = self._settings.watch
        best = not watch or at.best < 0 or _better(row[watch], at.history[at.best][watch])
        at.history.append(row)
        at.waited = 0 if best else at.waited + 1
        if best:
            at.best = at.epoch
            with self._mean.in_place() if self._mean else nullcontext():
                self._best = {name: value.detach().cpu().clone() for name, value in self._module.state_dict().items()}
        at.epoch, at.step, at.sums = at.epoch + 1, 0, {}
        if place.leads:
            self._save()
            self._shown.epoch(row["epoch"], row, best=best)
            self._tell(row)

    def _validated(self) -> dict[str, float]:
        metrics: dict[str, float] = {}
        if self._place.leads:
            self._module.eval()
            with torch.no_grad(), self._mean.in_place() if self._mean else nullcontext():
                metrics = {_with_prefix(name): float(value) for name, value in self._learner.validate().items()}
        metrics = self._place.shared(metrics)
        if self._settings.watch and self._settings.watch not in metrics:
            known = ", ".join(sorted(metrics)) or "none"
            raise BadRecipe(f"fit.watch is {self._settings.watch!r}, which validation does not give; it gives {known}")
        return metrics

    def _tell(self, row: Row) -> None:
        self._tracker.metrics(_metrics(row) | {"rate": row["rate"]}, step=row["epoch"], at=row["at"])

    def _save(self) -> None:
        state = {
            "module": self._module.state_dict(),
            "optimizer": self._stepper.optimizer.state_dict(),
            "scaler": self._stepper.scaler.state_dict(),
            "mean": self._mean.state() if self._mean else None,
            "best": self._best,
            "random": random_states() if self._at.step else None,
            "at": {name: getattr(self._at, name) for name in _At.__slots__} | {"seconds": self._seconds},
        }
        save_checkpoint(self._folder, state, digest=self._digest)
        self._saved = time.monotonic()

    def _restore(self) -> bool:
        place = self._place
        state = place.shared(load_checkpoint(self._folder, digest=self._digest) if place.leads else None)
        if state is None:
            return False
        self._module.load_state_dict(state["module"])
        self._stepper.optimizer.load_state_dict(state["optimizer"])
        if state["scaler"]:  # empty where the run computed without one so far, as on a CPU
            self._stepper.scaler.load_state_dict(state["scaler"])
        if self._mean and state["mean"]:
            self._mean.restore(**state["mean"])
        self._best, self._at = state["best"], _At(**state["at"])
        at = self._at
        if place.leads and at.world == place.world:
            self._random = state["random"]
        at.step, at.world = at.step * at.world // place.world, place.world  # as many photos of the epoch
        self._shown.note(f"going on at epoch {at.epoch + 1}, step {at.step + 1}")
        if at.history and place.leads:
            self._tell(at.history[-1])  # a kill may have come between the checkpoint and the tracker
        return True


def _better(new: float, old: float) -> bool:
    return new > old or (math.isnan(old) and not math.isnan(new))


def _metrics(row: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in row.items() if name.startswith(("train/", "val/"))}


def _with_prefix(name: str) -> str:
    return name if name.startswith("val/") else f"val/{name}"
