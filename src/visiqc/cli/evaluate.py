"""`visiqc evaluate`: labelled photos, scored the way they would be used."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from visiqc.evaluation.rendered_scoring import ModelSet
    from visiqc.settings import Settings

SMALLEST_SIDE, LARGEST_SIDE = 256, 2048


def evaluate(
    folder: Annotated[
        Path, typer.Argument(help="MVTec-style folder (train/good, test/*, ground_truth/*), or a rendered set.")
    ],
    k: Annotated[list[int] | None, typer.Option("--k", help="Golden photos; repeat for several runs.")] = None,
    seeds: Annotated[
        int, typer.Option(help="Draws of goldens, with seeds 0, 1, 2, …; not for rendered sets.", min=1, max=100)
    ] = 3,
    long_side: Annotated[
        list[int] | None,
        typer.Option(
            help="Resolution of the comparison in pixels; repeat for several runs of a rendered set.",
            min=SMALLEST_SIDE,
            max=LARGEST_SIDE,
        ),
    ] = None,
    sku: Annotated[list[str] | None, typer.Option(help="Products of a rendered set; all by default.")] = None,
    processes: Annotated[int, typer.Option(help="That score a rendered set at a time.", min=1, max=64)] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the CSV, JSON and text files; each of several --k drawn gets one in it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure how well an evaluation folder's good and defective photos are told apart.

    In an MVTec-style folder goldens are drawn from train/good, the rest of it calibrates, and test photos do
    neither. A rendered set (a folder with a manifest.json) has goldens of its own. Prints image AUROC, AU-PRO(0.3),
    and the rates at the deployed threshold, with intervals.
    """
    from visiqc.evaluation.rendered_sets import is_rendered

    sides = long_side or [1024]
    if is_rendered(folder):
        documents: Iterable[str] = _rendered(folder, k or [3], sides, tuple(sku or ()), processes, out, as_json=as_json)
    else:
        if len(sides) > 1:
            raise typer.BadParameter("several resolutions are for rendered sets; give one", param_hint="--long-side")
        documents = _labelled(folder, k or [4], seeds, sides[0], out, as_json=as_json)
    _print(documents, as_json=as_json)


def _print(documents: Iterable[str], *, as_json: bool) -> None:
    """Each as it comes: what was measured stays, whatever ends the next run."""
    between = ""
    try:
        for document in documents:
            print(between or ("[" if as_json else ""), document, sep="", end="", flush=True)
            between = ",\n" if as_json else "\n\n"
    finally:
        if between:
            print("]" if as_json else "")


def _labelled(
    folder: Path, k: list[int], seeds: int, long_side: int, out: Path | None, *, as_json: bool
) -> Iterator[str]:
    """One document for each number of goldens, as soon as it is measured."""
    from visiqc.cli.progress import progress
    from visiqc.domain.golden import ScoringPolicy
    from visiqc.evaluation import tables
    from visiqc.evaluation.datasets import read_folder
    from visiqc.evaluation.golden_scorer import golden_scorers
    from visiqc.evaluation.protocol import require_sensible, run_protocol, with_whole_photos
    from visiqc.settings import Settings

    with progress("check photos of train/good") as steps:
        dataset = with_whole_photos(read_folder(folder), lambda done, total, name: steps(name, done, total))
    for goldens in k:
        require_sensible(dataset, goldens, range(seeds))
    make = golden_scorers(*_models(Settings()), ScoringPolicy(long_side=long_side))
    for goldens in k:
        result = run_protocol(dataset, make, k=goldens, seeds=range(seeds), progress=_tell)
        try:
            yield tables.as_json(result) if as_json else tables.as_text(result)
        finally:  # whoever reads may have gone away
            if out is not None:
                # The files have the same names whatever k is: each of several runs would replace the one before.
                tables.write_results(result, out / f"{goldens}-goldens" if len(set(k)) > 1 else out)


def _rendered(
    folder: Path,
    k: list[int],
    long_sides: list[int],
    skus: tuple[str, ...],
    processes: int,
    out: Path | None,
    *,
    as_json: bool,
) -> list[str]:
    """Rows are kept in the cache, so that the same command goes on where it was stopped."""
    import json

    from visiqc.cli.progress import progress
    from visiqc.evaluation import rendered_report
    from visiqc.evaluation.rendered_photos import read_known
    from visiqc.evaluation.rendered_protocol import require_goldens, run_rendered
    from visiqc.settings import Settings, cache_folder

    known = read_known(folder, skus=skus)
    for goldens in k:
        require_goldens(known, goldens)
    settings = Settings(threads=1) if processes > 1 else Settings()
    runs = []
    for goldens, side in [(goldens, side) for goldens in k for side in long_sides]:
        with progress(f"{goldens} goldens, {side} px", unit="photo") as steps:
            run = run_rendered(
                known,
                partial(_models, settings),
                cache_folder() / "evaluations",
                goldens=goldens,
                long_side=side,
                processes=processes,
                progress=lambda done, total, name, steps=steps: steps(name, done, total),  # type: ignore[misc]
            )
        runs.append(rendered_report.measured(run))
    if out is not None:
        rendered_report.write_report(runs, out)
    if as_json:
        return [json.dumps(rendered_report.as_values(one), indent=1, ensure_ascii=False) for one in runs]
    several = [rendered_report.overview(runs)] if len(runs) > 1 else []
    return [*several, *(rendered_report.as_text(one) for one in runs)]


def _models(settings: Settings) -> ModelSet:
    """The models in force, opened in whichever process asks; measuring alone makes no database."""
    from visiqc.bootstrap import build_records, load_set, set_in_force

    written = settings.database_url or (settings.home / "visiqc.sqlite3").is_file()
    return load_set(settings, set_in_force(settings, build_records(settings)) if written else None)


def _tell(done: int, total: int, name: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done}/{total} {name[:60]:<60}", end=end, file=sys.stderr, flush=True)
    elif done == total or done % 25 == 0:
        print(f"{done}/{total} {name}", file=sys.stderr, flush=True)
