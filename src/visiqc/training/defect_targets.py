"""What the defect model should say of every cell, and how much each cell counts."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.training.datasets.labels import LabelImage
from visiqc.training.datasets.pairs import DEFECT, GROUND, IGNORED, PRODUCT
from visiqc.vision.types import FloatArray, Mask

NOT_TYPED = -1
"""Type target of cells that show no defect."""
MOST_CLASSES = DEFECT - IGNORED
"""Type classes that a coded label image can tell apart."""
_CHANGED = 0.25  # share of a cell's pixels from which it is changed; less is not judged
_IGNORED = 0.2
_AROUND = 3  # cells around the product that count whole: a burr sticks out
_GROUND = 0.1  # how much a cell of the ground counts


class Targets(NamedTuple):
    """Targets of one sample.

    Attributes:
        change: (h4, w4) float32, 1 = changed.
        weight: (h4, w4) float32, 0 = not judged.
        types: (h8, w8) int64, type class, or `NOT_TYPED`.
    """

    change: FloatArray
    weight: FloatArray
    types: NDArray[np.int64]


def coded(labels: LabelImage, *type_classes: int) -> LabelImage:
    """A label image whose defects name their type class: `IGNORED` + 1 + class in place of `DEFECT`.

    Of several classes, the second takes the place of `DEFECT` - 1, and so on. Values that stand for nothing are
    ignored: products that were laid before label images were looked at may hold any.
    """
    table = np.full(256, IGNORED, np.uint8)
    table[[GROUND, PRODUCT]] = GROUND, PRODUCT
    for number, type_class in enumerate(type_classes):
        table[DEFECT - number] = IGNORED + 1 + type_class
    return np.asarray(table[labels], np.uint8)


def targets_of(labels: LabelImage) -> Targets:
    """Targets from a coded label image (H, W) uint8, H and W multiples of 8."""
    defect = _share(np.asarray(labels > IGNORED), 4)
    ignored = _share(np.asarray(labels == IGNORED), 4)
    on = (_share(np.asarray(labels > 0), 4) > _IGNORED).astype(np.uint8)
    near = cv2.dilate(on, np.ones((2 * _AROUND + 1, 2 * _AROUND + 1), np.uint8)) > 0
    change = defect >= _CHANGED
    unsure = ~change & ((defect > 0) | (ignored >= _IGNORED))
    weight = np.where(unsure, 0.0, np.where(near, 1.0, _GROUND))
    return Targets(change.astype(np.float32), weight.astype(np.float32), _types(labels))


def _types(labels: LabelImage) -> NDArray[np.int64]:
    """The commonest class of each cell that is mostly defect, or shows most of a defect thinner than a cell."""
    classes = np.unique(labels[labels > IGNORED])
    best = np.full((labels.shape[0] // 8, labels.shape[1] // 8), NOT_TYPED, np.int64)
    most = np.full(best.shape, 0.1, np.float32)
    for value in classes:
        share = _share(np.asarray(labels == value), 8)
        best[share > most] = int(value) - IGNORED - 1
        most = np.maximum(most, share)
    return best


def _share(mask: Mask, stride: int) -> FloatArray:
    """Share of each cell's pixels; OpenCV averages by area several times faster than NumPy over two axes."""
    size = (mask.shape[1] // stride, mask.shape[0] // stride)
    whole = mask[: size[1] * stride, : size[0] * stride].astype(np.float32)
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)
