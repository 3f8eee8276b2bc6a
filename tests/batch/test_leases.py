"""Leases by themselves: what is given back late."""

from __future__ import annotations

import pytest

from builders import FixedClock, a_golden, an_upload
from memory import MemoryRecords
from visiqc.batch.leases import MAX_WHY, Leases, why_put_off
from visiqc.errors import NotFound, Unavailable


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
    mine.put_off("a", Unavailable("no disk"))


def test_the_reason_of_a_put_off_is_ours_in_words_and_a_foreign_error_s_by_its_kind() -> None:
    assert why_put_off(Unavailable("the photo store cannot be read")) == "the photo store cannot be read"
    assert "OSError" in why_put_off(OSError(5, "Input/output error", "/srv/secret/place"))
    assert "/srv" not in why_put_off(OSError(5, "Input/output error", "/srv/secret/place"))
    assert "memory" in why_put_off(MemoryError())
    assert why_put_off(NotFound("no blob 40c5")).endswith("damaged: no blob 40c5; restore it from a backup")


def test_a_reason_that_no_database_can_keep_does_not_hold_the_job() -> None:
    why = why_put_off(Unavailable("\0 odd \udce9" + "x" * 9999))
    assert len(why) == MAX_WHY
    assert "\0" not in why
    assert why.encode()
