"""Batches for the defect model, drawn and sent through the trunk by workers; seed, epoch and number decide them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visiqc.training.dealt_batches import dealt
from visiqc.training.defect_hard import HardPlace
from visiqc.training.defect_loss import DefectTargets
from visiqc.training.defect_model import Maps
from visiqc.training.defect_samples import SampleMaker, SampleSettings, TrainingSample
from visiqc.training.laid_product import LaidProduct
from visiqc.vision.rotation import Embed
from visiqc.vision.types import Photo

OpenTrunk = Callable[[], Embed]
"""Opens the trunk inside a worker: an ONNX session does not survive a fork."""


class DefectBatch(NamedTuple):
    """What one step learns from.

    Attributes:
        upload: Trunk maps (N, C, h, w).
        goldens: Trunk maps (N, K, C, h, w).
        targets: What the answers should be.
        names: N of the upload's and its goldens' photos, for people who look for a bad one.
    """

    upload: Maps
    goldens: Maps
    targets: DefectTargets
    names: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """Which batches there are.

    Attributes:
        size: Samples in a batch.
        steps: Batches in an epoch.
        workers: Processes that draw them; 0 = the trainer itself.
        seed: Of all draws.
    """

    size: int
    steps: int
    workers: int
    seed: int


class DefectBatches:
    """All batches of a training.

    Args:
        products: What samples are drawn from.
        settings: What samples are made of.
        class_of: Number of a code's type class.
        open_trunk: Opens the trunk.
        plan: Which batches there are.
    """

    def __init__(
        self,
        products: Sequence[LaidProduct],
        settings: SampleSettings,
        class_of: Callable[[str | None], int],
        open_trunk: OpenTrunk,
        plan: BatchPlan,
    ) -> None:
        self._maker = SampleMaker(products, settings, class_of)
        self._goldens = settings.goldens
        self._open_trunk = open_trunk
        self._plan = plan
        self._embed: Embed | None = None

    def __getstate__(self) -> dict[str, Any]:
        # An ONNX session cannot be sent to a worker, which opens its own; the trainer draws from this as well.
        return self.__dict__ | {"_embed": None}

    def show_again(self, places: Sequence[HardPlace]) -> None:
        """Places of good photos that samples are cut from, from the next epoch's batches on."""
        self._maker.hard = tuple(places)

    def batches(self, epoch: int, *, first: int = 0, rank: int = 0, world: int = 1) -> Iterator[DefectBatch]:
        """The batches of an epoch for one of `world` trainers, from number `first` on."""
        numbers = range(first, self._plan.steps)
        yield from dealt(self, epoch, numbers, workers=self._plan.workers, rank=rank, world=world)

    def batch(self, epoch: int, number: int, *, rank: int = 0, world: int = 1) -> DefectBatch:
        """One batch; the same arguments give the same numbers."""
        rng = np.random.default_rng([self._plan.seed, epoch, number, rank, world])
        goldens = int(rng.choice(self._goldens))
        samples = [self._maker.draw(rng, goldens=goldens) for _ in range(self._plan.size)]
        if self._embed is None:
            self._embed = self._open_trunk()
        return batch_of(samples, self._embed)


def batch_of(samples: Sequence[TrainingSample], embed: Embed) -> DefectBatch:
    """Samples with as many goldens each, as a batch."""
    photos: list[Photo] = [sample.upload for sample in samples]
    photos += [golden for sample in samples for golden in sample.goldens]
    maps = [torch.from_numpy(level) for level in embed(photos)]
    count, goldens = len(samples), len(samples[0].goldens)
    return DefectBatch(
        Maps(*(level[:count] for level in maps)),
        Maps(*(level[count:].reshape(count, goldens, *level.shape[1:]) for level in maps)),
        DefectTargets(
            _stacked([sample.targets.change for sample in samples]).unsqueeze(1),
            _stacked([sample.targets.weight for sample in samples]).unsqueeze(1),
            _stacked([sample.targets.types for sample in samples]),
        ),
        [sample.name for sample in samples],
    )


def _stacked(arrays: Sequence[NDArray[Any]]) -> Tensor:
    return torch.from_numpy(np.stack(arrays))
