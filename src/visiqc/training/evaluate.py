"""Measure models on a rendered set: every table of the report, and the pictures people look at."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from visiqc.evaluation.rendered_photos import read_known
from visiqc.evaluation.rendered_protocol import run_rendered
from visiqc.evaluation.rendered_report import MeasuredRun, measured, write_report
from visiqc.settings import cache_folder
from visiqc.training.metric_names import metric_name
from visiqc.training.model_choice import ModelChoice, loader_of
from visiqc.training.pace_lines import PaceLines
from visiqc.training.recipes import RunResult
from visiqc.training.tracking import Tracker


@dataclass(frozen=True, kw_only=True)
class EvaluateRecipe:
    """All that decides what is measured."""

    photos: Path
    """A set that `visiqc render` made, of designs that no model was trained on."""
    models: ModelChoice = field(default_factory=ModelChoice)
    """What is measured; keys `candidates`, `trunk`, `identity`, `defect`, `mask`, `fleet`."""
    goldens: tuple[int, ...] = (3,)
    """Numbers of goldens each design is enrolled with, a run for each; designs with fewer are left out of it."""
    long_sides: tuple[int, ...] = (1024,)
    """Resolutions of the comparison in pixels, a run for each."""
    aligned: tuple[bool, ...] = (True,)
    """Whether photos are laid over the golden view first; `[true, false]` tells what that is worth."""
    skus: tuple[str, ...] = ()
    """Products to measure; empty = all."""
    maps: bool = True
    """Whether maps are held against the masks too."""
    examples: int = 12
    """Worst false alarms and worst misses in the grids of pictures."""
    processes: int = 1
    """That score at the same time, on one thread each where there are several."""
    seed: int = 0
    """Unused by the measurement, which draws nothing but its own fixed bootstrap."""


def evaluate(recipe: EvaluateRecipe, tracker: Tracker, folder: Path) -> RunResult:
    """Score the set once for each number of goldens and resolution, and write tables, rows and pictures.

    Args:
        recipe: What to measure.
        tracker: Is given the pictures, and what was measured on.
        folder: Where they are written; the answers themselves are kept in the cache, for other runs too.

    Raises:
        InputError: The set is none, or no design has so many goldens.
        NotFound, IntegrityError: As the models are opened.
        Unavailable: A folder cannot be written.
    """
    from visiqc.training.evaluation_pictures import pictures_of  # Matplotlib takes a second

    known = read_known(recipe.photos, skus=recipe.skus)
    runs: list[MeasuredRun] = []
    with loader_of(recipe.models, threads=1 if recipe.processes > 1 else 0) as load:
        for goldens, side, aligned in itertools.product(recipe.goldens, recipe.long_sides, recipe.aligned):
            run = run_rendered(
                known,
                load,
                cache_folder() / "evaluations",
                goldens=goldens,
                long_side=side,
                aligned=aligned,
                processes=recipe.processes,
                progress=PaceLines(f"{goldens} goldens, {side} px{'' if aligned else ', not aligned'}"),
            )
            runs.append(measured(run, maps=recipe.maps))
    files = write_report(runs, folder)
    for run_measured in runs:
        for name, png in pictures_of(run_measured, examples=recipe.examples):
            tracker.figure(png, name)
    metrics = dict(pair for one in runs for pair in _metrics(one, several=len(runs) > 1))
    tracker.tags({f"measured_on.{known.manifest.name}": known.manifest.digest})
    return RunResult(metrics=metrics, artifacts=files, data_digest=known.manifest.digest)


def _metrics(one: MeasuredRun, *, several: bool) -> Iterator[tuple[str, float]]:
    key = one.run.key
    before = (key.title.replace(",", ""),) if several else ()
    for cell in one.cells:
        if not math.isnan(cell.estimate.value):
            yield metric_name(*before, cell.table, cell.row, cell.column), cell.estimate.value
    if one.types is not None:
        values: Mapping[str, float] = {"macro F1": one.types.macro_f1, "calibration error": one.types.calibration_error}
        for name, value in values.items():
            if not math.isnan(value):
                yield metric_name(*before, "types", name), value
