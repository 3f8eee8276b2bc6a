"""What a decal is drawn from: grooves, pits, domes and blots on a chart, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.rendering.decals import CHART
from visiqc.rendering.noise import octaves
from visiqc.vision.types import FloatArray, Mask

_FADE = 0.03
"""Share of the chart's side over which everything fades out at its border."""
_NEAR = 3.0
"""A groove reaches no farther than this many half-widths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """What lies on a chart; nothing on its border texels, so that the surface beside it goes on unchanged.

    Attributes:
        weight: (CHART, CHART) float32 in 0..1.
        height: (CHART, CHART) float32, mm above the surface; None = flat.
        footprint: (CHART, CHART) bool.
    """

    weight: FloatArray
    height: FloatArray | None
    footprint: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Groove:
    """A V-shaped groove with raised lips.

    Attributes:
        centre: On the chart, mm.
        angle: Of its run against u, rad.
        length: mm.
        bend: Curvature times length.
        half_width: mm, at its widest.
        depth: mm, at its deepest.
        taper: How much it narrows towards its ends: 0 not at all, 1 to nothing.
        lips: Height of the lips over the depth.
    """

    centre: tuple[float, float]
    angle: float
    length: float
    bend: float
    half_width: float
    depth: float
    taper: float = 0.65
    lips: float = 0.35


class Canvas:
    """A chart being drawn on.

    Attributes:
        size_mm: Its side.
        weight: As in `Texture`, so far.
        height: As in `Texture`, so far.
        footprint: As in `Texture`, so far.
    """

    __slots__ = ("_axis", "footprint", "height", "size_mm", "weight")

    def __init__(self, size_mm: float) -> None:
        self.size_mm = size_mm
        self.weight: FloatArray = np.zeros((CHART, CHART), np.float32)
        self.height: FloatArray = np.zeros((CHART, CHART), np.float32)
        self.footprint: Mask = np.zeros((CHART, CHART), bool)
        self._axis: FloatArray = (((np.arange(CHART) + 0.5) / CHART - 0.5) * size_mm).astype(np.float32)

    def about(
        self, centre: tuple[float, float], reach: float
    ) -> tuple[tuple[slice, slice], NDArray[np.float32], NDArray[np.float32]]:
        """The texels within `reach` mm of a point in u and v: their slices, and u (1, n) and v (m, 1) from it, mm."""
        columns, rows = (self._within(middle - reach, middle + reach) for middle in centre)
        u = self._axis[columns][None] - np.float32(centre[0])
        return (rows, columns), u, self._axis[rows][:, None] - np.float32(centre[1])

    def _within(self, low: float, high: float) -> slice:
        first, last = np.searchsorted(self._axis, np.array([low, high], np.float32))
        return slice(int(first), int(last))

    def groove(self, groove: Groove, *, weight: float = 0.75) -> None:
        """Add a groove."""
        place, u, v = self.about(groove.centre, groove.length / 2 * (1 + abs(groove.bend)) + _NEAR * groove.half_width)
        cos, sin = np.float32(np.cos(groove.angle)), np.float32(np.sin(groove.angle))
        along = u * cos + v * sin
        across = v * cos - u * sin - np.float32(groove.bend / groove.length) * along * along
        reach = np.float32(_NEAR * groove.half_width)
        near = (np.abs(across) < reach) & (np.abs(along) < np.float32(groove.length / 2) + reach)
        far, height = _section(groove, along[near], across[near])
        chosen = np.nonzero(near)
        at = (chosen[0] + (place[0].start or 0), chosen[1] + (place[1].start or 0))
        self.height[at] += height
        self.weight[at] = np.maximum(self.weight[at], np.float32(weight) * np.clip(1.25 - far, 0, 1))
        self.footprint[at] |= far < 1.4

    def pit(self, centre: tuple[float, float], radius: float, *, squash: float = 1.0, depth: float = 0.8) -> None:
        """Add a hollow: `depth` times a half-sphere, `squash` times as wide along v."""
        place, u, v = self.about(centre, 1.1 * radius * max(1.0, squash))
        square = (u * u + (v / np.float32(squash)) ** 2) / np.float32(radius**2)
        bowl = -np.float32(depth * radius) * np.sqrt(np.maximum(1 - square, 0))
        self.height[place] = np.minimum(self.height[place], bowl)
        self.weight[place] = np.maximum(self.weight[place], 0.85 * (square < 1))
        self.footprint[place] |= square < 1.1

    def dome(self, centre: tuple[float, float], radius: float, height: float, *, squash: float = 1.0) -> None:
        """Add a raised cap; it takes no overlay."""
        place, u, v = self.about(centre, 1.1 * radius * max(1.0, squash))
        square = (u * u + (v / np.float32(squash)) ** 2) / np.float32(radius**2)
        self.height[place] = np.maximum(self.height[place], np.float32(height) * np.clip(1 - square, 0, 1) ** 1.5)
        self.footprint[place] |= square < 1.1

    def texture(self) -> Texture:
        """What has been drawn, faded out towards the chart's border."""
        fade = _fade()
        return Texture(
            weight=np.clip(self.weight, 0, 1) * fade,
            height=self.height * fade if self.height.any() else None,
            footprint=self.footprint & (fade > 0.5),
        )


