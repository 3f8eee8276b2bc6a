from __future__ import annotations

from pathlib import Path

import pytest

from builders import a_verdict
from commands import Run
from visiqc.cli.demo import Sample, Tried, read_samples
from visiqc.cli.demo_table import summary
from visiqc.domain.outcome import Outcome
from visiqc.rendering.shots import ShotRole
from visiqc.runtime.bundle import bundled_samples


def test_every_sample_is_there_and_has_a_known_role() -> None:
    samples = read_samples()
    assert all(sample.path.is_file() for sample in samples)
    assert {sample.role for sample in samples} == set(ShotRole)
    assert sum(file.stat().st_size for file in bundled_samples().rglob("*") if file.is_file()) <= 12_000_000


@pytest.mark.parametrize(
    ("role", "outcome", "remark"),
    [
        ("good", Outcome.PASS, ""),
        ("good", Outcome.REVIEW, "false alarm"),
        ("defective", Outcome.REJECT, ""),
        ("defective", Outcome.PASS, "missed"),
        ("wrong_sample", Outcome.REVIEW, "misnamed"),
        ("unusable", Outcome.RETAKE, ""),
        ("variant", Outcome.WRONG_SAMPLE, ""),
        ("variant", Outcome.PASS, "missed"),
    ],
)
def test_the_demo_says_where_a_verdict_is_not_what_the_photo_shows(role: str, outcome: Outcome, remark: str) -> None:
    assert Tried(Sample("ring", Path("a.jpg"), role, ""), a_verdict(outcome=outcome)).remark == remark


def test_a_defect_that_cannot_be_seen_is_not_held_against_a_verdict() -> None:
    hidden = Sample("ring", Path("a.jpg"), "defective", "missing_prong", visible=False)
    assert Tried(hidden, a_verdict(outcome=Outcome.PASS)).remark == ""
    assert hidden.shows == "missing prong, hidden"


def test_a_folder_that_no_demo_made_is_left_alone(visiqc: Run, tmp_path: Path) -> None:
    (tmp_path / "mine" / "home").mkdir(parents=True)
    (tmp_path / "mine" / "home" / "precious.txt").write_text("keep me")
    ran = visiqc("demo", "--out", "mine")
    assert ran.code == 4
    assert "choose another folder with --out" in ran.err
    assert (tmp_path / "mine" / "home" / "precious.txt").read_text() == "keep me"


@pytest.mark.slow
def test_the_demo_runs_again_over_an_earlier_one_and_says_how_to_open_its_sheet(visiqc: Run, tmp_path: Path) -> None:
    home = tmp_path / "visiqc-demo" / "home"
    home.mkdir(parents=True)
    (home / "made-by-visiqc-demo").touch()
    ran = visiqc("demo")
    assert ran.code == 0
    assert "python3 -m webbrowser file://" in ran.out
    page = (tmp_path / "visiqc-demo" / "contact-sheet.html").read_text()
    for outcome in ("PASS", "RETAKE", "WRONG SAMPLE"):
        assert f">{outcome}</span>" in page
    assert page.count("<article>") == sum(sample.role != "golden" for sample in read_samples())


def test_the_summary_counts_each_kind_of_photo_apart_and_hidden_defects_not_at_all() -> None:
    def tried(role: str, outcome: Outcome, *, visible: bool = True) -> Tried:
        return Tried(Sample("ring", Path("a.jpg"), role, "dent", visible=visible), a_verdict(outcome=outcome))

    told = summary(
        [
            tried("good", Outcome.PASS),
            tried("good", Outcome.RETAKE),
            tried("defective", Outcome.REJECT),
            tried("defective", Outcome.PASS, visible=False),
        ]
    )
    assert told == "Right about good pieces: 1 of 2; visible defects: 1 of 1."
