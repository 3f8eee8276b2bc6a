"""What a lot's report says of units that were never shown."""

from __future__ import annotations

from builders import MOMENT, SKU, a_unit_photo
from visiqc.cli.lot_text import describe_lot
from visiqc.domain.lot import Lot, Order
from visiqc.domain.lot_report import LotReport, report_lot
from visiqc.domain.outcome import Outcome
from visiqc.domain.unit import PhotoResult


def report(units: int | None, *seen: int) -> LotReport:
    photos = [
        PhotoResult(photo=a_unit_photo(upload_id=f"{unit}", unit=unit), golden_version=1, outcome=Outcome.PASS)
        for unit in seen
    ]
    order = Order(code="PO-7", milestones=("pre-shipment",), made_at=MOMENT)
    lot = Lot(order="PO-7", code="L1", sku=SKU, units=units, made_at=MOMENT)
    return report_lot(order, lot, photos, lambda _: ("front",))


def test_units_that_were_never_photographed_are_counted_and_named() -> None:
    found = report(20, 3, 4, 9, 20)
    (milestone,) = found.milestones
    assert milestone.unseen == 16
    assert milestone.unseen_ranges() == ((1, 2), (5, 8), (10, 19))
    assert milestone.unseen_ranges(1) == ((1, 2),)
    assert "16 never photographed: 1 to 2, 5 to 8, 10 to 19" in describe_lot(found)


def test_a_lot_without_a_size_says_nothing_of_them() -> None:
    (milestone,) = report(None, 3).milestones
    assert (milestone.unseen, milestone.unseen_ranges()) == (None, ())
