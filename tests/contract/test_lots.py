"""What every filling of `Records` promises about orders, lots and the places of photos."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from builders import (
    a_lot,
    a_request,
    a_unit_photo,
    an_order,
    an_upload,
    digest_of,
    later,
)
from visiqc.domain.lot import UnitPhoto
from visiqc.domain.upload import Upload
from visiqc.errors import Conflict, InputError, NotFound
from visiqc.inspection.ports import Records


@pytest.fixture
def stocked(enrolled: Records) -> Records:
    """Records with a golden sample, an order and a lot."""
    enrolled.add_order(an_order())
    enrolled.add_lot(a_lot())
    return enrolled


def sent(name: str, photo: str = "", **place: object) -> tuple[list[Upload], list[UnitPhoto]]:
    """One new upload called `name`, of the bytes `photo`, with its place."""
    return (
        [an_upload(id=name, photo_digest=digest_of(photo or name))],
        [a_unit_photo(upload_id=name, **place)],
    )


def test_orders_and_lots_come_back_as_they_were_kept(stocked: Records) -> None:
    other = stocked.add_order(an_order(code="戒指-2", milestones=("b", "a")))
    lot = stocked.add_lot(a_lot(order="戒指-2", units=32, required_views=("front", "back")))
    assert stocked.orders() == (an_order(), other)
    assert stocked.order("戒指-2") == other
    assert stocked.lots("戒指-2") == (lot,) == (stocked.lot("戒指-2", "L1"),)


def test_orders_and_lots_are_listed_a_page_at_a_time_after_the_one_named(stocked: Records) -> None:
    for code in ("A", "Z", "B"):
        stocked.add_order(an_order(code=code))
        stocked.add_lot(a_lot(code=code))
    assert [order.code for order in stocked.orders(limit=2)] == ["PO-7", "A"]
    assert [order.code for order in stocked.orders(after="A", limit=9)] == ["Z", "B"]
    assert [order.code for order in stocked.orders(after="Z", limit=1, newest_first=True)] == ["A"]
    assert [lot.code for lot in stocked.lots("PO-7", after="L1", limit=2)] == ["A", "Z"]
    assert stocked.orders(after="B") == stocked.lots("PO-7", after="B") == ()
    with pytest.raises(NotFound, match="PO-9"):
        stocked.orders(after="PO-9")
    with pytest.raises(NotFound, match="L9"):
        stocked.lots("PO-7", after="L9")


def test_the_same_order_or_lot_again_is_the_one_kept_first(stocked: Records) -> None:
    assert stocked.add_order(an_order(made_at=later(9))) == an_order()
    assert stocked.add_lot(a_lot(made_at=later(9))) == a_lot()


def test_another_order_or_lot_of_the_same_code_is_a_conflict_that_says_what_differs(stocked: Records) -> None:
    with pytest.raises(Conflict, match="raw-material, first-article"):
        stocked.add_order(an_order(milestones=("only",)))
    for change in ({"sku": "other"}, {"units": 3}, {"required_views": ("back",)}):
        with pytest.raises(Conflict, match=next(iter(change)).replace("_", " ")):
            stocked.add_lot(a_lot(**change))


def test_what_is_not_there_is_named(stocked: Records) -> None:
    for ask in (lambda: stocked.order("PO-9"), lambda: stocked.lots("PO-9"), lambda: stocked.lot("PO-9", "L1")):
        with pytest.raises(NotFound, match="PO-9"):
            ask()
    with pytest.raises(NotFound, match="L9"):
        stocked.lot("PO-7", "L9")
    with pytest.raises(NotFound, match="PO-9"):
        stocked.add_lot(a_lot(order="PO-9"))


def test_an_upload_knows_its_place(stocked: Records) -> None:
    uploads, photos = sent("upload-1", unit=3)
    assert stocked.accept_unit_photos(uploads, photos) == tuple(photos)
    assert stocked.unit_photo("upload-1") == photos[0]
    assert stocked.pending() == tuple(uploads)
    assert stocked.unit_photo("no-such") is None


def test_the_same_photo_of_a_milestone_is_kept_once(stocked: Records) -> None:
    (first,) = stocked.accept_unit_photos(*sent("a", "bytes"))
    assert stocked.accept_unit_photos(*sent("b", "bytes")) == (first,)
    with pytest.raises(InputError, match=r"photo of unit 1, view front already, not of unit 2"):
        stocked.accept_unit_photos(*sent("b", "bytes", unit=2))
    (elsewhere,) = stocked.accept_unit_photos(*sent("c", "bytes", milestone="raw-material"))
    assert elsewhere.upload_id == "c"
    assert [upload.id for upload in stocked.pending()] == ["a", "c"]
    digest = digest_of("bytes")
    assert stocked.known_photos("PO-7", "L1", "pre-shipment", [digest, "other"]) == {digest: first}


def test_racing_senders_of_one_photo_make_one_upload(stocked: Records) -> None:
    with ThreadPoolExecutor(4) as pool:
        kept = set(pool.map(lambda n: stocked.accept_unit_photos(*sent(f"{n}", "bytes")), range(4)))
    assert len(kept) == len(stocked.pending()) == 1


def test_all_photos_are_kept_or_none(stocked: Records) -> None:
    uploads = [an_upload(id="a", photo_digest=digest_of("a")), an_upload(id="b", golden_version=9)]
    with pytest.raises(NotFound, match="version 9"):
        stocked.accept_unit_photos(uploads, [a_unit_photo(upload_id="a"), a_unit_photo(upload_id="b")])
    with pytest.raises(NotFound, match="L9"):
        stocked.accept_unit_photos(*sent("a", lot="L9"))
    with pytest.raises(InputError, match=r"no milestone 'later'.*raw-material"):
        stocked.accept_unit_photos(*sent("a", milestone="later"))
    assert stocked.pending() == ()


def test_a_request_key_stands_for_its_photos_only(stocked: Records) -> None:
    kept = stocked.accept_unit_photos(*sent("a", "bytes"), a_request())
    assert stocked.accept_unit_photos(*sent("b", "bytes"), a_request()) == kept
    with pytest.raises(Conflict, match="request-1"):
        stocked.accept_unit_photos(*sent("c"), a_request(fingerprint="other"))
