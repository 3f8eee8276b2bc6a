"""What the camera's primary rays hit first: the exact ground truth of a photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visiqc.rendering.piece import base_name
from visiqc.vision.types import FloatArray, Mask

GROUND, STAND, CARD = "ground", "stand", "card"
"""Names of the shapes that are not the piece's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstHits:
    """First hits on a fixed grid of `per_pixel` × `per_pixel` rays a pixel; (h, w) = (H, W) · per_pixel.

    Attributes:
        names: Names of the scene's shapes: parts, `ground`, and what lies about.
        shape: (h, w) int32, index into `names`; -1 = nothing.
        point: (h, w, 3) float32, where, in the piece's frame, mm.
        normal: (h, w, 3) float32, the surface's.
        facing: (h, w) float32, cosine between the normal and the way to the camera.
        uv: (h, w, 2) float32, texture coordinates of the hit.
        per_pixel: Rays along a pixel's side.
    """

    names: tuple[str, ...]
    shape: NDArray[np.int32]
    point: FloatArray
    normal: FloatArray
    facing: FloatArray
    uv: FloatArray
    per_pixel: int

    def on(self, *names: str) -> Mask:
        """(h, w) bool: rays that hit one of these shapes first."""
        wanted = [number for number, name in enumerate(self.names) if name in names]
        return np.isin(self.shape, wanted)

    def base_shape(self) -> NDArray[np.int32]:
        """(h, w) int32: as `shape`, but parts split by decals count as one; comparable between two pieces by
        `base_names`.
        """
        bases = self.base_names
        first = {name: number for number, name in reversed(list(enumerate(bases)))}
        table = np.array([*(first[name] for name in bases), -1], np.int32)
        return table[self.shape]

    @property
    def base_names(self) -> tuple[str, ...]:
        """The shapes' names before decals split them."""
        return tuple(base_name(name) for name in self.names)