def _section(groove: Groove, along: FloatArray, across: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distance from the groove's line in its half-widths there, and height in mm."""
    share = np.clip(along / np.float32(groove.length) + np.float32(0.5), 0, 1)
    beyond = np.maximum(np.abs(along) - np.float32(groove.length / 2), 0)
    swell = (1 - groove.taper) + groove.taper * np.maximum(np.sin(np.pi * share), 0) ** 0.6
    # a point that is dragged over metal chatters
    half = groove.half_width * np.maximum(swell * (1 + 0.15 * np.sin(60 * share + 3)), 0.05)
    far = np.hypot(across, beyond) / half
    cut = np.where(far < 1, -groove.depth * swell * (1 - far), 0)
    lip = groove.lips * groove.depth * swell * np.exp(-(((far - 1.25) / 0.35) ** 2))
    return np.asarray(far, np.float32), np.asarray(cut + lip, np.float32)


@cache
def _fade() -> FloatArray:
    edge = np.minimum(np.arange(CHART), np.arange(CHART)[::-1]) / (_FADE * CHART)
    ramp = np.clip(edge, 0, 1) ** 2 * (3 - 2 * np.clip(edge, 0, 1))
    return np.outer(ramp, ramp).astype(np.float32)


def blot(
    size_mm: float,
    radius_mm: float,
    rng: Generator,
    *,
    rough: float = 0.35,
    soft: float = 0.3,
    squash: float = 1.0,
    detail: int = 6,
) -> FloatArray:
    """A spot with an outline of noise.

    Args:
        size_mm: The chart's side.
        radius_mm: Of the spot.
        rng: Where its outline is drawn from.
        rough: How far the outline wanders, share of the radius.
        soft: Width of the outline's slope, share of the radius.
        squash: Its width along v over that along u.
        detail: Octaves of its outline: few for a liquid, which surface tension rounds.

    Returns:
        (CHART, CHART) float32 in 0..1.
    """
    axis = (((np.arange(CHART) + 0.5) / CHART - 0.5) * size_mm / radius_mm).astype(np.float32)
    far = np.sqrt(axis[None] ** 2 + (axis[:, None] / np.float32(squash)) ** 2)
    wander = np.float32(rough / 2.5) * octaves(rng, CHART, cells=4, count=detail)
    return np.asarray(np.clip((1 - far - wander) / np.float32(soft) + 0.5, 0, 1), np.float32)


def grown(low: float, high: float, severity: float, rng: Generator, *, spread: float = 0.12) -> float:
    """A number that grows from `low` to `high` with the severity, times 1 ± `spread` of its own."""
    return float((low + (high - low) * severity) * rng.uniform(1 - spread, 1 + spread))
