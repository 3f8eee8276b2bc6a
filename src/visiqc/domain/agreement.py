"""Whether an outcome says what an inspector decided about the same photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from visiqc.domain.outcome import Outcome
from visiqc.domain.review import Decision

AGREEING: Final[Mapping[Decision, tuple[Outcome, ...]]] = {
    Decision.ACCEPT: (Outcome.PASS,),
    Decision.REJECT: (Outcome.REJECT, Outcome.WRONG_SAMPLE),
    Decision.RETAKE: (Outcome.RETAKE,),
}
"""Outcomes that say the same as a decision."""
CONTRADICTING: Final[Mapping[Decision, tuple[Outcome, ...]]] = {
    Decision.ACCEPT: (Outcome.REJECT, Outcome.WRONG_SAMPLE),
    Decision.REJECT: (Outcome.PASS,),
}
"""Outcomes that say the opposite. What is in neither, such as REVIEW, leaves the answer to a person."""


def agrees(decision: Decision | None, outcome: Outcome | None) -> bool:
    """Whether both say the same; False where one of them is not there."""
    return decision is not None and outcome in AGREEING.get(decision, ())


def contradicts(decision: Decision | None, outcome: Outcome | None) -> bool:
    """Whether one says the opposite of the other; False where one of them is not there."""
    return decision is not None and outcome in CONTRADICTING.get(decision, ())


@dataclass(slots=True)
class Agreement:
    """How often models said what inspectors decided.

    Attributes:
        photos: Photos with a decision and an outcome.
        agreed: Those where both say the same.
        contradicted: Those where one says the opposite; the others were left to a person.
    """

    photos: int = 0
    agreed: int = 0
    contradicted: int = 0

    def count(self, decision: Decision, outcome: Outcome, photos: int = 1) -> None:
        """Count photos in."""
        self.photos += photos
        self.agreed += photos * agrees(decision, outcome)
        self.contradicted += photos * contradicts(decision, outcome)
