"""A product's photos in the frame of its first golden, in memory and in the cache, from where they are read again.

A product's photos are one file, read picture by picture through the page cache: nothing is decoded twice, and workers
share it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visiqc.storage.disk import disk_errors
from visiqc.training.datasets.pairs import Relation
from visiqc.vision.types import Mask

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
        opened: Files of all its photos that are whole, those too that do not lie over the golden.
    """

    sku: str
    photos: tuple[LaidPhoto, ...]
    frames: Pictures | NDArray[np.uint8]
    labels: Pictures | NDArray[np.uint8]
    product: Mask
    opened: frozenset[Path] = frozenset()

    def numbers(self, wanted: Callable[[LaidPhoto], bool]) -> list[int]:
        """Numbers of the photos that are wanted."""
        return [n for n, photo in enumerate(self.photos) if wanted(photo)]


def is_kept(folder: Path) -> bool:
    """Whether a folder of the cache holds a product."""
    return (folder / _RECORD).is_file()


def kept_product(sku: str, folder: Path, files: Sequence[Path]) -> tuple[LaidProduct, dict[Path, str]]:
    """A product of the cache, and which of its files are broken, with the reason.

    Args:
        sku: The product.
        folder: In the cache.
        files: Its photos, the first golden first.
    """
    plain = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    photos = tuple(
        LaidPhoto(**{**one, "codes": tuple(one["codes"]), "apart": tuple(one["apart"])}) for one in plain["photos"]
    )
    broken = {path: plain["broken"][way] for way, path in _by_way(files).items() if way in plain["broken"]}
    frames, labels = Pictures(folder / "frames.npy"), Pictures(folder / "labels.npy")
    whole = frozenset(files) - broken.keys()
    return LaidProduct(sku, photos, frames, labels, np.load(folder / "product.npy"), whole), broken


def keep_product(laid: LaidProduct, folder: Path, files: Sequence[Path], broken: Mapping[Path, str]) -> None:
    """Write a product whole or not at all, in a folder that is renamed into place; another process may lay the same.

    Args:
        laid: The product.
        folder: In the cache.
        files: Its photos, the first golden first.
        broken: Those it was laid without, with the reason.

    Raises:
        Unavailable: The disk cannot be written to.
    """
    unread = {way: broken[path] for way, path in _by_way(files).items() if path in broken}
    text = json.dumps({"photos": [asdict(photo) for photo in laid.photos], "broken": unread})
    with disk_errors("laid photos cannot be kept in the cache"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
        try:
            np.save(draft / "frames.npy", np.asarray(laid.frames))
            np.save(draft / "labels.npy", np.asarray(laid.labels))
            np.save(draft / "product.npy", laid.product)
            (draft / _RECORD).write_text(text, encoding="utf-8")
            try:
                draft.rename(folder)
            except OSError:
                if not is_kept(folder):  # else another process was the first, with the same product
                    raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _by_way(files: Sequence[Path]) -> dict[str, Path]:
    """Files by the way to them from the first one's folder, which is the same after the set was moved."""
    return {Path(os.path.relpath(path, files[0].parent)).as_posix(): path for path in files}
