"""Takes the lines of a folder in, one by one, and names those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import typer

from visiqc.batch.lot_import import LotImport, Taken
from visiqc.cli.lot_lines import BrokenLine, LotLine, lot_lines
from visiqc.cli.progress import progress
from visiqc.domain.golden import checked_sku
from visiqc.errors import Conflict, InputError, NotFound
from visiqc.inspection.lots import SentUnitPhoto


def import_lines(folder: Path, sku: str, job: LotImport, *, max_bytes: int) -> int:
    """Import every line of a folder.

    Args:
        folder: The folder.
        sku: The product of lots that no line names one for; empty for none.
        job: What takes the photos in.
        max_bytes: Largest photo.

    Returns:
        How many lines could not be used; each was named on stderr.

    Raises:
        InputError: The folder cannot be read at all.
        Unavailable: Disk, database or models are out of reach; what came before is kept.
    """
    if sku:
        checked_sku(sku)
    total = sum(1 for _ in lot_lines(folder, sku=sku))  # read twice: a list of all lines could be long
    broken = 0
    with progress(f"import {folder.name or folder}", unit="photo") as steps:
        for done, line in enumerate(lot_lines(folder, sku=sku)):
            steps(line.where, done, total)
            taken = _take(line, job, max_bytes)
            broken += isinstance(taken, str)
            for said in [taken] if isinstance(taken, str) else _findings(taken):
                with steps.aside():
                    typer.echo(f"visiqc: {line.where}: {said}", err=True)
        steps("done", total, total)
    return broken


def _take(line: LotLine | BrokenLine, job: LotImport, max_bytes: int) -> Taken | str:
    """Take one line in, or say why it cannot be."""
    if isinstance(line, BrokenLine):
        return line.why
    try:
        photo = SentUnitPhoto(photo=line.file.read(max_bytes=max_bytes), unit=line.unit, view=line.view)
        return job.take(line.order, line.lot, line.sku, line.milestone, photo)
    except (InputError, NotFound, Conflict) as err:
        return str(err)


def _findings(taken: Taken) -> list[str]:
    """What is to be said of a photo that was taken in."""
    repeats = [] if taken.repeats is None else [f"it was taken in and is {taken.repeats}"]
    return repeats + ([] if taken.failure is None else [f"it was taken in and cannot be scored: {taken.failure}"])
