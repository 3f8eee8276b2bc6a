"""Damage on good photos: drawn, or carried over from a photo of a defect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from visiqc.training.datasets.labels import LabelImage
from visiqc.training.datasets.pairs import DEFECT, IGNORED
from visiqc.training.defect_targets import coded
from visiqc.training.laid_product import LaidProduct
from visiqc.training.synth.damage import AREA, Damaged, damage
from visiqc.training.synth.transplant import ANYWHERE, cut_out, transplanted
from visiqc.vision.types import Mask, Photo

_MORE = (0.5, 0.25)  # chances of a second and of a third piece of damage


@dataclass(frozen=True, slots=True)
class _Source:
    """A photo of a defect and one of the same view without it, by their numbers."""

    product: LaidProduct
    defective: int
    good: int


class DamageMaker:
    """Damages photos.

    Args:
        products: Where defects are carried over from: photos of a view with and without one that is itself anywhere.
        class_of: Number of a catalogue code's type class; of None, that of `unknown`.
        share: Of the photos, that are damaged.
        carried: Share of the damage that is carried over, where there is something to carry.
        area: Smallest and largest damage, as a share of the product.
    """

    def __init__(
        self,
        products: Sequence[LaidProduct],
        class_of: Callable[[str | None], int],
        *,
        share: float,
        carried: float,
        area: tuple[float, float],
    ) -> None:
        self._class_of, self._share, self._carried, self._area = class_of, share, carried, area
        self._sources = [source for product in products for source in _sources(product)] if carried else []

    def damaged(
        self,
        photo: Photo,
        labels: LabelImage,
        product: Mask,
        others: Sequence[Photo],
        rng: Generator,
        *,
        jewelry: bool = True,
    ) -> tuple[Photo, LabelImage]:
        """The photo with up to three pieces of damage, or none, and its label image, defects coded by type class."""
        if rng.random() >= self._share:
            return photo, labels
        for _ in range(1 + sum(rng.random() < chance for chance in _MORE)):
            carried = bool(self._sources) and rng.random() < self._carried
            made = self._carried_over(photo, product, rng) if carried else None
            if made is None:
                made = damage(photo, product, rng, others=others, jewelry=jewelry, area=self._area)
            if made is not None:
                photo = made.photo
                labels = labels.copy()
                labels[made.faint & (labels <= IGNORED)] = IGNORED
                labels[made.mask] = coded(np.full((1, 1), DEFECT, np.uint8), self._class_of(made.code))[0, 0]
        return photo, labels

    def _carried_over(self, photo: Photo, product: Mask, rng: Generator) -> Damaged | None:
        source = self._sources[int(rng.integers(len(self._sources)))]
        frames, shown = source.product.frames, source.product.photos[source.defective]
        mask = np.asarray(source.product.labels[source.defective] > IGNORED)
        specimen = cut_out(frames[source.good], frames[source.defective], mask, shown.code)
        if specimen is None:
            return None
        # What was made to be seen may be smaller than what is drawn.
        return transplanted(photo, product, specimen, rng, area=(min(AREA[0], self._area[0]), self._area[1]))


def _sources(product: LaidProduct) -> list[_Source]:
    good = {photo.view: n for n, photo in enumerate(product.photos) if photo.good and photo.view}
    return [
        _Source(product, n, good[photo.view])
        for n, photo in enumerate(product.photos)
        if photo.defective and photo.labelled and photo.view in good and photo.code in ANYWHERE
    ]
