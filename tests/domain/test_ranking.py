"""What a score is held against: levels by stage, and a threshold that means exactly what the p-value says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_calibration
from visiqc.domain.golden import ScoringPolicy
from visiqc.domain.ranking import Ranking
from visiqc.errors import InvalidRecord

finite = st.floats(min_value=-1e6, max_value=1e6)
few_values = st.integers(0, 6).map(float)  # so few that there are ties


def ascending(least: int, most: int) -> st.SearchStrategy[tuple[float, ...]]:
    return st.one_of(
        st.lists(finite, min_size=least, max_size=most), st.lists(few_values, min_size=least, max_size=most)
    ).map(lambda scores: tuple(sorted(scores)))


levels = st.tuples(st.floats(0.001, 0.5), st.floats(0.001, 0.5)).map(
    lambda pair: ScoringPolicy(alpha_review=max(pair), alpha_reject=min(pair))
)
policies = st.one_of(st.just(ScoringPolicy()), levels)


def ranking(
    own: tuple[float, ...] = (), fleet: tuple[float, ...] = (0.5, 0.6), policy: ScoringPolicy | None = None
) -> Ranking:
    calibration = a_calibration(scores=own, photo_digests=()) if own else None
    return Ranking(calibration, fleet=fleet, fleet_source="the fleet", policy=policy or ScoringPolicy())


rankings = st.one_of(
    st.builds(ranking, fleet=ascending(1, 60), policy=policies),
    st.builds(ranking, own=ascending(1, 28), fleet=ascending(1, 60), policy=policies),
    st.builds(ranking, own=st.one_of(ascending(29, 40), ascending(59, 80), ascending(149, 160)), policy=policies),
)


@given(rankings, finite, finite)
def test_a_higher_score_never_has_a_higher_p_value(held: Ranking, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 < held.p_value(high) <= held.p_value(low) <= 1


@given(rankings, st.one_of(finite, few_values))
def test_a_score_reaches_the_threshold_exactly_when_its_p_value_reaches_the_level(held: Ranking, score: float) -> None:
    assert (score >= held.review_threshold) == (held.p_value(score) <= held.alpha_review)


@given(rankings)
def test_at_the_threshold_itself_there_is_no_step_between_the_two(held: Ranking) -> None:
    just_below = math.nextafter(held.review_threshold, -math.inf)
    assert held.p_value(held.review_threshold) <= held.alpha_review < held.p_value(just_below)


@pytest.mark.parametrize(
    ("specimens", "stage", "review", "reject"),
    [(29, 1, 0.10, 0.10), (58, 1, 0.10, 0.10), (59, 2, 0.05, 0.05), (149, 3, 0.05, 0.02), (299, 4, 0.05, 0.01)],
)
def test_each_stage_has_the_smallest_levels_it_supports(
    specimens: int, stage: int, review: float, reject: float
) -> None:
    held = ranking(own=tuple(i / 100 for i in range(specimens)))
    report = held.report(0.5)
    assert (report.stage, report.n, report.provisional) == (stage, specimens, False)
    assert (report.alpha_review, report.alpha_reject) == (review, reject)
    assert held.p_value(10.0) <= held.alpha_reject  # what no accepted piece reached can be rejected


def test_the_fleet_speaks_until_29_specimens_do() -> None:
    fleet = tuple(i / 10 for i in range(200))
    without, with_few = ranking(fleet=fleet), ranking(own=(3.0,) * 28, fleet=fleet)
    for held in (without, with_few):
        report = held.report(9.95)
        assert (report.stage, report.n, report.source, report.provisional) == (0, 200, "the fleet", True)
        assert (report.alpha_review, report.alpha_reject, report.p_value) == (0.05, 0.01, 101 / 201)


def test_a_small_fleet_raises_the_levels_to_what_it_can_support() -> None:
    held = ranking(fleet=(0.1, 0.2, 0.3, 0.4))
    assert (held.alpha_review, held.alpha_reject) == (0.2, 0.2)
    assert held.review_threshold == math.nextafter(0.4, math.inf)


def test_a_policy_stricter_than_the_stage_keeps_its_own_levels() -> None:
    held = ranking(own=(0.5,) * 299, policy=ScoringPolicy(alpha_review=0.2, alpha_reject=0.04))
    assert (held.alpha_review, held.alpha_reject) == (0.2, 0.04)


def test_the_report_names_the_calibration_and_what_was_scored() -> None:
    report = ranking(own=(0.5,) * 59).report(0.75)
    assert (report.source, report.score, report.review_threshold) == ("calibration-1", 0.75, math.nextafter(0.5, 1))


def test_nothing_to_be_held_against_is_refused() -> None:
    with pytest.raises(InvalidRecord, match="empty fleet"):
        ranking(fleet=())


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidRecord, match="NaN"):
        ranking().p_value(math.nan)
