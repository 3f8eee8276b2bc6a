"""Alignment without texture: a bank of the golden's rotations, compared in feature space.

A bare shiny part offers keypoints no two photos share, yet the trunk still sees its form. The product is
brought to a standard size and place by its mask, the golden is turned in even steps, and the upload is
compared with every step at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visiqc.vision.types import FeatureMaps, FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import similarity, warp_photo

Embed = Callable[[Sequence[Photo]], FeatureMaps]
"""The trunk: photos of one size to feature maps."""

STEPS = 36
PATCH_SIDE = 192
"""Side in pixels of the standard patch; 12 × 12 cells at stride 16."""
IDENTITY_SIDE = 256
"""Side in pixels of the patch whose identity is judged: the size at which the 1280-d vector separates best."""
_REACH = 1.9  # half side of the patch in RMS radii of the mask: a disc's edge is at 1.41, a rod's end at 1.73
_QUANTUM = 127.0
_SHIFTS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the product lies: centre (x, y) and RMS radius of its mask, in pixels."""

    x: float
    y: float
    radius: float

    def to_patch(self, angle: float = 0.0, side: int = PATCH_SIDE) -> Matrix:
        """The warp to the standard patch of `side` pixels, turned by `angle` radians."""
        centre = (side - 1) / 2
        scale = side / (2.0 * _REACH * self.radius)
        return similarity(angle=angle, scale=scale, source=(self.x, self.y), target=(centre, centre))


@dataclass(frozen=True, slots=True)
class RotationBank:
    """The golden in even steps of rotation.

    Attributes:
        placement: Where the product lies in the golden's picture.
        features: (STEPS, cells, C) int8, unit vectors times 127.
        weights: (STEPS, cells) float32, share of product in each cell.
        mean: (C,) float32, the mean taken off before normalising.
    """

    placement: Placement
    features: NDArray[np.int8]
    weights: FloatArray
    mean: FloatArray


def place(mask: Mask) -> Placement:
    """Where the product lies, from its mask; the frame's own middle when the mask is empty."""
    height, width = mask.shape
    ys, xs = np.nonzero(mask)
    if xs.size < 16:
        return Placement((width - 1) / 2, (height - 1) / 2, float(np.hypot(width, height)) / np.sqrt(12.0))
    x, y = float(xs.mean()), float(ys.mean())
    radius = float(np.sqrt(((xs - x) ** 2 + (ys - y) ** 2).mean()))
    return Placement(x, y, max(radius, 2.0))


def build_bank(photo: Photo, mask: Mask, embed: Embed) -> RotationBank:
    """Compute the bank of one golden picture.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) bool.
        embed: The trunk.
    """
    placement = place(mask)
    angles = _angles()
    patches = [warp_photo(photo, placement.to_patch(angle), (PATCH_SIDE, PATCH_SIDE)) for angle in angles]
    ink = np.repeat(mask[..., None].astype(np.uint8) * 255, 3, axis=2)
    covers = [
        warp_photo(ink, placement.to_patch(angle), (PATCH_SIDE, PATCH_SIDE), fill=(0, 0, 0))[..., 0] for angle in angles
    ]
    maps = np.concatenate([embed(patches[i : i + 6]).stride16 for i in range(0, STEPS, 6)])
    cells = _cells(maps)
    mean = cells.reshape(-1, cells.shape[-1]).mean(axis=0)
    unit = _unit(cells - mean)
    side = maps.shape[-1]
    step = PATCH_SIDE // side
    weights = np.stack([c.reshape(side, step, side, step).mean(axis=(1, 3)) for c in covers]).reshape(STEPS, -1) / 255.0
    return RotationBank(placement, np.round(unit * _QUANTUM).astype(np.int8), weights.astype(np.float32), mean)


def turned_patches(photo: Photo, mask: Mask, *, steps: int) -> list[Photo]:
    """The product at the size and place identity is judged at, turned in even steps; the first one unturned."""
    placement = place(mask)
    size = (IDENTITY_SIDE, IDENTITY_SIDE)
    turns = [placement.to_patch(2 * np.pi * i / steps, IDENTITY_SIDE) for i in range(steps)]
    return [warp_photo(photo, turn, size) for turn in turns]


def likely_warps(bank: RotationBank, photo: Photo, mask: Mask, embed: Embed, *, most: int = 3) -> list[Matrix]:
    """Warps from `photo` to the golden's picture by the rotations that look most alike, best first.

    Args:
        bank: The golden's rotations.
        photo: (H, W, 3) uint8 RGB upload.
        mask: (H, W) bool, its product.
        embed: The trunk.
        most: So many at most, at least two steps apart.
    """
    placement = place(mask)
    patch = warp_photo(photo, placement.to_patch(), (PATCH_SIDE, PATCH_SIDE))
    maps = embed([patch]).stride16
    side = maps.shape[-1]
    query = _unit(_cells(maps)[0] - bank.mean).reshape(side, side, -1)
    scores, shifts = _compare(bank, query)
    chosen: list[int] = []
    for step in np.argsort(-scores):
        if all(min((step - c) % STEPS, (c - step) % STEPS) >= 2 for c in chosen):
            chosen.append(int(step))
        if len(chosen) == most:
            break
    cell = PATCH_SIDE / side
    warps = []
    for step in chosen:
        dy, dx = shifts[step]
        moved = np.array([[1, 0, dx * cell], [0, 1, dy * cell], [0, 0, 1]], np.float64)
        to_golden = np.linalg.inv(bank.placement.to_patch(_angles()[step]))
        warps.append(to_golden @ moved @ placement.to_patch())
    return warps


def _compare(bank: RotationBank, query: FloatArray) -> tuple[FloatArray, list[tuple[int, int]]]:
    side = query.shape[0]
    padded = np.pad(query, ((1, 1), (1, 1), (0, 0)))
    golden = bank.features.astype(np.float32) / _QUANTUM
    totals = bank.weights.sum(axis=1) + 1e-6
    table = []
    for dy, dx in _SHIFTS:  # the query moved by (dy, dx) cells
        moved = padded[1 - dy : 1 - dy + side, 1 - dx : 1 - dx + side].reshape(-1, query.shape[2])
        table.append((np.einsum("scd,cd->sc", golden, moved) * bank.weights).sum(axis=1) / totals)
    by_shift = np.stack(table)
    best = by_shift.argmax(axis=0)
    return by_shift.max(axis=0), [_SHIFTS[i] for i in best]


def _angles() -> list[float]:
    return [2 * np.pi * step / STEPS for step in range(STEPS)]


def _cells(maps: FloatArray) -> FloatArray:
    """(N, C, h, w) to (N, h·w, C)."""
    return maps.reshape(maps.shape[0], maps.shape[1], -1).transpose(0, 2, 1)


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-6), np.float32)
