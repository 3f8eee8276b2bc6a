"""Found by the colour stage, or not."""

from __future__ import annotations

from typing import Any

from rendered_answers import a_defect, a_row
from visiqc.evaluation.colour_figures import colour_figures, metal_evidence, spot_difference, stone_evidence
from visiqc.evaluation.drawn_rows import draw_rows


def colour(*, metal: float | None = None, stones: float | None = None, spot: float | None = None) -> dict[str, Any]:
    told = {"metal": metal, "stones": stones}
    parts = [{"part": part, "evidence": value} for part, value in told.items() if value is not None]
    return {"basis": "card", "parts": parts, "spot": None if spot is None else {"delta": spot}}


def test_scores_are_read_from_the_report_and_missing_where_nothing_was_compared() -> None:
    row = a_row(colour=colour(metal=1.5, spot=4.0))
    assert (metal_evidence(row), stone_evidence(row), spot_difference(row)) == (1.5, None, 4.0)
    assert metal_evidence(a_row()) is None


def test_plating_and_stones_are_recalled_by_their_own_score_and_by_card() -> None:
    rows = [a_row(f"d{n}/g.jpg", colour=colour(metal=0.01 * n, stones=0.0, spot=2.0)) for n in range(20)]
    rows += [a_defect("d0/p.jpg", code="PL-COL", card=True, colour=colour(metal=3.0))]
    rows += [a_defect("d1/p.jpg", code="PL-COL", colour=colour(metal=-1.0))]
    rows += [a_row("d2/v.jpg", role="variant", attribute="stone_colour", colour=colour(stones=2.0, spot=1.0))]
    found = dict(colour_figures(draw_rows(rows, draws=100)))
    shares = {(row, column): one.value for row, figures in found.items() for column, one in figures.items() if one}
    assert shares["metal, by evidence", "recall at 5 %"] == 0.5
    assert shares["metal, by evidence", "with a card"] == 1.0
    assert shares["metal, by evidence", "without a card"] == 0.0
    assert shares["stones, by evidence", "recall at 5 %"] == 1.0
    assert shares["stones, by spot", "recall at 5 %"] == 0.0


def test_without_a_colour_stage_there_are_no_figures() -> None:
    rows = [a_row("d0/g.jpg"), a_defect("d0/p.jpg", code="PL-COL")]
    assert [set(figures.values()) for _, figures in colour_figures(draw_rows(rows, draws=100))] == [{None}] * 3
