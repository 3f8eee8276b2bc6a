"""What a verdict may never be."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from visiqc.domain.outcome import Outcome
from visiqc.domain.reasons import Reason, ReasonCode
from visiqc.domain.verdict import Verdict
from visiqc.errors import InvalidRecord

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WHY = Reason(code=ReasonCode.DEFECT, message="differs in 1 place")


def verdict(**changes: Any) -> Verdict:
    fields: dict[str, Any] = {
        "id": "v1",
        "sku": "R1",
        "golden_version": 1,
        "golden_view": "front",
        "photo_name": "a.jpg",
        "photo_digest": "0" * 64,
        "outcome": Outcome.PASS,
        "made_at": NOW,
        **changes,
    }
    return Verdict(**fields)


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.PASS])
def test_every_outcome_but_pass_must_say_why(outcome: Outcome) -> None:
    with pytest.raises(InvalidRecord, match=f"{outcome} verdict must say why"):
        verdict(outcome=outcome)
    assert verdict(outcome=outcome, reasons=(WHY,)).reasons == (WHY,)


def test_a_pass_needs_no_reason() -> None:
    assert verdict().reasons == ()


@pytest.mark.parametrize("moment", [NOW.replace(tzinfo=None), NOW.astimezone(timezone(timedelta(hours=8)))])
def test_a_verdict_is_dated_in_utc(moment: datetime) -> None:
    with pytest.raises(InvalidRecord, match="UTC"):
        verdict(made_at=moment)


def test_a_verdict_is_never_edited() -> None:
    with pytest.raises(FrozenInstanceError):
        verdict().outcome = Outcome.REJECT  # type: ignore[misc]
