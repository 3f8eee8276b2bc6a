"""Batches of one epoch: few families at a time, every design beside its variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from visiqc.errors import InputError
from visiqc.training.datasets.reading import name_of
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_features import Patches
from visiqc.training.mismatch_looks import ATTRIBUTES

UNKNOWN = -1
"""Class of an attribute nothing is known about."""


class MismatchBatch(NamedTuple):
    """What one step learns from.

    Attributes:
        stride16: (B, C, h, w) float32 maps.
        deep: (B, C', h', w') float32, what the frozen part of the continuation makes of them.
        identity: (B,) int64 number of the identity.
        looks: (B, A) int64 class of every attribute, `UNKNOWN` where nothing is known.
        names: B photos, for people who look for a bad one.
    """

    stride16: Tensor
    deep: Tensor
    identity: Tensor
    looks: Tensor
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A photo, or a recoloured one, with its patches.

    Attributes:
        shown: What it shows.
        patches: What is learned from it.
    """

    shown: Shown
    patches: Patches


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """What a batch holds; the key `batch` of the recipe."""

    designs: int = 12
    """Designs in a batch."""
    photos: int = 3
    """Photos of each, at most."""
    variants: int = 2
    """Variants beside each, rendered or recoloured, at most."""
    of_variant: int = 2
    """Photos of each variant."""
    hard: float = 0.5
    """Share of the batches that hold few families, whose designs look most alike."""


@dataclass(frozen=True, slots=True)
class _Design:
    family: str
    own: tuple[int, ...]
    variants: tuple[tuple[int, ...], ...]


class MismatchBatches:
    """Draws batches; the same seed and epoch give the same ones.

    Args:
        rows: What is learned from.
        settings: What a batch holds.
        steps: Batches in an epoch.
        seed: Of the draws.

    Raises:
        InputError: Fewer than two products to learn from.
    """

    def __init__(self, rows: Sequence[Row], settings: BatchSettings, *, steps: int, seed: int) -> None:
        self._rows, self._settings, self._steps, self._seed = rows, settings, steps, seed
        self.identities = _numbered(row.shown.identity for row in rows)
        self.classes = {name: _numbered(_values(rows, name)) for name in ATTRIBUTES}
        self._designs = _designs(rows)
        if len(self._designs) < 2:
            raise InputError(
                f"identity needs at least two products to learn from, got {len(self._designs)}; add products"
            )
        self._families: dict[str, list[str]] = {}
        for sku, design in self._designs.items():
            self._families.setdefault(design.family, []).append(sku)

    def batches(self, epoch: int, *, rank: int = 0, world: int = 1) -> Iterator[MismatchBatch]:
        """The share of an epoch that one process draws."""
        rng = np.random.default_rng([self._seed, epoch, rank])
        for _ in range(-(-self._steps // world)):
            yield self._batch(self._drawn(rng))

    def _drawn(self, rng: Generator) -> list[tuple[int, int]]:
        """Rows and which of their patches, design after design."""
        families = sorted(self._families)
        if rng.random() < self._settings.hard:
            some = max(1, len(families) // 4)
            families = [families[n] for n in rng.permutation(len(families))[:some]]
        there = sum(len(self._families[name]) for name in families)
        chosen: dict[str, None] = {}
        while len(chosen) < min(self._settings.designs, there):
            family = self._families[families[int(rng.integers(len(families)))]]
            chosen[family[int(rng.integers(len(family)))]] = None
        return [pick for sku in chosen for pick in self._of(self._designs[sku], rng)]

    def _of(self, design: _Design, rng: Generator) -> Iterator[tuple[int, int]]:
        settings = self._settings
        for row in rng.permutation(design.own)[: settings.photos]:
            yield int(row), int(rng.integers(len(self._rows[row].patches.deep)))
        for number in rng.permutation(len(design.variants))[: settings.variants]:
            rows = rng.permutation(design.variants[number])
            for n in range(settings.of_variant):
                row = int(rows[n % len(rows)])
                yield row, int(rng.integers(len(self._rows[row].patches.deep)))

    def _batch(self, picks: Sequence[tuple[int, int]]) -> MismatchBatch:
        rows = [self._rows[row] for row, _ in picks]
        maps = [torch.from_numpy(np.stack([self._rows[row].patches[level][n] for row, n in picks])) for level in (0, 1)]
        looks = [[self.classes[name].get(row.shown.look.get(name, ""), UNKNOWN) for name in ATTRIBUTES] for row in rows]
        return MismatchBatch(
            maps[0].float(),
            maps[1].float(),
            torch.tensor([self.identities[row.shown.identity] for row in rows]),
            torch.tensor(looks),
            [name_of(row.shown.sku, row.shown.photo) for row in rows],
        )


def _designs(rows: Sequence[Row]) -> Mapping[str, _Design]:
    """Rows of every product by what they show; other products sent in its place are none of its variants."""
    own: dict[str, list[int]] = {}
    variants: dict[str, dict[str, list[int]]] = {}
    families: dict[str, str] = {}
    for number, row in enumerate(rows):
        shown = row.shown
        if shown.genuine:
            own.setdefault(shown.sku, []).append(number)
            families.setdefault(shown.sku, shown.family)
        elif shown.role == "variant":
            variants.setdefault(shown.sku, {}).setdefault(shown.identity, []).append(number)
    return {
        sku: _Design(families[sku], tuple(own[sku]), tuple(tuple(v) for v in variants.get(sku, {}).values()))
        for sku in sorted(own)
    }


def _values(rows: Sequence[Row], attribute: str) -> Iterator[str]:
    return (row.shown.look[attribute] for row in rows if attribute in row.shown.look)


def _numbered(names: Iterator[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(sorted(set(names)))}
