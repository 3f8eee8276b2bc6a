"""`visiqc order` and `visiqc lot`: orders, lots, and the photos of their units."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from visiqc.cli.who import By

order_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Open and list orders.")
lot_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Open lots, import their photos, show them.")

OrderCode = Annotated[str, typer.Argument(metavar="ORDER", help="Code of the order.")]
LotCode = Annotated[str, typer.Argument(metavar="LOT", help="Code of the lot.")]


@order_app.command("open")
def open_new_order(
    order: OrderCode,
    milestone: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A milestone, in their order; may be repeated. Default: the usual four."),
    ] = None,
    by: By = None,
) -> None:
    """Open an order; opened again, it is the same one."""
    from visiqc.bootstrap import build_records, now
    from visiqc.cli.who import author
    from visiqc.domain.lot import MILESTONES, Order
    from visiqc.settings import Settings

    wanted = Order(code=order, milestones=tuple(milestone or MILESTONES), made_at=now(), made_by=author(by))
    kept = build_records(Settings()).add_order(wanted)
    print(f"{kept.code} is open: {', '.join(kept.milestones)}")


@order_app.command("list")
def list_orders() -> None:
    """List all orders with their milestones and lots, oldest first."""
    from visiqc.bootstrap import build_records
    from visiqc.cli.lot_text import opened
    from visiqc.inspection.lot_reports import every_lot, every_order
    from visiqc.settings import Settings

    records, order = build_records(Settings()), None
    for order in every_order(records):
        print(f"{order.code}  {opened(order)}  {', '.join(order.milestones)}")
        for lot in every_lot(order.code, records):
            print(f"    {lot.code:<24} {lot.sku:<24} {f'{lot.units} units' if lot.units else ''}".rstrip())
    if order is None:
        typer.echo("There is no order; visiqc order open makes one.", err=True)


@lot_app.command("open")
def open_new_lot(
    order: OrderCode,
    lot: LotCode,
    sku: Annotated[str, typer.Option(help="The product of its units.")],
    units: Annotated[int | None, typer.Option(help="How many units it holds.")] = None,
    view: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A view every unit must show; may be repeated. Default: the golden's views."),
    ] = None,
    by: By = None,
) -> None:
    """Open a lot of an order; opened again, it is the same one."""
    from visiqc.bootstrap import build_records, now
    from visiqc.cli.who import author
    from visiqc.domain.lot import Lot
    from visiqc.settings import Settings

    wanted = Lot(
        order=order,
        code=lot,
        sku=sku,
        units=units,
        required_views=tuple(view or ()),
        made_at=now(),
        made_by=author(by),
    )
    kept = build_records(Settings()).add_lot(wanted)
    print(f"{kept.order} {kept.code} is open for {kept.sku}")


@lot_app.command("show")
def show(
    order: OrderCode,
    lot: LotCode,
    golden_version: Annotated[
        int | None,
        typer.Option(min=1, help="Show what this golden version said of all photos; default: the verdicts of record."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Show what is known of each unit of a lot: its outcome, and the views that are missing."""
    from functools import partial

    from visiqc.bootstrap import build_records
    from visiqc.cli.lot_text import describe_lot, lot_document
    from visiqc.inspection.lot_reports import every_unit, lot_report
    from visiqc.settings import Settings

    records = build_records(Settings())
    report = lot_report(order, lot, records, golden_version=golden_version)
    units_of = partial(every_unit, report.lot, records=records, golden_version=golden_version)
    if as_json:
        for piece in lot_document(report, units_of):
            print(piece, end="")
    else:
        for line in describe_lot(report, units_of):
            print(line)


@lot_app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder with lot.csv, or laid out by names.")],
    sku: Annotated[
        str, typer.Option(help="Product of lots that are not open yet, where lot.csv does not name it.")
    ] = "",
    score: Annotated[
        bool, typer.Option("--score/--no-score", help="Score the photos here, or leave that to services and workers.")
    ] = True,
    any_view: Annotated[
        bool, typer.Option("--any-view", help="Take photos of views, too, that the golden sample does not have.")
    ] = False,
    by: By = None,
) -> None:
    """Import photos of units from a folder; stopped or killed, the same command goes on where it was.

    A line, photo or view that cannot be used is named, the others are imported all the same, and the exit code is 3.
    """
    from visiqc.batch.lot_import import LotImport
    from visiqc.bootstrap import build_parts
    from visiqc.cli.exits import DONE, INPUT
    from visiqc.cli.lot_text import describe_import
    from visiqc.cli.lots_in import import_lines
    from visiqc.cli.who import author
    from visiqc.service.logs import configure_logging
    from visiqc.settings import Settings

    configure_logging(Settings().log_format)  # on standard error: standard output is the answer
    parts = build_parts()
    with LotImport(parts, score=score, by=author(by), any_view=any_view) as job:
        import_lines(folder, sku, job, max_bytes=parts.limits.max_bytes)
        pending = job.finish()
    print(describe_import(job.done, pending=pending, records=parts.records))
    raise typer.Exit(DONE if job.done.complete else INPUT)


@lot_app.command("retry")
def retry_failed(order: OrderCode, lot: LotCode) -> None:
    """Have the photos of a lot scored again that could not be; a service, a worker or an import does it."""
    from visiqc.bootstrap import build_records
    from visiqc.inspection.lot_reports import every_unit
    from visiqc.settings import Settings

    records = build_records(Settings())
    inside = records.lot(order, lot)
    units = (unit for name in records.order(order).milestones for unit in every_unit(inside, name, records))
    print(f"{sum(records.retry(photo) for unit in units for photo in unit.failed)} photos wait for their score again")
