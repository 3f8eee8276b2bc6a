from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from small_models import a_candidate, a_defect_card, a_defect_graph, put_model
from visiqc.errors import Conflict, InputError, IntegrityError, NotFound, Unavailable
from visiqc.runtime import installed as at_work
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.cards import read_card
from visiqc.runtime.installed import find_candidates, identity_beside, install, installed


@pytest.fixture
def defect(tmp_path: Path) -> Path:
    content = a_defect_graph()
    return put_model(tmp_path / "candidate", a_defect_card(content), content)


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_what_ships_and_what_was_promoted_is_listed(tmp_path: Path, defect: Path) -> None:
    install(defect, "defect", tmp_path)
    found = {(one.task, one.version): one for one in installed(tmp_path)}
    assert {task for task, _ in found} == {"trunk", "identity", "defect", "mask", "fleet"}
    assert (found["trunk", "lite0-1"].promoted, found["trunk", "lite0-1"].copied_at) == (False, None)
    assert found["defect", "tiny-1"].copied_at is not None
    assert found["defect", "tiny-1"].promoted
    assert found["defect", "tiny-1"].digest == read_card(defect).sha256


def test_a_model_is_copied_whole(tmp_path: Path, defect: Path) -> None:
    (defect / "notes.txt").write_text("kept as well")
    there = install(defect, "defect", tmp_path)
    assert there == tmp_path / "models" / "defect" / "tiny-1"
    assert names_in(there) == ["card.yaml", "model.onnx", "notes.txt"]
    assert (there / "model.onnx").read_bytes() == (defect / "model.onnx").read_bytes()
    assert names_in(tmp_path / "models") == ["defect"]
    assert install(defect, "defect", tmp_path) == there


def test_a_version_is_never_overwritten_with_another_content(tmp_path: Path, defect: Path) -> None:
    install(defect, "defect", tmp_path)
    content = a_defect_graph(seed=1)
    other = put_model(tmp_path / "other", a_defect_card(content), content)
    with pytest.raises(Conflict, match="there is another defect tiny-1 already, and versions never change"):
        install(other, "defect", tmp_path)
    assert read_card(tmp_path / "models" / "defect" / "tiny-1") == read_card(defect)


def test_what_ships_keeps_its_names(tmp_path: Path) -> None:
    shutil.copytree(bundled_models() / "identity" / "lite0-1", tmp_path / "c" / "identity" / "lite0-1")
    same = tmp_path / "c" / "identity" / "lite0-1"
    assert install(same, "identity", tmp_path).is_dir()
    (same / "card.yaml").write_text((same / "card.yaml").read_text() + "metrics: {auroc: 0.9}\n")
    with pytest.raises(Conflict):
        install(same, "identity", tmp_path / "fresh")


def test_a_model_that_is_not_what_its_card_says_is_not_installed(tmp_path: Path, defect: Path) -> None:
    (defect / "model.onnx").write_bytes(a_defect_graph(seed=1))
    with pytest.raises(IntegrityError, match="was changed"):
        install(defect, "defect", tmp_path)
    assert not (tmp_path / "models").exists()


def test_half_a_sidecar_is_not_installed(tmp_path: Path) -> None:
    folder = a_candidate(tmp_path / "c", "halo-1") / "fleet" / "halo-1"
    (folder / "cohort.npy").unlink()
    with pytest.raises(NotFound, match=r"fleet sidecar halo-1 has no cohort\.npy"):
        install(folder, "fleet", tmp_path)


def test_a_copy_that_breaks_off_leaves_nothing_under_the_name(
    tmp_path: Path, defect: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(at_work.shutil, "copyfileobj", full)
    with pytest.raises(Unavailable, match="No space left on device; nothing was changed") as caught:
        install(defect, "defect", tmp_path)
    assert str(tmp_path) not in str(caught.value)
    assert names_in(tmp_path / "models" / "defect") == []


def test_what_a_killed_promotion_left_is_swept_when_it_is_old(tmp_path: Path, defect: Path) -> None:
    for name, age in (("old", at_work.STALE_AFTER_S + 60), ("young", 5)):
        (tmp_path / "models" / f".incoming-{name}").mkdir(parents=True)
        then = (tmp_path / "models" / f".incoming-{name}").stat().st_mtime - age
        os.utime(tmp_path / "models" / f".incoming-{name}", (then, then))
    install(defect, "defect", tmp_path)
    assert names_in(tmp_path / "models") == [".incoming-young", "defect"]
    assert {one.version for one in installed(tmp_path) if one.promoted} == {"tiny-1"}


def test_candidates_are_found_in_a_run_its_candidate_folder_or_by_name(tmp_path: Path) -> None:
    root = a_candidate(tmp_path / "run" / "candidate", "halo-1")
    wanted = {task: root / task / "halo-1" for task in ("identity", "defect", "fleet")}
    assert find_candidates([tmp_path / "run"]) == find_candidates([root]) == wanted
    assert find_candidates([root / "defect" / "halo-1"]) == {"defect": wanted["defect"]}
    assert find_candidates([root, root / "fleet" / "halo-1"]) == wanted


def test_several_versions_must_be_told_apart(tmp_path: Path) -> None:
    root = tmp_path / "candidate"
    for n in (1, 2):
        content = a_defect_graph(seed=n)
        put_model(root, a_defect_card(content, f"halo-{n}"), content)
    with pytest.raises(InputError, match="several defect candidates: defect/halo-1, defect/halo-2; name the folder"):
        find_candidates([root])
    assert find_candidates([root / "defect" / "halo-2"])["defect"].name == "halo-2"


def test_a_folder_without_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model to promote"):
        find_candidates([tmp_path])


def test_the_identity_that_ships_beside_a_trunk_is_known() -> None:
    trunk, identity = (read_card(bundled_models() / task / "lite0-1").sha256 for task in ("trunk", "identity"))
    assert identity_beside(trunk) == identity
    assert identity_beside("f" * 64) is None
