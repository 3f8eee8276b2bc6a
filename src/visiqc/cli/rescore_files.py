"""The files of a re-score: every photo, what changed, the report, and the manifest that names them all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from visiqc.cli.files import write_whole
from visiqc.domain.rescore import RescoreCounts, RescoreRun
from visiqc.domain.rescore_results import agreement
from visiqc.inspection.parts import Parts
from visiqc.reporting.differences import difference_page, difference_rows
from visiqc.reporting.rescore_table import all_photos, changed_photos, write_csv, write_parquet

FORMAT = 1
"""Raised when a key of the manifest or a column changes its meaning or goes."""


def write_files(
    folder: Path, run: RescoreRun, counts: RescoreCounts, parts: Parts, *, finished_at: datetime, shown: int
) -> list[Path]:
    """Write everything about a finished run into a folder; each file whole, the manifest last.

    Args:
        folder: Made if absent; files of these names are replaced.
        run: The run.
        counts: What it found.
        parts: The ports.
        finished_at: UTC.
        shown: How many changed photos the report shows.

    Raises:
        Unavailable: A file cannot be written.
    """
    records = parts.records
    rows = {"rescore.csv": write_csv(all_photos(records, run.id), folder / "rescore.csv")}
    if find_spec("pyarrow") is not None:
        rows["rescore.parquet"] = write_parquet(all_photos(records, run.id), folder / "rescore.parquet")
    rows["differences.csv"] = write_csv(changed_photos(records, run.id), folder / "differences.csv")
    changes = records.rescore_changes(run.id, skip=0, limit=shown)
    tallies = records.rescore_tallies(run.id)
    page = difference_page(run, counts, tallies, difference_rows(changes, parts), made_at=parts.clock())
    write_whole(folder / "differences.html", page.encode())
    rows["differences.html"] = len(changes)
    manifest = _manifest(folder, run, counts, rows, finished_at=finished_at)
    manifest["inspectors"] = dict(zip(("before", "now"), map(asdict, agreement(tallies)), strict=True))
    write_whole(folder / "manifest.json", (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode())
    return [*(folder / name for name in rows), folder / "manifest.json"]


def _manifest(
    folder: Path, run: RescoreRun, counts: RescoreCounts, rows: dict[str, int], *, finished_at: datetime
) -> dict[str, Any]:
    selection, members = run.request.selection, run.request.members
    models = members.models | {"fleet": members.fleet}
    return {
        "format": FORMAT,
        "run": run.id,
        "software": run.software,
        "selection": {
            "sku": selection.sku,
            "order": selection.order,
            "lot": selection.lot,
            "since": selection.since.isoformat() if selection.since else None,
        },
        "golden_version": run.request.golden_version,
        "models": {task: {"version": ref.version, "sha256": ref.digest} for task, ref in models.items()},
        "started_at": run.started_at.isoformat(),
        "finished_at": finished_at.isoformat(),
        "photos": {
            "planned": counts.planned,
            "scored": counts.scored,
            "errors": counts.errors,
            "changed": counts.changed,
        },
        "files": {name: {"sha256": _sha256(folder / name), "photos": count} for name, count in rows.items()},
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
