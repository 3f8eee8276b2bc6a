"""The mask model as the engine trains it, its batches, and how good it is on products held out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from visiqc.training.datasets.reading import Broken, Unreadable
from visiqc.training.dealt_batches import dealt
from visiqc.training.mask_model import MaskNet, mask_loss
from visiqc.training.mask_samples import KnownPhoto, MaskSample, MaskSampleMaker
from visiqc.vision.foreground import foreground_mask
from visiqc.vision.photo import preprocess
from visiqc.vision.product_mask import fitted_photo, told_mask
from visiqc.vision.rotation import Embed
from visiqc.vision.types import FeatureMaps, FloatArray, Mask, Photo


class MaskBatch(NamedTuple):
    """What the net takes, its targets, and what could not be read.

    Attributes:
        inputs: Photos, and the trunk's maps of them.
        product: (N, 1, S/2, S/2) float32, share of the product.
        weight: (N, 1, S/2, S/2) float32, 0 where nobody knows.
        broken: Photos that whoever drew it could not read so far.
        names: N photos, for people who look for a bad one.
    """

    inputs: tuple[Tensor, Tensor, Tensor, Tensor]
    product: Tensor
    weight: Tensor
    broken: Mapping[Path, Broken]
    names: Sequence[str]


class MaskBatches:
    """All batches of a training; seed, epoch and number decide them.

    Args:
        maker: Draws samples.
        open_trunk: Opens the trunk, inside a worker too.
        size: Samples in a batch.
        steps: Batches in an epoch.
        workers: Processes that draw; 0 = the trainer itself.
        seed: Of all draws.
        unreadable: Counts photos that could not be read, whichever worker met them.
    """

    def __init__(
        self,
        maker: MaskSampleMaker,
        open_trunk: Callable[[], Embed],
        *,
        size: int,
        steps: int,
        workers: int,
        seed: int,
        unreadable: Unreadable,
    ) -> None:
        self.steps, self._unreadable = steps, unreadable
        self._maker, self._open_trunk, self._size, self._workers, self._seed = maker, open_trunk, size, workers, seed
        self._embed: Embed | None = None

    def batches(self, epoch: int, *, first: int = 0, rank: int = 0, world: int = 1) -> Iterator[MaskBatch]:
        """The batches of an epoch for one of `world` trainers, from number `first` on.

        Raises:
            InputError: More photos cannot be read than may be.
        """
        numbers = range(first, self.steps)
        for batch in dealt(self, epoch, numbers, workers=self._workers, rank=rank, world=world):
            for photo, told in batch.broken.items():
                self._unreadable.add(photo, *told)
            yield batch

    def batch(self, epoch: int, number: int, *, rank: int = 0, world: int = 1) -> MaskBatch:
        """One batch; the same arguments give the same numbers."""
        rng = np.random.default_rng([self._seed, epoch, number, rank, world])
        if self._embed is None:
            self._embed = self._open_trunk()
        samples = [self._maker.draw(rng) for _ in range(self._size)]
        return _batch(samples, self._embed, dict(self._maker.broken))


def inputs_of(photos: Sequence[Photo], embed: Embed) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What the net takes of photos of one size, multiples of 16."""
    maps: FeatureMaps = embed(photos)
    pixels, fine, middle, coarse = (torch.from_numpy(each) for each in (preprocess(photos), *maps))
    return pixels, fine, middle, coarse


def _batch(samples: Sequence[MaskSample], embed: Embed, broken: Mapping[Path, Broken]) -> MaskBatch:
    def stacked(arrays: Sequence[FloatArray]) -> Tensor:
        return torch.from_numpy(np.stack(arrays)).unsqueeze(1)

    return MaskBatch(
        inputs_of([sample.photo for sample in samples], embed),
        stacked([sample.product for sample in samples]),
        stacked([sample.weight for sample in samples]),
        broken,
        [sample.name for sample in samples],
    )


class MaskLearner:
    """Fills the engine's `Learner`.

    Args:
        net: The model; the trunk is not part of it and stays as it is.
        batches: What it learns from.
        held_out: Photos it is validated on.
        embed: The trunk.
    """

    def __init__(self, net: MaskNet, batches: MaskBatches, held_out: Sequence[KnownPhoto], embed: Embed) -> None:
        self.module: nn.Module = net
        self.steps_per_epoch = batches.steps
        self._net, self._batches, self._held_out, self._embed = net, batches, held_out, embed

    def start_epoch(self, epoch: int) -> None:
        """Nothing is frozen or thawed."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """All parameters at the full rate."""
        return [{"params": list(self.module.parameters()), "scale": 1.0}]

    def batches(self, epoch: int, *, rank: int, world: int) -> Iterable[MaskBatch]:
        """The epoch's batches."""
        return self._batches.batches(epoch, rank=rank, world=world)

    def batches_from(self, first: int, epoch: int, *, rank: int, world: int) -> Iterable[MaskBatch]:
        """The epoch's batches without the first ones, for a run that goes on in the middle of it."""
        return self._batches.batches(epoch, first=first, rank=rank, world=world)

    def loss(self, batch: MaskBatch) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch and its parts."""
        device = next(self.module.parameters()).device
        logits = self.module(*(each.to(device) for each in batch.inputs))
        total, parts = mask_loss(logits.float(), batch.product.to(device), batch.weight.to(device))
        return total, {name: float(value.detach()) for name, value in parts.items()}

    def validate(self) -> dict[str, float]:
        """Metrics on the products held out."""
        found = figures(self._net, self._held_out, self._embed)
        return {f"val/{name}": value for name, value in (found | {"score": found["iou"]}).items()}


@torch.inference_mode()
def found_masks(net: MaskNet, photos: Sequence[KnownPhoto], embed: Embed) -> list[Mask]:
    """What the net finds, as serving makes masks of it but for the rim."""
    net.eval()
    device = next(net.parameters()).device
    masks = []
    for one in photos:
        logits = net(*(each.to(device) for each in inputs_of([fitted_photo(one.photo)], embed)))
        found = told_mask(one.photo, logits[0, 0].float().cpu().numpy())
        masks.append(foreground_mask(one.photo) if found is None else found)
    return masks


def figures(net: MaskNet, photos: Sequence[KnownPhoto], embed: Embed) -> dict[str, float]:
    """How good its masks are."""
    return overlaps(found_masks(net, photos, embed), photos)


def overlaps(masks: Sequence[Mask], photos: Sequence[KnownPhoto]) -> dict[str, float]:
    """Mean intersection over union, shares found and right, and the share of photos under 0.8 of it."""
    rows = []
    for mask, one in zip(masks, photos, strict=True):
        there, found = one.product & one.known, mask & one.known
        both = float((there & found).sum())
        rows.append((both / max((there | found).sum(), 1), both / max(there.sum(), 1), both / max(found.sum(), 1)))
    table = np.array(rows)
    iou, recall, precision = table.mean(0)
    return {
        "iou": float(iou),
        "recall": float(recall),
        "precision": float(precision),
        "poor": float((table[:, 0] < 0.8).mean()),
    }
