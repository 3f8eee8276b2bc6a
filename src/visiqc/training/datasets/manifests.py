"""Pairs from a table that somebody wrote: `pairs.csv` beside the photos it names.

| column | what it holds |
|---|---|
| `sku`, `goldens`, `upload` | product, golden photos parted by a vertical bar, the photo that is judged; all needed |
| `lot` | lot it was made in |
| `mask` | label image of the upload, or a binary mask: defect where it is above half of its highest value |
| `mask_kind` | `binary` (when left out) or `labels`: 0 ground, 64 product, 128 ignored, 255 defect, nothing else |
| `defective` | `yes`, `no`, or empty where it is not known |
| `codes` | catalogue codes, parted by a vertical bar |
| `relation` | `same` (when left out), `variant`, `other` |
| `attribute`, `pose`, `family` | as in `Pair` |

Paths are inside the folder, with `/`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from visiqc.errors import InputError, UnreadablePhoto
from visiqc.evaluation.datasets import upright_size
from visiqc.training.datasets.digests import files_digest
from visiqc.training.datasets.labels import require_same_shape
from visiqc.training.datasets.pairs import Licence, LicensedFolder, Pair, PairSet, Relation, checked_code
from visiqc.training.datasets.reading import MAX_UNREADABLE, Unreadable
from visiqc.vision.warp import Size

TABLE = "pairs.csv"
_NEEDED = ("sku", "goldens", "upload")
COLUMNS = (*_NEEDED, "lot", "mask", "mask_kind", "defective", "codes", "relation", "attribute", "pose", "family")
"""All that a table may have; docs/command-line.md says what each holds."""
_T = TypeVar("_T")
_ANSWERS = {"yes": True, "no": False, "": None}


@dataclass(frozen=True, kw_only=True)
class TableSource(LicensedFolder):
    """A folder with a `pairs.csv` and the photos it names, as a recipe names it."""


def read_table(folder: Path, *, licence: Licence, max_unreadable: int = MAX_UNREADABLE) -> PairSet:
    """Read `pairs.csv` of a folder.

    Args:
        folder: With `pairs.csv` and the photos in it.
        licence: Of the photos.
        max_unreadable: Photos and masks that may be missing or broken before it is refused.

    Raises:
        InputError: There is no table, a column or a value is wrong (the line is named), too much is broken, or
            nothing is left.
        ShapeMismatch: A mask has another shape than its photo.
    """
    named = _Files(folder, Unreadable(max_unreadable))
    pairs = [pair for number, row in _rows(folder) if (pair := _pair(named, row, f"{TABLE}, line {number}"))]
    files = [folder / TABLE]
    for pair in pairs:
        files += [*pair.goldens, pair.upload, *((pair.mask,) if pair.mask else ())]
    told = () if any(pair.defective for pair in pairs) else ("no defective photo: every upload is good or not known",)
    return PairSet(
        name=folder.name,
        licence=licence,
        digest=files_digest(folder, files),
        pairs=tuple(pairs),
        notes=(*(told if pairs else ()), *named.broken.notes),
    )


def _rows(folder: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with (folder / TABLE).open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, strict=True)
            columns = table.fieldnames or []
            rows = [(table.line_num, row) for row in table]
    except OSError as err:
        raise InputError(f"there is no {TABLE} in {folder.name}; its columns are {', '.join(COLUMNS)}") from err
    except (UnicodeDecodeError, csv.Error) as err:
        raise InputError(f"{TABLE} in {folder.name} is not a comma-separated table in UTF-8: {err}") from err
    if missing := [name for name in _NEEDED if name not in columns]:
        raise InputError(f"{TABLE} in {folder.name} has no column {missing[0]!r}; it needs {', '.join(_NEEDED)}")
    if wrong := [name for name in columns if name not in COLUMNS]:
        raise InputError(f"{TABLE} in {folder.name} has a column {wrong[0]!r}; known: {', '.join(COLUMNS)}")
    for number, row in rows:
        if None in row or None in row.values():
            raise InputError(f"{TABLE}, line {number}: wanted {len(columns)} values as in the first line")
    return rows


@dataclass(frozen=True, slots=True)
class _Files:
    """Files that a table names. Each is opened once, however many lines name it: of HEIC that starts a process."""

    folder: Path
    broken: Unreadable
    sizes: dict[Path, Size | None] = field(default_factory=dict)

    def size(self, name: str) -> Size | None:
        """Height and width, upright; None where it is missing or no picture, which is counted."""
        path = self.folder / name
        if path not in self.sizes:
            try:
                self.sizes[path] = upright_size(path)
            except UnreadablePhoto:
                self.broken.add(path, name, "it is missing or not a picture")
                self.sizes[path] = None
        return self.sizes[path]


def _pair(files: _Files, row: Mapping[str, str], where: str) -> Pair | None:
    folder, sizes = files.folder, dict[str, Size]()
    value = {name: row.get(name, "").strip() for name in COLUMNS}
    if not value["sku"] or not value["upload"] or not value["goldens"]:
        raise InputError(f"{where}: sku, goldens and upload may not be empty")
    for name in (*_parted(value["goldens"]), value["upload"], *_parted(value["mask"])):
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise InputError(f"{where} names {name!r}, which is not inside the folder")
        if (size := files.size(name)) is not None:
            sizes[name] = size
    goldens = tuple(folder / name for name in _parted(value["goldens"]) if name in sizes)
    mask = value["mask"]
    if not goldens or value["upload"] not in sizes or (mask and mask not in sizes):
        return None
    if mask:
        require_same_shape(sizes[mask], sizes[value["upload"]], photo=value["upload"])
    try:
        codes = tuple(checked_code(code) for code in _parted(value["codes"]))
    except InputError as err:
        raise InputError(f"{where}: {err}") from err
    return Pair(
        sku=value["sku"],
        lot=value["lot"],
        goldens=goldens,
        upload=folder / value["upload"],
        mask=folder / mask if mask else None,
        binary_mask=_one_of(value, "mask_kind", {"": True, "binary": True, "labels": False}, where),
        defective=_one_of(value, "defective", _ANSWERS, where),
        codes=codes,
        relation=_one_of(value, "relation", {"": Relation.SAME, **{str(each): each for each in Relation}}, where),
        attribute=value["attribute"] or None,
        pose=value["pose"],
        family=value["family"],
    )


def _one_of(value: Mapping[str, str], column: str, known: Mapping[str, _T], where: str) -> _T:
    if value[column].lower() not in known:
        raise InputError(f"{where}: {column} is one of {', '.join(filter(None, known))}, got {value[column]!r}")
    return known[value[column].lower()]


def _parted(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]
