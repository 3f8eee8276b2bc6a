"""What the defect model is trained to lower: rare, small changes among very many cells in which nothing changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from visiqc.training.defect_targets import NOT_TYPED


@dataclass(frozen=True, kw_only=True)
class LossSettings:
    """How errors are weighed; a nested key `loss` of the recipe."""

    focus: float = 1.5
    """Gamma of the focal loss: how little a cell counts that is right already (Lin et al., ICCV 2017)."""
    changed: float = 3.0
    """How much a changed cell counts against an unchanged one."""
    focal: float = 20.0
    """Weight of the focal loss."""
    each: float = 0.0
    """Weight of the focal loss of changed cells, each sample counting once: a chip as much as a worn plating."""
    dice: float = 1.0
    """Weight of the Dice loss, over samples that show a change (Milletari et al., 3DV 2016)."""
    peak: float = 0.3
    """Weight of the loss of each sample's highest cells: a photo is judged by its worst place."""
    peak_cells: int = 12
    """How many cells that is."""
    types: float = 0.3
    """Weight of the cross-entropy of the defect type."""


class DefectTargets(NamedTuple):
    """A batch's targets: (N, 1, h4, w4) change and weight, (N, h8, w8) type classes."""

    change: Tensor
    weight: Tensor
    types: Tensor


def defect_loss(
    change: Tensor, types: Tensor, targets: DefectTargets, settings: LossSettings
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, and its parts by name.

    Args:
        change: (N, 1, h4, w4) change logits.
        types: (N, T, h8, w8) type logits.
        targets: What they should say.
        settings: The weights.
    """
    change = change.float()
    wrong = functional.binary_cross_entropy_with_logits(change, targets.change, reduction="none")
    probability = change.sigmoid()
    right = torch.where(targets.change > 0.5, probability, 1 - probability)
    weight = targets.weight * (1 + (settings.changed - 1) * targets.change)
    focal = ((1 - right) ** settings.focus * wrong * weight).sum() / targets.weight.sum().clamp(min=1)
    parts = {
        "focal": focal,
        "each": _by_sample((1 - right) ** settings.focus * wrong, targets.change * targets.weight),
        "dice": _dice(probability * targets.weight, targets.change * targets.weight),
        "peak": _peak(change, targets, settings.peak_cells),
        "types": _types(types.float(), targets.types),
    }
    total = (
        settings.focal * focal
        + settings.each * parts["each"]
        + settings.dice * parts["dice"]
        + settings.peak * parts["peak"]
        + settings.types * parts["types"]
    )
    return total, parts


def _by_sample(errors: Tensor, counted: Tensor) -> Tensor:
    """The mean error over each sample's counted cells, averaged over the samples that have any."""
    cells = counted.flatten(1).sum(1)
    means = (errors * counted).flatten(1).sum(1) / cells.clamp(min=1)
    return means.sum() / (cells > 0).sum().clamp(min=1)


def _dice(probability: Tensor, change: Tensor) -> Tensor:
    found, there = probability.flatten(1), change.flatten(1)
    apart = 1 - (2 * (found * there).sum(1) + 1) / (found.sum(1) + there.sum(1) + 1)
    changed = (there.sum(1) > 0).float()
    return (apart * changed).sum() / changed.sum().clamp(min=1)


def _peak(change: Tensor, targets: DefectTargets, cells: int) -> Tensor:
    """Each sample's highest cells: those that changed should be high where any did, those that did not, low."""
    logits, there = change.flatten(1), (targets.change * targets.weight).flatten(1) > 0.5
    calm = (targets.weight.flatten(1) >= 1) & ~there
    low = logits.masked_fill(~calm, -20.0).topk(cells, 1).values
    high = logits.masked_fill(~there, -20.0).topk(cells, 1).values
    quiet = functional.softplus(low).mean(1)
    counted = (high > -20).float()
    loud = (functional.softplus(-high) * counted).sum(1) / counted.sum(1).clamp(min=1)
    return (quiet + loud * there.any(1)).mean()


def _types(types: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy, each sample counting once: a plating covers a thousand times the cells of a scratch."""
    wrong = functional.cross_entropy(types, classes, ignore_index=NOT_TYPED, reduction="none")
    return _by_sample(wrong, (classes != NOT_TYPED).float())
