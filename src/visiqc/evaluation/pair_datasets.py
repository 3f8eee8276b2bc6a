"""Data sets that compare photo with photo: aligned pairs, same-item folders, variants told by file name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from visiqc.errors import InputError, NotFound
from visiqc.evaluation.box_metrics import Box
from visiqc.evaluation.datasets import photos_in


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthBox:
    """One marked defect, in pixels of the test photo."""

    box: Box
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPair:
    """A golden photo, a photo to be held against it, and the defects that are marked on the latter."""

    name: str
    golden: Path
    test: Path
    truth: tuple[TruthBox, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPhoto:
    """A photo of a named item."""

    path: Path
    item: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RingVariant:
    """One render of the ring family, by the attributes its file name tells.

    Attributes:
        path: Where it is.
        profile: Cross-section, such as `oval`.
        width: Millimetres, as written, such as `3.5`.
        metals: `white`, or the two metals of a two-tone ring, as written: `rose-white`.
        split: `single`, or how a two-tone ring is divided: `bi-1`, `bi-2`.
        finish: `silk`, or the two finishes of a two-tone ring: `polished-sand`.
        seam: `u`, `v`, or `none` on a ring of one metal.
    """

    path: Path
    profile: str
    width: str
    metals: str
    split: str
    finish: str
    seam: str

    def differences(self, other: RingVariant) -> tuple[str, ...]:
        """Names of the attributes in which two variants differ."""
        return tuple(name for name in ATTRIBUTES if getattr(self, name) != getattr(other, name))


ATTRIBUTES = ("profile", "width", "metals", "split", "finish", "seam")


def read_pairs(root: Path) -> tuple[PhotoPair, ...]:
    """Read `<name>_temp.jpg`, `<name>_test.jpg`, `<name>.txt` (`x1 y1 x2 y2 type` a line), as DeepPCB has them.

    Raises:
        NotFound: The folder is missing.
        InputError: A part of a pair is missing, there is no pair, or a line is not four numbers and a type.
    """
    photos = {path.stem: path for path in photos_in(root)}
    names = sorted({stem.rsplit("_", 1)[0] for stem in photos if stem.endswith(("_temp", "_test"))})
    if not names:
        raise InputError(f"{root.name} holds no pair; wanted <name>_temp.jpg, <name>_test.jpg and <name>.txt")
    pairs = []
    for name in names:
        parts = (photos.get(f"{name}_temp"), photos.get(f"{name}_test"))
        truth = root / f"{name}.txt"
        if parts[0] is None or parts[1] is None or not truth.is_file():
            raise InputError(f"{root.name}: pair {name} is incomplete; wanted {name}_temp, {name}_test and {name}.txt")
        pairs.append(PhotoPair(name=name, golden=parts[0], test=parts[1], truth=_boxes(truth)))
    return tuple(pairs)


def read_items(root: Path) -> tuple[ItemPhoto, ...]:
    """Read one folder per item; other files and empty folders are passed over.

    Raises:
        NotFound: The folder is missing.
        InputError: Fewer than two items have photos, or none has two: no pair of either kind could be made.
    """
    if not root.is_dir():
        raise NotFound(f"no folder {root}; give the folder that holds one folder per item")
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    photos = tuple(ItemPhoto(path=path, item=folder.name) for folder in folders for path in photos_in(folder))
    often = Counter(photo.item for photo in photos)
    if len(often) < 2 or max(often.values()) < 2:
        raise InputError(f"{root.name} needs photos of two items, and two photos of one; found {len(often)} items")
    return photos


def read_ring_variants(root: Path) -> tuple[RingVariant, ...]:
    """Read ring renders by their file names.

    Raises:
        NotFound: The folder is missing.
        InputError: There is no photo, or a name does not follow the family's pattern.
    """
    variants = tuple(_variant(path) for path in photos_in(root))
    if not variants:
        raise InputError(f"{root.name} holds no photo of a ring variant")
    return variants


def near_variants(variants: tuple[RingVariant, ...]) -> tuple[tuple[RingVariant, RingVariant, str], ...]:
    """Every unordered pair of variants that differs in exactly one attribute, with that attribute's name."""
    found = ((a, b, a.differences(b)) for a, b in combinations(variants, 2))
    return tuple((a, b, names[0]) for a, b, names in found if len(names) == 1)


def _boxes(path: Path) -> tuple[TruthBox, ...]:
    boxes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        fields = line.replace(",", " ").split()
        try:
            x0, y0, x1, y1 = (float(field) for field in fields[:4])
            (kind,) = fields[4:]
        except ValueError as err:
            raise InputError(f"{path.name}, line {number}: wanted `x1 y1 x2 y2 type`, got {line[:60]!r}") from err
        if not (x0 < x1 and y0 < y1):
            raise InputError(f"{path.name}, line {number}: a box needs x1 < x2 and y1 < y2, got {line[:60]!r}")
        boxes.append(TruthBox(box=(x0, y0, x1, y1), kind=kind))
    return tuple(boxes)


def _variant(path: Path) -> RingVariant:
    match path.stem.split("-"):
        case [profile, width, metal, "single", finish]:
            metals, split, finishes, seam = metal, "single", finish, "none"
        case [profile, width, first, second, "gold", "bi", half, left, *right, seam, "seam"] if len(right) <= 1:
            # A single finish in the name of a two-tone ring stands for both halves.
            metals, split, finishes = f"{first}-{second}", f"bi-{half}", f"{left}-{(*right, left)[0]}"
        case _:
            raise InputError(
                f"{path.name}: wanted profile-width-metal-single-finish or "
                "profile-width-metal-metal-gold-bi-n-finish-finish-seam-seam"
            )
    return RingVariant(path=path, profile=profile, width=width, metals=metals, split=split, finish=finishes, seam=seam)
