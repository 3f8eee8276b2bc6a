"""Pairs as pixels. A photo that cannot be read is named, skipped and counted; a data set full of them is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from visiqc.errors import InputError, UnreadablePhoto, VisiQCError
from visiqc.evaluation.datasets import upright_size
from visiqc.training.datasets.labels import LabelImage, labels_of
from visiqc.training.datasets.pairs import Pair
from visiqc.vision.photo import DecodeLimits, decode_rgb
from visiqc.vision.types import Photo

MAX_UNREADABLE = 10
"""Photos of a data set that may be broken before it is refused; a key `max_unreadable` of the recipes."""
log = structlog.get_logger("visiqc.training")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPair:
    """A pair's pixels, each photo at its own size.

    Attributes:
        pair: Where they come from.
        goldens: (H, W, 3) uint8 RGB each, those asked for.
        upload: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 label image of the upload; None where only the whole photo is labelled, or nothing is.
    """

    pair: Pair
    goldens: tuple[Photo, ...]
    upload: Photo
    labels: LabelImage | None


@dataclass(slots=True)
class Unreadable:
    """What could not be read so far, by name, and when that is too much.

    Attributes:
        limit: How many files may be broken.
        files: Name to reason; a file that is met again counts once.
    """

    limit: int = MAX_UNREADABLE
    files: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, why: str) -> None:
        """Note a file.

        Raises:
            InputError: It is one too many.
        """
        if name not in self.files:
            log.warning("photo skipped", photo=name, why=why)
        self.files[name] = why
        if len(self.files) > self.limit:
            named = ", ".join(list(self.files)[:3])
            raise InputError(
                f"{len(self.files)} photos cannot be read ({named}, …), {self.limit} are allowed: {why}; "
                "mend the data set, or raise max_unreadable"
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """One note for a `PairSet`, or none."""
        if not self.files:
            return ()
        return (f"{len(self.files)} photos cannot be read, left out: {', '.join(list(self.files)[:3])}",)


@dataclass(slots=True)
class PairReader:
    """Reads pairs; skips what is broken.

    Attributes:
        max_side: Longest side of a photo as it is decoded, in pixels; None = its own.
        unreadable: What was skipped.
    """

    max_side: int | None = None
    unreadable: Unreadable = field(default_factory=Unreadable)

    def read(self, pair: Pair, goldens: Sequence[int] | None = None) -> LoadedPair | None:
        """The pixels of a pair, or None where the upload, its mask or every golden asked for is broken.

        Args:
            pair: What to read.
            goldens: Which of its goldens; None = all.

        Raises:
            InputError: More files are broken than may be.
            ShapeMismatch: A mask does not fit its photo.
        """
        wanted = pair.goldens if goldens is None else tuple(pair.goldens[n] for n in goldens)
        photos = tuple(photo for path in wanted if (photo := self.photo(path, pair.sku)) is not None)
        upload = self.photo(pair.upload, pair.sku)
        if upload is None or not photos:
            return None
        size = (upload.shape[0], upload.shape[1])
        try:
            labels = labels_of(pair, size, full_size=upright_size(pair.upload))
        except UnreadablePhoto as err:
            self.unreadable.add(f"{pair.name} (mask)", str(err))
            return None
        return LoadedPair(pair=pair, goldens=photos, upload=upload, labels=labels)

    def photo(self, path: Path, sku: str) -> Photo | None:
        """(H, W, 3) uint8 RGB, or None where the file is broken or gone."""
        try:
            return decode_rgb(path.read_bytes(), limits=DecodeLimits(), max_side=self.max_side)
        except OSError as err:
            self.unreadable.add(f"{sku}/{path.name}", f"{err.strerror}")
        except VisiQCError as err:
            self.unreadable.add(f"{sku}/{path.name}", str(err))
        return None
