"""The printed scale card: its marker found in a photo, its grey patches read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.vision.colour import linear_light
from visiqc.vision.types import FloatArray, Matrix, Photo
from visiqc.vision.warp import transform

MARKER = 7
"""Which marker of OpenCV's dictionary 4×4_50 is the card's."""
_CORNERS_MM = np.array([[26.0, 13.8], [33.0, 13.8], [33.0, 20.8], [26.0, 20.8]], np.float32)
"""The marker on the card, from the card's corner at the ruler's zero: across, down."""
_PATCH_MM = (3.7, 4.4)
_GREYS_MM = tuple((1 + 4.2 * column, 4.0) for column in range(6))
"""Left and top of the six grey patches, dark to light."""
_INNER = 0.55  # share of a patch's sides that is read: its edges are blurred
_DARKEST, _BRIGHTEST = 30, 240  # 8-bit values a patch is read between: noise below, a rolled-off tone curve above
_FEWEST_PX = 6  # pixels of a patch that can be read


@dataclass(frozen=True, slots=True)
class CardReading:
    """What a photo made of neutral grey.

    Attributes:
        chromaticity: (2,) ln(R/G) and ln(B/G) of the grey patches in linear light; 0, 0 = balanced.
        spread: Standard deviation of the patches around it, the larger of the two axes.
        patches: How many patches could be read.
    """

    chromaticity: NDArray[np.float64]
    spread: float
    patches: int


def read_card(photo: Photo) -> CardReading | None:
    """Read the scale card, wherever in the photo it lies.

    Args:
        photo: (H, W, 3) uint8 RGB; the whole photo, not the golden frame, which ends at the product.

    Returns:
        None when no card is found, or fewer than two of its grey patches can be read.
    """
    to_photo = _card_to_photo(photo)
    if to_photo is None:
        return None
    seen = [ratio for patch in _patches(photo, to_photo) if (ratio := _ratio(patch)) is not None]
    if len(seen) < 2:
        return None
    return CardReading(np.median(seen, axis=0), float(np.std(seen, axis=0).max()), len(seen))


def _card_to_photo(photo: Photo) -> Matrix | None:
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))
    corners, numbers, _ = detector.detectMarkers(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
    if numbers is None or MARKER not in numbers:
        return None
    found = corners[int(np.flatnonzero(numbers.ravel() == MARKER)[0])]
    return np.asarray(cv2.getPerspectiveTransform(_CORNERS_MM, found[0].astype(np.float32)), np.float64)


def _patches(photo: Photo, to_photo: Matrix) -> Iterator[Photo]:
    """The pixels, (N, 3), of each grey patch that lies inside the photo."""
    height, width = photo.shape[:2]
    room = (1 - _INNER) / 2
    for left, top in _GREYS_MM:
        x = left + _PATCH_MM[0] * np.array([room, 1 - room, 1 - room, room])
        y = top + _PATCH_MM[1] * np.array([room, room, 1 - room, 1 - room])
        corners = transform(to_photo, np.stack([x, y], axis=1).astype(np.float32))
        inside = np.zeros((height, width), np.uint8)
        if (corners >= 0).all() and (corners < [width, height]).all():
            cv2.fillConvexPoly(inside, np.round(corners).astype(np.int32), 1)
            yield photo[inside > 0]


def _ratio(pixels: Photo) -> FloatArray | None:
    if len(pixels) < _FEWEST_PX:
        return None
    middle = np.median(pixels, axis=0)
    if middle.min() < _DARKEST or middle.max() > _BRIGHTEST:
        return None
    light = linear_light(pixels).mean(axis=0)
    return np.asarray(np.log(light[[0, 2]] / light[1]))
