"""Orders, lots and the places of photos, in a real database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builders import (
    a_golden,
    a_lot,
    a_request,
    a_unit_photo,
    a_verdict,
    an_order,
    an_upload,
    digest_of,
    later,
)
from visiqc.domain.lot import UnitPhoto
from visiqc.domain.outcome import Outcome
from visiqc.domain.upload import Upload
from visiqc.errors import Conflict, InputError, NotFound
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    """Records with a golden sample, an order and a lot."""
    records = SqlRecords(open_database(f"sqlite:///{tmp_path / 'visiqc.sqlite3'}"))
    records.add_golden(a_golden())
    records.add_order(an_order())
    records.add_lot(a_lot())
    yield records
    records.close()


def sent(name: str, photo: str = "", **place: object) -> tuple[list[Upload], list[UnitPhoto]]:
    """One new upload called `name`, of the bytes `photo`, with its place."""
    return (
        [an_upload(id=name, photo_digest=digest_of(photo or name))],
        [a_unit_photo(upload_id=name, **place)],
    )


def test_orders_and_lots_come_back_as_they_were_kept(records: SqlRecords) -> None:
    other = records.add_order(an_order(code="戒指-2", milestones=("b", "a")))
    lot = records.add_lot(a_lot(order="戒指-2", units=32, required_views=("front", "back")))
    assert records.orders() == (an_order(), other)
    assert records.order("戒指-2") == other
    assert records.lots("戒指-2") == (lot,) == (records.lot("戒指-2", "L1"),)


def test_the_same_order_or_lot_again_is_the_one_kept_first(records: SqlRecords) -> None:
    assert records.add_order(an_order(made_at=later(9))) == an_order()
    assert records.add_lot(a_lot(made_at=later(9))) == a_lot()


def test_another_order_or_lot_of_the_same_code_is_a_conflict_that_says_what_differs(records: SqlRecords) -> None:
    with pytest.raises(Conflict, match="raw-material, first-article"):
        records.add_order(an_order(milestones=("only",)))
    for change in ({"sku": "other"}, {"units": 3}, {"required_views": ("back",)}):
        with pytest.raises(Conflict, match=next(iter(change)).replace("_", " ")):
            records.add_lot(a_lot(**change))


def test_what_is_not_there_is_named(records: SqlRecords) -> None:
    for ask in (lambda: records.order("PO-9"), lambda: records.lots("PO-9"), lambda: records.lot("PO-9", "L1")):
        with pytest.raises(NotFound, match="PO-9"):
            ask()
    with pytest.raises(NotFound, match="L9"):
        records.lot("PO-7", "L9")
    with pytest.raises(NotFound, match="PO-9"):
        records.add_lot(a_lot(order="PO-9"))


def test_an_upload_knows_its_place(records: SqlRecords) -> None:
    uploads, photos = sent("upload-1", unit=3)
    assert records.accept_unit_photos(uploads, photos) == tuple(photos)
    assert records.unit_photo("upload-1") == photos[0]
    assert records.pending() == tuple(uploads)
    assert records.unit_photo("no-such") is None


def test_the_same_photo_of_a_milestone_is_kept_once(records: SqlRecords) -> None:
    (first,) = records.accept_unit_photos(*sent("a", "bytes"))
    assert records.accept_unit_photos(*sent("b", "bytes", unit=2)) == (first,)
    (elsewhere,) = records.accept_unit_photos(*sent("c", "bytes", milestone="raw-material"))
    assert elsewhere.upload_id == "c"
    assert [upload.id for upload in records.pending()] == ["a", "c"]
    digest = digest_of("bytes")
    assert records.known_photos("PO-7", "L1", "pre-shipment", [digest, "other"]) == {digest: first}


def test_racing_senders_of_one_photo_make_one_upload(records: SqlRecords) -> None:
    with ThreadPoolExecutor(4) as pool:
        kept = set(pool.map(lambda n: records.accept_unit_photos(*sent(f"{n}", "bytes")), range(4)))
    assert len(kept) == len(records.pending()) == 1


def test_all_photos_are_kept_or_none(records: SqlRecords) -> None:
    uploads = [an_upload(id="a", photo_digest=digest_of("a")), an_upload(id="b", golden_version=9)]
    with pytest.raises(NotFound, match="version 9"):
        records.accept_unit_photos(uploads, [a_unit_photo(upload_id="a"), a_unit_photo(upload_id="b")])
    with pytest.raises(NotFound, match="L9"):
        records.accept_unit_photos(*sent("a", lot="L9"))
    with pytest.raises(InputError, match=r"no milestone 'later'.*raw-material"):
        records.accept_unit_photos(*sent("a", milestone="later"))
    assert records.pending() == ()


def test_a_request_key_stands_for_its_photos_only(records: SqlRecords) -> None:
    kept = records.accept_unit_photos(*sent("a", "bytes"), a_request())
    assert records.accept_unit_photos(*sent("b", "bytes"), a_request()) == kept
    with pytest.raises(Conflict, match="request-1"):
        records.accept_unit_photos(*sent("c"), a_request(fingerprint="other"))


def test_results_are_those_of_the_verdicts_of_record_in_the_order_photos_came(records: SqlRecords) -> None:
    for name in "abc":
        records.accept_unit_photos(*sent(name))
    records.add_verdict(a_verdict(id="b"))
    records.add_verdict(a_verdict(id="b", outcome=Outcome.PASS, model_digests=()))
    records.fail("c", "lost")
    results = records.photo_results("PO-7", "L1")
    assert [(each.upload_id, each.outcome, each.failure, each.found_view, each.pending) for each in results] == [
        ("a", None, None, None, True),
        ("b", Outcome.REJECT, None, "front", False),
        ("c", None, "lost", None, False),
    ]
    assert {each.golden_version for each in results} == {1}
