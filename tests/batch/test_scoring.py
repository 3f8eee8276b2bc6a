"""Scoring a photo that another process may be at."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from builders import a_golden, a_verdict, an_upload, digest_of, later
from memory import MemoryRecords
from services import memory_parts
from visiqc.batch import scoring
from visiqc.batch.leases import Leases
from visiqc.batch.scoring import score_leased
from visiqc.domain.verdict import Verdict
from visiqc.errors import Unavailable
from visiqc.inspection.parts import Parts


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    """Parts in which the upload a waits."""
    records = MemoryRecords()
    records.add_golden(a_golden())
    records.accept([an_upload(id="a")])
    monkeypatch.setattr(scoring, "LOOK_S", 0.01)
    return replace(memory_parts(), records=records)


def test_a_photo_another_process_holds_gets_its_verdict_of_record(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "score_upload", lambda *_: pytest.fail("scored twice"))
    assert parts.records.lease("another", now=parts.clock(), until=later(10**9))
    theirs = a_verdict(id="a", model_digests=(digest_of("theirs"),))
    timer = threading.Timer(0.1, parts.records.add_verdict, [theirs])
    timer.start()
    assert score_leased("a", parts, Leases(parts.records, parts.clock)) == theirs
    timer.join()


def test_a_photo_held_for_long_is_left_to_its_holder(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "LEASE_S", 0.01)
    assert parts.records.lease("another", now=parts.clock(), until=later(10**9))
    with pytest.raises(Unavailable, match="another process scores"):
        score_leased("a", parts, Leases(parts.records, parts.clock))


def test_a_photo_is_held_while_it_is_scored_and_given_back_after_an_error(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def score(upload_id: str, parts: Parts) -> Verdict:
        assert parts.records.lease("another", now=parts.clock(), until=later(9)) == ()
        raise ZeroDivisionError

    monkeypatch.setattr(scoring, "score_upload", score)
    with pytest.raises(ZeroDivisionError):
        score_leased("a", parts, Leases(parts.records, parts.clock))
    assert parts.records.lease("another", now=parts.clock(), until=later(9))
