"""One way to run every training script: a recipe from YAML, printed, seeded, run and logged."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib.util
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from visiqc.errors import VisiQCError
from visiqc.recipes import R, Recipe, as_values, as_yaml, read_recipe
from visiqc.settings import cache_folder


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


def run_recipe(recipe_type: type[R], train: Callable[[R], RunResult], arguments: Sequence[str] | None = None) -> None:
    """Read the recipe the command line names, print it resolved, seed, run, and log the run where MLflow is installed.

    Args:
        recipe_type: The frozen dataclass.
        train: What to run.
        arguments: The command line: a YAML file, then any number of `--set key=value`; None = the process's own.

    Exits with code 2 and one sentence where the recipe or the run is refused.
    """
    parser = argparse.ArgumentParser(description=(recipe_type.__doc__ or "").partition("\n")[0])
    parser.add_argument("recipe", type=Path, help="YAML file; see configs/")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one key of the recipe")
    parser.add_argument("--no-tracking", action="store_true", help="do not log the run to MLflow")
    options = parser.parse_args(arguments)
    try:
        recipe = read_recipe(recipe_type, options.recipe, options.set)
        sys.stdout.write(f"{recipe_type.__name__}\n{as_yaml(recipe)}")
        seed_everything(getattr(recipe, "seed", 0))
        with _tracked(recipe, train.__module__, wanted=not options.no_tracking) as log:
            result = train(recipe)
            log(result)
    except VisiQCError as err:
        parser.exit(2, f"{parser.prog}: {err}\n")
    for name, value in result.metrics.items():
        sys.stdout.write(f"{name}: {value:.6g}\n")


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and, where it is installed, torch."""
    random.seed(seed)
    np.random.seed(seed)
    if importlib.util.find_spec("torch"):
        import torch

        torch.manual_seed(seed)


@contextlib.contextmanager
def _tracked(recipe: Recipe, experiment: str, *, wanted: bool) -> Iterator[Callable[[RunResult], None]]:
    """An MLflow run around the block; without MLflow, or when not wanted, nothing.

    `MLFLOW_TRACKING_URI` names another store than the local SQLite one. MLflow itself notes script and commit.
    """
    if not wanted or not importlib.util.find_spec("mlflow"):
        yield lambda _: None
        return
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    if not os.environ.get("MLFLOW_TRACKING_URI"):
        cache_folder().mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(f"sqlite:///{cache_folder().absolute() / 'mlflow.sqlite3'}")
    found = mlflow.get_experiment_by_name(experiment)
    artifacts = (cache_folder() / "artifacts").absolute().as_uri()
    number = found.experiment_id if found else mlflow.create_experiment(experiment, artifact_location=artifacts)
    with mlflow.start_run(experiment_id=number):
        mlflow.log_text(as_yaml(recipe), "recipe.yaml")
        mlflow.log_params(as_values(recipe))

        def log(result: RunResult) -> None:
            mlflow.log_metrics(dict(result.metrics))
            mlflow.set_tag("data_digest", result.data_digest)
            for path in result.artifacts:
                (mlflow.log_artifacts if path.is_dir() else mlflow.log_artifact)(str(path))

        yield log
