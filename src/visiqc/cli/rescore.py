"""`visiqc rescore`: photos of the past, scored again, and what would be said otherwise today."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visiqc.cli.moments import moment

if TYPE_CHECKING:
    from visiqc.batch.rescore_hold import RescoreHold
    from visiqc.domain.rescore import RescoreCounts, RescoreRequest, Selection
    from visiqc.domain.rescore_lease import RescoreLease
    from visiqc.inspection.parts import Parts
    from visiqc.inspection.rescore import Begun
    from visiqc.settings import Settings


def rescore(
    sku: Annotated[str | None, typer.Option(help="Only photos of this product.")] = None,
    order: Annotated[str | None, typer.Option(metavar="ORDER", help="Only photos of this order.")] = None,
    lot: Annotated[str | None, typer.Option(metavar="LOT", help="Only photos of this lot of the order.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=moment,
            metavar="WHEN",
            help="Only photos received since then: 2026-03-02 or 2026-03-02T08:30+08:00; UTC where no offset is named.",
        ),
    ] = None,
    golden_version: Annotated[
        int | None, typer.Option(min=1, help="Hold all against this golden version; default: each against its own.")
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODELS",
            help="A set by id or `shipped`, a version such as defect/halo-2, a candidate's folder, or NAME@ALIAS; "
            "may be repeated. Default: those in force.",
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=0, max=256, help="Photos scored at the same time; 0 = one for each core.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write tables, the difference report and a manifest here.")
    ] = None,
    show: Annotated[int, typer.Option(min=0, max=1000, help="Changed photos that the report shows.")] = 50,
    to_queue: Annotated[
        bool,
        typer.Option("--to-queue", help="Put unanswered photos that are riskier than before in the inspectors' queue."),
    ] = False,
    new: Annotated[bool, typer.Option("--new", help="Begin a new run, even if one is unfinished.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and score nothing.")] = False,
) -> None:
    """Score photos of the past again and report what changed; verdicts of record stay as they are.

    Stopped or killed, the same command goes on where it was. A photo that cannot be scored is a result with its
    reason; the others are scored all the same, and the exit code is 3.
    """
    from visiqc.batch.local import usable_cores
    from visiqc.batch.rescore_hold import RescoreHold
    from visiqc.cli.exits import DONE, INPUT
    from visiqc.cli.rescore_models import asked_models
    from visiqc.cli.rescore_text import describe_agreement, describe_plan, describe_queued, describe_rescore
    from visiqc.domain.rescore import RescoreRequest
    from visiqc.domain.rescore_results import agreement
    from visiqc.inspection.rescore import begin_rescore, plan_rescore, queue_riskier
    from visiqc.settings import Settings

    settings, cores = Settings(), processes or usable_cores()
    selection = _selection(sku, order, lot, since)
    members, parts = asked_models(settings, models or [])
    request = RescoreRequest(selection=selection, golden_version=golden_version, members=members)
    if dry_run:
        print(describe_plan(plan_rescore(request, parts.records), processes=cores))
        return
    with RescoreHold(request, parts.records, parts.clock, waiting=_say_waiting) as hold:
        begun = begin_rescore(request, parts, new=new)
        counts = _work(begun, request, parts, settings, cores, hold)
        finished_at = parts.records.end_rescore(begun.run.id, at=parts.clock())
        print(describe_rescore(counts))
        before, now = agreement(parts.records.rescore_tallies(begun.run.id))
        if before.photos:
            print(describe_agreement(before, now))
        if to_queue:
            print(describe_queued(queue_riskier(begun.run, parts.records)))
        if out is not None:
            _write(out, begun, counts, parts, finished_at, show)
    raise typer.Exit(INPUT if counts.errors else DONE)


def _selection(sku: str | None, order: str | None, lot: str | None, since: datetime | None) -> Selection:
    from visiqc.domain.rescore import Selection

    return Selection(sku=sku, order=order, lot=lot, since=since)


def _say_waiting(lease: RescoreLease) -> None:
    typer.echo(f"This re-score was begun by {lease}; waiting a few seconds for a sign of life", err=True)


def _work(
    begun: Begun, request: RescoreRequest, parts: Parts, settings: Settings, processes: int, hold: RescoreHold
) -> RescoreCounts:
    from visiqc.batch.local import LocalProcesses
    from visiqc.batch.rescoring import RescoreWork, run_rescore
    from visiqc.cli.progress import progress
    from visiqc.inspection.rescore import prepare_goldens

    if begun.resumed:
        done = parts.records.rescore_counts(begun.run.id).done
        typer.echo(f"Going on with the run of {begun.run.started_at:%Y-%m-%d %H:%M} UTC: {done} are done", err=True)
    with progress("fit products") as steps:
        prepared = prepare_goldens(begun.run, parts, progress=steps)
    for (sku, version), why in (*prepared.unusable.items(), *prepared.fewer.items()):
        typer.echo(f"visiqc: {sku} version {version}: {why}", err=True)
    with progress("score again", unit="photo") as steps:
        return run_rescore(
            begun.run,
            parts.records,
            LocalProcesses(processes),
            RescoreWork(settings, request.members),
            unusable=prepared.unusable,
            progress=steps,
            still_ours=hold.require,
        )


def _write(folder: Path, begun: Begun, counts: RescoreCounts, parts: Parts, finished_at: datetime, shown: int) -> None:
    from visiqc.cli.rescore_files import write_files

    for file in write_files(folder, begun.run, counts, parts, finished_at=finished_at, shown=shown):
        typer.echo(f"{file}", err=True)
