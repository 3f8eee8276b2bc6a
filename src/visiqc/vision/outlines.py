"""Outlines moved between frames. Their corners lie on the edges of pixels: pixel n covers n to n + 1.

Warps map the centres of pixels, as everywhere in `vision`; half a pixel lies between the two.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visiqc.vision.types import Matrix

Outline = tuple[tuple[float, float], ...]


def moved(outline: Sequence[Sequence[float]], warp: Matrix) -> Outline:
    """An outline seen in the frame that `warp` leads to.

    Args:
        outline: Corners (x, y).
        warp: (3, 3) float64, from pixels of the outline's frame to those of the other.
    """
    edges = np.asarray(outline, np.float64).reshape(-1, 2)
    centres = np.column_stack([edges - 0.5, np.ones(len(edges))])
    seen = centres @ np.asarray(warp, np.float64).T
    flat = seen[:, :2] / seen[:, 2:] + 0.5
    return tuple((float(x), float(y)) for x, y in flat)


def box_outline(box: Sequence[float]) -> Outline:
    """The four corners of `(x0, y0, x1, y1)`, clockwise from the top left."""
    x0, y0, x1, y1 = map(float, box)
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
