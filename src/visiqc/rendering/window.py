"""The part of a photo that is rendered again when a defect changes no more than that."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from visiqc.vision.types import FloatArray, Mask

_MARGIN, _LEAST = 24 / 512, 96 / 512
"""Around a mask, for what the defect changes beside it; and a window's smallest side, but for what of it would lie
outside of the photo. Both of the photo's side."""
_GROWN, _FEATHER, _RAMP = 4 / 512, 2 / 512, 6 / 512
"""How far what changed is grown, how softly it ends, and how far inside the window's border the window counts whole."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a square photo's pixels.

    Attributes:
        x: First column.
        y: First row.
        width: Columns.
        height: Rows.
        side_px: Width and height of the photo.
    """

    x: int
    y: int
    width: int
    height: int
    side_px: int

    @classmethod
    def whole(cls, side_px: int) -> Window:
        """All of the photo."""
        return cls(0, 0, side_px, side_px, side_px)

    @classmethod
    def around(cls, mask: Mask) -> Window:
        """The mask, (H, H) bool, with room for the shadows and reflections beside it; all of it where it is empty."""
        side = mask.shape[0]
        if not mask.any():
            return cls.whole(side)
        (top, height), (left, width) = (_span(np.asarray(mask.any(axis=axis))) for axis in (1, 0))
        return cls(left, top, width, height, side)

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the photo."""
        return (self.width, self.height) == (self.side_px, self.side_px)

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns, to index a picture of the photo's size with."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def spread(self, mask: Mask) -> Mask:
        """A mask of the window's size as one of the photo's, (side_px, side_px) bool."""
        whole = np.zeros((self.side_px, self.side_px), bool)
        whole[self.place] = mask
        return whole

    def inserted(self, light: FloatArray, into: FloatArray, changed: Mask) -> FloatArray:
        """A picture with the window's light where something changed, without a seam.

        Args:
            light: (height, width, 3) float32, of the window.
            into: (side_px, side_px, 3) float32, of the photo without the change.
            changed: (side_px, side_px) bool.
        """
        share = (self._weight(changed[self.place]) * self._ramp())[..., None]
        made = into.copy()
        made[self.place] = share * light + (1 - share) * into[self.place]
        return made

    def _weight(self, changed: Mask) -> FloatArray:
        grown = cv2.dilate(changed.astype(np.uint8), np.ones((2 * self._px(_GROWN) + 1,) * 2, np.uint8))
        blurred = cv2.GaussianBlur(grown.astype(np.float32), (0, 0), max(0.5, _FEATHER * self.side_px))
        return np.asarray(blurred, np.float32)

    def _px(self, share: float) -> int:
        return max(1, round(share * self.side_px))

    def _ramp(self) -> FloatArray:
        """0 at the window's border to 1 inside, but 1 where it ends with the photo."""
        down, across = (
            _rise(start, length, self.side_px) for start, length in ((self.y, self.height), (self.x, self.width))
        )
        return np.asarray(np.minimum(down[:, None], across[None, :]))


def _span(filled: Mask) -> tuple[int, int]:
    """First index and length of what is filled, with its margin."""
    side = len(filled)
    places = np.flatnonzero(filled)
    middle, half = (places[0] + places[-1] + 1) / 2, (places[-1] + 1 - places[0]) / 2 + _MARGIN * side
    half = max(half, _LEAST * side / 2)
    first = max(0, int(np.floor(middle - half)))
    last = min(side, int(np.ceil(middle + half)))
    return first, last - first


def _rise(start: int, length: int, side: int) -> FloatArray:
    steps = np.arange(length, dtype=np.float32) / (_RAMP * side)
    rising = np.full(length, 1.0, np.float32) if start == 0 else np.minimum(steps, 1)
    falling = np.full(length, 1.0, np.float32) if start + length == side else np.minimum(steps[::-1], 1)
    return np.asarray(np.minimum(rising, falling))
