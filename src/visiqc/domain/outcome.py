"""The five answers VisiQC gives about a photo."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """What happens to the piece in the photo next; later members are more severe."""

    PASS = "PASS"  # noqa: S105 - an outcome, not a password
    REVIEW = "REVIEW"
    REJECT = "REJECT"
    RETAKE = "RETAKE"
    WRONG_SAMPLE = "WRONG_SAMPLE"

    @property
    def severity(self) -> int:
        """Rank among the outcomes: 0 for PASS up to 4 for WRONG_SAMPLE."""
        return list(Outcome).index(self)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of several photos taken together: the most severe one.

    Raises:
        ValueError: There is no outcome at all.
    """
    return max(outcomes, key=lambda outcome: outcome.severity)
