"""What a re-score found riskier reaches the inspectors' queue, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import (
    SKU,
    a_calibration_report,
    a_golden,
    a_rescore,
    a_review,
    a_verdict,
    an_upload,
    digest_of,
    later,
    members,
)
from visiqc.domain.inspection_queue import QueueFilter
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreResult
from visiqc.domain.review import Decision
from visiqc.inspection.rescore import queue_riskier
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    records = SqlRecords(open_database(f"sqlite:///{tmp_path / 'visiqc.sqlite3'}"))
    records.add_golden(a_golden())
    records.approve_golden(SKU, 1, by="anna", at=later(1))
    yield records
    records.close()


def photo(records: SqlRecords, name: str, outcome: Outcome, p_value: float = 0.5) -> None:
    records.accept([an_upload(id=name, photo_digest=digest_of(name))])
    records.add_verdict(a_verdict(id=name, outcome=outcome, calibration=a_calibration_report(p_value=p_value)))


def rescored(records: SqlRecords, found: dict[str, tuple[Outcome, float]], run: str = "run-1") -> int:
    """Score all again and queue what is riskier; returns how many photos that put there."""
    begun = records.begin_rescore(a_rescore(id=run))
    for task, _ in records.open_photos(run, after=0, limit=99):
        outcome, p_value = found[task.upload_id]
        verdict = a_verdict(
            id=task.upload_id,
            outcome=outcome,
            calibration=a_calibration_report(p_value=p_value),
            model_digests=members().digests,
            made_at=later(86_400),
        )
        records.add_rescore_results(run, [RescoreResult(position=task.position, verdict=verdict)])
    return queue_riskier(begun, records)


def queued(records: SqlRecords) -> list[tuple[str, Outcome, bool]]:
    return [(item.upload_id, item.outcome, item.rescored) for item in records.queue(QueueFilter())]


def test_what_is_riskier_now_is_queued_by_its_new_verdict_among_the_others(records: SqlRecords) -> None:
    for name in ("passed", "stays", "better"):
        photo(records, name, Outcome.REJECT if name == "better" else Outcome.PASS, 0.003)
    photo(records, "doubtful", Outcome.REVIEW, 0.04)
    now = {
        "passed": (Outcome.REJECT, 0.001),
        "stays": (Outcome.PASS, 0.2),
        "better": (Outcome.RETAKE, 1.0),
        "doubtful": (Outcome.REJECT, 0.002),
    }
    assert rescored(records, now) == 2
    assert queued(records) == [
        ("passed", Outcome.REJECT, True),
        ("doubtful", Outcome.REJECT, True),
        ("better", Outcome.REJECT, False),
    ]
    of_record = records.verdict("passed")
    assert of_record is not None
    assert of_record.outcome is Outcome.PASS
    counts = {count.outcome: count.open for count in records.queue_counts(QueueFilter())}
    assert (counts[Outcome.REJECT], counts[Outcome.PASS]) == (3, 1)


def test_the_reason_says_when_by_which_models_and_what_it_was(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS)
    photo(records, "b", Outcome.REVIEW)
    assert records.requeued("a") is None
    rescored(records, {"a": (Outcome.REVIEW, 0.03), "b": (Outcome.REJECT, 0.001)})
    assert str(records.requeued("a")) == f"re-scored on 2026-03-03 by {members()}: REVIEW; passed at the time"
    assert str(records.requeued("b")).endswith("REJECT; was REVIEW at the time")


def test_a_photo_that_an_inspector_answered_is_not_asked_about_again(records: SqlRecords) -> None:
    photo(records, "answered", Outcome.PASS)
    photo(records, "taken-back", Outcome.PASS)
    for name in ("answered", "taken-back"):
        records.add_review(a_review(id=name, upload_id=name, decision=Decision.ACCEPT))
    undone = a_review(id="undone", upload_id="taken-back", decision=Decision.UNDONE, supersedes="taken-back")
    records.add_review(undone)
    assert rescored(records, dict.fromkeys(("answered", "taken-back"), (Outcome.REJECT, 0.001))) == 1
    assert queued(records) == [("taken-back", Outcome.REJECT, True)]


def test_asked_again_it_queues_nothing_twice_and_a_later_run_speaks_then(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS)
    found = {"a": (Outcome.REJECT, 0.001)}
    assert [rescored(records, found), rescored(records, found, "run-2")] == [1, 0]
    records.add_review(a_review(upload_id="a", decision=Decision.REJECT))
    assert queued(records) == []
    records.add_review(a_review(id="r2", upload_id="a", decision=Decision.UNDONE, supersedes="review-1"))
    assert queued(records) == [("a", Outcome.REJECT, True)], "what is taken back waits as before"
