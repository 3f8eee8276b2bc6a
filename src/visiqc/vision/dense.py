"""Dense features of a golden frame: one vector a stride-8 cell, from the trunk's strides 8 and 16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.vision.rotation import Embed
from visiqc.vision.types import FeatureMaps, FloatArray, Mask, Photo

CELL = 8
"""Golden-frame pixels a cell of the dense map stands for."""
TILE = 512
"""Longest tile side sent through the trunk at once: bounds memory at any frame size."""
HALO = 32
"""Pixels around a tile that are computed and thrown away, so that tiles meet without a seam."""
KEPT_DIMENSIONS = 64
"""Principal directions kept of each vector; of what they miss, the length is kept."""
_QUANTUM = 127.0
_STRIDES = (4, 8, 16)


def frame_maps(frame: Photo, embed: Embed, *, needed: Mask | None = None) -> FeatureMaps:
    """The trunk's maps of a whole golden frame, computed tile by tile.

    Args:
        frame: (H, W, 3) uint8 RGB in the golden frame.
        embed: The trunk.
        needed: (ceil(H/8), ceil(W/8)) bool; tiles without any needed cell are left at zero, unless none has one.

    Returns:
        Maps at strides 4, 8 and 16, each (1, C, ceil(H/s), ceil(W/s)) float32.
    """
    height, width = -(-frame.shape[0] // CELL), -(-frame.shape[1] // CELL)
    every = [(y0, y1, x0, x1) for y0, y1 in _spans(height) for x0, x1 in _spans(width)]
    if len(every) == 1:
        return embed([frame])
    wanted = [(y0, y1, x0, x1) for y0, y1, x0, x1 in every if needed is None or needed[y0:y1, x0:x1].any()]
    whole: list[FloatArray] = []
    for span in wanted or every:
        tile = embed([_with_halo(frame, span)])
        if not whole:
            sizes = [(-(-frame.shape[0] // stride), -(-frame.shape[1] // stride)) for stride in _STRIDES]
            whole = [np.zeros((1, m.shape[1], *size), np.float32) for m, size in zip(tile, sizes, strict=True)]
        for target, part, stride in zip(whole, tile, _STRIDES, strict=True):
            _put(target, part, span, stride)
    return FeatureMaps(*whole)


def dense_features(maps: FeatureMaps) -> FloatArray:
    """Feature vectors of every cell of a frame.

    Args:
        maps: From `frame_maps`.

    Returns:
        (ceil(H/8), ceil(W/8), C) float32. Each level is averaged over 3 × 3 cells and normalised to length 1,
        so that a brighter or flatter light scales it away (PatchCore's neighbourhood, Roth et al., CVPR 2022).
    """
    fine = np.ascontiguousarray(maps.stride8[0].transpose(1, 2, 0))
    coarse = np.ascontiguousarray(maps.stride16[0].transpose(1, 2, 0))
    # Exactly twice the size, then cut: at an odd number of fine cells a fitted resize would drift by half a cell.
    doubled = cv2.resize(coarse, (2 * coarse.shape[1], 2 * coarse.shape[0]), interpolation=cv2.INTER_LINEAR)
    coarse = np.asarray(doubled[: fine.shape[0], : fine.shape[1]], np.float32)
    return np.concatenate([_pooled_unit(fine), _pooled_unit(coarse)], axis=2)


def _spans(cells: int) -> list[tuple[int, int]]:
    count = max(1, -(-cells * CELL // TILE))
    edges = [round(cells * i / count) for i in range(count + 1)]
    # Even starts keep the stride-16 grid of every tile on that of the whole frame.
    edges = [edge - edge % 2 for edge in edges[:-1]] + [cells]
    return list(pairwise(edges))


Span = tuple[int, int, int, int]
"""First and last row, first and last column of a tile in cells, the last ones excluded."""


def _with_halo(frame: Photo, span: Span) -> Photo:
    y0, y1, x0, x1 = (edge * CELL for edge in span)
    top, left = max(0, y0 - HALO), max(0, x0 - HALO)
    return np.ascontiguousarray(frame[top : y1 + HALO, left : x1 + HALO])


def _put(whole: FloatArray, tile: FloatArray, span: Span, stride: int) -> None:
    """Copy a tile's own part, without its halo, to its place."""
    y0, y1, x0, x1 = (-(-edge * CELL // stride) for edge in span)
    y1, x1 = min(y1, whole.shape[2]), min(x1, whole.shape[3])
    dy, dx = min(y0, HALO // stride), min(x0, HALO // stride)
    whole[:, :, y0:y1, x0:x1] = tile[:, :, dy : dy + y1 - y0, dx : dx + x1 - x0]


def _pooled_unit(level: FloatArray) -> FloatArray:
    pooled = cv2.blur(level, (3, 3))
    length = np.sqrt(np.einsum("hwc,hwc->hw", pooled, pooled))[..., None]
    return np.asarray(pooled / (length + 1e-6), np.float32)


@dataclass(frozen=True, slots=True)
class Basis:
    """Principal directions of one golden view's features.

    Attributes:
        mean: (C,) float32.
        directions: (C, D) float32, orthonormal columns.
    """

    mean: FloatArray
    directions: FloatArray

    def project_golden(self, features: FloatArray) -> FloatArray:
        """(…, C) float32 to (…, D + 2): coordinates, 0, and the length of what they miss."""
        inside, missed = self._split(features)
        return np.concatenate([inside, np.zeros_like(missed), missed], axis=-1)

    def project_upload(self, features: FloatArray) -> FloatArray:
        """(…, C) float32 to (…, D + 2): coordinates, the length of what they miss, and 0.

        Lying in different coordinates, what golden and upload miss counts as if it were orthogonal: something
        that no golden has ever shown still shows, at a third of the memory of the whole vectors.
        """
        inside, missed = self._split(features)
        return np.concatenate([inside, missed, np.zeros_like(missed)], axis=-1)

    def _split(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        centred = features - self.mean
        inside = centred @ self.directions
        rest = np.einsum("...c,...c->...", centred, centred) - np.einsum("...d,...d->...", inside, inside)
        missed = np.sqrt(np.maximum(rest, 0.0))[..., None]
        return np.asarray(inside, np.float32), np.asarray(missed, np.float32)


def fit_basis(blocks: Sequence[FloatArray], dimensions: int = KEPT_DIMENSIONS) -> Basis:
    """Principal directions of the features in all blocks, each (N, C) float32, at least one of them with N > 0."""
    count = sum(len(block) for block in blocks)
    mean = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / count
    scatter = np.zeros((mean.size, mean.size))
    for block in blocks:  # one after the other: side by side they are hundreds of megabytes
        centred = block - mean.astype(np.float32)
        scatter += centred.T @ centred
    _, vectors = np.linalg.eigh(scatter)
    directions = vectors[:, ::-1][:, : min(dimensions, mean.size)]
    return Basis(mean.astype(np.float32), np.ascontiguousarray(directions, np.float32))


@dataclass(frozen=True, slots=True)
class PackedMap:
    """A projected feature map at one byte a number.

    Attributes:
        values: (h, w, D + 2) int8.
        scale: (D + 2,) float32; `values * scale` are the coordinates, to within half a step of `scale`.
    """

    values: NDArray[np.int8]
    scale: FloatArray

    def unpacked(self) -> FloatArray:
        """(h, w, D + 2) float32."""
        return self.values.astype(np.float32) * self.scale


def pack(projected: FloatArray) -> PackedMap:
    """Quantise a projected map (h, w, D + 2) symmetrically, each coordinate by its own range."""
    scale = np.abs(projected).max(axis=(0, 1)) / _QUANTUM + 1e-9
    return PackedMap(np.round(projected / scale).astype(np.int8), scale.astype(np.float32))
