"""Local damage on any good photo, with the mask of what really changed.

A change that cannot be seen is not labelled: the mask holds the pixels whose difference stands out from the texture
around it, and damage that leaves none is drawn again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.errors import BadRecipe
from visiqc.training.datasets.labels import LabelImage
from visiqc.training.datasets.pairs import DEFECT, GROUND, IGNORED, PRODUCT
from visiqc.training.synth import marks, parts, surface
from visiqc.training.synth.canvas import Canvas, Maker
from visiqc.training.synth.masks import place_on
from visiqc.vision.types import Mask, Photo, require_same_size

NOTHING = "none"
"""Kind of a pair without any damage."""
_TRIES = 12
AREA = (0.0005, 0.06)
"""Smallest and largest area of the damage, as a share of the product's."""
_FEWEST_PX = 4
_FAINT, _PLAIN, _MASKING = 3.0, 9.0, 0.35
"""Grey levels: a difference that may be seen, one that is, and how much of the texture's spread hides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthKind:
    """One way to damage a photo.

    Attributes:
        make: Does it.
        code: Catalogue code where the damage is honestly that on any product; None = unknown.
        jewelry_code: The same where the photo shows jewelry.
        weight: How often it is drawn, against the others.
    """

    make: Maker
    code: str | None = None
    jewelry_code: str | None = None
    weight: float = 1.0


KINDS: Mapping[str, SynthKind] = MappingProxyType(
    {
        "scratch": SynthKind(make=marks.scratch, code="ME-SCR", weight=1.6),
        "pits": SynthKind(make=marks.pits, jewelry_code="CA-POR"),
        "fibre": SynthKind(make=marks.fibre, code="FI-CON", weight=0.7),
        "dust": SynthKind(make=marks.dust, code="FI-CON", weight=0.7),
        "tarnish": SynthKind(make=surface.tarnish, code="PL-TAR"),
        "worn": SynthKind(make=surface.worn, jewelry_code="PL-UNE"),
        "recoloured": SynthKind(make=surface.recoloured),
        "dent": SynthKind(make=surface.dent, code="ME-DNT", weight=1.2),
        "texture": SynthKind(make=surface.texture, weight=1.2),
        "patch": SynthKind(make=parts.patch, weight=1.4),
        "doubled": SynthKind(make=parts.doubled),
        "turned": SynthKind(make=parts.turned),
        "removed": SynthKind(make=parts.removed, weight=1.2),
        "bitten": SynthKind(make=parts.bitten, weight=1.2),
        "stone_lost": SynthKind(make=parts.stone_lost, jewelry_code="ST-MIS"),
        "stone_exchanged": SynthKind(make=parts.stone_exchanged, jewelry_code="ST-COL", weight=0.6),
    }
)
"""Every kind by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """A photo with damage, or without any.

    Attributes:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, the pixels that were visibly changed.
        faint: (H, W) bool, changed too little to be called either.
        kind: Key in `KINDS`, or `none`.
        code: Catalogue code; None = unknown.
    """

    photo: Photo
    mask: Mask
    faint: Mask
    kind: str
    code: str | None

    def labels(self, product: Mask) -> LabelImage:
        """(H, W) uint8: ground, product, faint changes ignored, damage."""
        labels = np.where(product, PRODUCT, GROUND).astype(np.uint8)
        labels[self.faint] = IGNORED
        labels[self.mask] = DEFECT
        return labels


