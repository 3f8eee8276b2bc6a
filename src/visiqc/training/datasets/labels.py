"""Label images: what each pixel of an upload is known to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from visiqc.errors import ShapeMismatch, UnreadablePhoto
from visiqc.training.datasets.pairs import DEFECT, GROUND, IGNORED, PRODUCT, LabelledRegion, Pair, Polygon
from visiqc.vision.types import Mask
from visiqc.vision.warp import Size

LabelImage = NDArray[np.uint8]
"""(H, W) uint8: 0 ground, 64 product, 128 ignored, 255 defect."""
_RIM = 0.006
"""Width of the ignored rim around a region drawn by hand, as a share of the photo's long side."""
_FINE = 4
"""Parts of a pixel's side that a polygon's cover is counted in."""
_SHAPE_TOLERANCE = 0.01
"""How far the ratio of two aspect ratios may be from one for a mask to be scaled to its photo."""


def labels_of(pair: Pair, size: Size, *, full_size: Size, apart: Sequence[str] = ()) -> LabelImage | None:
    """What is known about each pixel of the upload.

    Without a mask the ground is not told from the product: all counts as product.

    Args:
        pair: Its mask wins over its regions.
        size: Height and width wanted.
        full_size: Of the upload as it is stored, upright: the frame of polygons.
        apart: Codes whose regions are told apart: the first has `DEFECT`, the next one less, and so on.

    Returns:
        (H, W) uint8 label image; None where only the whole photo is labelled, or nothing is.

    Raises:
        ShapeMismatch: The mask has another shape than its photo. A mask of the same aspect ratio is scaled.
        UnreadablePhoto: The mask is no picture, or a label image with other values than it may have.
    """
    if pair.mask is not None:
        labels = read_labels(pair.mask)
        require_same_shape(labels.shape[:2], full_size, photo=pair.name)
        if pair.binary_mask:
            labels = np.where(2 * labels.astype(np.int16) > max(int(labels.max(initial=0)), 1), DEFECT, PRODUCT)
        else:
            _require_known(labels, pair.mask.name, codes=len(apart))
        return resized_labels(np.asarray(labels, np.uint8), size)
    if pair.regions:
        return drawn_labels(pair.regions, size, full_size=full_size, apart=apart)
    return np.full(size, PRODUCT, np.uint8) if pair.defective is False else None


def drawn_labels(
    regions: Iterable[LabelledRegion], size: Size, *, full_size: Size, apart: Sequence[str] = ()
) -> LabelImage:
    """Regions drawn as defects on a photo that is product everywhere, each in a rim that is not judged.

    Nobody draws to the pixel; the rim is half outside and half inside of the line. `apart` is as in `labels_of`.
    """
    rim = max(3, 2 * round(_RIM * max(size) / 2) + 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim))
    labels, cores = np.full(size, PRODUCT, np.uint8), list[tuple[int, int, Mask]]()
    by_label: dict[int, list[Polygon]] = {}
    for region in regions:
        label = DEFECT - (apart.index(region.code) if region.code in apart else 0)
        by_label.setdefault(label, []).append(region.polygon)
    for label, polygons in by_label.items():
        filled = polygon_mask(polygons, size, full_size=full_size)
        area = filled.astype(np.uint8)
        labels[cv2.dilate(area, disc) > 0] = IGNORED
        core = cv2.erode(area, disc) > 0
        core = core if core.any() else filled
        cores.append((int(core.sum()), label, core))
    for _, label, core in sorted(cores, key=lambda one: one[:2], reverse=True):  # a small one may lie in a large one
        labels[core] = label
    return labels


def polygon_mask(polygons: Sequence[Polygon], size: Size, *, full_size: Size) -> Mask:
    """(H, W) bool, True where half of a pixel or more lies inside a polygon.

    Of a polygon too thin or too small for that, the pixels it covers most.
    """
    area = np.zeros(size, bool)
    scale = np.array([size[1] / full_size[1], size[0] / full_size[0]])
    for polygon in polygons:
        corners = np.asarray(polygon, np.float64) * scale
        low = np.clip(np.floor(corners.min(0)).astype(int) - 1, 0, (size[1] - 1, size[0] - 1))
        high = np.clip(np.ceil(corners.max(0)).astype(int) + 1, low + 1, size[::-1])
        width, height = (int(side) for side in high - low)
        fine = np.zeros((_FINE * height, _FINE * width), np.uint8)
        # Pixel n covers n to n+1 of a drawing; for OpenCV, whose corners count sixteenths here, its centre is n.
        points = np.round(((corners - low) * _FINE - 0.5) * 16).astype(np.int32).reshape(-1, 1, 2)
        cv2.fillPoly(fine, [points], 255, cv2.LINE_8, 4)
        share = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
        area[low[1] : high[1], low[0] : high[0]] |= share >= min(128, max(int(share.max()), 1))
    return area


def resized_labels(labels: LabelImage, size: Size) -> LabelImage:
    """A label image at another size; a defect thinner than a pixel of the new one keeps that pixel."""
    if labels.shape == tuple(size):
        return labels
    nearest = cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    if size[0] < labels.shape[0]:
        share = cv2.resize((labels == DEFECT).astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
        nearest = np.where((share >= 0.3) & (nearest != DEFECT), DEFECT, nearest)
    return np.asarray(nearest, np.uint8)


def require_same_shape(mask: Size, photo_size: Size, *, photo: str) -> None:
    """Refuse a mask that cannot be that of the photo.

    Raises:
        ShapeMismatch: The aspect ratios differ by more than 1 %, or what rounding to whole pixels explains.
    """
    ratio = (mask[0] * photo_size[1]) / max(mask[1] * photo_size[0], 1)
    rounding = 1 / max(1, min(*mask, *photo_size))
    if abs(ratio - 1) > max(_SHAPE_TOLERANCE, rounding):
        raise ShapeMismatch(
            f"sizes differ: {photo} {photo_size[0]}×{photo_size[1]}, its mask {mask[0]}×{mask[1]}; "
            "a mask is drawn on its own photo, upright, at any scale of the same shape"
        )


def _require_known(labels: LabelImage, name: str, *, codes: int) -> None:
    """Refuse a label image whose values were smoothed or compressed: each of them says something else.

    Raises:
        UnreadablePhoto: It has other values than those of a label image whose defects have so many codes told apart.
    """
    known = {GROUND, PRODUCT, IGNORED, *range(DEFECT, DEFECT - max(codes, 1), -1)}
    strange = np.isin(np.arange(256), list(known), invert=True)[labels]
    if strange.any():
        found = np.unique(labels[strange]).tolist()
        told = ", ".join(map(str, found[:4])) + (", …" if len(found) > 4 else "")
        raise UnreadablePhoto(
            f"the label image {name} may hold {', '.join(map(str, sorted(known)))} and has {told} in "
            f"{int(strange.sum())} pixels; save it as PNG without smooth edges, or give mask_kind binary in the table"
        )


def read_labels(path: Path) -> LabelImage:
    """A label image or binary mask as it is stored.

    Raises:
        UnreadablePhoto: It is gone, or no picture.
    """
    try:
        with Image.open(path) as picture:
            return np.array(picture.convert("L"), np.uint8)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as err:
        raise UnreadablePhoto(f"the mask {path.name} cannot be decoded; export it again as PNG") from err


def product_of(labels: LabelImage) -> Mask:
    """(H, W) bool, True where the label image shows the piece, good or not."""
    return np.asarray(labels != GROUND)
