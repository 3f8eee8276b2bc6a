"""Batches that worker processes draw, each decided by its epoch and number, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

B_co = TypeVar("B_co", covariant=True)


class BatchSource(Protocol[B_co]):
    """What draws batches; it is sent to the workers."""

    def batch(self, epoch: int, number: int, *, rank: int = 0, world: int = 1) -> B_co:
        """One batch; the same arguments give the same numbers."""
        ...


def dealt(
    source: BatchSource[B_co], epoch: int, numbers: range, *, workers: int, rank: int, world: int
) -> Iterator[B_co]:
    """The batches of these numbers, drawn by so many processes; 0 = by this one."""
    count = min(workers, len(numbers))
    loader: DataLoader[Any] = DataLoader(
        _Stream(source, epoch, numbers, rank, world),
        batch_size=None,
        num_workers=count,
        prefetch_factor=4 if count else None,
        # A fork of a process whose OpenCV or ONNX Runtime has threads waits for them for ever.
        multiprocessing_context="spawn" if count else None,
    )
    yield from loader


class _Stream(IterableDataset[Any]):
    """The batches of an epoch, dealt out to the workers in turn."""

    def __init__(self, source: BatchSource[Any], epoch: int, numbers: range, rank: int, world: int) -> None:
        self._source, self._epoch, self._numbers, self._rank, self._world = source, epoch, numbers, rank, world

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        start, step = (worker.id, worker.num_workers) if worker else (0, 1)
        if worker:
            cv2.setNumThreads(1)
            torch.set_num_threads(1)
        for number in self._numbers[start::step]:
            yield self._source.batch(self._epoch, number, rank=self._rank, world=self._world)
