"""Orders and lots in memory: the part of `MemoryRecords` that is about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from visiqc.domain.lot import MOST_LISTED, Lot, Order, RepeatedFile, UnitPhoto
from visiqc.domain.lot_report import GoldenShare, LotProgress, Ranges, UnitPage, UnitTally, Views, units_of
from visiqc.domain.outcome import Outcome
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

    def orders(self, *, after: str = "", limit: int = MOST_LISTED, newest_first: bool = False) -> tuple[Order, ...]:
        listed = list(self._orders.values())[:: -1 if newest_first else 1]
        return _following(listed, self.order(after) if after else None)[:limit]

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

    def lots(self, order: str, *, after: str = "", limit: int = MOST_LISTED) -> tuple[Lot, ...]:
        self.order(order)
        inside = [lot for lot in self._lots.values() if lot.order == order]
        return _following(inside, self.lot(order, after) if after else None)[:limit]

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

    def repeated_files(self, order: str, lot: str, page: UnitPage) -> tuple[RepeatedFile, ...]:
        return self._repeated(self._inside(order, lot, page))

    def repeated_counts(self, order: str, lot: str) -> Mapping[str, int]:
        return Counter(file.photo.milestone for file in self._repeated(self._inside(order, lot)))

    def _repeated(self, photos: Sequence[UnitPhoto]) -> tuple[RepeatedFile, ...]:
        with self._lock:
            digests = [self.upload(photo.upload_id).photo_digest for photo in photos]
            firsts = self.first_photos(digests)
        pairs = zip(photos, (firsts[digest] for digest in digests), strict=True)
        return tuple(RepeatedFile(photo=photo, first=first) for photo, first in pairs if first != photo)

    def unit_photo(self, upload_id: str) -> UnitPhoto | None:
        return self._unit_photos.get(upload_id)

    def photo_results(
        self, order: str, lot: str, *, page: UnitPage | None = None, golden_version: int | None = None
    ) -> tuple[PhotoResult, ...]:
        with self._lock:
            return tuple(self._result(photo, golden_version) for photo in self._inside(order, lot, page))

    def _inside(self, order: str, lot: str, page: UnitPage | None = None) -> list[UnitPhoto]:
        inside = [photo for photo in self._unit_photos.values() if (photo.order, photo.lot) == (order, lot)]
        if page is not None:
            inside = [photo for photo in inside if photo.milestone == page.milestone]
            units = sorted({photo.unit for photo in inside if photo.unit > page.after})[: page.limit]
            inside = [photo for photo in inside if photo.unit in units]
        return inside

    def _result(self, photo: UnitPhoto, golden_version: int | None) -> PhotoResult:
        upload, verdicts = self.upload(photo.upload_id), self.verdicts(photo.upload_id)
        asked = [each for each in verdicts if golden_version in {None, each.golden_version}]
        verdict = asked[0] if asked else None
        return PhotoResult(
            photo=photo,
            golden_version=golden_version or (verdict.golden_version if verdict else upload.golden_version),
            outcome=verdict.outcome if verdict else None,
            failure=upload.failure,
            found_view=verdict.golden_view if verdict else None,
        )

    def lot_progress(self, order: str, lot: str, *, golden_version: int | None = None) -> LotProgress:
        with self._lock:
            photos = self.photo_results(order, lot, golden_version=golden_version)
            pending = {upload.id for upload in self.pending()} & {photo.upload_id for photo in photos}
            put_off = [self._put_off[each][2] for each in pending if each in self._put_off]
        judged = Counter(photo.golden_version for photo in photos if photo.outcome is not None)
        return LotProgress(
            goldens=tuple(
                GoldenShare(version=version, photos=number, judged=judged[version])
                for version, number in sorted(Counter(photo.golden_version for photo in photos).items())
            ),
            pending=len(pending),
            put_off=len(put_off),
            last_put_off=max(put_off, key=lambda each: each.at, default=None),
            failed=sum(photo.failure is not None for photo in photos),
        )

    def unit_tallies(self, lot: Lot, views: Views, *, golden_version: int | None = None) -> tuple[UnitTally, ...]:
        found: dict[tuple[str, Outcome | None, bool], list[int]] = {}
        for milestone in self.order(lot.order).milestones:
            page = UnitPage(milestone=milestone, limit=10**9)
            photos = self.photo_results(lot.order, lot.code, page=page, golden_version=golden_version)
            for unit in units_of(photos, lot, views):
                count = sum(len(view.upload_ids) for view in unit.views)
                found.setdefault((milestone, unit.outcome, unit.mixed), []).append(count)
        return tuple(
            UnitTally(milestone=milestone, outcome=outcome, mixed=mixed, units=len(counts), photos=sum(counts))
            for (milestone, outcome, mixed), counts in found.items()
        )

    def unseen_units(self, lot: Lot, milestone: str, *, most: int) -> Ranges:
        page = UnitPage(milestone=milestone, limit=10**9)
        if lot.units is None:
            return ()
        photographed = {each.photo.unit for each in self.photo_results(lot.order, lot.code, page=page)}
        seen = [0, *sorted(photographed), lot.units + 1]
        return tuple((low + 1, high - 1) for low, high in pairwise(seen) if high - low > 1)[:most]


def _following(listed: list[Any], last: object) -> tuple[Any, ...]:
    return tuple(listed if last is None else listed[listed.index(last) + 1 :])


def _found(kept: dict[Any, Any], key: object, what: str) -> Any:
    if key not in kept:
        raise NotFound(f"no {what}")
    return kept[key]
