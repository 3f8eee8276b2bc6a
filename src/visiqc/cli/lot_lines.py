"""What there is to import from a folder: one line for each photo, from `lot.csv` or from the names of the files.

Lines come one by one, so that a folder of any size takes the same memory.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from visiqc.cli.photos import PICTURE_SUFFIXES, PhotoFile, shown
from visiqc.domain.codes import checked_code, checked_view
from visiqc.domain.golden import checked_sku
from visiqc.errors import InputError

CSV_NAME = "lot.csv"
COLUMNS = ("order", "lot", "sku", "milestone", "unit", "view", "photo")
_FILE_NAME = re.compile(r"(?P<unit>\d+)-(?P<view>.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LotLine:
    """One photo to import.

    Attributes:
        where: How people find the line: `line 7`, or the file's path in the folder.
        order, lot, milestone: Codes.
        sku: The product; empty where the lot, which is open then, says it.
        unit: Number of the unit.
        view: The view it claims to show.
        file: The photo.
    """

    where: str
    order: str
    lot: str
    sku: str
    milestone: str
    unit: int
    view: str
    file: PhotoFile


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that cannot be imported, and why; `path` is the photo it names, where it names one."""

    where: str
    why: str
    path: Path | None = None


def lot_lines(folder: Path, *, sku: str = "") -> Iterator[LotLine | BrokenLine]:
    """The photos of a folder, from its `lot.csv` where there is one, else from the names of folders and files.

    Args:
        folder: The folder.
        sku: The product of lots that no line names one for.

    Raises:
        InputError: No such folder, a `lot.csv` without its header, or no photo at all.
    """
    if not folder.is_dir():
        raise InputError(f"{shown(folder)}: no such folder; name a folder of photos, see docs/lots.md")
    if not os.path.lexists(folder / CSV_NAME):
        return _from_names(folder, sku)
    if not _within(folder, folder / CSV_NAME).is_file():
        raise InputError(f"{CSV_NAME} is there and is not a file; take it away, or put the list in its place")
    return _from_csv(folder, sku)


def _from_csv(folder: Path, sku: str) -> Iterator[LotLine | BrokenLine]:
    # A name that was never UTF-8 is kept as it is, to be found on the disk all the same.
    with (folder / CSV_NAME).open(encoding="utf-8-sig", errors="surrogateescape") as file:
        delimiter, header = _header(file.readline())
        for number, line in enumerate(file, start=2):
            where = f"{CSV_NAME} line {number}"
            try:
                cells = _cells(line, delimiter)
            except csv.Error as err:
                yield BrokenLine(where, f"not a line of CSV: {err}")
            else:
                if any(cells):
                    yield _line_of(where, header, cells, folder, sku)


_UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")  # its mark, as `surrogateescape` reads it


