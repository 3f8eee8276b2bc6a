"""`visiqc model`: which models score, and how better ones take their place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visiqc.cli.who import By, this_user

if TYPE_CHECKING:
    from visiqc.cli.model_moves import Challenge
    from visiqc.cli.registered import Registered
    from visiqc.domain.model_set import Members
    from visiqc.inspection.answered import WithAnswers

model_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, compare, promote and roll back models.",
)


@model_app.command("list")
def list_models() -> None:
    """List the models there are; those that score now are marked with a star."""
    from visiqc.bootstrap import build_records, load_set, names_of, set_in_force
    from visiqc.cli.model_text import describe_force, describe_installed
    from visiqc.errors import VisiQCError
    from visiqc.runtime.installed import installed
    from visiqc.settings import Settings

    settings = Settings()
    row = set_in_force(settings, build_records(settings))
    members = row.members if row else None
    if row is None or row.shipped:
        try:
            models, fleet = load_set(settings, row)
            members = names_of(settings, row, models, fleet)
        except VisiQCError as err:
            typer.echo(f"What should score cannot be loaded: {err}", err=True)
    print(describe_installed(installed(settings.home), members))
    if settings.names_models:
        named = "VISIQC_TRUNK, VISIQC_IDENTITY, VISIQC_DEFECT and VISIQC_MASK"
        print(f"In force: what {named} name; a promoted set is left aside.")
    else:
        print(describe_force(row))


@model_app.command()
def show(
    task: Annotated[str, typer.Argument(metavar="TASK", help="trunk, identity, defect or mask.")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="As `visiqc model list` names it.")],
) -> None:
    """Show a model's card: what it is, what it was trained on, what was measured."""
    from visiqc.runtime.bundle import find_model
    from visiqc.runtime.cards import card_text, read_card
    from visiqc.settings import Settings

    print(card_text(read_card(find_model(task, version, home=Settings().home))), end="")


@model_app.command()
def promote(
    candidate: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="CANDIDATE", help="A run's folder, its candidate/ folder, or one <task>/<version>/ of it."
        ),
    ] = None,
    on: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Rendered set to compare on; default: the samples that ship."),
    ] = None,
    registry: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME@ALIAS", help="Take a candidate from the MLflow registry; may be repeated."),
    ] = None,
    override: Annotated[
        str, typer.Option(metavar="REASON", help="Promote even if it is worse; the reason is kept for good.")
    ] = "",
    by: By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the models change.")] = False,
) -> None:
    """Compare candidates with the models in force on the same photos, and put them in force unless they are worse.

    Running services take over within seconds; photos under way are finished with the models they began with.
    """
    from visiqc.cli.model_moves import challenge, completed
    from visiqc.cli.model_text import describe_moved
    from visiqc.cli.progress import progress
    from visiqc.evaluation.known_designs import known_designs, require_unseen
    from visiqc.inspection.promotion import promote as put_in_force
    from visiqc.runtime.bundle import bundled_samples
    from visiqc.settings import Settings

    if not (candidate or registry):
        raise typer.BadParameter("name a candidate's folder, or --registry", param_hint="CANDIDATE")
    settings, who = Settings(), by or this_user()
    fetched = [_fetched(each) for each in registry or []]
    named = [*(candidate or []), *(each.folder for each in fetched)]
    # One from the registry that is in force already may only have missed its alias.
    ask = completed if fetched else challenge
    asked = ask(settings, named, sidecars=[one for each in fetched for one in each.sidecars])
    if asked.in_force:
        print("This set is in force already.")
        _crown(asked.members)
        return
    print(f"Challenger: {asked.members}", flush=True)
    photos = on or bundled_samples()
    learned = require_unseen(asked.parts.models, photos, override=override)
    for line in learned:
        typer.echo(f"{line}, which it is compared on: {override}", err=True)
    for line in known_designs(asked.champion[0], photos):
        typer.echo(f"The champion knows what it is compared on, which favours it: {line}.", err=True)
    if asked.forgets_sizes:
        typer.echo(
            "The challenger does not know what the size of a photo does to its scores, though the champion does: of "
            "large photos more good ones will be flagged. `visiqc train` in docs/command-line.md says how to measure "
            "it, now or once it is in force.",
            err=True,
        )
    weighed = _weighed(asked, photos, override)
    _ask("Put the challenger in force?", yes=yes)
    with progress("fit products") as steps:
        moved = put_in_force(
            asked.members,
            asked.parts,
            weighed,
            supersedes=asked.supersedes,
            by=who,
            override=override,
            learned=learned,
            champion=asked.champion_parts,
            progress=steps,
        )
    print(describe_moved(moved), flush=True)
    _crown(asked.members)


