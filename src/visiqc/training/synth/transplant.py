"""Defects carried over from one product to another: what a defect did to the light of its own piece, done to this one.

A defect rendered or photographed on a few products teaches those products. The same scratch on a hundred others teaches
the scratch. It needs a photo of the same view without the defect, as sets with `defects_a_view` have.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.training.synth import parts
from visiqc.training.synth.damage import Damaged, visible_change
from visiqc.training.synth.masks import place_on, window
from visiqc.vision.types import FloatArray, Mask, Photo, require_same_size

KIND = "transplanted"
ANYWHERE = frozenset(
    (
        "CA-POR",
        "CA-SUR",
        "FI-CON",
        "FI-MAT",
        "FI-POL",
        "JO-MRK",
        "ME-DNT",
        "ME-SCR",
        "PL-PEE",
        "PL-TAR",
        "PL-UNE",
        "ST-GLU",
    )
)
"""Codes of defects that are still themselves on another piece of metal. A lost stone's hole is no longer one there."""
_RING = 10  # pixels around a defect in which its two photos should agree
_DARK = 8.0  # grey levels added before ratios are taken: sensor noise makes no ratio of two dark pixels
_STRONGEST = 1.4  # of the natural logarithm of a ratio; more is a glint that was there and is not here
_FEATHER = 1.2  # pixels
_SCALE = (0.7, 1.5)
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Specimen:
    """A defect cut out of its photo.

    Attributes:
        gain: (h, w, 3) float32, ln of what it does to the light.
        cover: (h, w) float32, 0 to 1, where it does.
        code: Catalogue code on the piece it comes from; None = unknown.
    """

    gain: FloatArray
    cover: FloatArray
    code: str | None


def cut_out(before: Photo, after: Photo, mask: Mask, code: str | None) -> Specimen | None:
    """What a defect did to its photo.

    Args:
        before: (H, W, 3) uint8 RGB, the view without the defect.
        after: The same view with it; another phone may have taken it.
        mask: (H, W) bool, where the defect is.
        code: Its catalogue code.

    Returns:
        The specimen; None where the mask is empty.

    Raises:
        ShapeMismatch: The three differ in size.
    """
    require_same_size(before=before, after=after, mask=mask)
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    if width == 0:
        return None
    where = (slice(max(0, y - _RING), y + height + _RING), slice(max(0, x - _RING), x + width + _RING))
    defect = mask[where].astype(np.uint8)
    gain = np.log((after[where] + _DARK) / (before[where] + _DARK)).astype(np.float32)
    ring = cv2.dilate(defect, np.ones((2 * _RING + 1, 2 * _RING + 1), np.uint8)) > cv2.dilate(defect, np.ones((5, 5)))
    if ring.any():  # two phones see one surface differently; around the defect nothing changed
        gain -= np.median(gain[ring], axis=0)
    cover = cv2.GaussianBlur(defect.astype(np.float32), (0, 0), _FEATHER)
    return Specimen(np.clip(gain, -_STRONGEST, _STRONGEST), np.asarray(np.clip(1.6 * cover, 0, 1), np.float32), code)


def transplanted(
    photo: Photo, product: Mask, specimen: Specimen, rng: Generator, *, area: tuple[float, float]
) -> Damaged | None:
    """The photo with a specimen laid somewhere on its product, turned, mirrored and scaled.

    Args:
        photo: (H, W, 3) uint8 RGB of a good piece.
        product: (H, W) bool.
        specimen: The defect.
        rng: Draws place, turn, mirror and scale.
        area: Smallest and largest visible change, as a share of the product.

    Returns:
        The damaged photo; None where a few tries left nothing of that size to be seen.
    """
    require_same_size(photo=photo, product=product)
    for _ in range(_TRIES):
        centre = place_on(product, rng)
        if centre is None:
            return None
        changed = _laid(photo, product, _turned(specimen, rng), centre)
        mask, faint = visible_change(photo, changed)
        if area[0] <= mask.sum() / product.sum() <= area[1]:
            code = _code(specimen.code, photo, mask)
            return Damaged(photo=changed, mask=mask, faint=faint, kind=KIND, code=code)
    return None


def _turned(specimen: Specimen, rng: Generator) -> Specimen:
    height, width = specimen.cover.shape
    scale = float(np.exp(rng.uniform(*np.log(_SCALE))))
    turn = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), rng.uniform(0, 360), scale)
    side = int(np.ceil(scale * np.hypot(width, height)))
    turn[:, 2] += (side - width) / 2, (side - height) / 2
    gain, cover = (
        cv2.warpAffine(np.ascontiguousarray(part), turn, (side, side), flags=cv2.INTER_LINEAR)
        for part in (specimen.gain, specimen.cover)
    )
    if rng.random() < 0.5:
        gain, cover = gain[:, ::-1], cover[:, ::-1]
    return Specimen(np.asarray(gain, np.float32), np.asarray(cover, np.float32), specimen.code)


def _laid(photo: Photo, product: Mask, specimen: Specimen, centre: tuple[int, int]) -> Photo:
    """The photo with the specimen's middle at a place; what would lie beside the product is left out."""
    half = specimen.cover.shape[0] // 2
    rows, columns = where = window(centre, half, (photo.shape[0], photo.shape[1]))
    top, left = rows.start - (centre[1] - half), columns.start - (centre[0] - half)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    part = (slice(top, top + height), slice(left, left + width))
    height, width = specimen.cover[part].shape
    where = (slice(rows.start, rows.start + height), slice(columns.start, columns.start + width))
    cover = specimen.cover[part] * product[where]
    light = (photo[where] + _DARK) * np.exp(cover[..., None] * specimen.gain[part]) - _DARK
    changed = photo.copy()
    changed[where] = np.clip(np.rint(light), 0, 255).astype(np.uint8)
    return changed


def _code(code: str | None, photo: Photo, mask: Mask) -> str | None:
    return code if code in ANYWHERE and not parts.on_coloured_stone(photo, mask) else None
