"""The arrays that travel through VisiQC, by name.

| name | contract |
|---|---|
| Photo | (H, W, 3) uint8 RGB, upright, sRGB |
| Mask | (H, W) bool, True = product |
| ScoreMap | (H, W) float32, higher = worse, NaN = not judged |
| Matrix | (3, 3) float64 homography; maps (x, y, 1) of its source to its target |
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visiqc.errors import ShapeMismatch

Photo = NDArray[np.uint8]
Mask = NDArray[np.bool_]
ScoreMap = NDArray[np.float32]
FloatArray = NDArray[np.float32]
Matrix = NDArray[np.float64]


class FeatureMaps(NamedTuple):
    """The trunk's outputs, each (N, C, h, w) float32 at the stride its name says."""

    stride4: FloatArray
    stride8: FloatArray
    stride16: FloatArray


def require_same_size(**arrays: NDArray[Any]) -> None:
    """Raise `ShapeMismatch`, naming every size, unless all arrays share height and width."""
    sizes = {name: array.shape[:2] for name, array in arrays.items()}
    if len(set(sizes.values())) > 1:
        named = ", ".join(f"{name} {height}×{width}" for name, (height, width) in sizes.items())
        raise ShapeMismatch(f"sizes differ: {named}; align first")
