"""Orders, lots, and which unit an upload shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select

from visiqc.domain.lot import MOST_LISTED, Lot, Order, UnitPhoto
from visiqc.domain.people import Author
from visiqc.domain.upload import RequestKey, Upload
from visiqc.errors import Conflict, InvalidRecord, NotFound
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document, to_document
from visiqc.storage.schema import lots, milestones, orders, unit_photos
from visiqc.storage.upload_records import keep_request, keep_uploads


class LotRecords:
    """The part of `Records` that is about orders and lots."""

    _database: Database

    def add_order(self, order: Order) -> Order:
        """Keep an order; see `LotRecords.add_order`."""

        def work(connection: Connection) -> Order:
            if earlier := _orders(connection, orders.c.code == order.code):
                return _same_order(earlier[0], order)
            return _keep_order(connection, order)

        return self._database.write(work)

    def order(self, code: str) -> Order:
        """One order; see `LotRecords.order`."""
        with self._database.reading() as connection:
            return _order(connection, code)

    def orders(self, *, after: str = "", limit: int = MOST_LISTED, newest_first: bool = False) -> tuple[Order, ...]:
        """Orders, one after the other; see `LotRecords.orders`."""
        seq = orders.c.seq
        with self._database.reading() as connection:
            page = select(seq).order_by(seq.desc() if newest_first else seq).limit(limit)
            if after:
                _order(connection, after)
                last = select(seq).where(orders.c.code == after).scalar_subquery()
                page = page.where(seq < last if newest_first else seq > last)
            found = _orders(connection, seq.in_(page))
        return found[::-1] if newest_first else found

    def add_lot(self, lot: Lot) -> Lot:
        """Keep a lot; see `LotRecords.add_lot`."""

        def work(connection: Connection) -> Lot:
            _order(connection, lot.order)
            if earlier := _lot(connection, lot.order, lot.code):
                return _same_lot(earlier, lot)
            return _keep_lot(connection, lot)

        return self._database.write(work)

    def ensure_lot(self, order: Order, lot: Lot, milestone: str) -> Lot:
        """Keep a lot and its order unless they are there; see `LotRecords.ensure_lot`."""

        def work(connection: Connection) -> Lot:
            known = _orders(connection, orders.c.code == order.code)
            (known[0] if known else order).checked_milestone(milestone)
            if not known:
                _keep_order(connection, order)
            if earlier := _lot(connection, order.code, lot.code):
                earlier.require_product(lot.sku)
            return earlier or _keep_lot(connection, lot)

        return self._database.write(work)

    def lot(self, order: str, code: str) -> Lot:
        """One lot; see `LotRecords.lot`."""
        with self._database.reading() as connection:
            return _require_lot(connection, order, code)

    def lots(self, order: str, *, after: str = "", limit: int = MOST_LISTED) -> tuple[Lot, ...]:
        """Lots of an order; see `LotRecords.lots`."""
        c = lots.c
        query = select(c.document).where(c.order_code == order).order_by(c.seq).limit(limit)
        with self._database.reading() as connection:
            _order(connection, order)
            if after:
                _require_lot(connection, order, after)
                last = select(c.seq).where(c.order_code == order, c.code == after).scalar_subquery()
                query = query.where(c.seq > last)
            return tuple(from_document(Lot, document) for document in connection.scalars(query))

    def accept_unit_photos(
        self, new: Sequence[Upload], photos: Sequence[UnitPhoto], request: RequestKey | None = None
    ) -> tuple[UnitPhoto, ...]:
        """Keep uploads with their places; see `LotRecords.accept_unit_photos`."""
        _require_pairs(new, photos)

        def work(connection: Connection) -> tuple[UnitPhoto, ...]:
            for place in dict.fromkeys((photo.order, photo.lot, photo.milestone) for photo in photos):
                _require_place(connection, *place)
            if request:
                keep_request(connection, request)
            kept = [_known(connection, photo, upload.photo_digest) for upload, photo in zip(new, photos, strict=True)]
            pairs = [pair for pair, known in zip(zip(new, photos, strict=True), kept, strict=True) if known is None]
            if pairs:
                key = request.key if request else None
                keep_uploads(connection, [replace(upload, request_key=key) for upload, _ in pairs])
                connection.execute(insert(unit_photos), [_row(photo, upload) for upload, photo in pairs])
            return tuple(known or photo for known, photo in zip(kept, photos, strict=True))

        return self._database.write(work)

    def known_photos(self, order: str, lot: str, milestone: str, digests: Collection[str]) -> Mapping[str, UnitPhoto]:
        """Photos a milestone of a lot has already, by digest; see `LotRecords.known_photos`."""
        c = unit_photos.c
        query = select(unit_photos).where(in_milestone(order, lot, milestone), c.photo_digest.in_(list(digests)))
        with self._database.reading() as connection:
            return {row.photo_digest: placed(row) for row in connection.execute(query)}

    def unit_photo(self, upload_id: str) -> UnitPhoto | None:
        """The place of an upload; see `LotRecords.unit_photo`."""
        with self._database.reading() as connection:
            row = connection.execute(select(unit_photos).where(unit_photos.c.upload_id == upload_id)).one_or_none()
        return None if row is None else placed(row)


def _order(connection: Connection, code: str) -> Order:
    found = _orders(connection, orders.c.code == code)
    if not found:
        raise NotFound(f"no order {code[:80]!r}; check its code, or open it first")
    return found[0]


def _keep_order(connection: Connection, order: Order) -> Order:
    by = {"made_by": order.made_by.id, "made_by_name": order.made_by.name}
    connection.execute(insert(orders).values(code=order.code, made_at=order.made_at, **by))
    rows = [{"order_code": order.code, "name": n, "position": i} for i, n in enumerate(order.milestones)]
    connection.execute(insert(milestones), rows)
    return order


def _keep_lot(connection: Connection, lot: Lot) -> Lot:
    row = {"order_code": lot.order, "code": lot.code, "sku": lot.sku, "made_at": lot.made_at}
    connection.execute(insert(lots).values(row | {"document": to_document(lot)}))
    return lot


def _orders(connection: Connection, wanted: ColumnElement[bool]) -> tuple[Order, ...]:
    """The orders that are wanted, oldest first."""
    query = (
        select(orders.c.code, orders.c.made_at, orders.c.made_by, orders.c.made_by_name, milestones.c.name)
        .join_from(orders, milestones, milestones.c.order_code == orders.c.code)
        .where(wanted)
        .order_by(orders.c.seq, milestones.c.position)
    )
    rows = connection.execute(query).all()
    names: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        made_by = Author(id=row.made_by, name=row.made_by_name)
        names.setdefault((row.code, row.made_at, made_by), []).append(row.name)
    return tuple(
        Order(code=code, milestones=tuple(steps), made_at=at, made_by=by) for (code, at, by), steps in names.items()
    )


def _lot(connection: Connection, order: str, code: str) -> Lot | None:
    query = select(lots.c.document).where(lots.c.order_code == order, lots.c.code == code)
    document = connection.scalar(query)
    return None if document is None else from_document(Lot, document)


def _require_lot(connection: Connection, order: str, code: str) -> Lot:
    found = _lot(connection, order, code)
    if found is None:
        _order(connection, order)
        raise NotFound(f"order {order} has no lot {code[:80]!r}; check its code, or open it first")
    return found


def _require_place(connection: Connection, order: str, lot: str, milestone: str) -> None:
    _require_lot(connection, order, lot)
    _order(connection, order).checked_milestone(milestone)


def _same_order(kept: Order, order: Order) -> Order:
    if kept.milestones != order.milestones:
        raise Conflict(
            f"order {order.code} is there already, with the milestones {', '.join(kept.milestones)}; "
            "name these, or give the new order another code"
        )
    return kept


def _same_lot(kept: Lot, lot: Lot) -> Lot:
    for what in ("sku", "units", "required_views"):
        if getattr(kept, what) != getattr(lot, what):
            raise Conflict(
                f"lot {lot.code} of order {lot.order} is there already, with {what.replace('_', ' ')} "
                f"{getattr(kept, what)}, not {getattr(lot, what)}; give the new lot another code"
            )
    return kept


def _require_pairs(new: Sequence[Upload], photos: Sequence[UnitPhoto]) -> None:
    ids = [upload.id for upload in new]
    digests = {upload.photo_digest for upload in new}
    if not ids or ids != [photo.upload_id for photo in photos] or not len(ids) == len(set(ids)) == len(digests):
        raise InvalidRecord(f"wanted uploads of different photos, and the place of each; got {len(ids)}")


def _known(connection: Connection, photo: UnitPhoto, digest: str) -> UnitPhoto | None:
    here = in_milestone(photo.order, photo.lot, photo.milestone)
    row = connection.execute(select(unit_photos).where(here, unit_photos.c.photo_digest == digest)).one_or_none()
    if row is None:
        return None
    known = placed(row)
    known.require_place(photo.unit, photo.view)
    return known


def in_milestone(order: str, lot: str, milestone: str) -> ColumnElement[bool]:
    """Photos of one milestone of a lot."""
    c = unit_photos.c
    return (c.order_code == order) & (c.lot_code == lot) & (c.milestone == milestone)


def _row(photo: UnitPhoto, upload: Upload) -> dict[str, Any]:
    return {
        "upload_id": upload.id,
        "order_code": photo.order,
        "lot_code": photo.lot,
        "milestone": photo.milestone,
        "unit": photo.unit,
        "view": photo.view,
        "photo_digest": upload.photo_digest,
    }


def placed(row: Row[Any]) -> UnitPhoto:
    """The place of an upload from a row that has the columns of `unit_photos`."""
    return UnitPhoto(
        upload_id=row.upload_id,
        order=row.order_code,
        lot=row.lot_code,
        milestone=row.milestone,
        unit=row.unit,
        view=row.view,
    )
