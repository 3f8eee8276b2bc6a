"""What a candidate is completed with: what is in force in the home, or else what ships."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import cast

import pytest

from bench import shipped_fleet, shipped_models
from builders import a_model_set
from promoted_sets import promoted
from small_models import a_candidate, a_defect_card, a_defect_graph, a_fleet, put_model
from visiqc.bootstrap import build_records, load_set
from visiqc.domain.model_set import Move
from visiqc.errors import NotFound, Unavailable
from visiqc.runtime.cards import read_card
from visiqc.settings import Settings
from visiqc.storage.records import SqlRecords
from visiqc.training.joined_set import joined_set
from visiqc.training.model_choice import ModelChoice, loader_of
from visiqc.training.stage_progress import say


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is not there yet."""
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_without_a_home_it_is_what_ships_and_none_is_made(home: Path) -> None:
    joined = joined_set()
    assert joined.models.digests == shipped_models().digests
    assert joined.fleet().digest == shipped_fleet().digest
    assert joined.told.endswith("what ships")
    assert not home.exists()
    home.mkdir()
    joined_set()
    assert list(home.iterdir()) == []


def test_a_promoted_set_is_joined_with_its_own_sidecar(home: Path) -> None:
    members = promoted(home)
    joined = joined_set()
    assert (*joined.models.digests, joined.fleet().digest) == members.digests
    assert "identity halo-1, defect halo-1" in joined.told
    assert joined.framing.defect is None


def test_a_database_of_an_earlier_release_is_not_migrated_but_refused_with_what_to_do(home: Path) -> None:
    promoted(home)
    database = home / "visiqc.sqlite3"
    with sqlite3.connect(database) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0005'")
    with pytest.raises(Unavailable, match=r"at version '0005', wanted .* run `visiqc model list`, which migrates it"):
        joined_set()
    assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0005",)
    raw.close()


def test_after_a_return_to_what_ships_that_is_joined(home: Path) -> None:
    members = promoted(home)
    records = cast("SqlRecords", build_records(Settings(home=home)))
    back = {"id": "set-2", "move": Move.ROLLED_BACK, "shipped": True, "supersedes": "set-1"}
    records.add_model_set(a_model_set(members=members, **back))
    records.close()
    assert joined_set().models.digests == shipped_models().digests


def test_models_named_in_the_environment_are_left_aside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = promoted(home)
    monkeypatch.setenv("VISIQC_DEFECT", "none")
    assert joined_set().models.digests == members.model_digests


def test_another_trunk_that_a_recipe_names_comes_with_what_ships_with_it(home: Path) -> None:
    promoted(home)
    assert joined_set("lite0-1").versions["identity"] == "halo-1"
    with pytest.raises(NotFound, match="no trunk model 'lite9-1'"):
        joined_set("lite9-1")


def test_a_candidate_takes_the_place_of_its_own_task_alone(home: Path, tmp_path: Path) -> None:
    members = promoted(home)
    content = a_defect_graph(seed=3)
    put_model(tmp_path / "run", a_defect_card(content, "mine-1"), content)
    models = joined_set().with_candidate(tmp_path / "run", task="defect", version="mine-1")
    assert models.defect is not None
    assert models.defect.digest == a_defect_card(content).sha256
    assert models.identity.digest == members.identity.digest


def test_beside_another_set_a_candidates_sidecar_has_another_name(home: Path) -> None:
    before = joined_set().sidecar_name("mine-1")
    promoted(home)
    assert joined_set().sidecar_name("mine-1") != before
    assert joined_set().sidecar_name("mine-1").startswith("mine-1-")


def test_beside_models_that_have_no_sidecar_yet_it_has_a_name_all_the_same(home: Path) -> None:
    promoted(home)
    joined = joined_set()
    named = joined.sidecar_name("mine-1")
    shutil.rmtree(home / "models" / "fleet")
    with pytest.raises(NotFound):
        joined.fleet()
    assert joined.sidecar_name("mine-1") not in {"mine-1", named}


def test_a_candidate_is_measured_beside_what_is_in_force(home: Path, tmp_path: Path) -> None:
    members = promoted(home)
    run = a_candidate(tmp_path / "run" / "candidate", "halo-2", seed=1)
    shutil.rmtree(run / "identity")
    shutil.rmtree(run / "fleet")
    a_fleet(run, "halo-2", identity=members.identity.digest, defect=read_card(run / "defect" / "halo-2").sha256)
    with loader_of(ModelChoice(candidates=(tmp_path / "run",)), threads=1) as load:
        models, _ = load()
    assert models.identity.digest == members.identity.digest


def test_a_set_whose_files_are_gone_is_named(home: Path) -> None:
    members = promoted(home)
    shutil.rmtree(home / "models" / "identity")
    with pytest.raises(NotFound, match="no identity model 'halo-1'"):
        joined_set()
    assert load_set(Settings(home=home), None)[0].identity.digest != members.identity.digest


def test_what_is_joined_is_said_in_one_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say(joined_set().told)
    assert len(capsys.readouterr().err.splitlines()) == 1
