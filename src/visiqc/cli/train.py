"""`visiqc train`: train a model by a recipe, and send what a tracking server missed."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

train_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train the models from photos.")

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="YAML file; see configs/train_*.yaml.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the recipe; repeatable.")
]
NoTracking = Annotated[bool, typer.Option("--no-tracking", help="Keep the run in its folder only, not in MLflow.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew where an earlier run could go on.")]
NEEDED = ("torch", "torchvision", "albumentations", "mlflow", "onnx", "pytorch_metric_learning", "matplotlib")
"""What the train extra brings."""


@train_app.command()
def defect(recipe: RecipeFile, changes: Changes = None, no_tracking: NoTracking = False, fresh: Fresh = False) -> None:
    """Train the defect model.

    Stop it whenever you like: the same command goes on where it stopped.
    """
    _quiet()
    _require_train()
    from visiqc.training.defect import DefectRecipe, train_defect

    _train(DefectRecipe, train_defect, recipe, changes or [], tracking=not no_tracking, fresh=fresh)


@train_app.command()
def identity(
    recipe: RecipeFile, changes: Changes = None, no_tracking: NoTracking = False, fresh: Fresh = False
) -> None:
    """Train the sample-mismatch model, which tells one design from another.

    Stop it whenever you like: the same command goes on where it stopped.
    """
    _quiet()
    _require_train()
    from visiqc.training.mismatch import MismatchRecipe, train_mismatch

    _train(MismatchRecipe, train_mismatch, recipe, changes or [], tracking=not no_tracking, fresh=fresh)


@train_app.command()
def mask(recipe: RecipeFile, changes: Changes = None, no_tracking: NoTracking = False, fresh: Fresh = False) -> None:
    """Train the mask model, which tells the product from what it lies on.

    Stop it whenever you like: the same command goes on where it stopped.
    """
    _quiet()
    _require_train()
    from visiqc.training.mask import MaskRecipe, train_mask

    _train(MaskRecipe, train_mask, recipe, changes or [], tracking=not no_tracking, fresh=fresh)


@train_app.command()
def sync() -> None:
    """Send what the tracking server missed while it was away."""
    _require_train()
    from visiqc.cli.exits import DONE, UNAVAILABLE
    from visiqc.training.run_folder import runs_folder
    from visiqc.training.sending import send_all

    left = send_all(runs_folder())
    for name, entries in left.items():
        said = "passed over, its folder cannot be used" if entries is None else f"{entries} entries still wait"
        print(f"{name}: {'all sent' if entries == 0 else said}")
    if not left:
        print("nothing waits to be sent")
    raise typer.Exit(DONE if all(entries == 0 for entries in left.values()) else UNAVAILABLE)


def _train(
    recipe_type: Any, train: Callable[..., Any], path: Path, changes: list[str], *, tracking: bool, fresh: bool
) -> None:
    from visiqc.recipes import as_yaml, read_recipe
    from visiqc.training.ranks import rank_and_world
    from visiqc.training.recipes import carry_out, digest_of_data

    recipe = read_recipe(recipe_type, path, changes)
    leads = rank_and_world()[0] == 0
    if leads:
        print(f"{recipe_type.__name__}\n{as_yaml(recipe)}", flush=True)
    result = carry_out(
        recipe,
        train,
        name=train.__name__.replace("_", "-"),
        experiment=train.__module__,
        data=digest_of_data(recipe, train),
        tracking=tracking,
        fresh=fresh,
    )
    for name, value in result.metrics.items() if leads else ():
        print(f"{name}: {value:.6g}")
    for folder in result.artifacts if leads else ():
        print(f"The candidate stands in {folder}\n{_next_step(train.__name__, folder)}")


def _next_step(trained: str, folder: Path) -> str:
    if trained == "train_mask":
        return (
            f"Before it can be promoted it needs a fleet sidecar built with it; visiqc model promote {folder} says how."
        )
    return f"To compare it and put it in force: visiqc model promote {folder}"


def _quiet() -> None:
    """Threads that wait without spinning, set before torch starts them: data workers share the cores with it."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")


def _require_train() -> None:
    from visiqc.errors import Unavailable

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise Unavailable(f'training needs {", ".join(missing)}; run: pip install "visiqc[train]"')
