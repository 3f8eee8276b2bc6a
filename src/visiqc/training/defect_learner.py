"""The defect model as the engine trains it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from visiqc.training.defect_batches import DefectBatch, DefectBatches
from visiqc.training.defect_hard import HardPlaces
from visiqc.training.defect_loss import DefectTargets, LossSettings, defect_loss
from visiqc.training.defect_model import DefectNet, Maps
from visiqc.training.defect_validation import ValidationProduct, answers, measured


class DefectLearner:
    """Fills the engine's `Learner`.

    Args:
        net: The model; the trunk is not part of it and stays as it is.
        batches: What it learns from.
        held_out: Products it is validated on.
        loss: How errors are weighed.
        steps_per_epoch: Batches in an epoch.
        hard: Finds what it is shown again; None = nothing is.
    """

    def __init__(
        self,
        net: DefectNet,
        batches: DefectBatches,
        held_out: Sequence[ValidationProduct],
        loss: LossSettings,
        *,
        steps_per_epoch: int,
        hard: HardPlaces | None = None,
    ) -> None:
        self.module: nn.Module = net
        self._net = net
        self.steps_per_epoch = steps_per_epoch
        self._batches = batches
        self._held_out = held_out
        self._loss = loss
        self._hard = hard

    def start_epoch(self, epoch: int) -> None:
        """Look for the false alarms that are shown again; before the first epoch that wants any, none are."""
        if self._hard is not None:
            wanted = epoch >= self._hard.first
            self._batches.show_again(self._hard.of(epoch, self._net) if wanted else ())

    def parameter_groups(self) -> list[dict[str, Any]]:
        """All parameters at the full rate."""
        return [{"params": list(self.module.parameters()), "scale": 1.0}]

    def batches(self, epoch: int, *, rank: int, world: int) -> Iterable[DefectBatch]:
        """The epoch's batches."""
        return self._batches.batches(epoch, rank=rank, world=world)

    def batches_from(self, first: int, epoch: int, *, rank: int, world: int) -> Iterable[DefectBatch]:
        """The epoch's batches without the first ones, for a run that goes on in the middle of it."""
        return self._batches.batches(epoch, first=first, rank=rank, world=world)

    def loss(self, batch: DefectBatch) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch and its parts."""
        device = next(self.module.parameters()).device
        upload = Maps(*(each.to(device) for each in batch.upload))
        goldens = Maps(*(each.to(device) for each in batch.goldens))
        targets = DefectTargets(*(each.to(device) for each in batch.targets))
        change, types = self.module(upload, goldens)
        total, parts = defect_loss(change, types, targets, self._loss)
        return total, {name: float(value.detach()) for name, value in parts.items()}

    def validate(self) -> dict[str, float]:
        """Metrics on the products held out."""
        with torch.inference_mode():
            return {f"val/{name}": value for name, value in measured(answers(self._net, self._held_out)).items()}
