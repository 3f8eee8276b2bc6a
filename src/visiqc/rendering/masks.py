"""Exact masks of a photo: the product, the defect, and what the defect changes elsewhere.

Every mask comes from the first hits of fixed rays, `per_pixel`² of them a pixel, so it has the photo's size and a pixel
is in it when at least half of its rays are.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.errors import InputError
from visiqc.rendering.defects.damage import Damage, Rule
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.piece import Piece, Role, base_name
from visiqc.vision.types import FloatArray, Mask, Photo, require_same_size

GROUND_LABEL, PRODUCT_LABEL, IGNORE_LABEL, DEFECT_LABEL = 0, 64, 128, 255
"""Grey levels of a label image."""

_MOVED_MM = 0.01
_HALF, _QUARTER = 0.5, 0.25
_THIN = 0.5
"""A defect of whose rays less than this share lie in pixels it fills by half is thinner than a pixel."""
_CHANGED_LEVELS = 6.0
_BAND_PX = 2
_WHITE_SHARE = 90.0
"""Percentile of a picture's light that is developed to a bright grey."""


def defect_mask(damage: Damage, good: FirstHits, damaged: FirstHits, *, seen: Mask | None = None) -> Mask:
    """The defect's pixels.

    Args:
        damage: The defect and the rule that finds it.
        good: First hits on the piece without the defect, (h, w) rays.
        damaged: First hits of the same rays on the damaged piece.
        seen: (h, w) bool, the rays that reach the touched part through a stone; needed for `Rule.SEEN_THROUGH`.

    Returns:
        (H, W) bool. A pixel is in it when half of its rays are; of a defect thinner than a pixel, when a quarter are.

    Raises:
        InputError: The rule needs `seen` and it was not given.
        ShapeMismatch: The hits are not of the same rays.
    """
    require_same_size(good=good.shape, damaged=damaged.shape)
    if damage.rule is Rule.MOVED:
        rays = _moved(damage, good, damaged)
    elif damage.rule is Rule.FOOTPRINT:
        rays = _on_footprint(damage, damaged)
    elif damage.rule is Rule.WHOLE:
        rays = _on_touched(damage, good) | _on_touched(damage, damaged)
    elif damage.rule is Rule.PRESENT:
        rays = _on_touched(damage, damaged)
    elif seen is None:
        raise InputError(f"the mask of {damage.kind} needs the rays that see it through the stone")
    else:
        require_same_size(good=good.shape, seen=seen)
        rays = seen
    return _pixels(rays, damaged.per_pixel)


def product_mask(hits: FirstHits, piece: Piece) -> Mask:
    """The piece's pixels, (H, W) bool: half of the rays hit a part of it that is not foreign to it."""
    own = {name for name, part in piece.parts.items() if part.role is not Role.FOREIGN}
    return np.asarray(coverage(hits.on(*own), hits.per_pixel) >= _HALF)


def ignore_band(good_light: FloatArray, damaged_light: FloatArray, mask: Mask) -> Mask:
    """Pixels outside the mask whose light the defect changes: shadows, reflections and caustics of it.

    Args:
        good_light: (H, W, 3) linear radiance of the good piece, few samples.
        damaged_light: Of the damaged piece with the same seed, so that paths that do not meet the defect are equal.
        mask: (H, W) bool, the defect.

    Returns:
        (H, W) bool, apart from `mask`.

    Raises:
        ShapeMismatch: The three differ in size.
    """
    require_same_size(good_light=good_light, damaged_light=damaged_light, mask=mask)
    white = max(float(np.percentile(good_light.mean(axis=-1), _WHITE_SHARE)), 1e-6)
    difference = np.abs(_developed(good_light, white) - _developed(damaged_light, white)).max(axis=-1)
    steady = cv2.medianBlur(difference.astype(np.float32), 5)  # a lone pixel is one path that strayed
    blurred = cv2.GaussianBlur(steady, (5, 5), 1.0)
    band = cv2.dilate((blurred > _CHANGED_LEVELS).astype(np.uint8), _disc(_BAND_PX))
    return (band > 0) & ~mask


