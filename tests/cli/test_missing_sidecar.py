"""What is said to whoever promotes a candidate that no sidecar fits: commands that can be run as they stand."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from commands import Run
from promoted_sets import AsGood, promoted
from small_models import a_defect_card, a_defect_graph, a_fleet, put_model
from visiqc.bootstrap import load_members
from visiqc.recipes import as_values, as_yaml, digest_of, read_recipe
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.cards import read_card
from visiqc.runtime.models import DEFAULT_TRUNK, SHIPPED
from visiqc.settings import Settings
from visiqc.training.defect import DefectRecipe
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.sources import rendered_folder

ROOT = Path(__file__).parents[2]
SHIPS = SHIPPED[DEFAULT_TRUNK]
BUILT = ["training/calibrate_fleet.py", "configs/calibrate_fleet.yaml"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of the defect model from before another identity model was promoted."""
    monkeypatch.setitem(sys.modules, "visiqc.evaluation.model_comparison", SimpleNamespace(compare_models=AsGood()))
    recipe = read_recipe(DefectRecipe, ROOT / "configs" / "train_defect_smoke.yaml")
    folder = tmp_path / f"train-defect-{digest_of(as_values(recipe))[:8]}-89abcdef"
    candidate = folder / "candidate"
    content = a_defect_graph(seed=5)
    card = a_defect_card(content, "mine-1")
    put_model(candidate, card, content)
    identity = read_card(bundled_models() / "identity" / SHIPS.identity).sha256
    a_fleet(candidate, "mine-1-1234abcd", identity=identity, defect=card.sha256)
    (folder / "recipe.yaml").write_text(as_yaml(recipe))
    return folder


def commands(said: str) -> list[list[str]]:
    """The indented lines of a message, as a shell takes them apart."""
    return [shlex.split(line) for line in re.findall(r"^  (.+)$", said, re.MULTILINE)]


def test_a_run_is_only_calibrated_again_and_then_promoted(visiqc: Run, home: Path, run: Path) -> None:
    members = promoted(home)
    ran = visiqc("model", "promote", run, "--yes")
    assert (ran.code, "that goes on behind the last epoch, and only calibrates" in ran.err) == (4, True), ran.err
    train, promote = commands(ran.err)
    assert train == ["visiqc", "train", "defect", f"{run.name}/recipe.yaml"]
    assert isinstance(read_recipe(DefectRecipe, Path(train[-1])), DefectRecipe)
    shutil.rmtree(run / "candidate" / "fleet")  # what the first command does, in minutes
    defect = read_card(run / "candidate" / "defect" / "mine-1").sha256
    a_fleet(run / "candidate", "mine-1-5678abcd", identity=members.identity.digest, defect=defect)
    again = visiqc(*promote[1:], "--yes")
    assert again.code == 0, again.err
    assert "identity halo-1, defect mine-1" in again.out


def test_a_candidate_without_its_run_is_told_how_its_sidecar_is_built(
    visiqc: Run, home: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = promoted(home)
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "renders" / "fleet-12345678").mkdir(parents=True)
    ran = visiqc("model", "promote", shutil.move(run / "candidate" / "defect", "defect") / Path("mine-1"), "--yes")
    assert ran.code == 4
    render, calibrate, promote = commands(ran.err)
    for script in (render[2], *calibrate[1:3]):
        assert (ROOT / script).is_file()
    recipe = read_recipe(FleetRecipe, ROOT / calibrate[2], calibrate[4::2])
    models, _ = load_members(Settings(home=home), "", "halo-1", "halo-1", "")
    assert (recipe.home, recipe.trunk, recipe.identity) == (Path("visiqc-home"), DEFAULT_TRUNK, "halo-1")
    assert (recipe.defect, recipe.mask) == ("mine-1", SHIPS.mask)
    assert rendered_folder(recipe.photos).name == "fleet-12345678"
    a_fleet(
        recipe.out.parent,
        recipe.version,
        identity=members.identity.digest,
        defect=read_card(Path("defect/mine-1")).sha256,
    )
    assert models.identity.digest == members.identity.digest
    assert promote[-2:] == ["defect/mine-1", str(recipe.out / recipe.version)]
    assert visiqc(*promote[1:], "--yes").code == 0
    # What is built there is not in the way of the photos when the commands are given once more.
    assert rendered_folder(recipe.photos).name == "fleet-12345678"


def test_beside_another_mask_model_a_run_would_begin_anew_and_is_not_named(
    visiqc: Run, home: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted(home)
    sidecar = run / "candidate" / "fleet" / "mine-1-1234abcd" / "fleet.json"
    mask = read_card(bundled_models() / "mask" / SHIPS.mask).sha256
    sidecar.write_text(sidecar.read_text().replace(mask, "f" * 64))
    ran = visiqc("model", "promote", run, "--yes")
    assert [line[1:3] for line in commands(ran.err)][1] == BUILT


@pytest.mark.parametrize("change", ["an earlier release named it", "put aside", "a key is gone", "no recipe"])
def test_a_run_that_would_begin_anew_is_not_named(visiqc: Run, home: Path, run: Path, change: str) -> None:
    promoted(home)
    recipe, name = run / "recipe.yaml", run.name
    match change:
        case "an earlier release named it":  # its recipes had a key fewer, and so another digest
            name = "train-defect-01234567-89abcdef"
        case "put aside":
            name = f"{run.name}.previous"
        case "a key is gone":
            recipe.write_text(f"{recipe.read_text()}gone: 1\n")
        case _:
            recipe.unlink()
    ran = visiqc("model", "promote", run.rename(run.with_name(name)), "--yes")
    assert [line[1:3] for line in commands(ran.err)][1] == BUILT


def test_a_home_that_was_named_is_named_in_the_commands(visiqc: Run, home: Path, run: Path) -> None:
    promoted(home)
    home.rename(home.with_name("other home"))
    ran = visiqc("--home", "other home", "model", "promote", run, "--yes")
    assert [line[:3] for line in commands(ran.err)] == [["visiqc", "--home", "other home"]] * 2
