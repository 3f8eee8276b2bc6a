"""The five outcomes and their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.domain.outcome import Outcome, worst


def test_outcomes_rise_from_pass_to_wrong_sample() -> None:
    assert [outcome.value for outcome in sorted(Outcome, key=lambda outcome: outcome.severity)] == [
        "PASS",
        "REVIEW",
        "REJECT",
        "RETAKE",
        "WRONG_SAMPLE",
    ]
    assert [outcome.severity for outcome in Outcome] == [0, 1, 2, 3, 4]


@given(st.lists(st.sampled_from(Outcome), min_size=1))
def test_the_worst_of_several_is_the_most_severe(outcomes: list[Outcome]) -> None:
    assert worst(outcomes) in outcomes
    assert all(worst(outcomes).severity >= outcome.severity for outcome in outcomes)


def test_there_is_no_worst_of_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        worst([])
