"""How long a page of the inspectors' queue takes with 10,000 photos in it: at the beginning, and at the end.

python benchmarks/queue.py [PHOTOS]
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import insert

from visiqc.domain.golden import GoldenPhoto, GoldenVersion
from visiqc.domain.inspection_queue import Place, QueueFilter
from visiqc.domain.lot import Lot, Order
from visiqc.domain.upload import Upload
from visiqc.storage import schema
from visiqc.storage.database import Database, open_database
from visiqc.storage.records import SqlRecords

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS = 30


def main(photos: int = 10_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'visiqc.sqlite3'}")
        records = SqlRecords(database)
        fill(records, database, photos)
        here = QueueFilter(order="PO-1", lot="L-3")
        for name, wanted in (("all", QueueFilter()), ("one lot", here)):
            report(f"{name}, first page", partial(records.queue, wanted, limit=51))
            last = Place(3, 0.99, 0)
            report(f"{name}, last page", partial(records.queue, wanted, after=last, limit=51))
            report(f"{name}, counts", partial(records.queue_counts, wanted))


def report(name: str, work: Callable[[], object]) -> None:
    took = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - begin))
    print(f"{name:24} median {statistics.median(took):6.1f} ms   most {max(took):6.1f} ms")


def fill(records: SqlRecords, database: Database, photos: int) -> None:
    photo = GoldenPhoto(name="front.jpg", digest="0" * 64, view="front", width=1024, height=768)
    golden = GoldenVersion(
        sku="halo-1", version=0, photos=(photo,), bank_digest="1" * 64, model_digests=("2" * 64,), made_at=NOW
    )
    records.add_golden(golden)
    records.add_order(Order(code="PO-1", made_at=NOW))
    for n in range(10):
        records.add_lot(Lot(order="PO-1", code=f"L-{n}", sku="halo-1", made_at=NOW))
    records.accept([an_upload(n) for n in range(photos)])
    chance = random.Random(7)
    with database.engine.begin() as connection:
        connection.execute(insert(schema.queue), [a_row(n, chance) for n in range(photos)])


def an_upload(n: int) -> Upload:
    name = f"{n:064x}"
    return Upload(id=name, sku="halo-1", golden_version=1, photo_name=f"{n}.jpg", photo_digest=name, received_at=NOW)


def a_row(n: int, chance: random.Random) -> dict[str, object]:
    return {
        "upload_id": f"{n:064x}",
        "upload_seq": n + 1,
        "rank": chance.randrange(5),
        "p_value": chance.random(),
        "is_open": chance.random() < 0.9,
        "sku": "halo-1",
        "order_code": "PO-1",
        "lot_code": f"L-{n % 10}",
        "milestone": "pre-shipment",
        "decision": "",
        "decided_by": "",
    }


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
