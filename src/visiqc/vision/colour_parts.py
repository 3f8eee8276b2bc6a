"""Which pixels of a golden frame are metal, stones and ground, told apart by the chromaticity the goldens share.

Metal mirrors whatever stands around it, so that its lightness says nothing; its tint multiplies the colour of the
light, and over several goldens, taken under several lights, it is what stays. What is compared are therefore
logarithms of ratios, ln(R/G) and ln(B/G) of linear light: a change of light or of white balance moves all parts of
a photo by nearly the same two numbers, a change of a material moves one part alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.vision.colour import linear_light
from visiqc.vision.types import FloatArray, Mask, Photo

_DARKEST, _BRIGHTEST = 8, 228  # 8-bit: below is noise, above the tone curve rolls off and takes the tint away
_WARM = np.array([[-0.02, -0.02], [0.16, -0.42]])
"""Ends of the line of metals in ln(R/G), ln(B/G): white metals, and beyond 24 carat gold."""
_ROSE = np.array([[-0.02, -0.02], [0.45, -0.30]])
_OFF_LINE = 0.16  # furthest a metal lies from either line: white balance errs by 0.1
_METAL_RADIUS = 0.17  # distance in chromaticity up to which a pixel belongs to the metal's cluster
_STONE_FROM = 0.24  # ... and from which it is something else than metal
_FEWEST_PX = 20  # sound pixels from which a part's median is worth something
_BINS, _REACH = 48, 1.2  # of the histogram of chromaticities: cells a side, half its width
_WARM_MASS = 0.35  # of the largest cluster's mass: from here a warmer one is the metal and the largest a clear stone
_LEAST_STONE = 0.006  # share of the product that stones must fill; less is mirrored surroundings
_LEAST_METAL = (
    0.05  # likewise of metal: on a painted plate the hook it hangs by is all that looks like it; jewelry 0.16 up
)
_LIKE_GROUND, _SMOOTH = 0.09, 0.10  # chromaticity and roughness up to which a pixel is taken for ground in shadow
_LEAST_BARE = 0.3  # share of a part that must be left when what looks like ground is taken out
_LEAST_KEPT = 0.25  # share of the product that must be left when those are taken out
_GROUND_FROM = 3  # pixels that ground keeps away from the product: shadow, mirror image, blur


@dataclass(frozen=True, slots=True)
class Tints:
    """Chromaticities of a frame.

    Attributes:
        linear: (H, W, 3) float32 linear light, 0 to 1.
        ratios: (H, W, 2) float32 ln(R/G) and ln(B/G) of linear light.
        sound: (H, W) bool, neither clipped nor lost in noise.
        roughness: (H, W) float32, standard deviation of the logarithm of green light over 5 × 5 pixels.
    """

    linear: FloatArray
    ratios: FloatArray
    sound: Mask
    roughness: FloatArray


@dataclass(frozen=True, slots=True)
class ColourParts:
    """Where the parts of a piece are in the golden frame.

    Attributes:
        metal: (H, W) bool.
        stones: (H, W) bool; empty where no stone differs from the metal in colour.
        ground: (H, W) bool, what the piece lies on.
        tint: (2,) ln(R/G) and ln(B/G) of the metal, over the goldens.
    """

    metal: Mask
    stones: Mask
    ground: Mask
    tint: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Medians:
    """(2,) float64 median ln(R/G) and ln(B/G) of a frame's parts; None where too little of one is sound."""

    metal: NDArray[np.float64] | None
    stones: NDArray[np.float64] | None
    ground: NDArray[np.float64] | None


def tints(frame: Photo) -> Tints:
    """Chromaticities of (H, W, 3) uint8 RGB."""
    light = linear_light(frame)
    logs = cv2.log(np.maximum(light, 1e-3))
    green = np.ascontiguousarray(logs[..., 1])
    ratios = np.ascontiguousarray(logs[..., ::2] - logs[..., 1:2])
    red, middle, blue = cv2.split(frame)
    sound = unclipped(frame) & (cv2.min(cv2.min(red, middle), blue) >= _DARKEST)
    mean = cv2.blur(green, (5, 5))
    roughness = np.sqrt(np.maximum(cv2.blur(green * green, (5, 5)) - mean * mean, 0))
    return Tints(light, ratios, np.asarray(sound), np.asarray(roughness, np.float32))


def medians(one: Tints, parts: ColourParts) -> Medians:
    """What a frame shows of each part."""
    return Medians(
        metal=_median(one, _bare(one, parts.metal, parts.ground)),
        stones=_median(one, parts.stones & one.sound),
        ground=_median(one, parts.ground & one.sound),
    )


def unclipped(frame: Photo) -> Mask:
    """(H, W) bool, no highlight: below where phones roll the tone curve off."""
    red, green, blue = cv2.split(frame)
    return np.asarray(cv2.max(cv2.max(red, green), blue) <= _BRIGHTEST)


