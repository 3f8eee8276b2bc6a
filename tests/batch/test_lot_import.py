"""Importing photo by photo: what a full disk, another process or a dead one does to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import SKU, FixedClock, a_golden, a_lot, a_verdict, an_order, later
from services import jpeg, memory_parts
from visiqc.batch import lot_import
from visiqc.batch.imported import OddView, Taken
from visiqc.batch.lot_import import LotImport
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Verdict
from visiqc.errors import InputError, NotFound, Unavailable, UnreadablePhoto
from visiqc.inspection.inspect import decoded_photos
from visiqc.inspection.lots import SentUnitPhoto
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """Parts with an approved golden sample, whose scoring is a PASS at once."""
    records = SqlRecords(open_database(f"sqlite:///{tmp_path / 'visiqc.sqlite3'}"))
    records.add_golden(a_golden())
    records.approve_golden(SKU, 1, by="anna", at=later(1))

    def score(upload_id: str, parts: Parts) -> Verdict:
        return parts.records.add_verdict(a_verdict(id=upload_id, outcome=Outcome.PASS))

    monkeypatch.setattr(lot_import, "score_upload", score)
    monkeypatch.setattr(lot_import, "LOOK_S", 0.01)
    yield replace(memory_parts(), records=records)
    records.close()


def photo_of(unit: int) -> SentUnitPhoto:
    return SentUnitPhoto(photo=SentPhoto(name=f"{unit}.jpg", content=jpeg(unit)), unit=unit, view="front")


def take(job: LotImport, *units: int, lot: str = "L1", milestone: str = "pre-shipment") -> list[Taken]:
    return [job.take("PO-7", lot, SKU, milestone, photo_of(unit)) for unit in units]


def verdicts(parts: Parts) -> list[int]:
    return [len(parts.records.verdicts(each.upload_id)) for each in parts.records.photo_results("PO-7", "L1")]


def test_each_photo_is_in_its_lot_and_has_its_verdict(parts: Parts) -> None:
    with LotImport(parts, score=True) as job:
        take(job, 1, 2, 1)
        assert job.finish() == 0
    assert (job.done.new, job.done.known, job.done.scored) == (2, 1, 2)
    assert list(job.done.lots) == [("PO-7", "L1")]
    assert verdicts(parts) == [1, 1]


def test_a_file_of_another_lot_or_milestone_is_taken_in_scored_and_told(parts: Parts) -> None:
    with LotImport(parts, score=True) as job:
        (first,) = take(job, 1)
        (elsewhere,) = take(job, 1, lot="L2")
        (later_on,) = take(job, 1, milestone="first-article")
        assert first.repeats is None
        said = "the same file as unit 1, front, milestone pre-shipment, lot L1 of order PO-7"
        assert str(elsewhere.repeats) == str(later_on.repeats) == said
    assert (job.done.new, job.done.repeated, job.done.scored) == (3, 2, 3)


def test_a_view_that_neither_golden_nor_lot_has_is_left_out_and_opens_nothing(parts: Parts) -> None:
    back = replace(photo_of(1), view="bakc")
    with LotImport(parts, score=True) as job:
        odd = job.take("PO-7", "L1", SKU, "pre-shipment", back)
        assert odd == OddView(sku=SKU, golden_version=1, view="bakc", views=("front", "side"))
        assert parts.records.orders() == ()
        assert (job.done.found, job.done.odd_views, job.done.complete) == (1, {odd: 1}, False)


def test_a_view_that_the_lot_requires_is_taken_in_also_where_the_golden_lacks_it(parts: Parts) -> None:
    parts.records.add_order(an_order())
    parts.records.add_lot(a_lot(required_views=("front", "hallmark")))
    with LotImport(parts, score=True) as job:
        job.take("PO-7", "L1", "", "pre-shipment", replace(photo_of(1), view="hallmark"))
        odd = job.take("PO-7", "L1", "", "pre-shipment", replace(photo_of(2), view="halmark"))
    assert (job.done.new, isinstance(odd, OddView) and odd.meant) == (1, "hallmark")


def test_a_line_that_cannot_be_used_opens_no_order_and_no_lot(parts: Parts) -> None:
    photo = SentUnitPhoto(photo=SentPhoto(name="1.jpg", content=jpeg(1)), unit=1, view="front")
    broken = replace(photo, photo=SentPhoto(name="2.jpg", content=b"no picture"))
    tries = [(SKU, "no-such", photo), ("unknown", "pre-shipment", photo), (SKU, "pre-shipment", broken)]
    with LotImport(parts, score=True) as job:
        for sku, milestone, sent in tries:
            with pytest.raises((InputError, NotFound)):
                job.take("PO-8", "L1", sku, milestone, sent)
    assert parts.records.orders() == ()


def test_an_order_that_another_process_opens_otherwise_between_check_and_opening_gets_no_lot(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SqlRecords(open_database(f"sqlite:///{tmp_path / 'visiqc.sqlite3'}"))

    def meanwhile(*given: Any) -> Any:
        other.add_order(an_order(code="PO-7", milestones=("casting",)))
        return decoded_photos(*given)

    monkeypatch.setattr(lot_import, "decoded_photos", meanwhile)
    with LotImport(parts, score=True) as job, pytest.raises(InputError, match="its milestones are casting"):
        take(job, 1)
    assert other.lots("PO-7") == ()
    other.close()


def test_a_lot_that_another_process_opens_with_its_size_meanwhile_takes_the_photo(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SqlRecords(open_database(f"sqlite:///{tmp_path / 'visiqc.sqlite3'}"))

    def meanwhile(*given: Any) -> Any:
        other.add_order(an_order())
        other.add_lot(a_lot(units=32))
        return decoded_photos(*given)

    monkeypatch.setattr(lot_import, "decoded_photos", meanwhile)
    with LotImport(parts, score=True) as job:
        take(job, 1)
    assert (job.done.new, other.lot("PO-7", "L1").units) == (1, 32)
    other.close()


def test_a_full_disk_ends_the_import_and_the_next_one_goes_on(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    put = parts.blobs.put

    def full(content: bytes) -> str:
        if content == jpeg(3):
            raise Unavailable("the photo store cannot be written: the disk is full")
        return put(content)

    monkeypatch.setattr(parts.blobs, "put", full)
    with LotImport(parts, score=True) as job, pytest.raises(Unavailable, match="disk is full"):
        take(job, 1, 2, 3)
    assert verdicts(parts) == [1, 1]
    monkeypatch.setattr(parts.blobs, "put", put)
    with LotImport(parts, score=True) as job:
        take(job, 1, 2, 3)
    assert (job.done.new, job.done.known) == (1, 2)
    assert verdicts(parts) == [1, 1, 1]


def test_a_photo_whose_scoring_is_out_of_reach_is_free_for_others(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Any:
        raise Unavailable("no database")

    monkeypatch.setattr(lot_import, "score_upload", lambda upload_id, parts: away())
    with LotImport(parts, score=True) as job, pytest.raises(Unavailable):
        take(job, 1)
    assert len(parts.records.lease("another", now=later(0), until=later(9))) == 1


def test_a_photo_that_cannot_be_scored_is_told_on_the_record_and_the_rest_goes_on(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Verdict:
        raise UnreadablePhoto("no picture in it")

    monkeypatch.setattr(lot_import, "score_upload", broken)
    for _ in range(2):  # a later import says it again
        with LotImport(parts, score=True) as job:
            assert [each.failure for each in take(job, 1, 2)] == ["no picture in it"] * 2
        assert (job.done.scored, job.done.failed) == (0, 2)
    assert [bool(each.failure) for each in parts.records.photo_results("PO-7", "L1")] == [True, True]


def test_a_mistake_that_is_not_the_photo_s_leaves_it_pending(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot_import, "score_upload", lambda upload_id, parts: 1 / 0)
    with LotImport(parts, score=True) as job, pytest.raises(ZeroDivisionError):
        take(job, 1)
    (photo,) = parts.records.photo_results("PO-7", "L1")
    assert photo.pending


def test_what_a_dead_process_held_is_scored_at_the_end(parts: Parts) -> None:
    clock = FixedClock()
    parts = replace(parts, clock=clock)
    with LotImport(parts, score=False) as before:
        take(before, 1, 2)
    assert parts.records.lease("killed", now=clock(), until=later(15))
    with LotImport(parts, score=True) as job:
        take(job, 1, 2)
        assert verdicts(parts) == [0, 1]
        clock.pass_(16)
        assert job.finish() == 0
    assert verdicts(parts) == [1, 1]


def test_what_another_process_holds_for_long_is_left_to_it(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot_import, "LEASE_S", 0.02)
    with LotImport(parts, score=False) as before:
        take(before, 1)
    parts.records.lease("another", now=later(0), until=later(900))
    with LotImport(parts, score=True) as job:
        take(job, 1)
        assert job.finish() == 1
    assert verdicts(parts) == [0]
