"""Colours held against good pieces' colours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import real_fleet
from visiqc.domain.colour import BalanceBasis, ColourPart, ColourReport, ColourSpot, PartColour
from visiqc.domain.reasons import ReasonCode
from visiqc.inspection.colour_judgement import colour_reasons, judged_colour

GOOD = tuple(round(-3 + 0.05 * n, 4) for n in range(99))
FLEET = replace(real_fleet(), colour_metal=GOOD, colour_stones=GOOD)


def report(*, metal: float = -2.0, spot: float = 0.5) -> ColourReport:
    part = PartColour(
        part=ColourPart.METAL,
        delta_e00=6.0,
        delta_a=0.4,
        delta_b=5.0,
        delta_chroma=4.0,
        uncertainty=1.5,
        evidence=metal,
        share=0.6,
    )
    return ColourReport(basis=BalanceBasis.GROUND, parts=(part,), spot=ColourSpot(box=(10, 20, 30, 40), delta=spot))


def test_a_metal_beyond_all_good_ones_is_named_with_its_direction_and_figures() -> None:
    judged = judged_colour(report(metal=9.0), FLEET, alpha=0.02)
    (reason,) = colour_reasons(judged)
    assert reason.code is ReasonCode.COLOUR_DIFFERS
    assert "ΔE00 6.0 ± 1.5, yellower" in reason.message
    assert judged.parts[0].p_value == pytest.approx(0.01)


def test_a_spot_beyond_all_good_ones_is_named_with_its_place() -> None:
    (reason,) = colour_reasons(judged_colour(report(spot=12.0), FLEET, alpha=0.02))
    assert "x 10–30, y 20–40" in reason.message


def test_good_colours_give_no_reason_and_a_fleet_without_colours_judges_none() -> None:
    assert colour_reasons(judged_colour(report(), FLEET, alpha=0.02)) == ()
    without = replace(FLEET, colour_metal=(), colour_stones=())
    unjudged = judged_colour(report(metal=9.0, spot=40.0), without, alpha=0.02)
    assert unjudged.parts[0].p_value is None
    assert colour_reasons(unjudged) == ()
    assert colour_reasons(None) == ()


def test_colours_against_one_golden_are_held_to_good_photos_against_one_golden() -> None:
    wider = replace(FLEET, colour_metal_single=tuple(score + 12 for score in GOOD))
    assert colour_reasons(judged_colour(report(metal=9.0), wider, alpha=0.02, single=True)) == ()
    assert colour_reasons(judged_colour(report(metal=15.0), wider, alpha=0.02, single=True))
    assert colour_reasons(judged_colour(report(metal=9.0), wider, alpha=0.02))


@given(st.floats(-4, 4), st.sampled_from([0.02, 0.05, 0.001]))
def test_a_metal_differs_exactly_when_its_rank_is_at_most_the_level_or_the_smallest_there_is(
    evidence: float, alpha: float
) -> None:
    (part,) = judged_colour(report(metal=evidence), FLEET, alpha=alpha).parts
    assert part.p_value is not None
    assert part.differs == (part.p_value <= max(alpha, 0.01) + 1e-9)


@given(st.integers(20, 300), st.sampled_from([0.02, 0.01, 0.05, 0.004]))
def test_a_limit_lies_where_the_rank_reaches_the_level_for_every_number_of_good_photos(
    count: int, alpha: float
) -> None:
    fleet = replace(FLEET, colour_metal=tuple(float(n) for n in range(count)))
    for evidence in (count - 1.5, count - 0.5, count + 1.0, 0.0):
        (part,) = judged_colour(report(metal=evidence), fleet, alpha=alpha).parts
        assert part.p_value is not None
        assert part.differs == (part.p_value <= max(alpha, 1 / (count + 1)) + 1e-9)
