"""A tiny data set of drawn products for the training tests: boards with goldens, good uploads and one blob of dirt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import cv2
import numpy as np

from bench import jpeg, photo_of, real_models
from pictures import board, shot
from visiqc.training.datasets.pairs import DEFECT, OWN, PRODUCT, Pair, PairSet
from visiqc.training.datasets.reading import Unreadable
from visiqc.training.laid import lay_set
from visiqc.training.laid_product import LaidProduct
from visiqc.vision.rotation import Embed
from visiqc.vision.types import FeatureMaps, Photo

_LEVELS = ((24, 4), (40, 8), (112, 16))


def drawn_set(folder: Path, *, products: int = 3) -> PairSet:
    """Boards, each with two goldens, a good upload and a dirty one with its label image."""
    pairs: list[Pair] = []
    for number in range(products):
        product, sku = board(seed=number), f"board-{number}"
        place = folder / sku
        place.mkdir(parents=True, exist_ok=True)
        photos = {f"golden-{n}.jpg": photo_of(product, 1.5 * n, noise=n) for n in range(2)}
        photos["good.jpg"] = photo_of(product, -2.0, noise=5)
        clean, mask = shot(product)
        ys, xs = np.nonzero(mask)
        where = (int(np.median(xs)) + 6 * number, int(np.median(ys)))
        photos["dirty.jpg"] = cv2.circle(clean.copy(), where, 9, (250, 40, 200), -1)
        for name, photo in photos.items():
            (place / name).write_bytes(jpeg(photo))
        labels = np.where(mask, PRODUCT, 0).astype(np.uint8)
        cv2.circle(labels, where, 9, DEFECT, -1)
        cv2.imwrite(str(place / "dirty.png"), labels)
        goldens = (place / "golden-0.jpg", place / "golden-1.jpg")
        pairs.append(Pair(sku=sku, goldens=goldens, upload=place / "good.jpg", defective=False))
        dirty = {"upload": place / "dirty.jpg", "mask": place / "dirty.png", "codes": ("FI-CON",), "defective": True}
        pairs.append(Pair(sku=sku, goldens=goldens, pose="jig", **dirty))  # type: ignore[arg-type]
    return PairSet(name="boards", licence=OWN, digest="0" * 64, pairs=tuple(pairs))


@cache
def laid_boards() -> tuple[LaidProduct, ...]:
    """The drawn set laid over its goldens at 256 px, once a test process."""
    folder = Path(mkdtemp())
    models = real_models()
    return tuple(lay_set(drawn_set(folder), models, folder / "cache", long_side=256, unreadable=Unreadable()))


# Workers are processes of their own: they import what they are handed, which a test module does not allow.
def open_trunk() -> Embed:
    return real_models().trunk.features


def flat_trunk() -> Embed:
    return flat_maps


def flat_maps(photos: Sequence[Photo]) -> FeatureMaps:
    """As large as the trunk's, and nothing in them."""
    height, width = photos[0].shape[:2]
    maps = [np.zeros((len(photos), channels, height // s, width // s), np.float32) for channels, s in _LEVELS]
    return FeatureMaps(*maps)


def one_class(_: str | None) -> int:
    return 0
