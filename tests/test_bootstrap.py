from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from bench import real_models, shipped_models
from builders import a_model_set
from commands import run_command
from services import NamedModel
from small_models import a_candidate, a_fleet
from visiqc import bootstrap
from visiqc.bootstrap import (
    build_parts,
    build_records,
    find_fleet,
    load_fleet,
    load_members,
    load_set,
    members_of,
    set_in_force,
    with_set,
)
from visiqc.domain.model_set import ModelSet
from visiqc.errors import IntegrityError, NotFound, Unavailable
from visiqc.inspection.parts import Models
from visiqc.runtime.bundle import bundled_models
from visiqc.settings import Settings
from visiqc.storage.records import SqlRecords


@pytest.fixture
def sidecars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the training-free set's sidecar, the only one there is for this test."""
    shutil.copytree(bundled_models() / "fleet" / "lite0-1", tmp_path / "models" / "fleet" / "lite0-1")
    monkeypatch.setattr(bootstrap, "bundled_models", lambda: tmp_path / "models")
    return tmp_path / "models" / "fleet"


def other_trunk() -> Models:
    return Models(trunk=NamedModel("f" * 64), identity=NamedModel("e" * 64))  # type: ignore[arg-type]


def test_every_port_is_filled_as_the_settings_say(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", device="cpu", threads=1, max_photo_bytes=5000, max_megapixels=2.5)
    parts = build_parts(settings)
    parts.records.ready()
    parts.blobs.ready()
    assert parts.fleet.trunk == parts.models.trunk.digest
    assert (parts.limits.max_bytes, parts.limits.max_pixels) == (5000, 2_500_000)
    assert parts.clock().utcoffset() == timedelta(0)
    assert {entry.name for entry in (tmp_path / "home").iterdir()} >= {"blobs", "visiqc.sqlite3"}
    cast("SqlRecords", parts.records).close()


def test_records_that_are_open_already_are_used(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, device="cpu", threads=1)
    records = build_records(settings)
    assert build_parts(settings, records=records).records is records
    cast("SqlRecords", records).close()


def test_records_need_no_models(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, trunk="no-such-trunk")
    records = build_records(settings)
    assert records.keys() == ()
    cast("SqlRecords", records).close()
    with pytest.raises(NotFound, match="no trunk model 'no-such-trunk'"):
        build_parts(settings)


def test_a_home_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable) as caught:
        build_parts(Settings(home=tmp_path / "file" / "home", device="cpu", threads=1))
    assert str(tmp_path) not in str(caught.value)


def test_keys_are_made_listed_and_revoked_without_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path))
    monkeypatch.setenv("VISIQC_TRUNK", "no-such-trunk")
    made = run_command(monkeypatch, capsys, "key", "create", "--name", "gate", "--role", "lead")
    key_id = made.err.split()[1]
    assert (made.code, made.out[:3]) == (0, "vq_")
    assert run_command(monkeypatch, capsys, "key", "list").out.split()[0] == key_id
    assert run_command(monkeypatch, capsys, "key", "revoke", key_id).code == 0


def test_serving_others_without_keys_is_refused_before_models_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path))
    monkeypatch.setenv("VISIQC_TRUNK", "no-such-trunk")
    ran = run_command(monkeypatch, capsys, "serve", "--host", "0.0.0.0", "--port", "0")
    assert ran.code == 2
    assert "Create a key or add a user first" in " ".join(ran.err.replace("│", " ").split())


def test_the_fleet_of_the_trunk_in_use_is_chosen(sidecars: Path) -> None:
    shutil.copytree(sidecars / "lite0-1", sidecars / "zz-newer")
    plain = json.loads((sidecars / "zz-newer" / "fleet.json").read_text())
    (sidecars / "zz-newer" / "fleet.json").write_text(json.dumps(plain | {"trunk": "f" * 64, "identity": "e" * 64}))
    assert load_fleet(real_models()).trunk == real_models().trunk.digest
    assert load_fleet(other_trunk()).trunk == "f" * 64


def test_of_two_sidecars_of_one_set_the_newest_of_the_home_is_taken(sidecars: Path, tmp_path: Path) -> None:
    ours = tmp_path / "home" / "models" / "fleet"
    for name, came in (("lite0-1-f3", 1_000), ("lite0-1-1a", 2_000), (".lite0-1-zz", 3_000)):
        shutil.copytree(sidecars / "lite0-1", ours / name)
        os.utime(ours / name, (came, came))
    assert find_fleet(real_models(), home=tmp_path / "home").name == "lite0-1-1a"
    assert find_fleet(real_models(), home=tmp_path / "home", version="lite0-1-f3").name == "lite0-1-f3"
    assert find_fleet(real_models()).name == "lite0-1"


def test_a_trunk_without_a_fleet_is_refused_with_what_to_do(sidecars: Path) -> None:
    with pytest.raises(IntegrityError, match=r"in use is ffffffffffff; build it again with training/calibrate_fleet"):
        load_fleet(other_trunk())


