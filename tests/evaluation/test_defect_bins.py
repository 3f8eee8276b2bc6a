"""Defects by size and contrast."""

from __future__ import annotations

from itertools import pairwise

import pytest

from visiqc.evaluation.defect_bins import AREA_BINS, CONTRAST_BINS, LARGE, Bin


@pytest.mark.parametrize("bins", [AREA_BINS, CONTRAST_BINS])
def test_the_bins_meet_and_leave_nothing_out(bins: tuple[Bin, ...]) -> None:
    assert bins[0].low == 0.0
    assert all(one.high == other.low for one, other in pairwise(bins))
    assert [sum(one.holds(value) for one in bins) for value in (0.0, 0.005, 10.0, 1e9)] == [1, 1, 1, 1]


def test_what_was_not_measured_is_in_no_bin() -> None:
    assert not any(one.holds(None) for one in AREA_BINS)


def test_large_defects_begin_where_a_bin_does() -> None:
    assert LARGE in {one.low for one in AREA_BINS}
