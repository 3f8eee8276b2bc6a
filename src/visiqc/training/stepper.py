"""One optimiser step, the same in a fit and in the rate finder."""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from visiqc.errors import InputError
from visiqc.training.devices import Place
from visiqc.training.fit_settings import FitSettings
from visiqc.training.run_folder import told_place

NAN_BATCH = "nan-batch.pt"
"""The batch that broke a fit, in the folder of the process that drew it."""

_LEAST_SCALE = 1.0
"""Of an fp16 loss: where a gradient passes 65504 unscaled, it is no overflow of the scale."""


class Learner(Protocol):
    """What is trained; the engine knows nothing of photos.

    Attributes:
        module: With all the weights; the engine moves it to the device.
        steps_per_epoch: Batches an epoch gives one process that works alone; with more, each takes its share of them.
    """

    module: nn.Module
    steps_per_epoch: int

    def start_epoch(self, epoch: int) -> None:
        """Freeze, unfreeze or reweight for this epoch: a function of `epoch` alone, called after `module.train()`."""
        ...

    def parameter_groups(self) -> list[dict[str, Any]]:
        """`{"params": [...], "scale": 0.1}`: all that will ever be trained; `scale` times the rate, read every epoch.

        Always the same groups in the same order. What is frozen at present has no gradient and stands still.
        """
        ...

    def batches(self, epoch: int, *, rank: int, world: int) -> Iterable[Any]:
        """This process's batches; decided by (seed, epoch) alone, so that a resumed run sees what the killed one would.

        The global random states are seeded from seed, epoch and rank before it is asked, and may be drawn from. The
        rate finder asks for batches of epochs that it does not start.
        """
        ...

    def loss(self, batch: Any) -> tuple[Tensor, dict[str, float]]:
        """The scalar to go down, and its parts by name."""
        ...

    def validate(self) -> dict[str, float]:
        """Metrics of the weights as they are; asked of the first process, in evaluation mode, without gradients."""
        ...


@runtime_checkable
class Skipping(Protocol):
    """A learner that can begin in the middle of an epoch without drawing what came before."""

    def batches_from(self, first: int, epoch: int, *, rank: int, world: int) -> Iterable[Any]:
        """As `batches`, without the first ones."""
        ...


def batches_from(learner: Learner, epoch: int, first: int, *, rank: int, world: int) -> Iterator[Any]:
    """The batches of an epoch without the first ones, which a killed run has used."""
    if first and isinstance(learner, Skipping):
        return iter(learner.batches_from(first, epoch, rank=rank, world=world))
    batches = iter(learner.batches(epoch, rank=rank, world=world))
    for _ in itertools.islice(batches, first):
        pass  # drawn now, before the random states are put back to where the killed run was
    return batches


class Stepper:
    """Takes batches and moves the weights.

    Attributes:
        optimizer: AdamW over the learner's groups.
    """

    def __init__(self, learner: Learner, settings: FitSettings, place: Place) -> None:
        self._learner, self._settings, self._place = learner, settings, place
        self.optimizer = torch.optim.AdamW(_groups(learner, settings), lr=settings.rate)
        self._parameters = [each for group in self.optimizer.param_groups for each in group["params"]]
        # bf16 has the range of fp32; fp16 underflows without a scale.
        self.scaler = torch.amp.GradScaler(place.device.type, enabled=place.precision is torch.float16)

    def read_scales(self) -> None:
        """Take the groups' scales anew; an epoch may change them."""
        groups = self._learner.parameter_groups()
        for group in self.optimizer.param_groups:
            group["scale"] = groups[group["of"]].get("scale", 1.0)

    def step(self, batch: Any | None, *, rate: float) -> dict[str, float] | None:
        """One step with one batch.

        Args:
            batch: None = this process has none left, while another may.
            rate: Before the groups' scales.

        Returns:
            The losses, `loss` the sum; None where this process had no batch.

        Raises:
            NotFinite: A loss or a gradient is no number; the weights are as they were.
        """
        self.optimizer.zero_grad(set_to_none=True)
        losses: dict[str, float] = {}
        if batch is not None:
            with self._place.autocast():
                loss, parts = self._learner.loss(batch)
            losses = {"loss": _number(loss), **{name: _number(value) for name, value in parts.items()}}
            if math.isfinite(losses["loss"]):
                torch.autograd.backward(self.scaler.scale(loss))
        bad = bool(losses) and not math.isfinite(losses["loss"])
        took, wrong = self._place.mean_gradients(self._parameters, took_part=batch is not None, bad=bad)
        if wrong:
            raise NotFinite("loss", mine=bad, losses=losses)
        if took:
            self._move(rate, losses)
        return losses or None

    def _move(self, rate: float, losses: Mapping[str, float]) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        self.scaler.unscale_(self.optimizer)
        length = nn.utils.clip_grad_norm_(self._parameters, self._settings.clip or math.inf)
        # With a scaler an overflow is its signal to scale less and leave this step out.
        if not self.scaler.is_enabled() and not math.isfinite(float(length)):
            raise NotFinite("gradient", mine=True, losses=losses)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        # What is no number unscaled either never fits: all further steps would be left out, without a word.
        if self.scaler.is_enabled() and self.scaler.get_scale() < _LEAST_SCALE:
            raise NotFinite("gradient", mine=True, losses=losses)


class NotFinite(Exception):
    """A loss or gradient that is no number.

    Attributes:
        what: `loss` or `gradient`.
        mine: Whether this process's batch did it.
        losses: Of that batch.
    """

    def __init__(self, what: str, *, mine: bool, losses: Mapping[str, float]) -> None:
        super().__init__(what)
        self.what, self.mine, self.losses = what, mine, losses


def kept_batch(folder: Path, batch: Any, module: nn.Module, found: NotFinite, **where: float) -> str:
    """Keep the batch that broke a fit, with the weights it met; says where and how to look at it, or why not."""
    content = {"batch": _plain(batch), "losses": dict(found.losses), "module": module.state_dict(), **where}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(content, folder / NAN_BATCH)
    except (OSError, RuntimeError, TypeError, AttributeError, pickle.PicklingError) as err:
        return f"the batch could not be kept ({type(err).__name__})"
    named = ', its photos named under ["batch"]["names"]' if "names" in getattr(batch, "_fields", ()) else ""
    return (
        f"the batch and the weights it met are kept in {told_place(folder / NAN_BATCH)}; "
        f'torch.load("{NAN_BATCH}", map_location="cpu") opens it{named}'
    )


def _plain(value: Any) -> Any:
    """Records as mappings, paths as texts: torch opens a file with nothing but tensors and plain values in it."""
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        return {_plain(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def _number(value: Tensor | float) -> float:
    return float(value.detach()) if isinstance(value, Tensor) else float(value)


def _groups(learner: Learner, settings: FitSettings) -> list[dict[str, Any]]:
    """The learner's groups, each in two: biases and norms are not pulled towards zero."""
    groups: list[dict[str, Any]] = []
    for number, group in enumerate(learner.parameter_groups()):
        parameters = list(group["params"])
        for decay, flat in ((settings.weight_decay, False), (0.0, True)):
            if chosen := [each for each in parameters if (each.ndim <= 1) is flat]:
                own = {"weight_decay": group.get("weight_decay", decay) if not flat else 0.0}
                groups.append({"params": chosen, "scale": group.get("scale", 1.0), "of": number, **own})
    if not groups:
        raise InputError("the learner names no parameter to train")
    return groups
