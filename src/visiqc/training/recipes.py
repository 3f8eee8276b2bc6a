"""One way to run every training script: a recipe from YAML, checked, printed, seeded and logged."""

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
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import yaml
from pydantic import TypeAdapter, ValidationError

from visiqc.errors import BadRecipe, VisiQCError


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


class Recipe(Protocol):
    """A frozen dataclass whose fields decide all of a run's outcome; a field `seed` seeds it."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


R = TypeVar("R", bound=Recipe)


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


def read_recipe(recipe_type: type[R], path: Path, changes: Sequence[str] = ()) -> R:
    """The recipe in a YAML file, with `key=value` changes on top; values of changes are YAML too.

    Raises:
        BadRecipe: The file is missing or no mapping, a key is no field of the recipe, or a value does not fit.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as err:
        raise BadRecipe(f"recipe {path.name} cannot be read: {err.strerror}") from err
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise BadRecipe(f"recipe {path.name} is not YAML: {str(err).partition(chr(10))[0]}") from err
    if not isinstance(values, dict):
        raise BadRecipe(f"recipe {path.name} must be a mapping of keys to values, got {type(values).__name__}")
    return make_recipe(recipe_type, values | dict(_change(each) for each in changes))


def make_recipe(recipe_type: type[R], values: Mapping[str, Any]) -> R:
    """A recipe from keys and values, each checked against the dataclass; `BadRecipe` names the first wrong one."""
    fields = [field.name for field in dataclasses.fields(recipe_type)]
    for key in values:
        if key not in fields:
            raise BadRecipe(f"{recipe_type.__name__} has no key {key!r}; its keys are {', '.join(fields)}")
    try:
        return TypeAdapter(recipe_type).validate_python(dict(values))
    except ValidationError as err:
        first = err.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BadRecipe(f"{recipe_type.__name__}: {key}: {first['msg']}, got {first['input']!r}") from err


def as_yaml(recipe: Recipe) -> str:
    """The recipe with every key, as YAML that `read_recipe` reads back to an equal one."""
    return yaml.safe_dump(TypeAdapter(type(recipe)).dump_python(recipe, mode="json"), sort_keys=False)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and, where it is installed, torch."""
    random.seed(seed)
    np.random.seed(seed)
    if importlib.util.find_spec("torch"):
        import torch

        torch.manual_seed(seed)


def cache_folder() -> Path:
    """`VISIQC_CACHE`, where long jobs and the local MLflow store live, outside the checkout."""
    return Path(os.environ.get("VISIQC_CACHE") or Path.home() / ".cache" / "visiqc")


def _change(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise BadRecipe(f"--set wants key=value, got {text!r}")
    return key.strip(), yaml.safe_load(value)


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
        mlflow.log_params(yaml.safe_load(as_yaml(recipe)))

        def log(result: RunResult) -> None:
            mlflow.log_metrics(dict(result.metrics))
            mlflow.set_tag("data_digest", result.data_digest)
            for path in result.artifacts:
                (mlflow.log_artifacts if path.is_dir() else mlflow.log_artifact)(str(path))

        yield log
