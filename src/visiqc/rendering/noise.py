"""Smooth noise: tileable pictures for textures, and sums of waves for points in space."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.errors import InputError
from visiqc.rendering.mesh import Points, unit
from visiqc.vision.types import FloatArray

_PAD = 2
"""Cells a cubic needs beyond the border."""


def octaves(rng: Generator, side: int, *, cells: int = 4, count: int = 5, persistence: float = 0.55) -> FloatArray:
    """A picture of noise that tiles.

    Args:
        rng: Where it is drawn from.
        side: Of the square picture, px.
        cells: Of the coarsest octave along a side; it divides `side`.
        count: Octaves, each of twice the cells; those finer than the picture are left out.
        persistence: Amplitude of an octave over that of the one before.

    Returns:
        (side, side) float32, mean about 0, standard deviation 1.

    Raises:
        InputError: `cells` does not divide `side`, so the tiles would not meet.
    """
    if side % cells:
        raise InputError(f"noise of {cells} cells does not tile over {side} px; take cells that divide {side}")
    total, amplitude = np.zeros((side, side), np.float32), np.float32(1)
    for octave in range(count):
        along = cells * 2**octave
        if side % along:
            break
        total += amplitude * _octave(rng, side, along)
        amplitude *= np.float32(persistence)
    return np.asarray(total / total.std(), np.float32)


def _octave(rng: Generator, side: int, cells: int) -> FloatArray:
    values = rng.standard_normal((cells, cells)).astype(np.float32)
    if cells == side:
        return values
    step = side // cells
    size = (cells + 2 * _PAD) * step
    wide = cv2.resize(np.pad(values, _PAD, mode="wrap"), (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide[_PAD * step : _PAD * step + side, _PAD * step : _PAD * step + side], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """A sum of plane waves in space, smooth everywhere and cheap at a million points.

    Attributes:
        vectors: (3, K) float32 wave vectors, rad/mm.
        phases: (K,) float32.
        amplitudes: (K,) float32, mm.
    """

    vectors: NDArray[np.float32]
    phases: NDArray[np.float32]
    amplitudes: NDArray[np.float32]

    def at(self, points: Points) -> Points:
        """(N,) heights in mm at (N, 3) points in mm."""
        return np.asarray(np.sin(self._angles(points)) @ self.amplitudes, float)

    def gradient(self, points: Points) -> Points:
        """(N, 3) slopes at (N, 3) points in mm."""
        return np.asarray(np.cos(self._angles(points)) @ (self.vectors * self.amplitudes).T, float)

    def _angles(self, points: Points) -> NDArray[np.float32]:
        return np.asarray(points, np.float32) @ self.vectors + self.phases


def waves(rng: Generator, *, wavelengths: tuple[float, float], slope: float, count: int = 8) -> Waves:
    """Waves in random directions.

    Args:
        rng: Where they are drawn from.
        wavelengths: Shortest and longest, mm.
        slope: Root mean square of the gradient's length; every wave has the same share.
        count: How many.
    """
    lengths = wavelengths[0] * (wavelengths[1] / wavelengths[0]) ** rng.uniform(0, 1, count)
    vectors = 2 * np.pi / lengths * unit(rng.standard_normal((count, 3))).T
    amplitudes = slope * np.sqrt(2 / count) * lengths / (2 * np.pi)
    return Waves(
        vectors=vectors.astype(np.float32),
        phases=rng.uniform(0, 2 * np.pi, count).astype(np.float32),
        amplitudes=amplitudes.astype(np.float32),
    )
