"""Colour records refuse what contradicts itself."""

from __future__ import annotations

import math
from typing import Any

import pytest

from visiqc.domain.colour import BalanceBasis, ColourPart, ColourReport, ColourSpot, PartColour
from visiqc.errors import InvalidRecord


def _metal(**changes: Any) -> PartColour:
    values: dict[str, Any] = {
        "part": ColourPart.METAL,
        "delta_e00": 2.0,
        "delta_a": 1.0,
        "delta_b": -2.0,
        "delta_chroma": -1.5,
        "uncertainty": 1.2,
        "evidence": 0.7,
        "share": 0.4,
    }
    return PartColour(**values | changes)


@pytest.mark.parametrize(
    "change",
    [{"delta_e00": math.nan}, {"delta_e00": -1.0}, {"share": 1.2}, {"p_value": 0.0}, {"uncertainty": math.inf}],
    ids=lambda change: next(iter(change)),
)
def test_figures_that_cannot_be_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InvalidRecord, match="metal"):
        _metal(**change)


def test_a_part_differs_only_once_it_is_judged_and_reaches_its_limit() -> None:
    assert not _metal().differs
    assert not _metal(limit=0.8).differs
    assert _metal(limit=0.7).differs


def test_a_part_is_told_once_and_found_by_name() -> None:
    report = ColourReport(basis=BalanceBasis.GROUND, parts=(_metal(),))
    assert report.of(ColourPart.METAL) == _metal()
    assert report.of(ColourPart.STONES) is None
    with pytest.raises(InvalidRecord, match="once"):
        ColourReport(basis=BalanceBasis.GROUND, parts=(_metal(), _metal()))


def test_a_spot_has_an_inside() -> None:
    assert ColourSpot(box=(0, 0, 2, 2), delta=9.0, limit=8.0).differs
    with pytest.raises(InvalidRecord, match="inside"):
        ColourSpot(box=(2, 0, 2, 2), delta=1.0)


def test_the_stone_score_is_the_spot_and_what_all_stones_say() -> None:
    spot = ColourSpot(box=(0, 0, 2, 2), delta=9.0)
    stones = _metal(part=ColourPart.STONES, evidence=2.5)
    assert ColourReport(basis=BalanceBasis.NONE, parts=(stones,), spot=spot).stone_score == pytest.approx(11.5)
    assert ColourReport(basis=BalanceBasis.NONE, spot=spot).stone_score == pytest.approx(8.0)
    assert ColourReport(basis=BalanceBasis.NONE).stone_score is None
