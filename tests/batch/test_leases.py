"""Leases by themselves: what is given back late."""

from __future__ import annotations

import pytest

from builders import FixedClock, a_golden, an_upload
from memory import MemoryRecords
from visiqc.batch.leases import Leases
from visiqc.errors import Unavailable


def test_a_late_release_does_not_free_a_job_that_was_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    records, clock = MemoryRecords(), FixedClock()
    records.add_golden(a_golden())
    records.accept([an_upload(id="a")])
    mine, release = Leases(records, clock), records.release
    assert mine.take("a")

    def away(*_: object, **__: object) -> None:
        raise Unavailable("no database")

    monkeypatch.setattr(records, "release", away)
    mine.give_back("a")
    clock.pass_(60)
    assert mine.take("a")
    monkeypatch.setattr(records, "release", release)
    mine._release_owed()
    assert Leases(records, clock).take("a") is None


def test_an_unexpected_error_of_a_release_is_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    records = MemoryRecords()
    records.add_golden(a_golden())
    records.accept([an_upload(id="a")])
    mine = Leases(records, FixedClock())
    assert mine.take("a")

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(records, "release", broken)
    mine.put_off("a")
