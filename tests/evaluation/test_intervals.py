"""Wilson's interval, against the figures it was published with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import InputError
from visiqc.evaluation.intervals import Proportion, normal_quantile


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_one_newcombe_published(hits: int, total: int, low: float, high: float) -> None:
    assert Proportion(hits, total).interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_the_interval_holds_the_share_and_mirrors(total: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, total))
    low, high = Proportion(hits, total).interval
    assert 0 <= low <= hits / total <= high <= 1
    assert low < high
    assert Proportion(total - hits, total).interval == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("hits", "total"), [(0, 0), (3, 2), (-1, 5)])
def test_an_impossible_share_is_refused(hits: int, total: int) -> None:
    with pytest.raises(InputError, match=f"{hits}/{total}"):
        Proportion(hits, total)


def test_a_confidence_of_95_percent_is_1_96_standard_deviations() -> None:
    assert normal_quantile(0.95) == pytest.approx(1.959964, abs=1e-6)
    with pytest.raises(InputError):
        Proportion(1, 2, confidence=1.0)
