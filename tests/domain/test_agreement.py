from __future__ import annotations

import pytest

from visiqc.domain.agreement import Agreement, agrees, contradicts
from visiqc.domain.outcome import Outcome
from visiqc.domain.review import Decision


@pytest.mark.parametrize(
    ("decision", "same", "opposite"),
    [
        (Decision.ACCEPT, {Outcome.PASS}, {Outcome.REJECT, Outcome.WRONG_SAMPLE}),
        (Decision.REJECT, {Outcome.REJECT, Outcome.WRONG_SAMPLE}, {Outcome.PASS}),
        (Decision.RETAKE, {Outcome.RETAKE}, set()),
        (Decision.UNDONE, set(), set()),
        (None, set(), set()),
    ],
)
def test_a_review_leaves_the_answer_to_a_person(
    decision: Decision | None, same: set[Outcome], opposite: set[Outcome]
) -> None:
    assert {outcome for outcome in Outcome if agrees(decision, outcome)} == same
    assert {outcome for outcome in Outcome if contradicts(decision, outcome)} == opposite


def test_what_could_not_be_scored_says_nothing() -> None:
    assert not agrees(Decision.ACCEPT, None)
    assert not contradicts(Decision.ACCEPT, None)


def test_agreement_counts_photos() -> None:
    found = Agreement()
    found.count(Decision.ACCEPT, Outcome.PASS, 3)
    found.count(Decision.REJECT, Outcome.PASS, 2)
    found.count(Decision.ACCEPT, Outcome.REVIEW)
    assert found == Agreement(photos=6, agreed=3, contradicted=2)
