"""How well the colour stage finds metal and stones of another colour, in whatever light and with or without a card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from visiqc.domain.colour import ColourPart
from visiqc.evaluation.clustered import Estimate
from visiqc.evaluation.drawn_rows import Choice, Drawn, Score, recall_by
from visiqc.evaluation.rendered_photos import VARIANT
from visiqc.evaluation.rendered_rows import PhotoRow

COLOUR = "Another colour, by the colour stage"
PLATING, STONE_COLOUR = "PL-COL", "ST-COL"
"""Codes of a plating and of a stone of another colour."""


def colour_figures(drawn: Drawn) -> Iterator[tuple[str, dict[str, Estimate | None]]]:
    """Rows of figures: what was of another colour, by which score, and how often it is found at 5 % false alarms.

    Thresholds are those of all good photos of a pose level; columns tell the photos of other pieces apart.
    """
    cases: tuple[tuple[str, Choice, Mapping[str, Score]], ...] = (
        ("metal", _other_metal, {"evidence": metal_evidence}),
        ("stones", _other_stone, {"evidence": stone_evidence, "spot": spot_difference}),
    )
    for part, wanted, scores in cases:
        for name, score in scores.items():
            figures = {
                "recall at 5 %": recall_by(drawn, wanted, score),
                "with a card": recall_by(drawn, _both(wanted, lambda row: row.card), score),
                "without a card": recall_by(drawn, _both(wanted, lambda row: not row.card), score),
                "the goldens' light": recall_by(drawn, _both(wanted, lambda row: row.own_light), score),
                "other light": recall_by(drawn, _both(wanted, lambda row: not row.own_light), score),
            }
            yield f"{part}, by {name}", figures


def metal_evidence(row: PhotoRow) -> float | None:
    """Evidence that the metal is of another colour; None where it was not compared."""
    return _evidence(row, ColourPart.METAL)


def stone_evidence(row: PhotoRow) -> float | None:
    """Evidence that the stones are of another colour; None where they were not compared."""
    return _evidence(row, ColourPart.STONES)


def spot_difference(row: PhotoRow) -> float | None:
    """Colour difference of the place that differs most; None where none was looked for."""
    spot: Mapping[str, Any] | None = (row.colour or {}).get("spot")
    return None if spot is None else float(spot["delta"])


def _evidence(row: PhotoRow, part: ColourPart) -> float | None:
    parts = (row.colour or {}).get("parts", ())
    return next((float(one["evidence"]) for one in parts if one["part"] == part.value), None)


def _other_metal(row: PhotoRow) -> bool:
    return (row.shows_defect and row.code == PLATING) or (row.role == VARIANT and row.attribute == "metal")


def _other_stone(row: PhotoRow) -> bool:
    return (row.shows_defect and row.code == STONE_COLOUR) or (row.role == VARIANT and row.attribute == "stone_colour")


def _both(one: Choice, other: Choice) -> Choice:
    return lambda row: one(row) and other(row)
