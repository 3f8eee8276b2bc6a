"""What the mask model learns from: photos whose product is known, and the same on other grounds among other things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.errors import BadRecipe, InputError
from visiqc.training.augment import Augmenter, AugmentSettings
from visiqc.training.datasets.labels import read_labels, require_same_shape, resized_labels
from visiqc.training.datasets.pairs import IGNORED, PRODUCT
from visiqc.training.datasets.reading import Broken, bytes_of, name_of
from visiqc.training.mismatch_data import Shown
from visiqc.training.synth.matter import ground, varied
from visiqc.training.synth.scenes import scene
from visiqc.vision.photo import decode_rgb
from visiqc.vision.types import FloatArray, Mask, Photo

_TRIES = 20
_SOFT = 0.8  # sigma of the rim of a product laid on another ground, pixels
_ANY_GROUND = 0.3  # share of other grounds that are full of things, such as leaves


@dataclass(frozen=True, kw_only=True)
class MaskSampleSettings:
    """What samples are made of; a nested key `samples` of the recipe."""

    scenes: float = 0.3
    """Share of drawn products, of kinds that nobody renders."""
    other_ground: float = 0.3
    """Share of the photos whose product is laid on another ground."""
    things: float = 0.25
    """Share of the photos in which other things lie about: cards, labels, rulers."""
    zoom: tuple[float, float] = (0.75, 1.6)
    """How much nearer or further away a photo is taken."""
    augment: AugmentSettings = field(default_factory=lambda: AugmentSettings(photometric=0.7))
    """What phones and lamps do; only `photometric` counts."""

    def __post_init__(self) -> None:
        for key in ("scenes", "other_ground", "things"):
            if not 0 <= getattr(self, key) <= 1:
                raise BadRecipe(f"{key} must be 0 to 1, got {getattr(self, key):g}")
        if not 0.25 <= self.zoom[0] <= self.zoom[1] <= 4:
            raise BadRecipe(f"zoom must be two numbers from 0.25 to 4, the lower one first, got {self.zoom}")


class MaskSample(NamedTuple):
    """A photo, what of it is product, and what of that is known.

    Attributes:
        photo: (S, S, 3) uint8 RGB.
        product: (S/2, S/2) float32, share of the product.
        weight: (S/2, S/2) float32, 0 where nobody knows.
        name: Of the photo, for people.
    """

    photo: Photo
    product: FloatArray
    weight: FloatArray
    name: str


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """A photo, its product and what of it is known, (H, W) each."""

    photo: Photo
    product: Mask
    known: Mask


class MaskSampleMaker:
    """Draws samples; the same generator state gives the same pixels.

    Args:
        photos: With masks.
        settings: What samples are made of.
        side: Of a sample, in pixels; a multiple of 16.

    Attributes:
        broken: Photos that were drawn and could not be read. It may be drawn in a worker, which sees few of them: the
            trainer counts.
    """

    def __init__(self, photos: Sequence[Shown], settings: MaskSampleSettings, *, side: int) -> None:
        self.broken: dict[Path, Broken] = {}
        self._photos, self._settings, self._side = photos, settings, side
        self._augment = Augmenter(settings.augment)

    def draw(self, rng: Generator) -> MaskSample:
        """One sample."""
        settings = self._settings
        if rng.random() < settings.scenes:
            name, one = self._scene(rng)
            photo = one.photo
        else:
            name, one = self._photo(rng)
            photo = one.photo
            if rng.random() < settings.other_ground:
                photo = _on_other_ground(photo, one.product, rng)
        if rng.random() < settings.things:
            photo = _among_things(photo, one.product, rng)
        photo, product, known = self._taken(photo, one.product, one.known, rng)
        return _sample(self._augment.relit(photo, rng), product, known, name)

    def _photo(self, rng: Generator) -> tuple[str, KnownPhoto]:
        for _ in range(_TRIES):
            shown = self._photos[int(rng.integers(len(self._photos)))]
            name = name_of(shown.sku, shown.photo)
            try:
                return name, known_product(shown)
            except InputError as err:
                self.broken[shown.photo] = Broken(name, str(err))
        return self._scene(rng)  # all of them broken: the limit of unreadable photos ends that soon

    def _scene(self, rng: Generator) -> tuple[str, KnownPhoto]:
        drawn = scene(rng, side=self._side)
        known = KnownPhoto(drawn.photo, drawn.product, np.ones(drawn.product.shape, bool))
        return f"a drawn {drawn.kind}", known

    def _taken(self, photo: Photo, product: Mask, known: Mask, rng: Generator) -> tuple[Photo, Mask, Mask]:
        """From nearer or further, turned and mirrored, the product about in the middle."""
        side = self._side
        ys, xs = np.nonzero(product)
        height, width = product.shape
        middle = (float(xs.mean()), float(ys.mean())) if xs.size else (width / 2, height / 2)
        fitted = side / max(height, width)
        zoom = fitted * float(np.exp(rng.uniform(*np.log(self._settings.zoom))))
        turn = float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 8))
        warp = cv2.getRotationMatrix2D(middle, turn, zoom)
        off = rng.normal(0, 0.07, 2) * side
        # Where it lay in its photo counts as much as the middle: products at the rim are products.
        share = rng.random()
        place = np.array(middle) * fitted * share + (1 - share) * side / 2
        warp[:, 2] += place - np.array(middle) + off
        if rng.random() < 0.5:
            warp[0] = (0, 0, side - 1) - warp[0]
        size, border = (side, side), cv2.BORDER_REFLECT_101
        source = cv2.GaussianBlur(photo, (0, 0), 0.4 / zoom) if zoom < 0.7 else photo
        seen = cv2.warpAffine(source, warp, size, flags=cv2.INTER_LINEAR, borderMode=border)
        # What the reflected border shows of the product is product and whole photos never show that: not judged.
        layers = np.dstack([product, known]).astype(np.uint8)
        inside = cv2.warpAffine(np.ones(product.shape, np.uint8), warp, size, flags=cv2.INTER_NEAREST) > 0
        moved = cv2.warpAffine(layers, warp, size, flags=cv2.INTER_NEAREST, borderMode=border) > 0
        there, sure = moved[..., 0], moved[..., 1]
        return np.asarray(seen, np.uint8), np.asarray(there), np.asarray(sure & (inside | ~there))


def known_product(shown: Shown) -> KnownPhoto:
    """A photo and its product, at the photo's size; a mask at another scale is brought to it.

    Raises:
        InputError: It has no mask, photo or mask cannot be read, or they differ in shape.
    """
    if shown.mask is None:
        raise InputError("it has no mask; only photos whose product is known teach where it is")
    photo, labels = decode_rgb(bytes_of(shown.photo)), read_labels(shown.mask)
    size = (photo.shape[0], photo.shape[1])
    require_same_shape(labels.shape, size, photo=name_of(shown.sku, shown.photo))
    labels = resized_labels(labels, size)
    return KnownPhoto(photo, np.asarray(labels >= PRODUCT), np.asarray(labels != IGNORED))


def _sample(photo: Photo, product: Mask, known: Mask, name: str) -> MaskSample:
    half = (photo.shape[1] // 2, photo.shape[0] // 2)
    share = cv2.resize(product.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    weight = cv2.resize(known.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    return MaskSample(photo, np.asarray(share, np.float32), np.asarray(weight >= 0.99, np.float32), name)


def _on_other_ground(photo: Photo, product: Mask, rng: Generator) -> Photo:
    """The product on paper, cloth or a heap of things, with a shadow under it."""
    height, width = product.shape
    side = max(height, width)
    if rng.random() < _ANY_GROUND:
        drawn = scene(rng, side=side, kind=("leaves", "cloth", "label")[int(rng.integers(3))])
        below = drawn.photo.astype(np.float32)
    else:
        below = ground(rng, side)
    below = below[:height, :width]
    cover = cv2.GaussianBlur(product.astype(np.float32), (0, 0), _SOFT)
    if rng.random() < 0.6:
        reach = rng.uniform(0.01, 0.06) * side
        move = np.array([[1, 0, rng.normal(0, reach)], [0, 1, reach]])
        fallen = cv2.GaussianBlur(cv2.warpAffine(cover, move, (width, height)), (0, 0), max(reach / 2, 0.5))
        below = below * (1 - rng.uniform(0.1, 0.6) * fallen[..., None])
    mixed = photo * cover[..., None] + np.clip(below, 0, 255) * (1 - cover[..., None])
    return np.asarray(mixed, np.uint8)


def _among_things(photo: Photo, product: Mask, rng: Generator) -> Photo:
    """Cards, labels and strips that lie under and beside the product."""
    height, width = product.shape
    above = cv2.dilate(product.astype(np.uint8), np.ones((5, 5), np.uint8))
    changed = photo.copy()
    for _ in range(int(rng.integers(1, 4))):
        size = rng.uniform((0.1, 0.06), (0.7, 0.35)) * max(height, width)
        # A thing lies towards an edge: one in the middle of the photo would be the product.
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.6)
        middle = (width * (0.5 + far * np.cos(angle)), height * (0.5 + far * np.sin(angle)))
        _draw_card(changed, middle, size, float(rng.choice([0, 90]) + rng.normal(0, 12)), rng)
    soft = cv2.GaussianBlur(above.astype(np.float32), (0, 0), _SOFT)[..., None]
    return np.asarray(photo * soft + changed * (1 - soft), np.uint8)


def _draw_card(photo: Photo, middle: tuple[float, float], size: FloatArray, turn: float, rng: Generator) -> None:
    """A plate with fields of colour, ticks and letters."""
    wide, high = (max(12, int(v)) for v in size)
    card = np.full((high, wide, 3), varied(rng) if rng.random() < 0.4 else (rng.uniform(200, 250),) * 3, np.uint8)
    for _ in range(int(rng.integers(0, 12))):
        x, y = int(rng.uniform(0, wide)), int(rng.uniform(0, high))
        w = max(2, int(rng.uniform(0.04, 0.2) * wide))
        cv2.rectangle(card, (x, y), (x + w, y + w), varied(rng), -1)
    if rng.random() < 0.5:
        for x in range(0, wide, max(3, wide // int(rng.integers(8, 40)))):
            cv2.line(card, (x, 0), (x, high // int(rng.integers(3, 9))), (20, 20, 20), 1)
    if rng.random() < 0.5:
        word = "".join(chr(int(n)) for n in rng.integers(48, 91, 8))
        cv2.putText(card, word, (2, high // 2), cv2.FONT_HERSHEY_SIMPLEX, high / 90, (20, 20, 20), 1, cv2.LINE_AA)
    warp = cv2.getRotationMatrix2D((wide / 2, high / 2), turn, 1.0)
    warp[:, 2] += np.subtract(middle, (wide / 2, high / 2))
    across = (photo.shape[1], photo.shape[0])
    there = cv2.warpAffine(np.ones((high, wide), np.float32), warp, across)[..., None]
    photo[...] = (photo * (1 - there) + cv2.warpAffine(card, warp, across) * there).astype(np.uint8)
