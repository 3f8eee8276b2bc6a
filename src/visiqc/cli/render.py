"""`visiqc render`: a set of rendered photos with exact ground truth, from a recipe."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from visiqc.rendering.jobs import Failure, Photographer, Rendered
    from visiqc.rendering.recipe import RenderRecipe
    from visiqc.rendering.shots import Shot

MOST_NAMED = 20
"""Failed photos that are named; a mistake in the generator may fail them all."""


def render(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="YAML file; see configs/render_*.yaml.")],
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the recipe; repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder for the photos; default: one in VISIQC_CACHE.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; default: one for each core this process may use.", min=1, max=256)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be rendered, and stop.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="SKU", help="Render this product's photos alone; repeatable.")
    ] = None,
    sheets: Annotated[
        bool, typer.Option("--sheets", help="Write contact sheets of what is finished, to look at.")
    ] = False,
) -> None:
    """Render a set of inspection photos with masks and records.

    Stop it whenever you like: the same command goes on where it stopped. The manifest is written when all
    photos are there.
    """
    from visiqc.cli.progress import progress
    from visiqc.rendering.engine import require_renderer, single_threaded, variant
    from visiqc.settings import cache_folder

    require_renderer()
    from visiqc.recipes import read_recipe
    from visiqc.rendering.photograph import photograph
    from visiqc.rendering.plan import plan
    from visiqc.rendering.recipe import RenderRecipe

    wanted = read_recipe(RenderRecipe, recipe, changes or ())
    with progress("plan", unit="design") as steps:
        shots = plan(wanted, progress=steps)
    chosen = choose(shots, only or ())
    if dry_run:
        print(summary(wanted, chosen))
        return
    print(f"renderer:  {variant()}")
    folder = out or cache_folder() / "renders" / wanted.folder_name
    code = render_into(
        folder,
        wanted,
        shots,
        chosen=chosen,
        workers=workers or usable_cores(),
        photographer=photograph,
        prepare=single_threaded,
    )
    if sheets:
        from visiqc.rendering.sheets import write_sheets

        written = write_sheets(folder, folder / "sheets")
        print(f"sheets:    {len(written)} in sheets/")
    raise typer.Exit(code)


def render_into(
    folder: Path,
    recipe: RenderRecipe,
    shots: Sequence[Shot],
    *,
    chosen: Sequence[Shot],
    workers: int,
    photographer: Photographer,
    prepare: Callable[[], None] | None = None,
) -> int:
    """Render what is missing, say what is being done, and write the manifest when all is there.

    Args:
        folder: Where the set stands.
        recipe: Of the set.
        shots: All of the set.
        chosen: Those to render now.
        workers: Processes.
        photographer: Takes a photo.
        prepare: Called once in each process.

    Returns:
        The exit code.

    Raises:
        Conflict: Another run is writing to the folder.
        Unavailable: The disk, or the system killed a process.
    """
    from visiqc.cli.photos import shown
    from visiqc.cli.progress import progress
    from visiqc.rendering.folder import claimed, is_finished
    from visiqc.rendering.jobs import render_all
    from visiqc.rendering.throughput import throughput

    print(f"folder:    {shown(folder)}")
    with claimed(folder):
        done = sum(is_finished(folder, shot) for shot in chosen)
        print(f"photos:    {len(chosen)}, {done} done already, {len(chosen) - done} to do", flush=True)
        try:
            with progress("render", unit="photo") as steps:
                rendered = render_all(
                    chosen, folder, workers=workers, photographer=photographer, prepare=prepare, progress=steps
                )
        except KeyboardInterrupt:
            typer.echo("visiqc: stopped; the same command goes on from here", err=True)
            raise
        if rendered.taken:
            print(throughput(rendered))
        return _concluded(folder, recipe, shots, rendered)


def choose(shots: Sequence[Shot], only: Sequence[str]) -> Sequence[Shot]:
    """The shots of some products; all where none is named.

    Raises:
        InputError: There is no such product.
    """
    from visiqc.errors import InputError

    known = dict.fromkeys(shot.sku for shot in shots)
    for sku in only:
        if sku not in known:
            raise InputError(f"the recipe has no product {sku!r}; --dry-run lists its {len(known)}")
    return [shot for shot in shots if not only or shot.sku in only]


def summary(recipe: RenderRecipe, shots: Sequence[Shot]) -> str:
    """How many photos of what a set holds."""
    products = {shot.sku: shot.design.family for shot in reversed(shots)}  # the first is a golden, of its own design
    columns = {
        "products by family": Counter(products[sku] for sku in sorted(products)),
        "photos by role": Counter(str(shot.role) for shot in shots),
        "uploads by pose": Counter(str(shot.pose) for shot in shots if shot.role != "golden"),
        "defects": Counter(shot.defect for shot in shots if shot.defect),
        "variants and faults": Counter(shot.attribute for shot in shots if shot.attribute),
    }
    size = f"{recipe.side_px} px, {recipe.samples} samples"
    lines = [f"{recipe.folder_name}: {len(shots)} photos of {len(products)} products, {size}"]
    for title, counts in columns.items():
        lines += ["", title, *(f"  {name:<20} {count:>6}" for name, count in sorted(counts.items()))]
    return "\n".join([*lines, "", "products", *(f"  {sku}" for sku in sorted(products))])


def usable_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _concluded(folder: Path, recipe: RenderRecipe, shots: Sequence[Shot], rendered: Rendered) -> int:
    """Say what is still missing, or write the manifest; the exit code."""
    from visiqc.cli.exits import DONE, INPUT
    from visiqc.evaluation.rendered_sets import MANIFEST
    from visiqc.rendering.folder import is_finished
    from visiqc.rendering.manifest import write_manifest

    for failure in rendered.failures[:MOST_NAMED]:
        _report(failure)
    if more := len(rendered.failures[MOST_NAMED:]):
        typer.echo(f"visiqc: and {more} more", err=True)
    missing = sum(not is_finished(folder, shot) for shot in shots)
    if not missing:
        write_manifest(folder, recipe, shots)
        print(f"manifest:  {MANIFEST} of {len(shots)} photos")
    elif rendered.failures:
        typer.echo(f"visiqc: {len(rendered.failures)} photos could not be rendered; the others are kept", err=True)
    else:
        print(f"manifest:  not yet, {missing} photos of the set are still to do")
    return INPUT if rendered.failures else DONE


def _report(failure: Failure) -> None:
    from visiqc.errors import VisiQCError

    if os.environ.get("VISIQC_DEBUG", "") not in {"", "0"}:
        import traceback

        traceback.print_exception(failure.error)
    known = isinstance(failure.error, VisiQCError)
    said = str(failure.error) if known else f"{type(failure.error).__name__}: {failure.error}"
    typer.echo(f"visiqc: {failure.shot.sku}/{failure.shot.name}: {said}", err=True)
