from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from visiqc.errors import Unavailable
from visiqc.training.recipes import RunResult, run_recipe, train_recipe
from visiqc.training.tracking import Tracker


@dataclass(frozen=True, kw_only=True)
class BakeRecipe:
    """Bake something."""

    flour: Path
    minutes: int = 30
    seed: int = 5


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


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


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_no_generator_takes_is_refused_before_anything_runs(
    seed: int, recipe_file: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_recipe(
            BakeRecipe,
            lambda recipe: pytest.fail("it ran"),
            [str(recipe_file), "--set", f"seed={seed}", "--no-tracking"],
        )
    assert f"seed must be 0 to 4294967295, got {seed}" in capsys.readouterr().err
    assert not own_cache.exists()


def test_a_refused_run_is_one_sentence_and_exit_2(recipe_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def bake(recipe: BakeRecipe) -> RunResult:
        raise Unavailable("the oven is cold")

    with pytest.raises(SystemExit) as caught:
        run_recipe(BakeRecipe, bake, [str(recipe_file), "--no-tracking"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(": the oven is cold\n")


def data_digest(recipe: BakeRecipe) -> str:
    """Asked by the door, as of every module that trains."""
    return "f00d" * 16


def count(recipe: BakeRecipe, tracker: Tracker, folder: Path) -> RunResult:
    """A training that counts its starts in its folder."""
    starts = folder / "starts"
    starts.write_text(starts.read_text() + "." if starts.exists() else ".")
    return RunResult(metrics={"starts": len(starts.read_text())})


def test_a_training_has_a_folder_to_go_on_in_by_recipe_and_data(
    recipe_file: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for wanted, options in ((1, []), (2, []), (1, ["--set", "minutes=50"]), (1, ["--fresh"]), (2, [])):
        train_recipe(BakeRecipe, count, [str(recipe_file), "--no-tracking", *options])
        assert capsys.readouterr().out.endswith(f"starts: {wanted}\n")
    names = sorted(path.name for path in (own_cache / "runs").iterdir())
    assert len(names) == 3
    assert all(re.fullmatch(r"count-[0-9a-f]{8}-f00df00d(\.previous)?", name) for name in names)


def test_two_trainings_by_one_recipe_do_not_meet(recipe_file: Path) -> None:
    def nested(recipe: BakeRecipe, tracker: Tracker, folder: Path) -> RunResult:
        train_recipe(BakeRecipe, nested, [str(recipe_file), "--no-tracking"])
        return RunResult(metrics={})

    with pytest.raises(SystemExit):
        train_recipe(BakeRecipe, nested, [str(recipe_file), "--no-tracking"])


def test_a_second_process_is_mute_and_leaves_nothing(
    recipe_file: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(recipe: BakeRecipe, tracker: Tracker, folder: Path) -> RunResult:
        tracker.metrics({"a": 1.0})
        folder.mkdir(parents=True)
        (folder / "candidate").write_text("")
        return RunResult(metrics={"a": 1.0})

    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    train_recipe(BakeRecipe, write, [str(recipe_file)])
    assert capsys.readouterr().out == ""
    assert [path for path in (own_cache / "runs").rglob("*") if path.is_file()] == []


def test_what_a_failed_run_of_a_second_process_left_is_there_until_the_run_begins_anew(
    recipe_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list[list[str]]()

    def fail(recipe: BakeRecipe, tracker: Tracker, folder: Path) -> RunResult:
        folder.mkdir(parents=True, exist_ok=True)
        found.append([path.name for path in folder.iterdir()])
        (folder / "hard-places-1.json").write_text("[]")
        raise Unavailable("the oven is cold")

    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    for options in ([], [], ["--fresh"]):
        with pytest.raises(SystemExit):
            train_recipe(BakeRecipe, fail, [str(recipe_file), *options])
    assert found == [[], ["hard-places-1.json"], []]


@pytest.mark.slow
def test_a_run_is_logged_to_the_local_store(recipe_file: Path, tmp_path: Path, cache: Path) -> None:
    script = tmp_path / "bake.py"
    script.write_text(_BAKE_AND_LOOK, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script, recipe_file], env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "{'flour': 'rye'} {'crust': 4.0} abc ['loaf.txt', 'recipe.yaml']"
    (run,) = (cache / "runs").iterdir()
    assert run.name.startswith("bake-")
    assert (run / "recipe.yaml").read_text() == "flour: rye\nminutes: 40\n"


_BAKE_AND_LOOK = '''
from dataclasses import dataclass
from pathlib import Path
from visiqc.settings import cache_folder
from visiqc.training.mlflow_store import tracking_uri
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
mlflow.set_tracking_uri(tracking_uri())
(run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
files = sorted(each.path for each in mlflow.artifacts.list_artifacts(run_id=run.info.run_id))
params = {"flour": run.data.params["flour"]}
print(params, run.data.metrics, run.data.tags["data_digest"], files)
'''