def contrast(good_photo: Photo, damaged_photo: Photo, mask: Mask) -> float:
    """Mean difference of two photos from the same pose inside the mask, grey levels after a blur of 1 px; 0 of none."""
    require_same_size(good_photo=good_photo, damaged_photo=damaged_photo, mask=mask)
    if not mask.any():
        return 0.0
    good, damaged = (cv2.GaussianBlur(photo.astype(np.float32), (5, 5), 1.0) for photo in (good_photo, damaged_photo))
    return float(np.abs(good - damaged)[mask].mean())


def label_image(product: Mask, ignore: Mask, mask: Mask) -> NDArray[np.uint8]:
    """One picture of all masks, (H, W) uint8: the defect over the ignore band over the product over the ground."""
    require_same_size(product=product, ignore=ignore, mask=mask)
    labels = np.where(product, PRODUCT_LABEL, GROUND_LABEL)
    labels = np.where(ignore, IGNORE_LABEL, labels)
    return np.where(mask, DEFECT_LABEL, labels).astype(np.uint8)


def box_of(mask: Mask) -> tuple[int, int, int, int] | None:
    """The smallest box (x0, y0, x1, y1) around a mask, x1 and y1 excluded; None of an empty one."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def coverage(rays: Mask, per_pixel: int) -> FloatArray:
    """Share of each pixel's rays, (H, W) float32 of (H·per_pixel, W·per_pixel) bool."""
    height, width = rays.shape[0] // per_pixel, rays.shape[1] // per_pixel
    blocks = rays[: height * per_pixel, : width * per_pixel].reshape(height, per_pixel, width, per_pixel)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def moved(good: FirstHits, damaged: FirstHits) -> Mask:
    """(h, w) bool: rays that hit another part, or the same part elsewhere.

    Elsewhere is meant across the surface: where it is seen edge-on, a hair's breadth of it is a long way along the ray.
    """
    names = sorted({*good.base_names, *damaged.base_names})
    other = _numbered(good, names) != _numbered(damaged, names)
    shift = damaged.point - good.point
    across = np.maximum(*(np.abs((shift * hits.normal).sum(axis=-1)) for hits in (good, damaged)))
    struck = (good.shape >= 0) & (damaged.shape >= 0)
    return np.asarray(other | (struck & (across > _MOVED_MM)))


def _moved(damage: Damage, good: FirstHits, damaged: FirstHits) -> Mask:
    return moved(good, damaged) & (_on_touched(damage, good) | _on_touched(damage, damaged))


def _on_touched(damage: Damage, hits: FirstHits) -> Mask:
    return hits.on(*(name for name in hits.names if {name, base_name(name)} & damage.touched))


def _on_footprint(damage: Damage, hits: FirstHits) -> Mask:
    found = np.zeros(hits.shape.shape, bool)
    for name, part in damage.piece.parts.items():
        if part.decal is not None and part.decal.footprint.any():
            found |= hits.on(name) & _looked_up(part.decal.footprint, hits.uv)
    return found


def _looked_up(footprint: Mask, uv: FloatArray) -> Mask:
    """(h, w) bool of a chart at texture coordinates (h, w, 2), u along its columns and v down its rows."""
    rows, columns = footprint.shape
    column, row = np.floor(uv[..., 0] * columns), np.floor(uv[..., 1] * rows)
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    row, column = np.where(inside, row, 0).astype(np.intp), np.where(inside, column, 0).astype(np.intp)
    return np.asarray(inside & footprint[row, column])


def _numbered(hits: FirstHits, names: list[str]) -> NDArray[np.int32]:
    """(h, w): what each ray hit, as its name's place in `names`; -1 = nothing."""
    table = np.array([*(names.index(name) for name in hits.base_names), -1], np.int32)
    return table[hits.shape]


def _pixels(rays: Mask, per_pixel: int) -> Mask:
    share = coverage(rays, per_pixel)
    full = share >= _HALF
    thin = share[full].sum() < _THIN * share.sum()
    return np.asarray(share >= _QUARTER if thin else full)


def _developed(light: FloatArray, white: float) -> FloatArray:
    """Grey levels of linear light: the sRGB curve, roughly, clipped where a photo clips."""
    return np.asarray(255.0 * np.clip(0.8 * light / white, 0.0, 1.0) ** (1 / 2.2), np.float32)


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)