@model_app.command()
def rollback(
    to: Annotated[
        str, typer.Option(metavar="ID", help="Set to return to, or `shipped`; default: the one before.")
    ] = "",
    why: Annotated[str, typer.Option(metavar="REASON", help="Kept in the history.")] = "",
    by: By = None,
) -> None:
    """Return to the models before, or to those named; nothing is lost, and running services follow within seconds."""
    from visiqc.cli.model_moves import returning
    from visiqc.cli.model_text import describe_moved
    from visiqc.cli.progress import progress
    from visiqc.inspection.promotion import roll_back
    from visiqc.settings import Settings

    asked = returning(Settings(), to)
    with progress("fit products") as steps:
        moved = roll_back(
            asked.target,
            asked.members,
            asked.parts,
            supersedes=asked.supersedes,
            by=by or this_user(),
            why=why,
            progress=steps,
        )
    print(describe_moved(moved), flush=True)
    _crown(asked.members)


@model_app.command()
def history() -> None:
    """List every promotion and rollback, newest first."""
    from typing import cast

    from visiqc.bootstrap import build_records
    from visiqc.cli.model_text import describe_history
    from visiqc.inspection.model_ports import ModelSetRecords
    from visiqc.settings import Settings

    rows = cast("ModelSetRecords", build_records(Settings())).model_sets()
    if rows:
        print(describe_history(rows))
    else:
        typer.echo("Nothing was promoted yet; what ships with VisiQC scores.", err=True)


@model_app.command()
def refit() -> None:
    """Fit golden features and calibrations to the models in force, such as after an upgrade of VisiQC.

    Promotion and rollback do it themselves, and let MLflow's alias `champion` follow; this catches up with both. It may
    be stopped, and goes on where it was.
    """
    from visiqc.bootstrap import build_parts, set_in_force
    from visiqc.cli.model_text import describe_refitted
    from visiqc.cli.progress import progress
    from visiqc.inspection.recalibrate import refit_all
    from visiqc.settings import Settings

    settings = Settings()
    parts = build_parts(settings)
    with progress("fit products") as steps:
        done = refit_all(parts, progress=steps)
    print(describe_refitted(done), flush=True)
    if (row := set_in_force(settings, parts.records)) is not None:
        _crown(row.members)


def _weighed(asked: Challenge, photos: Path, override: str) -> WithAnswers:
    """What the gate says of a challenger, photo set by photo set; errors as `gate`."""
    from visiqc.cli.progress import progress
    from visiqc.evaluation.model_comparison import compare_models
    from visiqc.inspection.answered import WithAnswers, compare_on_answers
    from visiqc.inspection.promotion import gate
    from visiqc.settings import cache_folder

    with progress("compare", unit="photo") as steps:
        measured = compare_models(
            photos,
            asked.champion,
            (asked.parts.models, asked.parts.fleet),
            keep=cache_folder() / "comparisons",
            progress=lambda done, total, name: steps(name, done, total),
        )
    print(measured.text(), flush=True)
    gate(measured, override=override)
    with progress("answered photos", unit="photo") as steps:
        answered = compare_on_answers(asked.champion_parts, asked.parts, progress=steps)
    print(answered.text(), flush=True)
    weighed = WithAnswers(measured=measured, answered=answered)
    gate(weighed, override=override)
    return weighed


def _crown(members: Members) -> None:
    """Let MLflow's alias `champion` follow what is in force, where training is installed."""
    from importlib.util import find_spec

    from visiqc.errors import VisiQCError

    if find_spec("mlflow") is None:
        return
    from visiqc.cli.registered import crown

    try:
        said = crown(members)
    except VisiQCError as err:
        typer.echo(f"MLflow's alias champion stays where it was: {err}; once it answers: visiqc model refit", err=True)
    else:
        if said:
            print(said)


def _fetched(reference: str) -> Registered:
    """A candidate from the MLflow registry, which only training installs."""
    from importlib.util import find_spec

    from visiqc.errors import Unavailable

    if find_spec("mlflow") is None:
        raise Unavailable("the MLflow registry needs what training needs; install visiqc[train], or name a folder")
    from visiqc.cli.registered import fetched

    return fetched(reference)


def _ask(question: str, *, yes: bool) -> None:
    """Go on if a person says so, or said so before; where nobody can be asked, `--yes` must have been."""
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "nobody can be asked here; say --yes to put the challenger in force", param_hint="--yes"
        )
    typer.confirm(question, abort=True)
