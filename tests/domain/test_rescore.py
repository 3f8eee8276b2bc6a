from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MOMENT, a_calibration_report, a_rescore_request, a_verdict, later, members
from visiqc.domain.rescore import RescoreResult, Selection
from visiqc.domain.rescore_results import moved
from visiqc.domain.verdict import Verdict
from visiqc.errors import InputError, InvalidRecord

p_values = st.floats(min_value=1e-9, max_value=1.0)


def held(p_value: float, alpha: float = 0.05) -> Verdict:
    return a_verdict(calibration=a_calibration_report(p_value=p_value, alpha_review=alpha))


def test_a_p_value_that_falls_to_a_hundredth_moved_two_powers_of_ten() -> None:
    assert moved(held(0.5), held(0.005)) == pytest.approx(2.0)


@given(p_values, p_values)
def test_back_is_as_far_as_there_and_what_stays_did_not_move(one: float, other: float) -> None:
    assert moved(held(one), held(other)) == pytest.approx(-moved(held(other), held(one)))
    assert moved(held(one), held(one)) == 0.0


def test_p_values_count_in_their_own_review_level() -> None:
    assert moved(held(0.10, alpha=0.10), held(0.05, alpha=0.05)) == pytest.approx(0.0)


def test_a_photo_that_was_not_compared_moved_nowhere() -> None:
    assert moved(held(0.5), a_verdict(calibration=None)) == 0.0


def test_the_same_request_has_the_same_fingerprint_and_no_other_has() -> None:
    others = [
        a_rescore_request(golden_version=1),
        a_rescore_request(members=members("halo-2")),
        *(a_rescore_request(selection=Selection(**{name: "x"})) for name in ("sku", "order")),
        a_rescore_request(selection=Selection(order="x", lot="x")),
        a_rescore_request(selection=Selection(since=MOMENT)),
        a_rescore_request(selection=Selection(since=later(1))),
    ]
    assert a_rescore_request().fingerprint == a_rescore_request().fingerprint
    assert len({each.fingerprint for each in (a_rescore_request(), *others)}) == len(others) + 1


def test_a_selection_says_what_it_is() -> None:
    assert str(Selection()) == "every photo"
    assert str(Selection(order="PO-7", lot="L1")) == "order PO-7, lot L1"
    assert str(Selection(sku="ring", since=MOMENT)) == "sku ring, received since 2026-03-02 09:30 UTC"


def test_what_contradicts_itself_is_refused() -> None:
    with pytest.raises(InputError, match="name its order too"):
        Selection(lot="L1")
    with pytest.raises(InvalidRecord, match="UTC"):
        Selection(since=datetime(2026, 1, 1))
    for verdict, error in ((None, ""), (a_verdict(), "why")):
        with pytest.raises(InvalidRecord, match="either a verdict or an error"):
            RescoreResult(position=1, verdict=verdict, error=error)
