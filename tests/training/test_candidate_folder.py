"""A candidate that is written once more, as by a run that is only calibrated again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import shipped_models
from small_models import a_defect_card, a_defect_graph
from visiqc.recipes import make_recipe
from visiqc.runtime.cards import TrainingRecord, read_card, verified_model
from visiqc.runtime.installed import find_candidates, install
from visiqc.training import defect_candidate, mismatch_candidate
from visiqc.training.candidate_folder import leave_only, write_model
from visiqc.training.defect import DefectRecipe
from visiqc.training.defect_model import DefectArchitecture, DefectNet
from visiqc.training.defect_types import TypeClasses
from visiqc.training.defect_validation import ValidationPhoto
from visiqc.training.export_lite import load_lite
from visiqc.training.joined_set import JoinedSet
from visiqc.training.laid_product import LaidPhoto, LaidProduct
from visiqc.training.mismatch import MismatchRecipe
from visiqc.training.mismatch_batches import Row
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_features import Patches
from visiqc.training.mismatch_model import MismatchNet
from visiqc.training.mismatch_validation import Seen
from visiqc.training.tracking import Tracker

PLAIN = {"data": {"renders": ["boards"]}, "calibration": {"wanted": False}}
RECORD = TrainingRecord(recipe="seed: 0\n", data=(), minutes=1.0, machine="2 cores", epochs=1, commit="a" * 40)


def a_laid_ring() -> LaidProduct:
    photo = LaidPhoto(name="a.jpg", role="same", defective=None, labelled=False, codes=(), similarity=1.0, pose="jig")
    grey = np.zeros((1, 16, 16), np.uint8)
    return LaidProduct("ring", (photo,), np.stack([grey] * 3, axis=-1), grey, np.ones((16, 16), bool))


def a_defect_candidate(folder: Path, record: TrainingRecord) -> None:
    torch.manual_seed(0)
    answers = [
        ValidationPhoto(
            laid=a_laid_ring(),
            number=0,
            pose="jig",
            defective=score > 0,
            score=score,
            change=np.zeros((2, 2), np.float32),
            cells=np.array([score, -9.0], np.float32),
            changed=np.array([score > 0, False]),
            types=np.array([score, 0.0], np.float32),
            type_class=0 if score > 0 else 1,
        )
        for score in (-2.0, -1.0, 1.0, 2.0)
    ]
    trained = defect_candidate.Trained(
        net=DefectNet(DefectArchitecture(embeddings=(4, 6, 8), widths=(4, 6, 8)), types=2),
        answers=answers,
        classes=TypeClasses(("ME-SCR", "unknown")),
        held_out=frozenset({"ring"}),
        sets=[],
        whole=frozenset(),
        record=record,
        joined=JoinedSet(models=shipped_models()),
        shippable=True,
    )
    recipe = make_recipe(DefectRecipe, PLAIN)
    defect_candidate.write_candidate(trained, recipe, folder, digest="d", tracker=Tracker(folder.parent))


def an_identity_candidate(folder: Path, record: TrainingRecord) -> None:
    torch.manual_seed(0)
    net = MismatchNet(load_lite("lite0")[0], frozen=4)
    seen = []
    for number, (sku, role) in enumerate((sku, role) for sku in "ab" for role in ("golden", "same")):
        fine = torch.randn(2, 112, 6, 6, generator=torch.Generator().manual_seed(number))
        with torch.no_grad():
            patches = Patches(fine.numpy().astype(np.float16), net.kept(fine).numpy().astype(np.float16))
        seen.append(Seen(shown=Shown(photo=Path("x.jpg"), sku=sku, identity=sku, role=role), patches=patches))
    trained = mismatch_candidate.TrainedMismatch(
        net=net,
        learned=[Row(shown=one.shown, patches=one.patches) for one in seen],
        validated=seen,
        held_out=frozenset("ab"),
        sets=[],
        whole=frozenset(),
        record=record,
        joined=JoinedSet(models=shipped_models()),
        shippable=True,
    )
    recipe = make_recipe(MismatchRecipe, PLAIN)
    mismatch_candidate.write_candidate(trained, recipe, folder, digest="d", tracker=Tracker(folder.parent))


@pytest.mark.parametrize(("task", "write"), [("defect", a_defect_candidate), ("identity", an_identity_candidate)])
def test_a_model_in_the_home_is_still_the_candidate_that_is_calibrated_again_from_another_commit(
    tmp_path: Path, task: str, write: Callable[[Path, TrainingRecord], None]
) -> None:
    folder = tmp_path / "candidate"
    write(folder, RECORD)
    before = find_candidates([folder])[task]
    install(before, task, tmp_path / "home")
    (folder / "fleet" / "of-the-set-before").mkdir(parents=True)
    write(folder, replace(RECORD, minutes=2.0, commit="b" * 40))
    assert find_candidates([folder]) == {task: before}
    assert not (folder / "fleet").exists()
    install(before, task, tmp_path / "home")
    training = read_card(before).training
    assert training is not None
    assert training.commit == "a" * 40


def test_another_model_and_one_that_was_written_by_half_get_a_card_of_their_own(tmp_path: Path) -> None:
    place = tmp_path / "defect" / "tiny-1"
    for content in (a_defect_graph(), a_defect_graph(seed=1)):
        card = a_defect_card(content)
        assert write_model(place, card, content) == card
        assert verified_model(place).card == card
    (place / card.file).write_bytes(b"half")
    again = replace(card, multiply_adds=2.0)
    assert write_model(place, again, content) == again
    assert verified_model(place).card == again


def test_files_and_folders_of_other_names_go(tmp_path: Path) -> None:
    leave_only(tmp_path / "nowhere", "defect")
    for name in ("defect", "fleet"):
        (tmp_path / name / "tiny-1").mkdir(parents=True)
    (tmp_path / "held-out.json").touch()
    leave_only(tmp_path, "defect")
    assert [one.name for one in tmp_path.iterdir()] == ["defect"]
    assert (tmp_path / "defect" / "tiny-1").is_dir()