def _header(line: str) -> tuple[str, list[str]]:
    """What separates the columns, and their names; a spreadsheet may write semicolons or tabs."""
    if line.startswith(_UTF_16):
        raise InputError(f"{CSV_NAME} is UTF-16; save it as CSV in UTF-8 and import the folder again")
    found: dict[str, list[str]] = {}
    for delimiter in ",;\t":
        with suppress(csv.Error):  # quoted names make no sense when split at another delimiter
            found[delimiter] = [name.lower() for name in _cells(line, delimiter)]
    if not found:
        raise InputError(f"the first line of {CSV_NAME} is not CSV; it must name the columns {', '.join(COLUMNS)}")
    delimiter, header = max(found.items(), key=lambda each: len(set(COLUMNS) & set(each[1])))
    if missing := [name for name in COLUMNS if name not in header]:
        raise InputError(
            f"{CSV_NAME} has no column {missing[0]!r}; its first line must name the columns {', '.join(COLUMNS)}"
        )
    return delimiter, header


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of one line: a quote that is never closed must not swallow the lines after it."""
    return [cell.strip() for cell in next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, strict=True), [])]


def _line_of(where: str, header: list[str], cells: list[str], folder: Path, sku: str) -> LotLine | BrokenLine:
    if len(cells) != len(header):
        return BrokenLine(where, f"wanted {len(header)} columns as in the first line, got {len(cells)}")
    values = dict(zip(header, cells, strict=True))
    path = None
    try:
        path = _within(folder, folder / _inside(values["photo"]))
        return _checked(where, values | {"sku": values["sku"] or sku}, path)
    except InputError as err:
        return BrokenLine(where, str(err), path)


def _inside(photo: str) -> str:
    """The path of a photo, when it stays in the folder: a list from elsewhere must not read the rest of the disk."""
    parts = {*PurePosixPath(photo).parts, *PureWindowsPath(photo).parts}
    odd = any(character < " " for character in photo)
    if not photo or odd or ".." in parts or PurePosixPath(photo).is_absolute() or PureWindowsPath(photo).drive:
        raise InputError(f"the photo must be a path inside the folder, got {photo[:80]!r}")
    return photo


def _within(folder: Path, path: Path) -> Path:
    """`path` itself, when no link on its way leads out of the folder."""
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as err:  # links in a circle
        raise InputError(f"{shown(path.relative_to(folder))}: {err}") from err
    if not inside:
        raise InputError(
            f"{shown(path.relative_to(folder))} is a link that leads out of the import folder; put the file there"
        )
    return path


def _from_names(folder: Path, sku: str) -> Iterator[LotLine | BrokenLine]:
    """`<order>/<lot>/<milestone>/<unit>-<view>.jpg`, in the order of the names."""
    found = False
    for milestone in _milestones(folder):
        if isinstance(milestone, BrokenLine):
            found = True
            yield milestone
            continue
        for file in _photos(milestone):
            found = True
            yield _named(file, folder, sku)
    if not found:
        raise InputError(
            f"{shown(folder)}: nothing to import; wanted {CSV_NAME}, or photos named "
            "<order>/<lot>/<milestone>/<unit>-<view>.jpg, see docs/lots.md"
        )


def _named(file: Path, folder: Path, sku: str) -> LotLine | BrokenLine:
    within = file.relative_to(folder)
    where = shown(within)
    order, lot, milestone = within.parts[:3]
    match = _FILE_NAME.fullmatch(file.stem)
    if match is None:
        return BrokenLine(where, "not named <unit>-<view>, such as 7-front.jpg", file)
    values = {"order": order, "lot": lot, "sku": sku, "milestone": milestone, **match.groupdict()}
    try:
        return _checked(where, values, _within(folder, file))
    except InputError as err:
        return BrokenLine(where, str(err), file)


def _checked(where: str, values: dict[str, str], file: Path) -> LotLine:
    unit = values["unit"]
    if not (unit.isascii() and unit.isdigit() and int(unit[:8]) > 0 and len(unit) <= 7):
        raise InputError(f"the unit must be a number from 1, got {unit[:40]!r}")
    return LotLine(
        where=where,
        order=checked_code(values["order"], of="code of an order"),
        lot=checked_code(values["lot"], of="code of a lot"),
        sku=checked_sku(values["sku"]) if values["sku"] else "",
        milestone=checked_code(values["milestone"], of="name of a milestone"),
        unit=int(unit),
        view=checked_view(values["view"]),
        file=PhotoFile(file),
    )


def _milestones(folder: Path, parent: Path | None = None, depth: int = 3) -> Iterator[Path | BrokenLine]:
    """Folders three below `folder`; a linked one is named instead of followed."""
    for entry in _entries(parent or folder):
        if not entry.is_dir():
            continue
        if entry.is_symlink():
            yield BrokenLine(shown(entry.relative_to(folder)), "a linked folder is not followed; put the photos there")
        elif depth > 1:
            yield from _milestones(folder, entry, depth - 1)
        else:
            yield entry


def _photos(folder: Path) -> Iterator[Path]:
    return (entry for entry in _entries(folder) if entry.suffix.lower() in PICTURE_SUFFIXES and not entry.is_dir())


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as err:
        raise InputError(f"{shown(folder)}: {(err.strerror or str(err)).lower()}") from err
