"""Takes the lines of a folder in, one by one, and names those that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import typer

from visiqc.batch.imported import OddView, Taken
from visiqc.batch.lot_import import LotImport
from visiqc.cli.lot_leftovers import Leftovers
from visiqc.cli.lot_lines import CSV_NAME, BrokenLine, LotLine, lot_lines
from visiqc.cli.lot_text import describe_odd_view
from visiqc.cli.photos import shown
from visiqc.cli.progress import progress
from visiqc.domain.golden import checked_sku
from visiqc.errors import Conflict, InputError, NotFound
from visiqc.inspection.lots import SentUnitPhoto

NAMED = 3
"""How many photos a message names as examples."""


def import_lines(folder: Path, sku: str, job: LotImport, *, max_bytes: int) -> None:
    """Import every line of a folder; what was not imported is named on stderr and counted in `job.done`.

    Args:
        folder: The folder.
        sku: The product of lots that no line names one for; empty for none.
        job: What takes the photos in.
        max_bytes: Largest photo.

    Raises:
        InputError: The folder cannot be read at all.
        Unavailable: Disk, database or models are out of reach; what came before is kept.
    """
    if sku:
        checked_sku(sku)
    total = sum(1 for _ in lot_lines(folder, sku=sku))  # read twice: a list of all lines could be long
    left = Leftovers(folder)
    with progress(f"import {folder.name or folder}", unit="photo") as steps:
        for done, line in enumerate(lot_lines(folder, sku=sku)):
            steps(line.where, done, total)
            left.strike(line)
            for said in _said(_take(line, job, max_bytes), job):
                with steps.aside():
                    typer.echo(f"visiqc: {line.where}: {said}", err=True)
        steps("done", total, total)
    for odd, count in job.done.odd_views.items():
        typer.echo(f"visiqc: {describe_odd_view(odd, count)}", err=True)
    _name_leftovers(left, folder, job)


def _name_leftovers(left: Iterable[Path], folder: Path, job: LotImport) -> None:
    by_list = os.path.lexists(folder / CSV_NAME)
    names: list[str] = []
    count = 0
    for count, path in enumerate(left, start=1):  # noqa: B007 - counted
        if len(names) < NAMED:
            names.append(shown(path))
    if not count:
        return
    if by_list:
        job.done.unlisted = count
        why = f"not named in {CSV_NAME} and were left where they are; add a line for each that belongs to a lot"
    else:
        job.done.misplaced = count
        why = "not in a folder <order>/<lot>/<milestone> and were left out; move them there"
    typer.echo(f"visiqc: {count} photos are {why}: {', '.join(names)}{' …' if count > len(names) else ''}", err=True)


def _take(line: LotLine | BrokenLine, job: LotImport, max_bytes: int) -> Taken | OddView | str:
    """Take one line in, or say why it cannot be."""
    if isinstance(line, BrokenLine):
        return line.why
    try:
        photo = SentUnitPhoto(photo=line.file.read(max_bytes=max_bytes), unit=line.unit, view=line.view)
        return job.take(line.order, line.lot, line.sku, line.milestone, photo)
    except (InputError, NotFound, Conflict) as err:
        return str(err)


def _said(taken: Taken | OddView | str, job: LotImport) -> list[str]:
    """What is to be said at once of one line; views that nobody knows are told together at the end."""
    if isinstance(taken, OddView):
        return []
    if isinstance(taken, str):
        job.done.refused += 1
        return [taken]
    repeats = [] if taken.repeats is None else [f"it was taken in and is {taken.repeats}"]
    return repeats + ([] if taken.failure is None else [f"it was taken in and cannot be scored: {taken.failure}"])
