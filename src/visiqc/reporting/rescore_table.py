"""What a re-score found, a row a photo: CSV, and Parquet where pyarrow is. Rows stream from the record to the disk."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal

from visiqc.domain.lot import UnitPhoto
from visiqc.domain.rescore_results import RescoredPhoto
from visiqc.domain.verdict import CalibrationReport, Verdict
from visiqc.inspection.rescore_ports import RescoreRecords
from visiqc.reporting.files import whole_file

PAGE: Final = 500
"""Rows that are in memory at a time."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that a spreadsheet would take for a formula, in names that strangers gave."""

Value = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table.

    Attributes:
        name: Its heading.
        kind: What stands in it; a cell may also be empty.
        of: Its value for a photo.
    """

    name: str
    kind: Literal["text", "whole", "number", "yes-no", "time"]
    of: Callable[[RescoredPhoto], Value]


def _place(name: str) -> Callable[[RescoredPhoto], Value]:
    def of(photo: RescoredPhoto) -> Value:
        place: UnitPhoto | None = photo.place
        value: Value = getattr(place, name) if place else None
        return value

    return of


def _calibration(name: str, which: str) -> Callable[[RescoredPhoto], Value]:
    def of(photo: RescoredPhoto) -> Value:
        verdict: Verdict | None = getattr(photo, which)
        report: CalibrationReport | None = verdict.calibration if verdict else None
        value: Value = getattr(report, name) if report else None
        return value

    return of


def _reasons(verdict: Verdict | None) -> str | None:
    return None if verdict is None else " ".join(reason.code for reason in verdict.reasons)


COLUMNS: tuple[Column, ...] = (
    Column("position", "whole", lambda photo: photo.task.position),
    Column("upload_id", "text", lambda photo: photo.task.upload_id),
    Column("photo_name", "text", lambda photo: photo.photo_name),
    Column("photo_digest", "text", lambda photo: photo.before.photo_digest),
    Column("received_at", "time", lambda photo: photo.received_at),
    Column("order", "text", _place("order")),
    Column("lot", "text", _place("lot")),
    Column("milestone", "text", _place("milestone")),
    Column("unit", "whole", _place("unit")),
    Column("view", "text", _place("view")),
    Column("in_accepted_lot", "yes-no", lambda photo: photo.in_accepted_lot),
    Column("sku", "text", lambda photo: photo.task.sku),
    Column("golden_before", "whole", lambda photo: photo.before.golden_version),
    Column("golden_now", "whole", lambda photo: photo.task.golden_version),
    Column("outcome_before", "text", lambda photo: photo.before.outcome.value),
    Column("outcome_now", "text", lambda photo: photo.now.outcome.value if photo.now else None),
    Column("changed", "yes-no", lambda photo: photo.changed),
    Column("decision", "text", lambda photo: photo.review.decision.value if photo.review else None),
    Column("decided_by", "text", lambda photo: photo.review.author_name if photo.review else None),
    Column("decided_at", "time", lambda photo: photo.review.made_at if photo.review else None),
    Column("contradicts_inspector", "yes-no", lambda photo: photo.contradicts_inspector if photo.review else None),
    Column("moved", "number", lambda photo: photo.moved if photo.now else None),
    Column("p_before", "number", _calibration("p_value", "before")),
    Column("p_now", "number", _calibration("p_value", "now")),
    Column("score_before", "number", _calibration("score", "before")),
    Column("score_now", "number", _calibration("score", "now")),
    Column("threshold_before", "number", _calibration("review_threshold", "before")),
    Column("threshold_now", "number", _calibration("review_threshold", "now")),
    Column("reasons_before", "text", lambda photo: _reasons(photo.before)),
    Column("reasons_now", "text", lambda photo: _reasons(photo.now)),
    Column("error", "text", lambda photo: photo.error or None),
)
"""Every column, in order; what they mean stands in docs/rescore.md."""


def all_photos(records: RescoreRecords, run_id: str) -> Iterator[RescoredPhoto]:
    """Every photo of a run, by position."""
    after = 0
    while page := records.rescored_photos(run_id, after=after, limit=PAGE):
        yield from page
        after = page[-1].task.position


def changed_photos(records: RescoreRecords, run_id: str) -> Iterator[RescoredPhoto]:
    """Those whose outcome changed, the most surprising first."""
    for skip in count(0, PAGE):
        page = records.rescore_changes(run_id, skip=skip, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return


def write_csv(photos: Iterable[RescoredPhoto], target: Path) -> int:
    """Write photos as CSV, UTF-8, and return how many there were.

    Empty = unknown. A text that a spreadsheet would take for a formula gets an apostrophe before it.

    Raises:
        Unavailable: The file cannot be written.
    """
    rows = 0
    with whole_file(target) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow([column.name for column in COLUMNS])
        for photo in photos:
            writer.writerow([_cell(column.of(photo)) for column in COLUMNS])
            rows += 1
        text.detach()  # flushes; the file is closed by who opened it
    return rows


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.isoformat()
        case float():
            return repr(value) if math.isfinite(value) else ""
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
    return str(value)


def write_parquet(photos: Iterable[RescoredPhoto], target: Path) -> int:
    """Write photos as Parquet and return how many there were; needs pyarrow.

    Raises:
        Unavailable: The file cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    kinds: dict[str, Any] = {
        "text": pa.string(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "yes-no": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(column.name, kinds[column.kind]) for column in COLUMNS])
    rows = 0
    with whole_file(target) as file, parquet.ParquetWriter(file, schema) as writer:
        for page in _pages(photos):
            values = [[column.of(photo) for photo in page] for column in COLUMNS]
            writer.write_batch(pa.record_batch(values, schema=schema))
            rows += len(page)
    return rows


def _pages(photos: Iterable[RescoredPhoto]) -> Iterator[list[RescoredPhoto]]:
    page: list[RescoredPhoto] = []
    for photo in photos:
        page.append(photo)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page