def damage(
    photo: Photo,
    product: Mask,
    rng: Generator,
    *,
    others: Sequence[Photo] = (),
    kinds: Sequence[str] = (),
    jewelry: bool = True,
    area: tuple[float, float] = AREA,
) -> Damaged | None:
    """The photo with one piece of damage on the product.

    Args:
        photo: (H, W, 3) uint8 RGB of a good piece.
        product: (H, W) bool, where the piece is.
        rng: Draws kind, place, size (small ones more often) and look.
        others: Other photos to take foreign matter from, at about the same scale.
        kinds: Keys of `KINDS` to draw from; empty = all.
        jewelry: Whether codes that only jewelry has may be given.
        area: Smallest and largest damage as a share of the product; whole stones may be larger.

    Returns:
        The damaged photo; None where a dozen tries left nothing to be seen, as on a product of a few pixels.

    Raises:
        ShapeMismatch: Photo and product differ in size.
        BadRecipe: A kind that does not exist.
    """
    require_same_size(photo=photo, product=product)
    if wrong := [kind for kind in kinds if kind not in KINDS]:
        raise BadRecipe(f"there is no synthetic damage {wrong[0]!r}; known: {', '.join(KINDS)}")
    names = list(kinds or KINDS)
    weights = np.array([KINDS[name].weight for name in names])
    for _ in range(_TRIES):
        name = names[rng.choice(len(names), p=weights / weights.sum())]
        made = _tried(name, photo, product, others, rng, share=area)
        if made is not None:
            changed, mask, faint = made
            code = _code(name, photo, mask, jewelry=jewelry)
            return Damaged(photo=changed, mask=mask, faint=faint, kind=name, code=code)
    return None


def undamaged(photo: Photo) -> Damaged:
    """The photo as it is, for pairs that differ in nothing but light, camera and pose: label *no change*."""
    nothing = np.zeros(photo.shape[:2], bool)
    return Damaged(photo=photo, mask=nothing, faint=nothing, kind=NOTHING, code=None)


def visible_change(before: Photo, after: Photo) -> tuple[Mask, Mask]:
    """Where two photos of one pixel grid differ visibly, and where only a little.

    Args:
        before: (H, W, 3) uint8 RGB.
        after: The same, changed.

    Returns:
        Two (H, W) bool that share no pixel. A difference is visible when it exceeds a fixed part and a share of the
        spread of the texture it lies in; single pixels and pinholes in the mask are smoothed away.
    """
    require_same_size(before=before, after=after)
    nothing = np.zeros(before.shape[:2], bool)
    difference = cv2.absdiff(before, after).max(axis=-1)
    x, y, width, height = cv2.boundingRect((difference > _FAINT).astype(np.uint8))
    if width == 0:
        return nothing, nothing.copy()
    where = (slice(max(0, y - 6), y + height + 6), slice(max(0, x - 6), x + width + 6))
    seen = cv2.GaussianBlur(difference[where].astype(np.float32), (0, 0), 0.6)
    grey = cv2.cvtColor(before[where], cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), 2.0)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(grey * grey, (0, 0), 2.0) - mean * mean, 0))
    plain = (seen > _PLAIN + _MASKING * spread).astype(np.uint8)
    plain = cv2.morphologyEx(plain, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(plain, connectivity=8)
    kept = np.array([n > 0 and stats[n, cv2.CC_STAT_AREA] >= _FEWEST_PX for n in range(count)])
    mask, faint = nothing, nothing.copy()
    mask[where] = kept[labels]
    faint[where] = (seen > _FAINT) & ~mask[where]
    return mask, faint


def _code(name: str, photo: Photo, mask: Mask, *, jewelry: bool) -> str | None:
    code = KINDS[name].code or (KINDS[name].jewelry_code if jewelry else None)
    # A stone has no dents and does not tarnish: what was meant for metal and fell on a stone has no name.
    on_metal_alone = code is not None and code.startswith(("ME-", "PL-", "CA-"))
    return None if jewelry and on_metal_alone and parts.on_coloured_stone(photo, mask) else code


def _tried(
    name: str,
    photo: Photo,
    product: Mask,
    others: Sequence[Photo],
    rng: Generator,
    *,
    share: tuple[float, float],
) -> tuple[Photo, Mask, Mask] | None:
    centre = place_on(product, rng)
    if centre is None:
        return None
    area = int(product.sum()) * float(np.exp(rng.uniform(*np.log(share))))
    radius = max(1.5, (area / np.pi) ** 0.5)
    canvas = Canvas(photo=photo, product=product, centre=centre, radius=radius, others=others, rng=rng)
    changed = KINDS[name].make(canvas)
    if changed is None:
        return None
    mask, faint = visible_change(photo, changed)
    return (changed, mask, faint) if mask.any() else None
