"""Orders and lots in memory: the part of `MemoryRecords` that is about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from visiqc.domain.lot import Lot, Order, RepeatedFile, UnitPhoto
from visiqc.domain.unit import PhotoResult
from visiqc.domain.upload import RequestKey, Upload
from visiqc.errors import Conflict, NotFound


class MemoryLots:
    """Kept under the lock of the records it is mixed into."""

    def __init__(self) -> None:
        super().__init__()
        self._orders: dict[str, Order] = {}
        self._lots: dict[tuple[str, str], Lot] = {}
        self._unit_photos: dict[str, UnitPhoto] = {}

    def add_order(self, order: Order) -> Order:
        with self._lock:
            kept = self._orders.setdefault(order.code, order)
        if kept.milestones != order.milestones:
            raise Conflict(f"order {order.code} is there already, with the milestones {', '.join(kept.milestones)}")
        return kept

    def order(self, code: str) -> Order:
        return _found(self._orders, code, f"order {code}")

    def orders(self) -> tuple[Order, ...]:
        return tuple(self._orders.values())

    def add_lot(self, lot: Lot) -> Lot:
        self.order(lot.order)
        with self._lock:
            kept = self._lots.setdefault((lot.order, lot.code), lot)
        for what in ("sku", "units", "required_views"):
            if getattr(kept, what) != getattr(lot, what):
                raise Conflict(f"lot {lot.code} is there already, with another {what.replace('_', ' ')}")
        return kept

    def ensure_lot(self, order: Order, lot: Lot, milestone: str) -> Lot:
        with self._lock:
            self._orders.get(order.code, order).checked_milestone(milestone)
            kept = self._lots.get((lot.order, lot.code), lot)
            kept.require_product(lot.sku)
            self._orders.setdefault(order.code, order)
            return self._lots.setdefault((lot.order, lot.code), lot)

    def lot(self, order: str, code: str) -> Lot:
        self.order(order)
        return _found(self._lots, (order, code), f"lot {code}")

    def lots(self, order: str) -> tuple[Lot, ...]:
        self.order(order)
        return tuple(lot for lot in self._lots.values() if lot.order == order)

    def accept_unit_photos(
        self, uploads: Sequence[Upload], photos: Sequence[UnitPhoto], request: RequestKey | None = None
    ) -> tuple[UnitPhoto, ...]:
        with self._lock:
            for photo in photos:
                self.lot(photo.order, photo.lot)
                self.order(photo.order).checked_milestone(photo.milestone)
            if request:
                self.accepted(request)
            kept = [self._known(photo, upload.photo_digest) for upload, photo in zip(uploads, photos, strict=True)]
            if new := [upload for upload, known in zip(uploads, kept, strict=True) if known is None]:
                self.accept(new, request)
            if request:
                self._requests[request.key] = request
            answer = tuple(known or photo for known, photo in zip(kept, photos, strict=True))
            self._unit_photos |= {photo.upload_id: photo for photo in answer}
        return answer

    def _known(self, photo: UnitPhoto, digest: str) -> UnitPhoto | None:
        known = self.known_photos(photo.order, photo.lot, photo.milestone, [digest]).get(digest)
        if known is not None:
            known.require_place(photo.unit, photo.view)
        return known

    def known_photos(self, order: str, lot: str, milestone: str, digests: Collection[str]) -> Mapping[str, UnitPhoto]:
        with self._lock:
            here = [p for p in self._unit_photos.values() if (p.order, p.lot, p.milestone) == (order, lot, milestone)]
            by_digest = {self.upload(photo.upload_id).photo_digest: photo for photo in here}
        return {digest: by_digest[digest] for digest in digests if digest in by_digest}

    def first_photos(self, digests: Collection[str]) -> Mapping[str, UnitPhoto]:
        with self._lock:
            firsts: dict[str, UnitPhoto] = {}
            for photo in self._unit_photos.values():
                firsts.setdefault(self.upload(photo.upload_id).photo_digest, photo)
        return {digest: firsts[digest] for digest in digests if digest in firsts}

    def repeated_files(self, order: str, lot: str) -> tuple[RepeatedFile, ...]:
        with self._lock:
            inside = [photo for photo in self._unit_photos.values() if (photo.order, photo.lot) == (order, lot)]
            digests = [self.upload(photo.upload_id).photo_digest for photo in inside]
            firsts = self.first_photos(digests)
        pairs = zip(inside, (firsts[digest] for digest in digests), strict=True)
        return tuple(RepeatedFile(photo=photo, first=first) for photo, first in pairs if first != photo)

    def unit_photo(self, upload_id: str) -> UnitPhoto | None:
        return self._unit_photos.get(upload_id)

    def photo_results(self, order: str, lot: str) -> tuple[PhotoResult, ...]:
        with self._lock:
            inside = [photo for photo in self._unit_photos.values() if (photo.order, photo.lot) == (order, lot)]
            return tuple(self._result(photo) for photo in inside)

    def _result(self, photo: UnitPhoto) -> PhotoResult:
        upload, verdict = self.upload(photo.upload_id), self.verdict(photo.upload_id)
        return PhotoResult(
            photo=photo,
            golden_version=upload.golden_version,
            outcome=verdict.outcome if verdict else None,
            failure=upload.failure,
            found_view=verdict.golden_view if verdict else None,
        )


def _found(kept: dict[Any, Any], key: object, what: str) -> Any:
    if key not in kept:
        raise NotFound(f"no {what}")
    return kept[key]
