"""The trunk's maps of every patch, made once: the trunk is frozen, so that an epoch costs the continuation alone."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.errors import InputError, Unavailable, UnreadablePhoto
from visiqc.inspection.parts import Models
from visiqc.training.datasets.labels import LabelImage, require_same_shape, resized_labels
from visiqc.training.datasets.pairs import PRODUCT
from visiqc.training.datasets.reading import Unreadable, name_of
from visiqc.training.mismatch_colours import Recolouring, recoloured
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_patches import as_served, found_place, varied
from visiqc.vision.photo import decode_rgb
from visiqc.vision.types import FloatArray, Mask, Photo

VERSION = 2
"""Raised when patches come out otherwise for the same photo; features made before are then made again."""
HalfArray = NDArray[np.float16]
_MakePatches = Callable[[bytes, LabelImage | None], list[Photo]]


class Patches(NamedTuple):
    """The maps of some patches of one photo; they may stay on the disk.

    Attributes:
        stride16: (A, C, 16, 16) float16 of the trunk.
        deep: (A, C', h, w) float16, what the frozen part of the continuation makes of them.
    """

    stride16: HalfArray
    deep: HalfArray


class Frozen(NamedTuple):
    """The part of the continuation that does not learn.

    Attributes:
        name: Changes when its weights do.
        run: (A, C, h, w) float32 to (A, C', h', w') float32.
    """

    name: str
    run: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureStore:
    """Maps by content: the same photo, mask, trunk and kind of patch are computed once on a machine.

    Attributes:
        folder: Where they are kept.
        models: Their trunk computes them, where they find the product.
        frozen: What goes on from there.
        seed: Of the variations.
        unreadable: Photos that were skipped.
    """

    folder: Path
    models: Models
    frozen: Frozen
    seed: int
    unreadable: Unreadable

    def served(self, shown: Shown, *, turns: int) -> Patches | None:
        """The patches serving takes, in so many turns; None where the photo cannot be read."""
        return self._kept(
            shown, f"served {turns}", lambda content, _: as_served(content, self.models.find_product, turns=turns)
        )

    def varied(self, shown: Shown, *, count: int, change: Recolouring | None = None) -> Patches | None:
        """The product in other turns, lights and grounds; None where the photo cannot be read.

        Args:
            shown: The photo; one without a mask cannot be recoloured and comes out as it is.
            count: Number of patches.
            change: What becomes of the product's colours, if anything.
        """

        def patches(content: bytes, labels: LabelImage | None) -> list[Photo]:
            photo = decode_rgb(content)
            truth = None if labels is None else scaled_product(labels, photo, name=name_of(shown.sku, shown.photo))
            place = found_place(photo, self.models.find_product)
            if change is not None and truth is not None:
                photo = recoloured(photo, truth, change)
            number = int(hashlib.sha256(content).hexdigest()[:12], 16)
            return varied(photo, truth, place, count=count, rng=np.random.default_rng([self.seed, number]))

        return self._kept(shown, f"varied {count} {self.seed} {change}", patches)

    def _kept(self, shown: Shown, kind: str, patches: _MakePatches) -> Patches | None:
        name = name_of(shown.sku, shown.photo)
        try:
            content = shown.photo.read_bytes()
            mask = shown.mask.read_bytes() if shown.mask else b""
            key = self._key(kind, content, mask)
            maps = self._cached(key, lambda: self.models.trunk.features(patches(content, labels_in(mask))).stride16)
        except OSError as err:
            self.unreadable.add(shown.photo, name, str(err.strerror))
            return None
        except InputError as err:
            self.unreadable.add(shown.photo, name, str(err))
            return None
        deep = self._cached(f"{key}-{self.frozen.name}", lambda: self.frozen.run(maps.astype(np.float32)))
        return Patches(maps, deep)

    def _cached(self, key: str, make: Callable[[], FloatArray]) -> HalfArray:
        path = self.folder / f"{key}.npy"
        if path.is_file() and (kept := _loaded(path)) is not None:
            return kept
        maps = make().astype(np.float16)
        _write(path, maps)
        return maps

    def _key(self, kind: str, content: bytes, mask: bytes) -> str:
        models = self.models
        made_with = models.trunk.digest + (models.mask.digest if models.mask else "")
        digest = hashlib.sha256(f"{VERSION} {kind} {made_with}".encode())
        for part in (content, mask):
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()[:32]


def labels_in(mask: bytes) -> LabelImage | None:
    """The label image in a file; None of an empty file.

    Raises:
        UnreadablePhoto: It is no picture.
    """
    if not mask:
        return None
    labels = cv2.imdecode(np.frombuffer(mask, np.uint8), cv2.IMREAD_GRAYSCALE)
    if labels is None:
        raise UnreadablePhoto("its mask is no picture; make the data set again")
    return np.asarray(labels, np.uint8)


def scaled_product(labels: LabelImage, photo: Photo, *, name: str) -> Mask:
    """The product in a label image of a photo, (H, W) bool at the photo's size.

    Args:
        labels: At any scale.
        photo: What it is of.
        name: The photo's, for people.

    Raises:
        ShapeMismatch: It has another shape than the photo.
    """
    size = (photo.shape[0], photo.shape[1])
    require_same_shape((labels.shape[0], labels.shape[1]), size, photo=name)
    return np.asarray(resized_labels(labels, size) >= PRODUCT)


def _loaded(path: Path) -> HalfArray | None:
    """The array, left on the disk, or None where a run was killed while it wrote."""
    try:
        kept: HalfArray = np.load(path, allow_pickle=False, mmap_mode="r")
        return kept
    except (OSError, ValueError, EOFError):
        return None


def _write(path: Path, maps: HalfArray) -> None:
    """Whole or not at all.

    Raises:
        Unavailable: The disk is full or cannot be written to.
    """
    half = path.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with half.open("wb") as file:
            np.save(file, maps, allow_pickle=False)
        half.replace(path)
    except OSError as err:
        half.unlink(missing_ok=True)
        raise Unavailable(
            f"features cannot be kept in {path.parent.name}: {err.strerror}; make room or set VISIQC_CACHE"
        ) from err
