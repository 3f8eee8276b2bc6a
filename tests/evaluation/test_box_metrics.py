"""Boxes, found and true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import InputError
from visiqc.evaluation.box_metrics import Box, BoxCounts, iou, match_boxes

A, B = (0, 0, 10, 10), (20, 0, 30, 10)
boxes = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 20), st.integers(1, 20)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def test_overlap_is_the_one_computed_by_hand() -> None:
    assert iou(A, A) == 1.0
    assert iou(A, B) == 0.0
    assert iou((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert iou(A, (5, 5, 5, 5)) == 0.0


@given(boxes, boxes)
def test_overlap_is_symmetric(a: Box, b: Box) -> None:
    assert iou(a, b) == iou(b, a)
    assert 0 <= iou(a, b) <= 1


def test_found_missed_and_false_boxes_are_counted() -> None:
    counts = match_boxes([A, (50, 50, 60, 60)], [A, B])
    assert counts == BoxCounts(found=1, missed=1, false=1, photos=1)
    assert counts.recall.value == 0.5
    assert counts.false_per_photo == 1.0


def test_a_second_box_on_the_same_defect_is_false() -> None:
    assert match_boxes([A, A], [A]) == BoxCounts(found=1, missed=0, false=1, photos=1)


def test_the_more_certain_box_chooses_first() -> None:
    wide = (0, 0, 14, 10)
    assert match_boxes([wide, (6, 0, 16, 10)], [(0, 0, 10, 10), (7, 0, 17, 10)]).found == 2
    assert match_boxes([A], [(0, 0, 10, 20), A]).missed == 1


def test_the_limit_itself_is_a_match() -> None:
    assert match_boxes([(0, 0, 1, 1)], [(0, 0, 2, 1)], at_least=0.5).found == 1
    assert match_boxes([(0, 0, 1, 1)], [(0, 0, 2, 1)], at_least=0.51).found == 0


@given(st.lists(boxes, max_size=6), st.lists(boxes, max_size=6))
def test_every_box_is_counted_once(found: list[Box], true: list[Box]) -> None:
    counts = match_boxes(found, true)
    assert counts.found + counts.missed == len(true)
    assert counts.found + counts.false == len(found)


def test_photos_are_joined() -> None:
    joined = match_boxes([A], [A]) + match_boxes([A], [])
    assert joined.recall.value == 1.0
    assert joined.false_per_photo == 0.5


def test_empty_cases_are_refused() -> None:
    with pytest.raises(InputError, match="no true box"):
        match_boxes([A], []).recall  # noqa: B018
    with pytest.raises(InputError, match="no photos"):
        BoxCounts().false_per_photo  # noqa: B018
    with pytest.raises(InputError, match="IoU"):
        match_boxes([A], [A], at_least=0)
