from __future__ import annotations

from dataclasses import replace

import pytest

from builders import MOMENT, a_calibration, a_golden
from visiqc.cli.golden_text import describe_calibrating, describe_golden, stage_line
from visiqc.inspection.calibrate import CalibrationResult


@pytest.mark.parametrize(
    ("specimens", "said"),
    [
        (0, "verdicts are provisional; 29 more for stage 1"),
        (28, "verdicts are provisional; 1 more for stage 1"),
        (29, "≤ 10 % at 95 % confidence; 30 more for stage 2"),
        (300, "≤ 1 % at 95 % confidence"),
    ],
)
def test_the_stage_says_what_it_bounds_and_what_is_missing(specimens: int, said: str) -> None:
    assert stage_line(specimens).endswith(said)


def test_a_golden_version_is_told_with_its_views_and_policy() -> None:
    told = describe_golden(a_golden(version=2, approved_at=MOMENT, approved_by="anna"), None)
    assert told.startswith("halo-1 version 2, enrolled 2026-03-02 09:30 UTC, approved by anna at 2026-03-02 09:30 UTC")
    assert "side         1024×768  side.jpg" in told
    assert "judged at 1024 px: review at p ≤ 0.05, reject at p ≤ 0.01 with a region of at least 64 px" in told


def test_what_was_left_out_is_named_with_the_reason() -> None:
    result = CalibrationResult(
        calibration=a_calibration(), added=3, left_out=(("a.jpg", "RETAKE: too dark"),), wanted_next=26
    )
    told = describe_calibrating(result, [("b.jpg", "no such file")])
    assert "3 accepted pieces added, 2 left out." in told
    assert "left out: a.jpg: RETAKE: too dark\n" in told
    assert "left out: b.jpg: no such file\n" in told


def test_a_calibration_that_was_overtaken_says_how_it_comes_to_count() -> None:
    result = CalibrationResult(calibration=a_calibration(), added=1, left_out=(), wanted_next=26)
    assert "refit" not in describe_calibrating(result, [])
    assert describe_calibrating(replace(result, overtaken=True), []).endswith(
        "do not count yet; run `visiqc model refit`, which scores them again."
    )


def test_a_calibration_of_another_fleet_is_said_to_count_no_more() -> None:
    told = describe_golden(a_golden(version=2), a_calibration(scores=(0.5,) * 30), in_force=False)
    assert "stage 0 of 4 with 0 accepted pieces" in told
    assert "30 accepted pieces were scored with other models and do not count with these" in told
