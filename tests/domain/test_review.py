"""A review makes sense in itself."""

from __future__ import annotations

import math
from typing import Any

import pytest

from builders import a_review
from visiqc.domain.inspection_queue import Place
from visiqc.domain.review import Decision, ReviewedRegion, standing_review
from visiqc.errors import InputError

CORNERS = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))


@pytest.mark.parametrize(
    "changes",
    [
        {"polygon": CORNERS[:2]},
        {"polygon": (*CORNERS[:2], (math.nan, 1.0))},
        {"polygon": CORNERS, "code": "XX-YYY"},
    ],
)
def test_a_region_is_a_place_with_a_known_type(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ReviewedRegion(**changes)


def test_an_accepted_photo_shows_no_defect() -> None:
    with pytest.raises(InputError, match="dismiss its regions, or reject"):
        a_review(decision=Decision.ACCEPT, regions=(ReviewedRegion(polygon=CORNERS),))
    assert a_review(decision=Decision.ACCEPT, regions=(ReviewedRegion(polygon=CORNERS, dismissed=True),)).marked == ()


def test_undoing_takes_a_review_back_and_says_nothing_else() -> None:
    with pytest.raises(InputError):
        a_review(decision=Decision.UNDONE)
    undone = a_review(id="r2", decision=Decision.UNDONE, supersedes="review-1")
    assert standing_review((a_review(), undone)) is None
    assert standing_review((a_review(),)) == a_review()


def test_a_place_in_the_queue_is_read_back_to_the_last_bit() -> None:
    place = Place(2, 0.1 + 0.2, 10**12)
    assert Place.read(str(place)) == place


@pytest.mark.parametrize("text", ["", "2_0.1", "2_nan_3", "7_0.1_3", "2_1e999_3", "2_--_3"])
def test_what_is_no_place_in_the_queue_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a place in the queue"):
        Place.read(text)
