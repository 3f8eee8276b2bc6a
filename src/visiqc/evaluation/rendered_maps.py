"""How well maps find the defective pixels of a rendered set, with intervals over designs.

Maps are laid back on the upload and held against its label image at a bounded size. What the defect changes elsewhere
(label 128: its reflections and shadows) is neither defect nor good, and is left out of both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visiqc.errors import InputError
from visiqc.evaluation.clustered import Estimate, cluster_weights, interval_of
from visiqc.evaluation.frames import bounded_size, map_in_upload, mask_at
from visiqc.evaluation.intervals import Interval
from visiqc.evaluation.pixel_metrics import PixelCounts, count_pixels, score_levels
from visiqc.evaluation.rendered_photos import DEFECT, IGNORED
from visiqc.evaluation.rendered_protocol import RenderedRun
from visiqc.evaluation.rendered_rows import CHANGE_MAP, PhotoRow
from visiqc.vision.types import Mask, ScoreMap

LONG_SIDE = 512
"""Most pixels on the long side that maps are compared at."""
GROUND = 0
"""Label of what is not the product."""
_COUNTED = ("good", "bad", "overlap")


@dataclass(frozen=True, slots=True)
class LaidPhoto:
    """A photo's map on its truth.

    Attributes:
        sku: The design.
        scores: (H, W) float32, NaN where left out.
        defect: (H, W) bool.
        product: (H, W) bool, True on the product and on the defect.
    """

    sku: str
    scores: ScoreMap
    defect: Mask
    product: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelFigures:
    """AU-PRO(0.3) and AUROC over all pixels of all photos, and AU-PRO over those of the product alone.

    The ground scores 0 and is most of a photo of jewelry: over all pixels, as the literature counts, a false positive
    rate of 0.3 is more than the whole product. Over the product alone it is not.
    """

    au_pro: Estimate
    au_pro_product: Estimate
    auroc: Estimate


def pixel_figures(laid: Sequence[LaidPhoto], *, draws: int = 500) -> PixelFigures | None:
    """The figures of some photos; None where no photo shows a defect, or all pixels of one kind are left out.

    Args:
        laid: From `lay_photos`.
        draws: Of the bootstrap over designs.
    """
    if not any(photo.defect.any() for photo in laid):
        return None
    levels = score_levels([photo.scores for photo in laid], [photo.defect for photo in laid])
    skus = sorted({photo.sku for photo in laid})
    whole = {sku: _nothing(len(levels) + 1) for sku in skus}
    product = dict(whole)
    for photo in laid:
        whole[photo.sku] += count_pixels(photo.scores, photo.defect, levels)
        on_it = np.where(photo.product, photo.scores, np.nan).astype(np.float32)
        product[photo.sku] += count_pixels(on_it, photo.defect, levels)
    weights = cluster_weights(skus, draws=draws)
    photos = sum(bool(photo.defect.any()) for photo in laid)
    au_pro = _estimate([whole[sku] for sku in skus], weights, PixelCounts.au_pro, photos)
    auroc = _estimate([whole[sku] for sku in skus], weights, PixelCounts.auroc, photos)
    on_product = _estimate([product[sku] for sku in skus], weights, PixelCounts.au_pro, photos)
    return PixelFigures(au_pro=au_pro, au_pro_product=on_product, auroc=auroc)


def lay_photos(
    run: RenderedRun, rows: Sequence[PhotoRow], which: str, *, long_side: int = LONG_SIDE
) -> list[LaidPhoto]:
    """The maps of good photos and of visible defects, laid on their truth.

    A defect whose photo has no map scores 0 everywhere: nothing was found on it. A good photo without one is left
    out: it must not make the false positive rate look small.

    Args:
        run: Whose maps they are.
        rows: Photos to lay; those that are neither good nor show a visible defect, or failed, are passed over.
        which: One of `rendered_rows.MAPS`.
        long_side: Bounds the size and so the memory: 1 MB a photo at 512.

    Raises:
        InputError: A mask cannot be read.
    """
    masks = {item.file: item.mask for item in run.known.manifest.items}
    laid = []
    for row in rows:
        if row.failure is not None or not (row.good or row.shows_defect):
            continue
        scores = run.store.score_map(row, which)
        if scores is None and row.good:
            continue
        if scores is not None and which == CHANGE_MAP:
            scores = (1.0 / (1.0 + np.exp(-scores))).astype(np.float32)  # 0 must be "as the golden", as it is elsewhere
        laid.append(_laid(row, scores, read_label(run, masks[row.name]), long_side))
    return laid


def read_label(run: RenderedRun, mask: str) -> NDArray[np.uint8]:
    """A label image of the set, (H, W) uint8."""
    try:
        with Image.open(run.known.folder / mask) as picture:
            return np.asarray(picture.convert("L"), np.uint8)
    except (OSError, ValueError) as err:
        raise InputError(f"{mask} in {run.known.folder.name} cannot be read; render it again") from err


def _laid(row: PhotoRow, scores: ScoreMap | None, label: NDArray[np.uint8], long_side: int) -> LaidPhoto:
    size = (label.shape[0], label.shape[1])
    target = bounded_size(size, long_side)
    defect = mask_at(label == DEFECT, target) if row.shows_defect else np.zeros(target, bool)
    if scores is None:
        values = np.zeros(target, np.float32)
    else:
        values = map_in_upload(scores, row.warp, golden_size=row.frame_size, upload_size=row.upload_size, target=target)
    # A pixel that the band so much as touches belongs to neither side.
    left_out = (_coverage(label == IGNORED, target) > 0) & ~defect
    product = (_coverage(label != GROUND, target) >= 0.5) | defect
    return LaidPhoto(row.sku, np.where(left_out, np.nan, values).astype(np.float32), defect, product)


def _coverage(mask: Mask, target: tuple[int, int]) -> NDArray[np.float32]:
    share = cv2.resize(mask.astype(np.float32), target[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(share, np.float32)


def _nothing(slots: int) -> PixelCounts:
    return PixelCounts(np.zeros(slots, np.int64), np.zeros(slots, np.int64), np.zeros(slots), 0)


def _estimate(
    counts: Sequence[PixelCounts], weights: NDArray[np.float64], metric: Callable[[PixelCounts], float], photos: int
) -> Estimate:
    # Floats, because NumPy multiplies matrices of them many times as fast; counts of pixels are exact in them.
    good, bad, overlap = (np.stack([getattr(one, name) for one in counts]).astype(np.float64) for name in _COUNTED)
    regions = np.array([one.regions for one in counts], np.float64)
    values = []
    for often in weights:
        whole = [(often @ part).astype(np.int64) for part in (good, bad)]
        drawn = PixelCounts(whole[0], whole[1], often @ overlap, int(often @ regions))
        values.append(_or_nan(drawn, metric))
    rows = np.array(values)
    interval = interval_of(rows) if len(counts) > 1 else Interval(float("nan"), float("nan"))
    return Estimate(value=float(rows[0]), interval=interval, n=photos, designs=len(counts))


def _or_nan(counts: PixelCounts, metric: Callable[[PixelCounts], float]) -> float:
    try:
        return metric(counts)
    except InputError:
        return float("nan")
