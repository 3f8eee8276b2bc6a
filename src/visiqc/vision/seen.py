"""A photo as the stages see it: the whole, a small copy with the product's mask, and the product close up."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from visiqc.vision.align import UPLOAD_SIDE
from visiqc.vision.foreground import foreground_mask
from visiqc.vision.product_mask import FindProduct
from visiqc.vision.types import Mask, Matrix, Photo
from visiqc.vision.warp import Size, between_sizes, translation

SMALL_SIDE = 512
"""Long side of the small copy of the whole photo."""
_ROOM = 0.15  # background kept around the product, share of its longer side


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo with what is derived from it once.

    Attributes:
        photo: (H, W, 3) uint8 RGB.
        small: The whole photo, at most `SMALL_SIDE` long.
        mask: The product in `small`, bool.
        picture: The product with some background, at most `UPLOAD_SIDE` long; never enlarged.
        picture_mask: The product in `picture`, bool.
        to_picture: Photo pixels to `picture` pixels.
    """

    photo: Photo
    small: Photo
    mask: Mask
    picture: Photo
    picture_mask: Mask
    to_picture: Matrix

    @property
    def size(self) -> Size:
        """Height and width of the photo."""
        return self.photo.shape[0], self.photo.shape[1]


def see(photo: Photo, find: FindProduct = foreground_mask) -> Seen:
    """Derive what every stage needs of a photo.

    Args:
        photo: (H, W, 3) uint8 RGB.
        find: Finds the product.
    """
    small = reduced(photo, SMALL_SIDE)
    mask = find(small)
    left, top, right, bottom = _around(mask, photo.shape[:2])
    close = np.ascontiguousarray(photo[top:bottom, left:right])
    picture = reduced(close, UPLOAD_SIDE)
    size = (picture.shape[0], picture.shape[1])
    to_picture = between_sizes((bottom - top, right - left), size) @ translation(-left, -top)
    from_small = to_picture @ between_sizes((small.shape[0], small.shape[1]), (photo.shape[0], photo.shape[1]))
    close_mask = cv2.warpPerspective(mask.astype(np.float32), from_small, size[::-1], flags=cv2.INTER_LINEAR) > 0.5
    return Seen(photo, small, mask, picture, np.asarray(close_mask), to_picture)


def reduced(photo: Photo, long_side: int) -> Photo:
    """The photo at most `long_side` long, averaged down; itself when it is no longer."""
    height, width = photo.shape[:2]
    ratio = long_side / max(height, width)
    if ratio >= 1.0:
        return photo
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)


def _around(mask: Mask, size: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom, in photo pixels, of the product with some room; right and bottom excluded."""
    ys, xs = np.nonzero(mask)
    across, down = size[1] / mask.shape[1], size[0] / mask.shape[0]
    room = _ROOM * max(float(np.ptp(xs)) * across, float(np.ptp(ys)) * down)
    return (
        int(max(0, xs.min() * across - room)),
        int(max(0, ys.min() * down - room)),
        int(min(size[1], (xs.max() + 1) * across + room)),
        int(min(size[0], (ys.max() + 1) * down + room)),
    )
