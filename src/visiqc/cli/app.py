"""The subcommands, put together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from visiqc import __version__
from visiqc.cli.dataset import dataset_app
from visiqc.cli.demo import demo
from visiqc.cli.evaluate import evaluate
from visiqc.cli.golden import golden_app
from visiqc.cli.keys import keys_app
from visiqc.cli.lot import lot_app, order_app
from visiqc.cli.model import model_app
from visiqc.cli.render import render
from visiqc.cli.rescore import rescore
from visiqc.cli.score import score
from visiqc.cli.serve import serve
from visiqc.cli.train import train_app
from visiqc.cli.users import users_app
from visiqc.cli.worker import worker

app = typer.Typer(
    name="visiqc",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: half the time, and it can be searched
    help="Compare factory photos with the approved golden sample.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"visiqc {__version__}")
        raise typer.Exit


@app.callback()
def settings(
    home: Annotated[
        Path | None,
        typer.Option(help="Folder of the database and the photos; default VISIQC_HOME, or visiqc-home here."),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Compare factory photos with the approved golden sample."""
    if home is not None:
        os.environ["VISIQC_HOME"] = str(home)  # the setting itself, so that every subcommand reads it alike


app.command()(demo)
app.add_typer(golden_app, name="golden")
app.command()(score)
app.add_typer(order_app, name="order")
app.add_typer(lot_app, name="lot")
app.command()(rescore)
app.command()(evaluate)
app.command()(render)
app.command()(serve)
app.command()(worker)
app.add_typer(train_app, name="train")
app.add_typer(dataset_app, name="dataset")
app.add_typer(model_app, name="model")
app.add_typer(keys_app, name="key")
app.add_typer(users_app, name="user")
