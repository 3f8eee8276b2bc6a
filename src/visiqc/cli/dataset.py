"""`visiqc dataset`: what inspectors said, as data to learn from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from visiqc.cli.moments import moment

dataset_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Make data to learn from.")


@dataset_app.callback()
def _group() -> None:
    """Make data to learn from."""


@dataset_app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write it; made if absent.")],
    licence: Annotated[str, typer.Option(metavar="NAME", help="On what terms, such as 'own photos'.")],
    commercial: Annotated[
        bool, typer.Option("--commercial/--no-commercial", help="Whether models that learn from it may be shipped.")
    ] = False,
    licence_text: Annotated[str, typer.Option(metavar="TEXT", help="A sentence for the model's card.")] = "",
    order: Annotated[str, typer.Option(help="Only photos of this order.")] = "",
    lot: Annotated[str, typer.Option(help="Only photos of this lot; needs --order.")] = "",
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=moment,
            metavar="WHEN",
            help="Only answers since then: 2026-03-02 or 2026-03-02T08:30+08:00; UTC where no offset is named.",
        ),
    ] = None,
) -> None:
    """Write the answers of inspectors that stand, with their photos, as a folder that training reads.

    Stopped or killed, the same command goes on; photos that were written are not written again.
    """
    from visiqc.batch.verdict_export import ExportTerms, export_reviews
    from visiqc.bootstrap import build_parts
    from visiqc.domain.inspection_queue import QueueFilter
    from visiqc.errors import InputError

    if lot and not order:
        raise InputError("--lot names a lot of an order; name the order too, with --order")
    done = export_reviews(
        folder,
        build_parts(),
        ExportTerms(licence=licence, commercial=commercial, text=licence_text),
        wanted=QueueFilter(order=order, lot=lot),
        since=since,
    )
    print(f"{done.photos} photos with {done.regions} regions written to {folder}")
    if done.says_nothing:
        print(f"{done.says_nothing} answers teach nothing and were left out")
    if not commercial:
        print(
            "A model that learns from them is not for shipping: set shippable: false in its recipe, or export them "
            "anew with --commercial where their owner allows it"
        )
    print(f"To learn from them: visiqc train defect RECIPE --set 'data.verdicts=[{folder}]'")
