"""Where the product is, by the mask model where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import cv2
import numpy as np

from visiqc.errors import IntegrityError
from visiqc.vision.foreground import foreground_mask
from visiqc.vision.types import FeatureMaps, FloatArray, Mask, Photo

FindProduct = Callable[[Photo], Mask]
"""(H, W, 3) uint8 RGB to (H, W) bool: the product's pixels."""
MASK_SIDE = 384
"""Long side in pixels at which the model looks."""
CELLS = 16
"""Height and width the model takes are multiples of it: each level of its maps is then twice the next."""
_TINY = 0.0015
"""A smaller share of the photo is no product: the model found nothing."""
_RIM = 0.012
"""Width of the ground that is kept around the product, as a share of the photo's long side."""
_SURE = 2.5
"""Logit from which something is product though it has the colour of the ground; less is a patch of a plain wall."""
_DARK_INSIDE = 0.9
"""A hole of which this share departs from the ground is the product's inside; of a ring's, a shadow is a part."""
_SPECK = 0.01
"""What is smaller than this share of the largest piece is left out."""


class MaskModel(Protocol):
    """The mask model: see `inspection.ports.MaskModel`."""

    def logits(self, photo: Photo, maps: FeatureMaps) -> FloatArray:
        """Logits of product, (H/2, W/2) float32."""
        ...


def product_mask(photo: Photo, embed: Callable[[Sequence[Photo]], FeatureMaps], model: MaskModel) -> Mask:
    """The product's pixels, told by the mask model.

    Args:
        photo: (H, W, 3) uint8 RGB.
        embed: The trunk.
        model: The mask model.

    Returns:
        (H, W) bool, with a little ground all around; what the colours of photo and border tell (`foreground_mask`)
        where the model finds nothing.

    Raises:
        IntegrityError: The model answers with numbers that are none.
    """
    fitted = fitted_photo(photo)
    logits = model.logits(fitted, embed([fitted]))
    if not np.isfinite(logits).all():  # NaN is under every threshold: what it stands for would never be judged
        raise IntegrityError("the mask model answered with numbers that are none; go back with visiqc model rollback")
    found = told_mask(photo, logits)
    return foreground_mask(photo) if found is None else with_rim(found)


def told_mask(photo: Photo, logits: FloatArray) -> Mask | None:
    """The product to its edge, (H, W) bool, from the model's logits and what the colours tell; None = nothing found."""
    seen = foreground_mask(photo)
    large = np.asarray(cv2.resize(logits, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    if seen.all():  # no ground could be told by colour
        return mask_of(large)
    found = mask_of(large - np.where(seen, np.float32(0), np.float32(_SURE)))
    return None if found is None else _filled(found, seen)


def with_rim(mask: Mask) -> Mask:
    """The mask with a little ground all around: the outline is what plain parts are laid over by, and where burrs are.

    Source:
        Plates laid over each other by masks that end at their edge were laid wrongly (training/LOG.md).
    """
    reach = max(1, round(_RIM * max(mask.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc) > 0)


def fitted_photo(photo: Photo) -> Photo:
    """The photo at the size the model looks at: `MASK_SIDE` long, sides multiples of `CELLS`."""
    height, width = photo.shape[:2]
    ratio = MASK_SIDE / max(height, width)
    size = (max(2, round(width * ratio / CELLS)) * CELLS, max(2, round(height * ratio / CELLS)) * CELLS)
    how = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(photo, size, interpolation=how), np.uint8)


def mask_of(logits: FloatArray) -> Mask | None:
    """Where logits are over 0, (H, W) bool, without specks; None where they are next to nowhere."""
    there = (logits > 0).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(there, connectivity=8)
    if count <= 1:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    mask = np.isin(labels, np.flatnonzero(areas >= _SPECK * float(areas.max())) + 1)
    return np.asarray(mask) if mask.mean() >= _TINY else None


def _filled(mask: Mask, departs: Mask) -> Mask:
    """The mask with those holes filled in which the ground is not seen: the dark inside of a bottle is no hole.

    Args:
        mask: (H, W) bool.
        departs: (H, W) bool, what looks other than the ground around the product.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    hole = np.ones(count, bool)
    hole[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = False  # the ground itself
    hole[0] = False  # label 0 is the mask
    inside = np.bincount(labels[departs], minlength=count) >= _DARK_INSIDE * stats[:, cv2.CC_STAT_AREA]
    return np.asarray(mask | (hole & inside)[labels])
