"""`visiqc golden`, with the models and the database that ship."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builders import a_model_set
from commands import Run
from visiqc.bootstrap import build_records
from visiqc.settings import Settings


def test_a_golden_is_enrolled_approved_listed_and_shown(visiqc: Run, golden_photo: Path) -> None:
    enrolled = visiqc("golden", "enrol", "signet", f"front={golden_photo}", "--long-side", 256, "--min-region-px", 99)
    assert enrolled.code == 0
    assert "signet version 1: 1 photos, views front" in enrolled.out
    assert "visiqc golden approve signet 1" in enrolled.out
    assert "not approved" in visiqc("golden", "list").out
    assert "approved by anna and current" in visiqc("golden", "approve", "signet", 1, "--by", "anna").out
    assert visiqc("golden", "list", "signet").out.startswith("* signet ")
    shown = visiqc("golden", "show", "signet").out
    assert "judged at 256 px" in shown
    assert "at least 99 px" in shown


def test_the_approver_is_the_user_unless_named(visiqc: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "otto")
    assert "approved by otto" in visiqc("golden", "approve", "signet", 2).out


def test_the_star_moves_with_approval(visiqc: Run, home: Path) -> None:
    assert [line[0] for line in visiqc("golden", "list").out.splitlines()] == ["*", " "]
    visiqc("golden", "approve", "signet", 2)
    assert [line[0] for line in visiqc("golden", "list").out.splitlines()] == [" ", "*"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["enrol", "signet"], 2, "PHOTO"),
        (["enrol", "../etc", "GOLDEN"], 3, "not a usable SKU"),
        (["enrol", "signet", "gone.jpg"], 3, "gone.jpg: no such file"),
        (["enrol", "signet", "GOLDEN", "--long-side", "10"], 3, "long_side must be 256 to 2048"),
        (["enrol", "signet", "GOLDEN", "--alpha-review", "7"], 3, "alpha_review"),
        (["enrol", "signet", "GOLDEN", "--view", "front"], 3, "NAME=PATH"),
        (["approve", "signet", "1"], 4, "signet"),
        (["show", "signet"], 4, "signet"),
        (["calibrate", "signet", "GOLDEN"], 4, "signet"),
        (["approve", "signet", "one"], 2, "VERSION"),
    ],
)
def test_a_mistake_is_named_and_has_its_code(
    visiqc: Run, golden_photo: Path, arguments: list[str], code: int, said: str
) -> None:
    ran = visiqc("golden", *(str(golden_photo) if argument == "GOLDEN" else argument for argument in arguments))
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_photo_that_is_no_golden_is_refused_by_name(visiqc: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("not a picture")
    ran = visiqc("golden", "enrol", "signet", "notes.jpg")
    assert ran.code == 3
    assert "notes.jpg: " in ran.err


def test_calibrating_counts_pieces_and_names_those_left_out(
    visiqc: Run, home: Path, scratched: Path, tmp_path: Path
) -> None:
    (tmp_path / "piece").mkdir()
    shutil.copy(scratched, tmp_path / "piece" / "a.jpg")
    shutil.copy(scratched.with_name("jig-defective-6.jpg"), tmp_path / "piece" / "b.jpg")
    ran = visiqc("golden", "calibrate", "signet", "piece", scratched, "gone.jpg")
    assert ran.code == 0
    assert "1 accepted pieces added, 2 left out." in ran.out
    assert "left out: jig-defective-4.jpg: one of its photos is a golden photo or was counted before" in ran.out
    assert "left out: gone.jpg" in ran.out
    assert "28 more for stage 1" in ran.out


def test_calibrating_with_models_that_the_settings_name_says_nothing_of_promoted_ones(
    visiqc: Run, home: Path, scratched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_records(Settings(home=home)).add_model_set(a_model_set())
    monkeypatch.setenv("VISIQC_TRUNK", "lite0-1")
    ran = visiqc("golden", "calibrate", "signet", scratched)
    assert (ran.code, "1 accepted pieces added" in ran.out, "meanwhile" in ran.out) == (0, True, False), ran.err


def test_a_golden_photo_cannot_calibrate_itself(visiqc: Run, home: Path, golden_photo: Path) -> None:
    ran = visiqc("golden", "calibrate", "signet", golden_photo)
    assert ran.code == 3
    assert "golden photo" in ran.err
