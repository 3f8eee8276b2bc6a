"""Where in the golden frame the colour differs most: a single stone of another colour, which a median does not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.domain.colour import ColourSpot
from visiqc.vision.colour import lab_of_linear
from visiqc.vision.colour_parts import Tints, unclipped
from visiqc.vision.types import FloatArray, Mask, Photo
from visiqc.vision.warp import Size

_CELL = 4  # pixels a side over which light is averaged: facets flash, a stone's mean colour stays
_SOUND = 0.3  # share of a cell that must not be clipped
_REACH = 1  # cells an upload may lie off its place
_TOP = 0.01  # share of the product's cells whose mean is the spot's difference
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True, slots=True)
class Toned:
    """A frame in cells.

    Attributes:
        light: (h, w, 3) float32 mean linear light of a cell's unclipped pixels; dark ones count, as dark stones are.
        sound: (h, w) bool, enough of the cell is unclipped.
    """

    light: FloatArray
    sound: Mask

    @classmethod
    def of(cls, frame: Photo, tints: Tints) -> Toned:
        """Average a frame, (H, W, 3) uint8, over cells."""
        size = (max(1, frame.shape[1] // _CELL), max(1, frame.shape[0] // _CELL))
        weight = unclipped(frame).astype(np.float32)
        total = cv2.resize(tints.linear * weight[..., None], size, interpolation=cv2.INTER_AREA)
        share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        return cls(np.asarray(total / np.maximum(share, 1e-3)[..., None], np.float32), np.asarray(share > _SOUND))


def find_spot(
    goldens: Sequence[Toned], upload: Toned, offsets: Sequence[NDArray[np.float64]], *, product: Mask, size: Size
) -> ColourSpot | None:
    """The place that differs most from every golden, the whole metal's change taken out.

    Args:
        goldens: The golden frames.
        upload: The upload.
        offsets: For each golden (2,) ln(R/G) and ln(B/G) by which the upload's metal differs from its.
        product: (H, W) bool at the size the cells were made from.
        size: Height and width in whose pixels the box is given.
    """
    height, width = upload.sound.shape
    inside = cv2.resize(product.astype(np.uint8) * 255, (width, height), interpolation=cv2.INTER_AREA) > 100
    if not inside.any():
        return None
    differences = [_difference(golden, upload, offset, inside) for golden, offset in zip(goldens, offsets, strict=True)]
    least = np.where(inside, np.min(differences, axis=0), 0.0)
    count = max(1, int(_TOP * int(inside.sum())))
    highest = np.sort(least[inside])[-count:]
    down, across = np.unravel_index(int(least.argmax()), least.shape)
    return ColourSpot(box=_box(int(across), int(down), (height, width), size), delta=float(highest.mean()))


def _difference(golden: Toned, upload: Toned, offset: NDArray[np.float64], inside: Mask) -> FloatArray:
    """(h, w) ΔE in chroma and hue to the most similar golden cell near by; 0 where nothing can be compared."""
    balanced = upload.light * np.exp(-np.array([offset[0], 0.0, offset[1]], np.float32))
    both = inside & golden.sound & upload.sound
    if not both.any():
        return np.zeros(inside.shape, np.float32)
    brighter = np.log((golden.light @ _LUMA)[both] + 1e-3) - np.log((balanced @ _LUMA)[both] + 1e-3)
    seen = lab_of_linear(np.clip(balanced * np.exp(np.median(brighter)), 0, 1))
    known = lab_of_linear(golden.light)
    chroma = np.hypot(seen[..., 1], seen[..., 2])
    least = np.full(inside.shape, np.inf)
    for down in range(-_REACH, _REACH + 1):
        for across in range(-_REACH, _REACH + 1):
            there = np.roll(known, (down, across), axis=(0, 1))
            shared = np.sqrt(chroma * np.hypot(there[..., 1], there[..., 2]))
            apart = np.hypot(seen[..., 1] - there[..., 1], seen[..., 2] - there[..., 2]) / (1 + 0.045 * shared)
            comparable = upload.sound & np.roll(golden.sound, (down, across), axis=(0, 1))
            least = np.minimum(least, np.where(comparable, apart, 0.0))
    return np.asarray(least, np.float32)


def _box(across: int, down: int, cells: Size, size: Size) -> tuple[int, int, int, int]:
    """Pixels of the cell and its neighbours."""
    (height, width), (rows, columns) = size, cells
    left, right = max(0, across - 1) * width // columns, min(columns, across + 2) * width // columns
    top, bottom = max(0, down - 1) * height // rows, min(rows, down + 2) * height // rows
    return left, top, right, bottom
