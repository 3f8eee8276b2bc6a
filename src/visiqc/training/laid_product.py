"""A product's photos in the frame of its first golden, in memory and in the cache, from where they are read again.

A product's photos are one file, read picture by picture through the page cache: nothing is decoded twice, and workers
share it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visiqc.storage.disk import disk_errors
from visiqc.training.datasets.labels import LabelImage
from visiqc.training.datasets.pairs import Relation
from visiqc.vision.types import Mask, Photo

GOLDEN = "golden"
_RECORD = "product.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidPhoto:
    """What is known of one laid photo.

    Attributes:
        name: For people.
        role: `golden`, or the relation its upload has to it: `same`, `variant`, `other`.
        defective: None = not known, or not to be learned from.
        labelled: Whether its label image says where.
        codes: Catalogue codes of its defects.
        similarity: Masked similarity after alignment.
        pose: How well the golden pose was met, where known.
        apart: Codes that its label image tells apart, `DEFECT` downwards; empty = it does not.
        view: As its pair's: what shares it is no other photo of the piece.
    """

    name: str
    role: str
    defective: bool | None
    labelled: bool
    codes: tuple[str, ...]
    similarity: float
    pose: str
    apart: tuple[str, ...] = ()
    view: str = ""

    def classes(self, class_of: Callable[[str | None], int]) -> tuple[int, ...]:
        """The type class of each label of its defects, `DEFECT` downwards."""
        return tuple(class_of(code) for code in self.apart or (self.code,))

    @property
    def code(self) -> str | None:
        """The one code its defects have; None where it has none, or several and nobody says where which is."""
        return self.codes[0] if len(set(self.codes)) == 1 else None

    @property
    def good(self) -> bool:
        """Whether it can stand for a good piece: as a golden, or as an upload in which nothing changed."""
        return self.role == GOLDEN or (self.role == Relation.SAME and self.defective is False)


class Pictures:
    """Pictures of one size in a file, read one by one: open only while one is read, so that a set may have any number.

    Args:
        path: `.npy` with (n, …) uint8.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, number: int) -> NDArray[np.uint8]:
        """Picture of that number."""
        return np.array(np.load(self._path, mmap_mode="r")[number])

    def __len__(self) -> int:
        """How many there are."""
        return len(np.load(self._path, mmap_mode="r"))


@dataclass(frozen=True, slots=True)
class LaidProduct:
    """All photos of a product in the frame of its first golden.

    Attributes:
        sku: The product.
        photos: What is known of each.
        frames: n of (H, W, 3) uint8 RGB.
        labels: n label images (H, W) uint8.
        product: (H, W) bool, the product in the golden frame.
    """

    sku: str
    photos: tuple[LaidPhoto, ...]
    frames: Pictures | NDArray[np.uint8]
    labels: Pictures | NDArray[np.uint8]
    product: Mask

    def numbers(self, wanted: Callable[[LaidPhoto], bool]) -> list[int]:
        """Numbers of the photos that are wanted."""
        return [n for n, photo in enumerate(self.photos) if wanted(photo)]


def is_kept(folder: Path) -> bool:
    """Whether a folder of the cache holds a product."""
    return (folder / _RECORD).is_file()


def kept_product(sku: str, folder: Path) -> tuple[LaidProduct, dict[str, str]]:
    """A product of the cache, and what `keep_product` was told of broken photos."""
    plain = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    photos = tuple(
        LaidPhoto(**{**one, "codes": tuple(one["codes"]), "apart": tuple(one["apart"])}) for one in plain["photos"]
    )
    frames, labels = Pictures(folder / "frames.npy"), Pictures(folder / "labels.npy")
    return LaidProduct(sku, photos, frames, labels, np.load(folder / "product.npy")), plain["broken"]


def keep_product(
    folder: Path,
    photos: Sequence[LaidPhoto],
    frames: Sequence[Photo],
    labels: Sequence[LabelImage],
    product: Mask,
    *,
    broken: Mapping[str, str],
) -> None:
    """Write a product whole or not at all, in a folder that is renamed into place; another process may lay the same.

    Args:
        folder: Of the cache.
        photos: What is known of each.
        frames: Their pixels.
        labels: Their label images.
        product: (H, W) bool, the product in the golden frame.
        broken: Photos it was laid without, with the reason.

    Raises:
        Unavailable: The disk cannot be written to.
    """
    text = json.dumps({"photos": [asdict(photo) for photo in photos], "broken": dict(broken)})
    with disk_errors("laid photos cannot be kept in the cache"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
        try:
            np.save(draft / "frames.npy", np.stack(frames))
            np.save(draft / "labels.npy", np.stack(labels))
            np.save(draft / "product.npy", product)
            (draft / _RECORD).write_text(text, encoding="utf-8")
            with contextlib.suppress(FileExistsError, OSError) if folder.is_dir() else contextlib.nullcontext():
                draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
