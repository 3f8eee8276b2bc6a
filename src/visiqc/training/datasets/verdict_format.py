"""The export of inspectors' answers, as records: what a folder with `export.json` and `photos/` says.

`docs/verdict-export.md` is the same for people. Whoever writes it needs nothing of VisiQC but a JSON writer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from visiqc.domain.outcome import Outcome
from visiqc.errors import InputError
from visiqc.training.datasets.pairs import UNKNOWN, Licence, checked_code

EXPORT = "export.json"
FORMAT = 1
"""Raised when a key changes its meaning or goes."""
_STRICT = ConfigDict(extra="forbid")


class Given(StrEnum):
    """What an inspector answered to a verdict."""

    CONFIRMED = "confirmed"
    """The verdict is right, whatever it was."""
    DISMISSED = "dismissed"
    """The alarm is false."""
    TYPED = "typed"
    """The alarm is right, and this is what it is: at least one region or code."""
    MISSED = "missed"
    """There is a defect that the verdict did not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRegion:
    """A place in upload pixels: either a polygon or a box `[x0, y0, x1, y1]`, x1 and y1 excluded."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    polygon: tuple[tuple[float, float], ...] | None = None
    box: tuple[float, float, float, float] | None = None
    code: str = UNKNOWN
    origin: str = "inspector"
    dismissed: bool = False
    """Looked at and found good, in an answer that confirms other regions."""

    def __post_init__(self) -> None:
        if (self.polygon is None) == (self.box is None):
            raise ValueError("a region has a polygon or a box, one of them")
        if self.polygon is not None and len(self.polygon) < 3:
            raise ValueError("a polygon needs three corners")
        if self.origin not in {"model", "inspector"}:
            raise ValueError(f"origin is 'model' or 'inspector', not {self.origin!r}")

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The polygon; of a box its four corners."""
        if self.polygon is not None:
            return self.polygon
        x0, y0, x1, y1 = self.box or (0, 0, 0, 0)
        return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedAnswer:
    """One answer of one inspector; a later one that replaces it names it in `supersedes`."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    id: str
    author: str
    """A pseudonym, the same person the same one inside an export."""
    given_at: datetime
    answer: Given
    regions: tuple[ExportedRegion, ...] = ()
    codes: tuple[str, ...] = ()
    """Of the whole photo, where no region was drawn."""
    supersedes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedUpload:
    """One photo that was judged, and what people said to that."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    id: str
    sku: str
    golden_version: int
    photo: str
    """Path inside the export: `photos/<sha256>.<suffix>`."""
    outcome: Outcome
    """Of the verdict that was answered."""
    lot: str = ""
    unit: str = ""
    view: str = ""
    """Of the golden that the verdict held it against; empty = all views."""
    answers: tuple[ExportedAnswer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedGolden:
    """The photos of one view of a golden version."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    sku: str
    version: int
    view: str
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictExport:
    """All of `export.json`."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    format: int
    made_at: datetime
    software: str
    licence: Licence
    goldens: tuple[ExportedGolden, ...]
    uploads: tuple[ExportedUpload, ...]


def read_export(folder: Path) -> VerdictExport:
    """Read and check `export.json`; photos are not looked at.

    Raises:
        InputError: There is none, it is of an unknown format, a key is unknown or wrong, a time is not UTC, an id
            stands twice, a code is not in the catalogue, or an upload names a golden that is not there.
    """
    values = _json(folder)
    if values.get("format") != FORMAT:
        raise InputError(
            f"{EXPORT} in {folder.name} has format {values.get('format')!r}, this version reads {FORMAT}; "
            "export it again, or update VisiQC"
        )
    try:
        export = TypeAdapter(VerdictExport).validate_python(values)
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{EXPORT} in {folder.name}: {where}: {first['msg']}") from err
    _check(export, folder.name)
    return export


def _json(folder: Path) -> dict[str, Any]:
    try:
        values = json.loads((folder / EXPORT).read_text(encoding="utf-8"))
    except OSError as err:
        raise InputError(f"there is no {EXPORT} in {folder.name}; give the folder that the export wrote") from err
    except ValueError as err:
        raise InputError(f"{EXPORT} in {folder.name} is not JSON; export it again") from err
    if not isinstance(values, dict):
        raise InputError(f"{EXPORT} in {folder.name} must be an object, got {type(values).__name__}")
    return values


def _check(export: VerdictExport, name: str) -> None:
    goldens = {(golden.sku, golden.version) for golden in export.goldens}
    seen: set[str] = set()
    for upload in export.uploads:
        where = f"{EXPORT} in {name}, upload {upload.id}"
        if upload.id in seen:
            raise InputError(f"{where} stands twice; ids are unique")
        seen.add(upload.id)
        if (upload.sku, upload.golden_version) not in goldens:
            raise InputError(f"{where} names golden {upload.sku} version {upload.golden_version}, which is not there")
        _check_answers(upload, where)
    if export.made_at.utcoffset() != timedelta(0):
        raise InputError(f"{EXPORT} in {name}: made_at must be UTC, got {export.made_at.isoformat()}")


def _check_answers(upload: ExportedUpload, where: str) -> None:
    ids = [answer.id for answer in upload.answers]
    if len(set(ids)) != len(ids):
        raise InputError(f"{where}: an answer's id stands twice")
    for answer in upload.answers:
        if answer.answer is Given.DISMISSED and upload.outcome is Outcome.PASS:
            raise InputError(f"{where}: answer {answer.id} dismisses a PASS, which raised no alarm")
        if answer.supersedes is not None and answer.supersedes not in set(ids) - {answer.id}:
            raise InputError(f"{where}: answer {answer.id} supersedes {answer.supersedes!r}, which is not there")
        if answer.given_at.utcoffset() != timedelta(0):
            raise InputError(f"{where}: given_at must be UTC, got {answer.given_at.isoformat()}")
        try:
            _ = [checked_code(code) for code in (*answer.codes, *(region.code for region in answer.regions))]
        except InputError as err:
            raise InputError(f"{where}: {err}") from err