def find_parts(goldens: Sequence[Tints], *, product: Mask, surroundings: Mask | None) -> ColourParts:
    """Tell metal, stones and ground apart.

    Args:
        goldens: Chromaticities of the golden frames, aligned.
        product: (H, W) bool.
        surroundings: (H, W) bool, what may be ground; None = all that is not product.
    """
    inner = cv2.erode(product.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
    inner = inner if inner.any() else product
    around = ~product if surroundings is None else surroundings & ~product
    reach = 2 * _GROUND_FROM + 1
    near = cv2.dilate(product.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    ground = np.asarray(around & ~near)
    shared, seen = _shared(goldens, inner)
    usable = _without_shadow(inner & seen, goldens, ground)
    tint = _metal_tint(shared[usable])
    off = _distance(shared, tint.astype(np.float32))
    metal = usable & (off < _METAL_RADIUS)
    stones = _whole(usable & (off >= _STONE_FROM), product)
    if stones.sum() < _LEAST_STONE * max(int(product.sum()), 1):
        stones = np.zeros_like(product)
    metal &= ~stones
    if metal.sum() < _LEAST_METAL * max(int(product.sum()), 1):
        metal = stones = np.zeros_like(product)  # what is not metal is no stone then, but paint
    return ColourParts(metal, stones & usable, ground, tint)


def _median(one: Tints, part: Mask) -> NDArray[np.float64] | None:
    ratios = one.ratios[part]
    return np.asarray(np.median(ratios, axis=0), np.float64) if len(ratios) >= _FEWEST_PX else None


def _bare(one: Tints, part: Mask, ground: Mask) -> Mask:
    """A part's sound pixels that do not look like ground: where an upload lies off its place, ground shows there.

    Where that would leave little, all sound ones.
    """
    sound = part & one.sound
    kept = sound & ~_like_ground(one, ground)
    return kept if kept.sum() >= _LEAST_BARE * sound.sum() else sound


def _shared(goldens: Sequence[Tints], inner: Mask) -> tuple[FloatArray, Mask]:
    """Mean chromaticity over the goldens, each brought to the first one's balance; and where any is sound."""
    first = goldens[0]
    total = np.zeros_like(first.ratios)
    count = np.zeros(inner.shape, np.float32)
    for one in goldens:
        both = inner & first.sound & one.sound
        offset = np.median(one.ratios[both] - first.ratios[both], axis=0) if both.any() else np.zeros(2, np.float32)
        total += np.where(one.sound[..., None], one.ratios - offset.astype(np.float32), 0)
        count += one.sound
    return np.asarray(total / np.maximum(count, 1)[..., None], np.float32), np.asarray(count > 0)


def _without_shadow(usable: Mask, goldens: Sequence[Tints], ground: Mask) -> Mask:
    """The product less what most goldens take for ground in shadow, for the ground's mirror image, for a stand.

    Where that would leave little, as of white metal on a white sweep, nothing is taken away.
    """
    votes = np.sum([_like_ground(one, ground) for one in goldens], axis=0)
    kept = usable & (votes <= len(goldens) / 2)
    return kept if kept.sum() >= _LEAST_KEPT * usable.sum() else usable


def _like_ground(one: Tints, ground: Mask) -> Mask:
    """(H, W) bool, smooth and of the ground's colour."""
    seen = ground & one.sound
    if not seen.any():
        return np.zeros(ground.shape, bool)
    middle = np.median(one.ratios[seen][::4], axis=0).astype(np.float32)
    return np.asarray((_distance(one.ratios, middle) < _LIKE_GROUND) & (one.roughness < _SMOOTH))


def _distance(ratios: FloatArray, to: NDArray[np.float32]) -> FloatArray:
    """(H, W) distance of chromaticities to one."""
    apart = ratios - to
    return np.asarray(np.sqrt((apart * apart).sum(axis=-1)), np.float32)


def _metal_tint(ratios: FloatArray) -> NDArray[np.float64]:
    """The middle of the cluster that is metal."""
    if not len(ratios):
        return np.zeros(2)
    edges = np.linspace(-_REACH, _REACH, _BINS + 1)
    found, _, _ = np.histogram2d(ratios[:, 0], ratios[:, 1], bins=(edges, edges))
    mass = cv2.GaussianBlur(found, (0, 0), 1.2)
    middles = (edges[:-1] + edges[1:]) / 2
    places = np.stack(np.meshgrid(middles, middles, indexing="ij"), axis=-1)
    mass = np.where(np.minimum(_off(places, _WARM), _off(places, _ROSE)) < _OFF_LINE, mass, 0)
    if not mass.any():
        return np.asarray(np.median(ratios, axis=0), np.float64)
    peaks = (mass == cv2.dilate(mass, np.ones((5, 5)))) & (mass >= _WARM_MASS * mass.max())
    warmth = np.where(peaks, places[..., 0] - places[..., 1], -np.inf)
    at = places[np.unravel_index(int(warmth.argmax()), warmth.shape)]
    near = ratios[np.linalg.norm(ratios - at, axis=1) < _METAL_RADIUS / 2]
    return np.asarray(np.median(near, axis=0) if len(near) else at, np.float64)


def _off(places: NDArray[np.float64], line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of (..., 2) places to a line between two points."""
    along = line[1] - line[0]
    share = np.clip((places - line[0]) @ along / (along @ along), 0, 1)
    return np.asarray(np.linalg.norm(places - line[0] - share[..., None] * along, axis=-1))


def _whole(stones: Mask, product: Mask) -> Mask:
    """Stones without specks and with the glints inside them."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    opened = cv2.morphologyEx(stones.astype(np.uint8), cv2.MORPH_OPEN, disc)
    return np.asarray((cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc) > 0) & product)
