"""What a maker of damage is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.training.synth.masks import Window, window
from visiqc.vision.types import FloatArray, Mask, Photo
from visiqc.vision.warp import Size

Pixels = NDArray[Any]
"""Grey levels 0 to 255, whole or not, on their way to be a photo's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A good photo to be damaged at a place.

    Attributes:
        photo: (H, W, 3) uint8 RGB, never written to.
        product: (H, W) bool.
        centre: (x, y) of a product pixel.
        radius: How large the damage should be: that of a disc of the wanted area, in pixels.
        others: Other photos, of any size, to take foreign matter from.
        rng: Draws how it looks.
    """

    photo: Photo
    product: Mask
    centre: tuple[int, int]
    radius: float
    others: Sequence[Photo]
    rng: Generator

    @property
    def size(self) -> Size:
        """Height and width."""
        return (self.photo.shape[0], self.photo.shape[1])

    def around(self, half: float) -> Window:
        """The window around the place."""
        return window(self.centre, half, self.size)

    def local(self, where: Window) -> tuple[float, float]:
        """The place (x, y) in a window's own pixels."""
        return self.centre[0] - where[1].start, self.centre[1] - where[0].start

    def changed(self, where: Window, pixels: Pixels) -> Photo:
        """A copy of the photo with other pixels in a window."""
        copy = self.photo.copy()
        copy[where] = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
        return copy


Maker = Callable[[Canvas], Photo | None]
"""Gives the damaged photo; None where the photo has nothing the damage could happen to."""


def mixed(below: Pixels, above: Pixels, cover: Pixels) -> FloatArray:
    """Two pictures, the upper one where `cover` (H, W) is 1: (H, W, 3) float32."""
    share = cover[..., None]
    return np.asarray(below * (1 - share) + above * share, np.float32)
