"""What it costs to look at a lot of many photos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from big_lots import big_lot
from visiqc.domain.lot_report import MOST_UNITS, UnitPage
from visiqc.inspection.lot_reports import every_unit, lot_report, page_of_units
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


class Rows:
    """Records that count the rows that come out of the database."""

    def __init__(self, database: Path) -> None:
        opened = open_database(f"sqlite:///{database}")
        opened.engine.dispose()
        event.listen(opened.engine, "connect", self._watch)
        self.records = SqlRecords(opened)
        self.read = 0

    def _watch(self, connection: object, _record: object) -> None:
        connection.row_factory = self._count

    def _count(self, _cursor: object, row: tuple) -> tuple:
        self.read += 1
        return row


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    counted = Rows(tmp_path / "visiqc.sqlite3")
    yield counted
    counted.records.close()


def test_a_lot_s_counts_cost_the_same_few_rows_however_many_photos_there_are(rows: Rows) -> None:
    cost = []
    for units in (20, 700):
        big_lot(rows.records, units, code=f"L{units}")
        rows.read = 0
        shipment = lot_report("PO-7", f"L{units}", rows.records).milestones[-1]
        cost.append(rows.read)
        assert (shipment.units, shipment.photos, shipment.counts["REJECT"]) == (units, 2 * units, units // 10)
        assert (shipment.unseen, shipment.unseen_ranges) == (units, ((units + 1, 2 * units),))
    assert cost[0] == cost[1] < 60


def test_a_page_of_units_reads_the_photos_of_these_units(rows: Rows) -> None:
    lot = big_lot(rows.records, 300)
    rows.read = 0
    page = page_of_units(lot, UnitPage(milestone="pre-shipment", after=290, limit=5), rows.records)
    assert [unit.unit for unit in page] == [291, 292, 293, 294, 295]
    assert rows.read < 20


def test_files_that_came_before_are_counted_in_few_rows_and_read_with_the_page_of_their_units(rows: Rows) -> None:
    big_lot(rows.records, 300)
    lot = big_lot(rows.records, 300, code="L2", files="L1")
    rows.read = 0
    assert [milestone.repeated for milestone in lot_report("PO-7", "L2", rows.records).milestones] == [0, 0, 0, 600]
    assert rows.read < 60
    rows.read = 0
    page = page_of_units(lot, UnitPage(milestone="pre-shipment", after=290, limit=5), rows.records)
    assert [file.first.upload_id for file in page[0].repeated] == ["L1-291-front", "L1-291-side"]
    assert rows.read < 30


def test_going_through_every_unit_reads_a_page_at_a_time(rows: Rows) -> None:
    lot = big_lot(rows.records, MOST_UNITS + 200)
    rows.read = 0
    units = every_unit(lot, "pre-shipment", rows.records)
    assert next(units).unit == 1
    assert rows.read < 2 * MOST_UNITS + 20
    assert sum(1 for _ in units) == MOST_UNITS + 199
