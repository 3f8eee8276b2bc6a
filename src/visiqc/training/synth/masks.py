"""Noise, blobs and places for synthetic damage."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.vision.types import FloatArray, Mask
from visiqc.vision.warp import Size

Window = tuple[slice, slice]
"""Rows and columns of a part of a photo."""

_ENOUGH = 6.0
"""Pixels of a lattice cell that hold its whole form."""


def perlin(size: Size, cell_px: float, rng: Generator, *, octaves: int = 1) -> FloatArray:
    """Gradient noise.

    Args:
        size: Height and width.
        cell_px: Distance of the lattice's nodes, in pixels; details are about that large.
        rng: Draws the gradients.
        octaves: Layers, each half as large and half as strong as the one before.

    Returns:
        (H, W) float32, about -1 to 1, mean about 0.

    Source:
        Perlin, An image synthesizer, SIGGRAPH 1985; with the fade curve of Improving noise, SIGGRAPH 2002.
    """
    total = _layer(size, cell_px, rng)
    for octave in range(1, octaves):
        total += 0.5**octave * _layer(size, max(cell_px / 2**octave, 1.5), rng)
    return total


def _layer(size: Size, cell_px: float, rng: Generator) -> FloatArray:
    """One octave; noise with large cells is smooth, so it is drawn smaller and enlarged."""
    if cell_px >= 2 * _ENOUGH:
        small = tuple(max(2, int(np.ceil(side * _ENOUGH / cell_px))) for side in size)
        drawn = _layer((small[0], small[1]), _ENOUGH, rng)
        return np.asarray(cv2.resize(drawn, size[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    height, width = size
    y, x = np.arange(height, dtype=np.float32) / cell_px, np.arange(width, dtype=np.float32) / cell_px
    row, column = y.astype(int), x.astype(int)
    down, along = y - row, x - column
    angle = rng.uniform(0, 2 * np.pi, (row[-1] + 2, column[-1] + 2)).astype(np.float32)
    gx, gy = np.cos(angle), np.sin(angle)
    mix_y = (down**3 * (down * (6 * down - 15) + 10))[:, None]
    mix_x = along**3 * (along * (6 * along - 15) + 10)

    def corner(dy: int, dx: int) -> FloatArray:
        across = gx[row + dy][:, column + dx]
        across *= along - dx
        upright = gy[row + dy][:, column + dx]
        upright *= (down - dy)[:, None]
        across += upright
        return np.asarray(across, np.float32)

    top = corner(0, 0) + mix_x * (corner(0, 1) - corner(0, 0))
    bottom = corner(1, 0) + mix_x * (corner(1, 1) - corner(1, 0))
    return np.asarray(1.4 * (top + mix_y * (bottom - top)), np.float32)


def blob(size: Size, centre: tuple[float, float], radius: float, rng: Generator, *, ragged: float = 0.5) -> FloatArray:
    """An irregular patch, often longer than wide, soft over about a pixel.

    Args:
        size: Height and width of the picture.
        centre: (x, y).
        radius: Of the disc with the same area, about, in pixels.
        rng: Draws its form.
        ragged: 0 an ellipse, 1 torn to pieces.

    Returns:
        (H, W) float32, 1 inside and 0 outside.
    """
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle, stretch = rng.uniform(0, np.pi), float(np.exp(rng.uniform(0, 0.6)))
    dx, dy = x - centre[0], y - centre[1]
    along = (dx * np.cos(angle) + dy * np.sin(angle)) / stretch
    across = (dy * np.cos(angle) - dx * np.sin(angle)) * stretch
    noise = perlin(size, max(2.0, radius * rng.uniform(0.4, 1.2)), rng, octaves=2)
    inside = radius * (1 + ragged * noise) - np.hypot(along, across)
    return np.asarray(np.clip(inside + 0.5, 0, 1), np.float32)


def place_on(area: Mask, rng: Generator) -> tuple[int, int] | None:
    """A pixel (x, y) of the area, all alike likely; None where it is empty."""
    places = np.flatnonzero(area)
    if not places.size:
        return None
    y, x = divmod(int(places[rng.integers(places.size)]), area.shape[1])
    return x, y


def window(centre: tuple[float, float], half: float, size: Size) -> Window:
    """The square around a place, cut to the picture."""
    x, y, reach = round(centre[0]), round(centre[1]), int(np.ceil(half))
    return (
        slice(max(0, y - reach), min(size[0], y + reach + 1)),
        slice(max(0, x - reach), min(size[1], x + reach + 1)),
    )


def edge_of(area: Mask) -> Mask:
    """The outermost pixels of an area, the picture's own border not counted."""
    inner = cv2.erode(area.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(area & (inner == 0))
