"""Which photos of units are files that came before; each is found by its digest, however many photos there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from visiqc.storage.schema import unit_photos, uploads


def first_photos(connection: Connection, digests: Collection[str]) -> Iterator[Row[Any]]:
    """For each digest the row of `unit_photos` that came first with it."""
    here = unit_photos.alias("here")
    query = select(here).join_from(here, uploads, uploads.c.id == here.c.upload_id)
    for digest in dict.fromkeys(digests):
        row = connection.execute(query.where(here.c.photo_digest == digest).order_by(uploads.c.seq).limit(1)).first()
        if row is not None:
            yield row


def repeated_files(connection: Connection, order: str, lot: str) -> Iterator[tuple[Row[Any], Row[Any]]]:
    """Rows of `unit_photos`: each photo of a lot whose bytes came before, and the first photo that had them."""
    rows = connection.execute(_repeated(order, lot)).all()
    for row in rows:
        (first,) = first_photos(connection, [row.photo_digest])
        yield row, first


def _repeated(order: str, lot: str) -> Select[Any]:
    same, before = unit_photos.alias("same"), uploads.alias("before")
    earlier = (
        select(func.min(before.c.seq))
        .join_from(same, before, before.c.id == same.c.upload_id)
        .where(same.c.photo_digest == unit_photos.c.photo_digest)
        .correlate(unit_photos)
        .scalar_subquery()
    )
    return (
        select(unit_photos)
        .join_from(unit_photos, uploads, uploads.c.id == unit_photos.c.upload_id)
        .where(unit_photos.c.order_code == order, unit_photos.c.lot_code == lot, uploads.c.seq > earlier)
        .order_by(uploads.c.seq)
    )
