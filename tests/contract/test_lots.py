"""What every filling of `Records` promises about orders, lots and the places of photos."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier

import pytest

from builders import (
    SKU,
    a_lot,
    a_request,
    a_unit_photo,
    an_order,
    an_upload,
    digest_of,
    later,
)
from visiqc.domain.lot import Lot, Order, RepeatedFile, UnitPhoto
from visiqc.domain.lot_report import UnitPage
from visiqc.domain.people import Author
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


def test_who_opened_an_order_and_a_lot_and_who_sent_a_photo_is_kept(stocked: Records) -> None:
    ana, ben = Author(id="user-1", name="Ana (inspector)"), Author(name="ben")
    order = stocked.add_order(an_order(code="PO-8", made_by=ana))
    lot = stocked.add_lot(a_lot(order="PO-8", made_by=ben))
    uploads, photos = sent("a", order="PO-8")
    stocked.accept_unit_photos([replace(uploads[0], sent_by=ana)], photos)
    assert (stocked.order("PO-8"), stocked.lot("PO-8", "L1")) == (order, lot)
    assert (stocked.order("PO-8").made_by, stocked.lot("PO-8", "L1").made_by) == (ana, ben)
    assert stocked.upload("a").sent_by == ana
    assert stocked.add_order(an_order(code="PO-8", made_by=ben)).made_by == ana


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


def test_a_lot_and_its_order_are_opened_together_unless_they_are_there(enrolled: Records) -> None:
    sized = a_lot(code="L2", units=32)
    assert enrolled.ensure_lot(an_order(), a_lot(), "pre-shipment") == a_lot()
    assert enrolled.orders() == (an_order(),)
    enrolled.add_lot(sized)
    assert enrolled.ensure_lot(an_order(made_at=later(9)), a_lot(code="L2", made_at=later(9)), "pre-shipment") == sized
    with pytest.raises(InputError, match="is of the product halo-1, not other"):
        enrolled.ensure_lot(an_order(), a_lot(sku="other"), "pre-shipment")


def test_where_a_lot_cannot_be_opened_its_order_is_not_either(enrolled: Records) -> None:
    with pytest.raises(InputError, match="no milestone 'later'"):
        enrolled.ensure_lot(an_order(), a_lot(), "later")
    assert enrolled.orders() == ()


@pytest.mark.parametrize("sku", [SKU, "other"])
def test_of_two_who_open_a_lot_at_once_one_opens_it_and_the_other_is_told_what_there_is(
    enrolled: Records, sku: str
) -> None:
    def at_once(wanted: tuple[Order, Lot]) -> Lot | InputError:
        start.wait(20)
        try:
            return enrolled.ensure_lot(*wanted, "pre-shipment")
        except InputError as err:
            return err

    for n in range(10):
        start, order = Barrier(2), f"PO-{n}"
        wanted = [(an_order(code=order), a_lot(order=order, sku=each)) for each in (SKU, sku)]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(at_once, wanted))
        (kept,) = enrolled.lots(order)
        assert kept in answers
        assert all(each == kept or "is of the product" in str(each) for each in answers)
        assert sum(isinstance(each, InputError) for each in answers) == (sku != SKU)


def test_no_lot_is_opened_for_a_milestone_that_its_order_does_not_have(enrolled: Records) -> None:
    def open_the_lot(order: str) -> None:
        start.wait(20)
        with suppress(InputError):
            enrolled.ensure_lot(an_order(code=order), a_lot(order=order), "pre-shipment")

    def open_the_order_otherwise(order: str) -> None:
        start.wait(20)
        with suppress(Conflict):
            enrolled.add_order(an_order(code=order, milestones=("casting",)))

    for n in range(10):
        start, order = Barrier(2), f"PO-{n}"
        with ThreadPoolExecutor(2) as pool:
            for job in [pool.submit(open_the_lot, order), pool.submit(open_the_order_otherwise, order)]:
                job.result()
        assert bool(enrolled.lots(order)) == ("pre-shipment" in enrolled.order(order).milestones)


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


def test_a_file_that_came_before_is_named_with_where_it_came_first(stocked: Records) -> None:
    stocked.add_lot(a_lot(code="L2"))
    (first,) = stocked.accept_unit_photos(*sent("a", "bytes", unit=3))
    (again,) = stocked.accept_unit_photos(*sent("b", "bytes", milestone="raw-material"))
    (third,) = stocked.accept_unit_photos(*sent("c", "bytes", lot="L2"))
    stocked.accept_unit_photos(*sent("d", "other", lot="L2"))
    assert stocked.first_photos([digest_of("bytes"), "unknown"]) == {digest_of("bytes"): first}
    assert stocked.repeated_counts("PO-7", "L1") == {"raw-material": 1}
    assert stocked.repeated_counts("PO-7", "L2") == {"pre-shipment": 1}
    repeated = RepeatedFile(photo=again, first=first)
    assert stocked.repeated_files("PO-7", "L1", UnitPage(milestone="raw-material")) == (repeated,)
    assert stocked.repeated_files("PO-7", "L1", UnitPage(milestone="pre-shipment")) == ()
    (in_another_lot,) = stocked.repeated_files("PO-7", "L2", UnitPage(milestone="pre-shipment"))
    assert (in_another_lot.photo, in_another_lot.first) == (third, first)
    assert str(in_another_lot) == "the same file as unit 3, front, milestone pre-shipment, lot L1 of order PO-7"


def test_files_that_came_before_are_read_with_the_page_of_their_units(stocked: Records) -> None:
    for name, unit in (("a", 1), ("b", 2), ("c", 3)):
        stocked.accept_unit_photos(*sent(name, unit=unit, milestone="raw-material"))
        stocked.accept_unit_photos(*sent(f"{name} again", name, unit=unit))
    page = UnitPage(milestone="pre-shipment", after=1, limit=1)
    assert [file.photo.upload_id for file in stocked.repeated_files("PO-7", "L1", page)] == ["b again"]
    assert stocked.repeated_counts("PO-7", "L1") == {"pre-shipment": 3}


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
    assert [upload.id for upload in stocked.accepted(a_request())] == ["a"]
    assert stocked.upload("a").request_key == a_request().key
    with pytest.raises(Conflict, match="request-1"):
        stocked.accept_unit_photos(*sent("c"), a_request(fingerprint="other"))
