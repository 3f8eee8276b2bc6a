from __future__ import annotations

from pathlib import Path

from builders import a_calibration_report, a_reason, a_region, a_verdict
from visiqc.cli.score_text import describe, stage_in_words
from visiqc.domain.outcome import Outcome


def test_a_verdict_is_told_with_reason_advice_figures_and_heatmap() -> None:
    told = describe(a_verdict(), heatmap=Path("maps/IMG_0001.heatmap.jpg"))
    for part in (
        "REJECT  IMG_0001.jpg",
        "DIFFERS_FROM_GOLDEN: 1 region differs",
        "→ Look at the marked region.",
        "score      3.20, review from 1.40, p = 0.004, stage 0",
        "p = 0.004, stage 0, provisional: 400 comparisons of good photos of other products",
        "regions    x 100–164, y 120–180 (peak 3.20, 2400 px)",
        "alignment  texture+ecc, 118 inliers, residual 0.42 px, similarity 0.55 → 0.97",
        "identity   0.93, limit 0.61",
        "golden     halo-1 version 1, view front",
        "time       239 ms: decode 41, trunk 198",
        "heatmap    maps/IMG_0001.heatmap.jpg",
    ):
        assert part in told


def test_a_photo_that_was_not_compared_is_told_without_figures_it_does_not_have() -> None:
    retake = a_verdict(outcome=Outcome.RETAKE, calibration=None, alignment=None, identity=None, regions=())
    assert not {"score", "alignment", "identity", "regions"} & {
        line.split()[0] for line in describe(retake).split("\n")
    }


def test_many_regions_are_counted_and_not_all_listed() -> None:
    assert "and 4 more" in describe(a_verdict(regions=(a_region(),) * 7))


def test_a_reason_without_advice_has_no_arrow() -> None:
    assert "→ " not in describe(a_verdict(reasons=(a_reason(advice=""),), alignment=None))


def test_a_calibrated_stage_is_not_called_provisional() -> None:
    assert stage_in_words(a_calibration_report(stage=2, n=60, provisional=False)) == "stage 2: 60 accepted pieces"
