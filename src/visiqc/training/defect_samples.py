"""Samples for the defect model: an upload with its goldens, and what is known of every cell.

Good photos of a product stand in for goldens of each other: each pair is another change of light, phone and pose in
which nothing changed. Damage is added to good uploads, so that an unlabelled product teaches too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.domain.defect_catalogue import CATALOGUE
from visiqc.errors import BadRecipe, InputError
from visiqc.training.augment import Augmenter, AugmentSettings, Sample
from visiqc.training.datasets.labels import LabelImage
from visiqc.training.datasets.pairs import IGNORED, PRODUCT
from visiqc.training.defect_damage import DamageMaker
from visiqc.training.defect_hard import HardPlace
from visiqc.training.defect_targets import Targets, coded, targets_of
from visiqc.training.laid_product import LaidPhoto, LaidProduct
from visiqc.training.synth.scenes import scene
from visiqc.vision.types import Mask, Matrix, Photo
from visiqc.vision.warp import similarity

_ON_DEFECT = 0.9  # share of the crops of a defective photo that are centred on the defect
_OFF_CENTRE = 0.25  # how far from the middle of the crop that lies, as a share of the crop


@dataclass(frozen=True, kw_only=True)
class SampleSettings:
    """What samples are made of; a nested key `samples` of the recipe."""

    crop: int = 256
    """Side of the square that is cut out, in pixels; a multiple of 16."""
    goldens: tuple[int, ...] = (1, 2, 3)
    """Numbers of goldens, drawn for each batch."""
    defective: float = 0.4
    """Share of uploads drawn from the photos labelled defective, of whatever products have any."""
    code_weights: Mapping[str, float] = field(default_factory=dict)
    """How often a product's photos of a catalogue code are drawn, against 1 of its others. Photos of several codes have
    the highest weight; a product with nothing else is drawn all the same, and what is carried over is not weighed."""
    damaged: float = 0.65
    """Share of good uploads that get synthetic damage."""
    carried: float = 0.0
    """Share of that damage that is carried over from defects of other products, from views shown with and without."""
    damage_area: tuple[float, float] = (0.002, 0.06)
    """Smallest and largest damage, as a share of the product. What is smaller than a cell, other light hides."""
    same: float = 0.25
    """Share of samples whose goldens are the undamaged upload itself under other simulated light: the easy ones."""
    hard: float = 0.0
    """Share of samples cut where the model raised its highest false alarms on good photos."""
    hard_from: int = 1
    """Finished epochs after which that begins; before, a model is deceived everywhere."""
    hard_photos: int = 200
    """Good photos in which such places are looked for before each epoch."""
    scenes: float = 0.1
    """Share of samples made from drawn scenes in place of photos: products unlike those of the data set."""
    scale: tuple[float, float] = (0.7, 2.0)
    """Smallest and largest enlargement; photos at work are larger than renders."""
    augment: AugmentSettings = field(default_factory=lambda: AugmentSettings(photometric=0.7, misalign=0.012, crop=0.0))
    """What the phone, the lamp and the hand do."""

    def __post_init__(self) -> None:
        if self.crop < 64 or self.crop % 16:
            raise BadRecipe(f"samples.crop must be a multiple of 16, at least 64, got {self.crop}")
        if not self.goldens or min(self.goldens) < 1:
            raise BadRecipe(f"samples.goldens must be numbers of at least 1, got {self.goldens}")
        for name in ("defective", "damaged", "carried", "same", "hard", "scenes"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadRecipe(f"samples.{name} must be 0 to 1, got {getattr(self, name)}")
        for code, weight in self.code_weights.items():
            if code not in CATALOGUE or not 0 <= weight < math.inf:
                raise BadRecipe(
                    "samples.code_weights must be codes of the catalogue with weights of at least 0, "
                    f"got {code}: {weight}"
                )
        if self.hard_from < 1 or self.hard_photos < 1:
            raise BadRecipe(
                "samples.hard_from and samples.hard_photos must be at least 1, "
                f"got {self.hard_from} and {self.hard_photos}"
            )
        if not 0 < self.scale[0] <= self.scale[1] <= 4:
            raise BadRecipe(f"samples.scale must be two rising numbers up to 4, got {self.scale}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSample:
    """One upload with its goldens, all (S, S, 3) uint8, and its targets; `name` tells people the photos."""

    upload: Photo
    goldens: tuple[Photo, ...]
    targets: Targets
    name: str


@dataclass(frozen=True, slots=True)
class _Raw:
    """Photos of one size before crop and augmentation; labels are coded, see `defect_targets.coded`."""

    name: str
    upload: Photo
    goldens: tuple[Photo, ...]
    labels: LabelImage
    product: Mask
    centre: tuple[float, float] | None = None
    """Where it is cut; None = on the defect, or anywhere on the product."""


class SampleMaker:
    """Draws samples; one for each worker, as the augmenter keeps state.

    Args:
        products: The laid products to draw from.
        settings: What samples are made of.
        class_of: Number of a catalogue code's type class; of None, that of `unknown`.

    Raises:
        InputError: No product has a good photo besides its first golden.
    """

    def __init__(
        self, products: Sequence[LaidProduct], settings: SampleSettings, class_of: Callable[[str | None], int]
    ) -> None:
        self._settings = settings
        self._class_of = class_of
        self._augment = Augmenter(settings.augment)
        self._damage = DamageMaker(
            products, class_of, share=settings.damaged, carried=settings.carried, area=settings.damage_area
        )
        # With one good photo alone, the photo itself under another simulated light has to be its golden.
        self._products = [product for product in products if product.numbers(lambda photo: photo.good)]
        self._damaged_ones = [product for product in self._products if product.numbers(_shows_damage)]
        if not self._products:
            raise InputError("no product has a good photo; the defect model learns from good photos and damage on them")
        self._all = products
        self.hard: Sequence[HardPlace] = ()

    def draw(self, rng: Generator, *, goldens: int) -> TrainingSample:
        """One sample with that many goldens."""
        if self.hard and rng.random() < self._settings.hard:
            raw = self._again(self.hard[int(rng.integers(len(self.hard)))], rng, goldens)
        elif rng.random() < self._settings.scenes:
            raw = self._scene(rng, goldens)
        else:
            raw = self._photos(rng, goldens)
        return self._cut(raw, rng)

    def _again(self, place: HardPlace, rng: Generator, goldens: int) -> _Raw:
        product = self._all[place.product]
        labels = np.where(product.labels[place.photo] == 0, 0, PRODUCT).astype(np.uint8)
        against = _goldens_for(product, place.photo, goldens, rng)
        raw = _over(product, place.photo, against, product.frames[place.photo], labels)
        return replace(raw, centre=(float(place.x), float(place.y)))

    def _scene(self, rng: Generator, goldens: int) -> _Raw:
        drawn = scene(rng, side=self._settings.crop)
        labels = np.where(drawn.product, PRODUCT, 0).astype(np.uint8)
        upload, labels = self._damage.damaged(drawn.photo, labels, drawn.product, (), rng, jewelry=False)
        return _Raw(f"a drawn {drawn.kind}", upload, (drawn.photo,) * goldens, labels, drawn.product)

    def _photos(self, rng: Generator, goldens: int) -> _Raw:
        same = rng.random() < self._settings.same
        defective = self._damaged_ones and not same and rng.random() < self._settings.defective
        among = self._damaged_ones if defective else self._products
        product = among[rng.integers(len(among))]
        good = product.numbers(lambda photo: photo.good)
        if defective:
            chosen = self._defect(product, rng)
            labels = coded(product.labels[chosen], *product.photos[chosen].classes(self._class_of))
            upload = product.frames[chosen]
        else:
            chosen = good[rng.integers(len(good))]
            other = self._products[rng.integers(len(self._products))]
            foreign = other.frames[int(rng.integers(len(other.photos)))]
            upload, labels = self._damage.damaged(
                product.frames[chosen],
                np.where(product.labels[chosen] == 0, 0, PRODUCT).astype(np.uint8),
                product.product,
                (foreign,),
                rng,
            )
        against = [chosen] * goldens if same else _goldens_for(product, chosen, goldens, rng)
        return _over(product, chosen, against, upload, labels)

    def _defect(self, product: LaidProduct, rng: Generator) -> int:
        """The number of a photo of the product that shows a defect."""
        bad = product.numbers(_shows_damage)
        known = self._settings.code_weights
        weights = np.array([max((known.get(code, 1.0) for code in product.photos[n].codes), default=1.0) for n in bad])
        if not weights.any():  # nothing but codes that are not to be drawn
            weights[:] = 1.0
        return bad[rng.choice(len(bad), p=weights / weights.sum())]

    def _cut(self, raw: _Raw, rng: Generator) -> TrainingSample:
        side = self._settings.crop
        warp = self._window(raw, rng)
        sample = Sample(
            goldens=tuple(_warped(golden, warp, side) for golden in raw.goldens),
            upload=_warped(raw.upload, warp, side),
            labels=_warped(raw.labels, warp, side, labels=True),
        )
        done = self._augment(sample, rng)
        return TrainingSample(upload=done.upload, goldens=done.goldens, targets=targets_of(done.labels), name=raw.name)

    def _window(self, raw: _Raw, rng: Generator) -> Matrix:
        """The warp to a crop: on the defect more often than not, turned a little, enlarged or reduced."""
        side, (low, high) = self._settings.crop, self._settings.scale
        centre = raw.centre
        if centre is None and rng.random() < _ON_DEFECT:
            centre = _somewhere(raw.labels > IGNORED, rng)
        centre = centre or _somewhere(raw.product, rng) or (raw.product.shape[1] / 2, raw.product.shape[0] / 2)
        target = side * (0.5 + rng.uniform(-_OFF_CENTRE, _OFF_CENTRE, 2))
        return similarity(
            angle=float(rng.uniform(-0.3, 0.3) * (rng.random() < 0.5)),
            scale=float(np.exp(rng.uniform(np.log(low), np.log(high)))),
            source=centre,
            target=(float(target[0]), float(target[1])),
        )


def _over(product: LaidProduct, chosen: int, goldens: Sequence[int], upload: Photo, labels: LabelImage) -> _Raw:
    """The upload made of a chosen photo, over those of these numbers."""
    names = [product.photos[number].name for number in (chosen, *goldens)]
    return _Raw(
        f"{product.sku}/{names[0]} over {', '.join(names[1:])}",
        upload,
        tuple(product.frames[number] for number in goldens),
        labels,
        product.product,
    )


def _goldens_for(product: LaidProduct, chosen: int, count: int, rng: Generator) -> list[int]:
    """Numbers of good photos that stand for goldens of a chosen one: not itself, and no other of its view's making."""
    good = product.numbers(lambda photo: photo.good)
    view = product.photos[chosen].view
    rest = [n for n in good if n != chosen and not (view and product.photos[n].view == view)] or good
    return [rest[n % len(rest)] for n in rng.permutation(max(count, len(rest)))[:count]]


def _shows_damage(photo: LaidPhoto) -> bool:
    return photo.defective is True and photo.labelled


def _somewhere(area: Mask, rng: Generator) -> tuple[float, float] | None:
    """A pixel (x, y) of the area; None of an empty one."""
    flat = np.flatnonzero(area)
    if not len(flat):
        return None
    y, x = divmod(int(flat[rng.integers(len(flat))]), area.shape[1])
    return float(x), float(y)


def _warped(picture: Photo, warp: Matrix, side: int, *, labels: bool = False) -> Photo:
    flags = cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR
    border = cv2.BORDER_CONSTANT if labels else cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpPerspective(picture, warp, (side, side), flags=flags, borderMode=border), np.uint8)