def test_without_any_fleet_the_installation_is_incomplete(sidecars: Path) -> None:
    shutil.rmtree(sidecars)
    with pytest.raises(NotFound, match="no fleet calibration is installed"):
        load_fleet(real_models())


@pytest.mark.parametrize("file", ["fleet.json", "cohort.npy"])
def test_a_file_of_the_fleet_that_is_missing_is_named_without_its_folder(sidecars: Path, file: str) -> None:
    (sidecars / "lite0-1" / file).unlink()
    with pytest.raises(IntegrityError, match=rf"lite0-1 cannot be read: {file}: no such file") as caught:
        load_fleet(real_models())
    assert os.fspath(sidecars) not in str(caught.value)


@pytest.mark.parametrize(("file", "content"), [("fleet.json", b"\xff\xfe{"), ("cohort.npy", b"\x00")])
def test_a_file_of_the_fleet_that_is_damaged_is_refused(sidecars: Path, file: str, content: bytes) -> None:
    (sidecars / "lite0-1" / file).write_bytes(content)
    with pytest.raises(IntegrityError, match="install VisiQC again"):
        load_fleet(real_models())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home in which the set `halo-1` lies; nothing is promoted."""
    a_candidate(tmp_path / "home" / "models", "halo-1")
    return Settings(home=tmp_path / "home", device="cpu", threads=1)


def the_set(settings: Settings, **changes: object) -> ModelSet:
    models, fleet = load_members(settings, "lite0-1", "halo-1", "halo-1", "")
    members = members_of(models, fleet, find_fleet(models, home=settings.home))
    return a_model_set(**{"members": members} | changes)


def test_a_sidecar_belongs_to_exactly_its_models(tmp_path: Path) -> None:
    a_candidate(tmp_path / "models", "halo-1")
    a_fleet(tmp_path / "models", "zz-last", identity="e" * 64)
    models = load_members(Settings(home=tmp_path), "", "halo-1", "halo-1", "")[0]
    assert find_fleet(models, home=tmp_path).name == "halo-1"
    assert find_fleet(real_models(), home=tmp_path) == bundled_models() / "fleet" / "lite0-1"
    with pytest.raises(IntegrityError, match="built with another identity, defect or mask model than is in use"):
        load_members(Settings(home=tmp_path), "", "halo-1", "none", "")
    with pytest.raises(NotFound, match="no fleet calibration 'halo-9'"):
        load_fleet(models, home=tmp_path, version="halo-9")


def test_what_ships_scores_until_a_set_is_promoted(settings: Settings) -> None:
    records = build_records(settings)
    assert set_in_force(settings, records) is None
    assert build_parts(settings, records=records).models.digests == shipped_models().digests
    records.add_model_set(the_set(settings))
    parts = build_parts(settings, records=records)
    assert (*parts.models.digests, parts.fleet.digest) == the_set(settings).members.digests
    cast("SqlRecords", records).close()


@pytest.mark.parametrize("named", [{"trunk": "lite0-1"}, {"identity": "lite0-1", "defect": "none", "mask": "none"}])
def test_models_that_settings_name_go_before_the_promoted_set_as_a_whole(
    settings: Settings, named: dict[str, str]
) -> None:
    records = build_records(settings)
    records.add_model_set(the_set(settings))
    own = settings.model_copy(update=named)
    assert set_in_force(own, records) is None
    expected = real_models() if "identity" in named else shipped_models()
    assert build_parts(own, records=records).models.digests == expected.digests
    cast("SqlRecords", records).close()


def test_files_that_are_no_longer_those_that_were_promoted_are_refused(settings: Settings) -> None:
    row = the_set(settings)
    shutil.rmtree(settings.home / "models")
    a_candidate(settings.home / "models", "halo-1", seed=3)
    with pytest.raises(IntegrityError, match="was promoted with other files than lie in the home now"):
        load_set(settings, row)


def test_going_back_to_what_ships_does_not_depend_on_the_home(settings: Settings) -> None:
    row = the_set(settings, move="rolled_back", shipped=True)
    folder = settings.home / "models" / "trunk" / "lite0-1"
    shutil.copytree(bundled_models() / "trunk" / "lite0-1", folder)
    (folder / "model.onnx").write_bytes(b"damaged")
    assert load_set(settings, row)[0].digests == shipped_models().digests


def test_parts_take_another_set_and_keep_everything_else(settings: Settings) -> None:
    parts = build_parts(settings)
    renewed = with_set(parts, settings, the_set(settings))
    assert (renewed.records, renewed.blobs, renewed.banks) == (parts.records, parts.blobs, parts.banks)
    assert renewed.models.trunk is parts.models.trunk
    assert renewed.models.digests != parts.models.digests
    cast("SqlRecords", parts.records).close()
