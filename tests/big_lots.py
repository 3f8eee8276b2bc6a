"""A lot of many photos that were scored, written straight into the tables: fast enough for any number."""

from __future__ import annotations

from builders import MOMENT, SKU, a_golden, a_lot, an_order, digest_of
from visiqc.domain.lot import Lot
from visiqc.domain.outcome import Outcome
from visiqc.storage import schema
from visiqc.storage.records import SqlRecords

VIEWS = ("front", "side")
"""Those of the built golden."""


def big_lot(records: SqlRecords, units: int, *, code: str = "L1", files: str = "", document: str = "{}") -> Lot:
    """A lot of `units` units with two photos each, every tenth unit a REJECT.

    `files` is a lot whose very files it has; `document` is what each verdict holds.
    """
    if not records.goldens(SKU):
        records.add_golden(a_golden())
        records.add_order(an_order())
    lot = records.add_lot(a_lot(code=code, units=2 * units))
    photos = [(f"{code}-{unit}-{view}", unit, view) for unit in range(1, units + 1) for view in VIEWS]

    def digest(unit: int, view: str) -> str:
        return digest_of(f"{files or code}-{unit}-{view}")

    golden = {"sku": SKU, "golden_version": 1}
    uploads = [
        {"id": name, **golden, "photo_digest": digest(unit, view), "received_at": MOMENT, "state": schema.SCORED}
        | {"document": document}
        for name, unit, view in photos
    ]
    places = [
        {"upload_id": name, "order_code": lot.order, "lot_code": code, "milestone": "pre-shipment", "unit": unit}
        | {"view": view, "photo_digest": digest(unit, view)}
        for name, unit, view in photos
    ]
    verdicts = [
        {"upload_id": name, **golden, "models": "m", "calibration": "", "golden_view": view}
        | {"made_at": MOMENT, "document": document, "outcome": Outcome.REJECT if unit % 10 == 0 else Outcome.PASS}
        for name, unit, view in photos
    ]

    def work(connection: object) -> None:
        for table, rows in ((schema.uploads, uploads), (schema.unit_photos, places), (schema.verdicts, verdicts)):
            connection.execute(table.insert(), rows)

    records._database.write(work)
    return lot
