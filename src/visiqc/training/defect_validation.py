"""How good the defect model is on products it does not learn from, measured as serving will look at its maps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from visiqc.evaluation.image_metrics import auroc, average_precision
from visiqc.training.defect_model import DefectNet, Maps
from visiqc.training.defect_targets import NOT_TYPED, Targets, coded, targets_of
from visiqc.training.laid_product import GOLDEN, LaidPhoto, LaidProduct
from visiqc.vision.change_map import change_cells
from visiqc.vision.rotation import Embed
from visiqc.vision.types import FeatureMaps, FloatArray, Mask, ScoreMap

Half = NDArray[np.float16]
GOLDENS = 3
"""Golden photos each product is validated with, where it has so many."""
_JUDGED = 0.2


class _Kept(NamedTuple):
    """A photo's trunk maps at half precision."""

    stride4: Half
    stride8: Half
    stride16: Half

    def maps(self) -> Maps:
        return Maps(*(torch.from_numpy(level.astype(np.float32)) for level in self))


@dataclass(frozen=True, slots=True)
class _Known:
    number: int
    photo: LaidPhoto
    maps: _Kept
    targets: Targets


@dataclass(frozen=True, slots=True)
class ValidationProduct:
    """A product's goldens and labelled uploads, ready to be compared."""

    laid: LaidProduct
    goldens: tuple[_Kept, ...]
    uploads: tuple[_Known, ...]
    judged: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationPhoto:
    """One upload's answer.

    Attributes:
        laid: Its product.
        number: Its number there; a name may stand in several folders.
        pose: Of the photo.
        defective: Whether it shows a defect.
        score: The highest log-odds of change on the product.
        change: (h, w) float32 log-odds of change, a cell for 8 × 8 pixels, NaN off the product.
        cells: (n,) float32, log-odds of the cells that count.
        changed: (n,) bool, what they should say.
        types: (T,) float32 type logits, mean over the cells that show the commonest type; empty without any.
        type_class: That type, which they should say; None without a labelled defect.
    """

    laid: LaidProduct
    number: int
    pose: str
    defective: bool
    score: float
    change: ScoreMap
    cells: FloatArray
    changed: Mask
    types: FloatArray
    type_class: int | None


def with_defects(products: Sequence[LaidProduct]) -> list[LaidProduct]:
    """The products that show a defect, or all where none does.

    Good photos of another make, beside defective ones of this, would be told from those by their make.
    """
    return [product for product in products if product.numbers(lambda photo: photo.defective is True)] or list(products)


def keep_products(
    products: Sequence[LaidProduct], embed: Embed, class_of: Callable[[str | None], int]
) -> list[ValidationProduct]:
    """The trunk's maps of every golden and labelled upload, once for all epochs."""
    kept = []
    for product in products:
        goldens = product.numbers(lambda photo: photo.role == GOLDEN)[:GOLDENS]
        uploads = product.numbers(_counts)
        if goldens and uploads:
            kept.append(
                ValidationProduct(
                    product,
                    tuple(_kept(product, number, embed) for number in goldens),
                    tuple(_known(product, number, embed, class_of) for number in uploads),
                    judged_cells(product.product),
                )
            )
    return kept


def _counts(photo: LaidPhoto) -> bool:
    return photo.role == "same" and photo.defective is not None


def _kept(product: LaidProduct, number: int, embed: Embed) -> _Kept:
    found: FeatureMaps = embed([product.frames[number]])
    return _Kept(*(level.astype(np.float16) for level in found))


def _known(product: LaidProduct, number: int, embed: Embed, class_of: Callable[[str | None], int]) -> _Known:
    photo = product.photos[number]
    labels = coded(product.labels[number], *photo.classes(class_of))
    height, width = labels.shape
    padded = np.pad(labels, ((0, -height % 8), (0, -width % 8)))
    targets = targets_of(padded)
    if not photo.labelled:  # defective somewhere: its score can be ranked, its cells cannot be judged
        targets = targets._replace(weight=np.zeros_like(targets.weight))
    return _Known(number, photo, _kept(product, number, embed), targets)


