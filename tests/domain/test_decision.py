"""The outcome table of the design, row by row, and its monotonicity."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.domain.decision import REJECT_MARGIN, decide, rejecting_regions
from visiqc.domain.golden import ScoringPolicy
from visiqc.domain.outcome import Outcome
from visiqc.domain.reasons import Reason, ReasonCode
from visiqc.domain.verdict import CalibrationReport, IdentityReport, Region
from visiqc.errors import InvalidRecord

POLICY = ScoringPolicy()
SURE = IdentityReport(similarity=0.9, threshold=0.6, accepted=True)
OTHER = IdentityReport(similarity=0.41, threshold=0.6, accepted=False)
BLURRED = Reason(code=ReasonCode.BLURRED, message="blurred: sharpness 3 of 10", advice="Hold still.")
OWN = CalibrationReport(
    stage=4,
    n=299,
    source="c1",
    score=0.8,
    p_value=0.4,
    alpha_review=0.05,
    alpha_reject=0.01,
    review_threshold=2.0,
    provisional=False,
)
FLEET = replace(OWN, stage=0, n=400, source="fleet", provisional=True)


def spot(peak: float, p_value: float, *, area: int = 200) -> Region:
    return Region(box=(10, 20, 30, 40), area_px=area, peak=peak, p_value=p_value)


def outcome(
    calibration: CalibrationReport | None = OWN,
    *regions: Region,
    quality: tuple[Reason, ...] = (),
    identity: IdentityReport | None = SURE,
    doubtful: bool = False,
    poor: bool = False,
    colour: tuple[Reason, ...] = (),
) -> tuple[Outcome, tuple[Reason, ...]]:
    return decide(
        quality=quality,
        identity=identity,
        identity_doubtful=doubtful,
        alignment_poor=poor,
        calibration=calibration,
        regions=regions,
        policy=POLICY,
        colour=colour,
    )


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code.value for reason in reasons]


def test_a_good_piece_passes_without_a_reason() -> None:
    assert outcome(OWN) == (Outcome.PASS, ())


def test_any_complaint_of_the_quality_gate_asks_for_another_photo() -> None:
    worst_else = replace(OWN, score=9.0, p_value=0.001)
    assert outcome(worst_else, spot(9.0, 0.001), quality=(BLURRED,), identity=OTHER) == (Outcome.RETAKE, (BLURRED,))
    assert outcome(None, quality=(BLURRED,), identity=None)[0] is Outcome.RETAKE


def test_a_wrong_sample_is_never_called_defective() -> None:
    found, reasons = outcome(replace(OWN, score=9.0, p_value=0.001), spot(9.0, 0.001), identity=OTHER)
    assert found is Outcome.WRONG_SAMPLE
    assert codes(reasons) == ["WRONG_SAMPLE"]
    assert "0.41" in reasons[0].message
    assert (reasons[0].value, reasons[0].limit) == (0.41, 0.6)


def test_a_region_at_the_reject_level_rejects() -> None:
    found, reasons = outcome(replace(OWN, score=5.0, p_value=0.01), spot(5.0, 0.01))
    assert found is Outcome.REJECT
    assert codes(reasons) == ["DEFECT"]
    assert "score 5.00" in reasons[0].message
    assert "200 px" in reasons[0].message


@pytest.mark.parametrize("region", [spot(5.0, 0.01, area=63), spot(2.1, 0.04)])
def test_a_tiny_region_or_one_short_of_the_reject_level_is_only_reviewed(region: Region) -> None:
    assert outcome(replace(OWN, score=5.0, p_value=0.01), region)[0] is Outcome.REVIEW


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_before_299_specimens_a_rank_alone_never_rejects(stage: int) -> None:
    report = replace(FLEET, stage=stage, score=2.9, p_value=0.001)
    assert outcome(report, spot(2.9, 0.001))[0] is Outcome.REVIEW
    assert outcome(replace(report, score=3.0), spot(3.0, 0.001))[0] is Outcome.REJECT
    assert outcome(replace(report, score=3.0), spot(2.9, 0.001))[0] is Outcome.REVIEW


def test_with_299_specimens_the_level_is_enough() -> None:
    assert outcome(replace(OWN, score=2.1, p_value=0.0099), spot(2.1, 0.0099))[0] is Outcome.REJECT


def test_the_levels_are_those_the_stage_supports_not_those_of_the_policy() -> None:
    stage_1 = replace(OWN, stage=1, n=29, score=4.0, p_value=0.098, alpha_review=0.098, alpha_reject=0.098)
    assert outcome(stage_1, spot(4.0, 0.098))[0] is Outcome.REJECT
    assert outcome(replace(stage_1, score=2.0), spot(2.0, 0.098))[0] is Outcome.REVIEW


def test_the_review_level_itself_is_reviewed() -> None:
    assert outcome(replace(OWN, p_value=0.05))[0] is Outcome.REVIEW
    assert outcome(replace(OWN, p_value=0.0501))[0] is Outcome.PASS


def test_doubts_are_reviewed_and_named() -> None:
    found, reasons = outcome(OWN, doubtful=True, poor=True)
    assert found is Outcome.REVIEW
    assert codes(reasons) == ["IDENTITY_DOUBTFUL", "ALIGNMENT_POOR"]


def test_a_rejection_still_names_the_doubts() -> None:
    found, reasons = outcome(replace(OWN, score=5.0, p_value=0.001), spot(5.0, 0.001), doubtful=True)
    assert found is Outcome.REJECT
    assert codes(reasons) == ["DEFECT", "IDENTITY_DOUBTFUL"]


def test_what_could_not_be_laid_over_the_golden_is_looked_at_and_never_rejected() -> None:
    found, reasons = outcome(replace(OWN, score=5.0, p_value=0.001), spot(5.0, 0.001), poor=True)
    assert found is Outcome.REVIEW
    assert codes(reasons) == ["DIFFERS_FROM_GOLDEN", "ALIGNMENT_POOR"]


def test_an_identity_nobody_checked_does_not_pass() -> None:
    assert outcome(OWN, identity=None)[0] is Outcome.REVIEW


def test_a_photo_that_could_not_be_aligned_needs_no_comparison_to_be_reviewed() -> None:
    assert outcome(None, poor=True)[0] is Outcome.REVIEW


def test_a_photo_nobody_compared_cannot_be_decided() -> None:
    with pytest.raises(InvalidRecord, match="compared"):
        outcome(None)


@pytest.mark.parametrize("report", [replace(OWN, score=float("nan")), replace(OWN, p_value=float("nan"))])
def test_nan_does_not_pass(report: CalibrationReport) -> None:
    with pytest.raises(InvalidRecord, match="nan"):
        outcome(report)


def test_a_provisional_verdict_says_so() -> None:
    _, reasons = outcome(replace(FLEET, score=2.5, p_value=0.02))
    assert "provisional" in reasons[0].message


def test_a_provisional_verdict_counts_comparisons_of_which_a_photo_may_have_several() -> None:
    _, reasons = outcome(replace(FLEET, score=2.5, p_value=0.02))
    assert "from 400 comparisons of good photos of other products" in reasons[0].message


def test_the_worst_region_is_named_first() -> None:
    found = rejecting_regions(replace(OWN, score=6.0, p_value=0.004), [spot(5.0, 0.006), spot(6.0, 0.004)], POLICY)
    assert [region.peak for region in found] == [6.0, 5.0]


scores = st.floats(0, 10)
chances = st.floats(0.0001, 1)
regions_of = st.lists(
    st.builds(Region, box=st.just((0, 0, 9, 9)), area_px=st.integers(1, 200), peak=scores, p_value=chances), max_size=4
)
reports = st.builds(
    replace,
    st.sampled_from([OWN, FLEET]),
    stage=st.integers(0, 4),
    score=scores,
    p_value=chances,
    alpha_reject=st.sampled_from([0.01, 0.05]),
)


@given(reports, regions_of, scores, chances, st.booleans())
def test_a_higher_score_or_a_lower_p_is_never_less_severe(
    report: CalibrationReport, regions: list[Region], score: float, p_value: float, poor: bool
) -> None:
    before, _ = outcome(report, *regions, poor=poor)
    higher = replace(report, score=max(score, report.score), p_value=min(p_value, report.p_value))
    assert outcome(higher, *regions, poor=poor)[0].severity >= before.severity


@given(reports, regions_of, st.booleans(), st.booleans())
def test_every_outcome_but_pass_says_why_and_what_to_do(
    report: CalibrationReport, regions: list[Region], doubtful: bool, poor: bool
) -> None:
    found, reasons = outcome(report, *regions, doubtful=doubtful, poor=poor)
    assert (found is Outcome.PASS) == (not reasons)
    assert all(reason.message and reason.advice for reason in reasons)


@given(reports, regions_of)
def test_only_regions_that_meet_the_margin_reject_before_stage_4(
    report: CalibrationReport, regions: list[Region]
) -> None:
    for region in rejecting_regions(report, regions, POLICY):
        assert region.area_px >= POLICY.min_region_px
        assert report.stage == 4 or region.peak >= REJECT_MARGIN * report.review_threshold


def test_a_colour_alone_asks_a_person_and_never_rejects() -> None:
    off = Reason(code=ReasonCode.COLOUR_DIFFERS, message="the metal's colour differs")
    assert outcome(OWN, colour=(off,)) == (Outcome.REVIEW, (off,))
    found, reasons = outcome(replace(OWN, score=9.0, p_value=0.001), spot(9.0, 0.001), colour=(off,))
    assert (found, codes(reasons)) == (Outcome.REJECT, ["DEFECT", "COLOUR_DIFFERS"])


def test_colours_of_what_was_laid_over_badly_tell_nothing() -> None:
    off = Reason(code=ReasonCode.COLOUR_DIFFERS, message="the metal's colour differs")
    assert codes(outcome(OWN, poor=True, colour=(off,))[1]) == ["ALIGNMENT_POOR"]
