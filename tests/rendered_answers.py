"""Answers about rendered photos, made up: so many designs, so well told apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from visiqc.domain.outcome import Outcome
from visiqc.evaluation.rendered_rows import PhotoRow

THRESHOLD = 1.0
"""Score from which a made-up photo is flagged."""


def a_row(name: str = "ring/uploads/jig-good-1.jpg", **changes: Any) -> PhotoRow:
    """A good photo that passed, changed as told; the outcome follows from the score unless it is named."""
    row = PhotoRow(
        name=name,
        sku=name.partition("/")[0],
        role="good",
        pose="jig",
        family="solitaire",
        light="window",
        ground="white",
        score=0.5,
        golden_score=0.5,
        p_value=0.5,
        review_threshold=THRESHOLD,
    )
    row = replace(row, **changes)
    if "outcome" in changes or row.failure is not None:
        return row
    return replace(row, outcome=Outcome.REVIEW if (row.score or 0.0) >= THRESHOLD else Outcome.PASS)


def a_defect(name: str, **changes: Any) -> PhotoRow:
    """A photo of a visible defect, not flagged unless told."""
    known = {"role": "defective", "defect": "dent", "code": "ME-DNT", "visible": True}
    return a_row(name, **(known | {"area_share": 0.01, "contrast": 30.0} | changes))


def answers(*, designs: int = 24, apart: float = 2.0, shift: float = 0.0, seed: int = 0) -> list[PhotoRow]:
    """Six good photos, four visible defects and another design's photo for each of some designs.

    Args:
        designs: How many.
        apart: Distance of the defects' mean score from the good photos', whose standard deviation is 1.
        shift: Added to every score: another threshold, the same order.
        seed: Of the scores; the same seed gives the same noise, whatever `apart` and `shift`.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for design in range(designs):
        own = 0.3 * rng.normal()
        for photo in range(6):
            score = float(rng.normal() + own + shift - 1.0)
            pose = ("jig", "guided")[photo % 2]
            rows.append(a_row(f"d{design}/good-{photo}.jpg", score=score, golden_score=score, pose=pose))
        for photo in range(4):
            score = float(rng.normal() + own + shift + apart - 1.0)
            pose = ("jig", "guided")[photo % 2]
            rows.append(a_defect(f"d{design}/bad-{photo}.jpg", score=score, golden_score=score, pose=pose))
        other = {"role": "wrong_sample", "score": None, "golden_score": None, "outcome": Outcome.WRONG_SAMPLE}
        rows.append(a_row(f"d{design}/other.jpg", **other))
    return rows