def judged_cells(product: Mask) -> Mask:
    """(H, W) bool product mask to cells of 8 × 8 pixels: those that show enough of it to be judged."""
    height, width = product.shape
    padded = np.pad(product, ((0, -height % 8), (0, -width % 8)))
    return np.asarray(padded.reshape(padded.shape[0] // 8, 8, -1, 8).mean(axis=(1, 3)) >= _JUDGED)


@torch.inference_mode()
def answers(net: DefectNet, products: Sequence[ValidationProduct]) -> list[ValidationPhoto]:
    """Every upload compared with its product's goldens; `net` is left in evaluation mode."""
    net.eval()
    device = next(net.parameters()).device
    found = []
    for product in products:
        each = [net.embed(Maps(*(level.to(device) for level in golden.maps()))) for golden in product.goldens]
        goldens = Maps(*(torch.stack(levels, 1) for levels in zip(*each, strict=True)))
        for known in product.uploads:
            maps = Maps(*(level.to(device) for level in known.maps.maps()))
            change, types = net.compare(net.embed(maps), goldens)
            logits = change[0, 0].float().cpu().numpy()
            cells = change_cells(logits, product.judged)
            found.append(_answer(product, known, cells, logits, types[0].float().cpu().numpy()))
    return found


def _answer(
    product: ValidationProduct, known: _Known, cells: FloatArray, logits: FloatArray, types: FloatArray
) -> ValidationPhoto:
    height, width = logits.shape
    counted = known.targets.weight[:height, :width] >= 1
    classes = known.targets.types[: types.shape[1], : types.shape[2]]
    shown = classes != NOT_TYPED
    there = np.bincount(classes[shown]) if shown.any() else np.zeros(0, np.int64)
    commonest = int(there.argmax()) if there.size else NOT_TYPED
    return ValidationPhoto(
        laid=product.laid,
        number=known.number,
        pose=known.photo.pose,
        defective=bool(known.photo.defective),
        score=float(np.nanmax(cells)) if np.isfinite(cells).any() else -math.inf,
        change=cells,
        cells=logits[counted],
        changed=known.targets.change[:height, :width][counted] > 0.5,
        types=np.asarray(types[:, classes == commonest].mean(axis=1) if there.size else np.zeros(0), np.float32),
        type_class=commonest if there.size else None,
    )


def measured(photos: Sequence[ValidationPhoto]) -> dict[str, float]:
    """Metrics by name: image AUROC of every pose and their mean, average precision of cells, type accuracy.

    `score`, which decides the best epoch, is the mean of image AUROC and cell precision: with few photos the AUROC
    alone jumps.
    """
    poses = sorted({photo.pose for photo in photos})
    found: dict[str, float] = {}
    for pose in poses:
        mine = [photo for photo in photos if photo.pose == pose]
        if len({photo.defective for photo in mine}) == 2:
            found[f"auroc_{pose or 'any'}"] = _auroc(mine)
    found["auroc"] = _auroc(photos) if len({photo.defective for photo in photos}) == 2 else math.nan
    found["cell_precision"] = _cell_precision(photos)
    typed = [photo for photo in photos if photo.type_class is not None]
    if typed:
        found["type_accuracy"] = float(np.mean([int(photo.types.argmax()) == photo.type_class for photo in typed]))
    usable = [value for value in (found["auroc"], found["cell_precision"]) if not math.isnan(value)]
    found["score"] = float(np.mean(usable)) if usable else 0.0
    return found


def _auroc(photos: Sequence[ValidationPhoto]) -> float:
    return float(auroc([photo.score for photo in photos], [photo.defective for photo in photos]))


def _cell_precision(photos: Sequence[ValidationPhoto]) -> float:
    scores = np.concatenate([photo.cells for photo in photos])
    changed = np.concatenate([photo.changed for photo in photos])
    return float(average_precision(scores, changed)) if changed.any() and not changed.all() else math.nan


def fitted_temperature(photos: Sequence[ValidationPhoto]) -> float:
    """What type logits are divided by so that their probabilities are right on these photos; 1 without typed ones.

    Source:
        Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    typed = [photo for photo in photos if photo.type_class is not None]
    if not typed:
        return 1.0
    logits = np.stack([photo.types for photo in typed]).astype(np.float64)
    classes = np.array([photo.type_class for photo in typed])

    def surprise(temperature: float) -> float:
        scaled = logits / temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        log_odds = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-log_odds[np.arange(len(classes)), classes].mean())

    return float(min(np.geomspace(0.25, 8.0, 51), key=surprise))
