from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from visiqc.errors import Unavailable
from visiqc.training.recipes import RunResult, run_recipe


@dataclass(frozen=True, kw_only=True)
class BakeRecipe:
    """Bake something."""

    flour: Path
    minutes: int = 30
    seed: int = 5


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "bake.yaml"
    path.write_text("flour: rye\nminutes: 40\n", encoding="utf-8")
    return path


def test_a_run_is_printed_seeded_and_reported(recipe_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = []

    def bake(recipe: BakeRecipe) -> RunResult:
        drawn.append(np.random.random())
        return RunResult(metrics={"crust": recipe.minutes / 10})

    for _ in range(2):
        run_recipe(BakeRecipe, bake, [str(recipe_file), "--no-tracking"])
    assert drawn[0] == drawn[1]
    printed = capsys.readouterr().out
    assert "flour: rye\nminutes: 40\n" in printed
    assert printed.endswith("crust: 4\n")


def test_a_refused_run_is_one_sentence_and_exit_2(recipe_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def bake(recipe: BakeRecipe) -> RunResult:
        raise Unavailable("the oven is cold")

    with pytest.raises(SystemExit) as caught:
        run_recipe(BakeRecipe, bake, [str(recipe_file), "--no-tracking"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(": the oven is cold\n")


@pytest.mark.slow
def test_a_run_is_logged_to_the_local_store(recipe_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed; it comes with visiqc[train]", exc_type=ImportError)
    script = tmp_path / "bake.py"
    script.write_text(_BAKE_AND_LOOK, encoding="utf-8")
    env = os.environ | {"VISIQC_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, script, recipe_file], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "{'flour': 'rye'} {'crust': 4.0} abc ['loaf.txt', 'recipe.yaml']"
    assert (tmp_path / "cache" / "mlflow.sqlite3").is_file()


_BAKE_AND_LOOK = '''
from dataclasses import dataclass
from pathlib import Path
from visiqc.settings import cache_folder
from visiqc.training.recipes import RunResult, run_recipe

@dataclass(frozen=True, kw_only=True)
class Bake:
    """Bake."""
    flour: str
    minutes: int = 1

def bake(recipe):
    loaf = cache_folder() / "loaf.txt"
    loaf.write_text("warm")
    return RunResult(metrics={"crust": 4.0}, artifacts=(loaf,), data_digest="abc")

run_recipe(Bake, bake)
import mlflow
(run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
files = sorted(each.path for each in mlflow.artifacts.list_artifacts(run_id=run.info.run_id))
params = {"flour": run.data.params["flour"]}
print(params, run.data.metrics, run.data.tags["data_digest"], files)
'''
