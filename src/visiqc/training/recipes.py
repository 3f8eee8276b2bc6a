"""One way to run every training script: a recipe from YAML, printed, seeded, run and kept."""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from visiqc.errors import VisiQCError
from visiqc.recipes import R, as_values, as_yaml, digest_of, read_recipe
from visiqc.storage.disk import disk_errors
from visiqc.training.ranks import rank_and_world
from visiqc.training.run_folder import claimed, ranks_folder, runs_folder, write_whole
from visiqc.training.seeding import require_seed, seed_everything

if TYPE_CHECKING:
    from visiqc.training.tracking import Tracker

__all__ = ["RunResult", "carry_out", "run_recipe", "seed_everything", "train_recipe"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What one run gave.

    Attributes:
        metrics: Numbers by name.
        artifacts: Files or folders that were written.
        data_digest: SHA-256 of the data the run learned from; empty where it learned from none.
    """

    metrics: Mapping[str, float]
    artifacts: tuple[Path, ...] = ()
    data_digest: str = ""


Train = Callable[[R, "Tracker", Path], RunResult]
"""Trains by a recipe, tells a tracker, and keeps all it needs to go on in a folder."""


def run_recipe(recipe_type: type[R], run: Callable[[R], RunResult], arguments: Sequence[str] | None = None) -> None:
    """The door of a script that needs no folder of its own; see `train_recipe`."""
    _door(recipe_type, lambda recipe, _tracker, _folder: run(recipe), run, arguments)


def train_recipe(recipe_type: type[R], train: Train[R], arguments: Sequence[str] | None = None) -> None:
    """Read the recipe the command line names, print it resolved, seed, train, and keep the run.

    The same command goes on where a killed one stopped.

    Args:
        recipe_type: The frozen dataclass.
        train: What to run.
        arguments: The command line: a YAML file, then any number of `--set key=value`; None = the process's own.

    Exits with code 2 and one sentence where the recipe or the run is refused.
    """
    _door(recipe_type, train, train, arguments)


def carry_out(
    recipe: R,
    train: Train[R],
    *,
    name: str,
    experiment: str,
    data: str = "",
    tracking: bool = True,
    fresh: bool = False,
) -> RunResult:
    """Run by a recipe in the run's own folder, and keep what it gives.

    Args:
        recipe: All that decides the outcome.
        train: What to run.
        name: Of the script, such as `train-defect`; the folder's name begins with it.
        experiment: In MLflow.
        data: SHA-256 of the data, where it is known beforehand: the folder carries it, so that other data begin anew.
        tracking: Whether MLflow is told.
        fresh: Begin anew; the folder of the run before is kept aside as `….previous`.

    Raises:
        Conflict: Another run of this recipe is at work.
        VisiQCError: As `train` raises.
    """
    digest = digest_of(as_values(recipe))
    folder = runs_folder() / "-".join([name, digest[:8], *([data[:8]] if data else [])])
    seed_everything(getattr(recipe, "seed", 0))
    if rank := _rank():
        return _follow(recipe, train, ranks_folder() / f"{folder.name}-{rank}", fresh=fresh)
    from visiqc.training.tracking import open_tracker

    if fresh:
        _put_aside(folder)
    with open_tracker(experiment, folder, wanted=tracking) as tracker:
        _keep_recipe(recipe, folder, tracker)
        result = train(recipe, tracker, folder)
        tracker.metrics(result.metrics)
        tracker.tags({"data_digest": result.data_digest})
        for path in result.artifacts:
            tracker.file(path)
    return result


def digest_of_data(recipe: R, train: Callable[..., RunResult]) -> str:
    """The data's digest, where the module that trains has a function `data_digest(recipe)`; else empty.

    Raises:
        BadRecipe: No generator takes the recipe's seed: that is told before minutes of reading.
    """
    require_seed(getattr(recipe, "seed", 0))
    hook = getattr(sys.modules[train.__module__], "data_digest", None)
    return str(hook(recipe)) if hook else ""


def _door(
    recipe_type: type[R], train: Train[R], named: Callable[..., RunResult], arguments: Sequence[str] | None
) -> None:
    parser = argparse.ArgumentParser(description=(recipe_type.__doc__ or "").partition("\n")[0])
    parser.add_argument("recipe", type=Path, help="YAML file; see configs/")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one key of the recipe")
    parser.add_argument("--no-tracking", action="store_true", help="do not log the run to MLflow")
    parser.add_argument("--fresh", action="store_true", help="begin anew where an earlier run could go on")
    options = parser.parse_args(arguments)
    try:
        recipe = read_recipe(recipe_type, options.recipe, options.set)
        if not _rank():
            sys.stdout.write(f"{recipe_type.__name__}\n{as_yaml(recipe)}")
        result = carry_out(
            recipe,
            train,
            name=named.__name__.replace("_", "-"),
            experiment=named.__module__,
            data=digest_of_data(recipe, named),
            tracking=not options.no_tracking,
            fresh=options.fresh,
        )
    except VisiQCError as err:
        parser.exit(2, f"{parser.prog}: {err}\n")
    for name, value in result.metrics.items() if not _rank() else ():
        sys.stdout.write(f"{name}: {value:.6g}\n")


def _rank() -> int:
    return rank_and_world()[0]


def _follow(recipe: R, train: Train[R], scratch: Path, *, fresh: bool) -> RunResult:
    """Run beside the first process: it does the same work, and what it writes is dropped."""
    from visiqc.training.tracking import Tracker

    if fresh and scratch.exists():  # what a run that failed has left
        with disk_errors("what the run before left cannot be removed"):
            shutil.rmtree(scratch)
    result = train(recipe, Tracker(), scratch)
    shutil.rmtree(scratch, ignore_errors=True)  # not after an error: the batch that caused it may stand there
    return result


def _put_aside(folder: Path) -> None:
    if not folder.exists():
        return
    aside = folder.with_name(f"{folder.name}.previous")
    with claimed(folder), disk_errors("the run before cannot be put aside"):
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)


def _keep_recipe(recipe: R, folder: Path, tracker: Tracker) -> None:
    path = folder / "recipe.yaml"
    with disk_errors("the run's folder cannot be written"):
        write_whole(path, as_yaml(recipe).encode())
    tracker.file(path)
    tracker.params(as_values(recipe))
