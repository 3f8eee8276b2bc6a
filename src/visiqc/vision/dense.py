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


def dense_features(frame: Photo, embed: Embed, *, needed: Mask | None = None) -> FloatArray:
    """Feature vectors of every cell.

    Args:
        frame: (H, W, 3) uint8 RGB in the golden frame.
        embed: The trunk.
        needed: (ceil(H/8), ceil(W/8)) bool; tiles without any needed cell are left at zero.

    Returns:
        (ceil(H/8), ceil(W/8), C) float32. Each level is averaged over 3 × 3 cells and normalised to length 1,
        so that a brighter or flatter light scales it away (PatchCore's neighbourhood, Roth et al., CVPR 2022).
    """
    height, width = -(-frame.shape[0] // CELL), -(-frame.shape[1] // CELL)
    out: FloatArray | None = None
    for y0, y1 in _spans(height):
        for x0, x1 in _spans(width):
            if needed is not None and not needed[y0:y1, x0:x1].any():
                continue
            block = _tile(frame, (y0, y1, x0, x1), embed)
            if out is None:
                out = np.zeros((height, width, block.shape[2]), np.float32)
            out[y0:y1, x0:x1] = block
    return out if out is not None else np.zeros((height, width, 1), np.float32)


def _spans(cells: int) -> list[tuple[int, int]]:
    count = max(1, -(-cells * CELL // TILE))
    edges = [round(cells * i / count) for i in range(count + 1)]
    # Even starts keep the stride-16 grid of every tile on that of the whole frame.
    edges = [edge - edge % 2 for edge in edges[:-1]] + [cells]
    return list(pairwise(edges))


def _tile(frame: Photo, span: tuple[int, int, int, int], embed: Embed) -> FloatArray:
    y0, y1, x0, x1 = span
    top, left = max(0, y0 * CELL - HALO), max(0, x0 * CELL - HALO)
    bottom, right = min(frame.shape[0], y1 * CELL + HALO), min(frame.shape[1], x1 * CELL + HALO)
    block = _combined(embed([np.ascontiguousarray(frame[top:bottom, left:right])]))
    dy, dx = y0 - top // CELL, x0 - left // CELL
    return block[dy : dy + y1 - y0, dx : dx + x1 - x0]


def _combined(maps: FeatureMaps) -> FloatArray:
    fine = np.ascontiguousarray(maps.stride8[0].transpose(1, 2, 0))
    coarse = np.ascontiguousarray(maps.stride16[0].transpose(1, 2, 0))
    # Exactly twice the size, then cut: at an odd number of fine cells a fitted resize would drift by half a cell.
    doubled = cv2.resize(coarse, (2 * coarse.shape[1], 2 * coarse.shape[0]), interpolation=cv2.INTER_LINEAR)
    coarse = np.asarray(doubled[: fine.shape[0], : fine.shape[1]], np.float32)
    return np.concatenate([_pooled_unit(fine), _pooled_unit(coarse)], axis=2)


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
