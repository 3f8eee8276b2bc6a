"""Importing photos of units: one after the other, each taken in and scored before the next is read.

Killed at any moment, it loses nothing and does nothing twice: what a milestone has already is known by its bytes.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Final

from visiqc.batch.imported import Imported, OddView, Taken
from visiqc.batch.leases import LEASE_S, Leases
from visiqc.batch.scoring import score_or_fail
from visiqc.domain.people import NOBODY, Author
from visiqc.errors import InputError, NotFound, Unavailable
from visiqc.inspection.inspect import approved_golden, decoded_photos, photo_digest, score_upload
from visiqc.inspection.lots import SentUnitPhoto, add_unit_photos, ensure_lot, known_views
from visiqc.inspection.parts import Parts

LOOK_S: Final = 0.3
"""Seconds between two looks at photos that other processes score."""


class LotImport:
    """Takes in photos of units one by one; use it as a context, so that its leases end with it."""

    def __init__(self, parts: Parts, *, score: bool, by: Author = NOBODY, any_view: bool = False) -> None:
        """Nothing is imported yet.

        Args:
            parts: The ports.
            score: Whether to score here what nobody else scores.
            by: Who imports.
            any_view: Whether to take photos of views that the golden sample does not have, too.
        """
        self._parts = parts
        self._score = score
        self._by = by
        self._any_view = any_view
        self._leases = Leases(parts.records, parts.clock)
        self._elsewhere: set[str] = set()
        self.done = Imported()

    def __enter__(self) -> LotImport:
        self._leases.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leases.stop()

    def take(self, order: str, lot: str, sku: str, milestone: str, photo: SentUnitPhoto) -> Taken | OddView:
        """Take in one photo, opening its order and its lot where they are not there yet; then score it.

        A new photo of a view that neither the golden sample nor the lot has is left out: once it is in the lot under a
        mistyped name, its file cannot be sent for the right view any more.

        Raises:
            InputError: The photo or its place cannot be used.
            NotFound: The lot is not open, and no product was named to open it for; or the product has no golden.
            Conflict: The lot is of another product; or no golden version of it is approved.
            Unavailable: Database, disk or models are out of reach.
        """
        if odd := self._odd_view(order, lot, sku, milestone, photo):
            self.done.odd_views[odd] += 1
            return odd
        self._open(order, lot, sku, milestone, photo)
        (added,) = add_unit_photos(order, lot, milestone, [photo], self._parts, sent_by=self._by)
        self.done.lots[order, lot] = None
        if added.new:
            self.done.new += 1
        else:
            self.done.known += 1
        self.done.repeated += added.repeats is not None
        if self._score:
            self._score_or_leave(added.photo.upload_id)
        failure = self._parts.records.upload(added.photo.upload_id).failure if self._score else None
        self.done.failed += failure is not None
        return Taken(added.repeats, failure)

    def _odd_view(self, order: str, lot: str, sku: str, milestone: str, photo: SentUnitPhoto) -> OddView | None:
        records = self._parts.records
        try:
            known = records.lot(order, lot)
        except NotFound:
            known = None
        product = known.sku if known else sku
        if self._any_view or not product:
            return None
        digest = photo_digest(photo.photo.content)
        if known and records.known_photos(order, lot, milestone, [digest]):
            return None
        golden = approved_golden(product, None, self._parts)
        views = known_views(golden, known)
        if photo.view in views:
            return None
        return OddView(sku=product, golden_version=golden.version, view=photo.view, views=views)

    def _open(self, order: str, lot: str, sku: str, milestone: str, photo: SentUnitPhoto) -> None:
        records = self._parts.records
        if (order, lot) in self.done.lots and not sku:
            return
        try:
            known = records.lot(order, lot)
        except NotFound:
            if not sku:
                raise InputError(
                    f"lot {lot} of order {order} is not open, and no product is named; name it with --sku, or open "
                    f"the lot first: visiqc lot open {order} {lot} --sku SKU"
                ) from None
            self._require_usable(sku, photo)
            # Another process may have opened it meanwhile.
            known = ensure_lot(order, lot, sku, milestone, self._parts, made_by=self._by)
        known.require_product(sku or known.sku)

    def _require_usable(self, sku: str, photo: SentUnitPhoto) -> None:
        """Check the first photo of a lot before its lot is opened: orders and lots are never removed again."""
        golden = approved_golden(sku, None, self._parts)
        decoded_photos({"first": photo.photo}, golden, self._parts)

    def _score_or_leave(self, upload_id: str) -> None:
        """Score a photo, unless that was done; one that another process holds is left for the end."""
        if self._leases.take(upload_id) is None:
            if self._parts.records.unsettled([upload_id]):
                self._elsewhere.add(upload_id)
            return
        try:
            verdict = score_or_fail(partial(score_upload, parts=self._parts), upload_id, self._parts.records)
        except Unavailable:
            self._leases.give_back(upload_id)
            raise
        except Exception as err:
            self._leases.put_off(upload_id, err)
            raise
        self._leases.settled(upload_id)
        self._elsewhere.discard(upload_id)
        self.done.scored += verdict is not None

    def finish(self) -> int:
        """Wait for photos that other processes hold; those of a process that died are scored here.

        Returns:
            How many are pending still, because whoever holds them is at work on others.
        """
        give_up = time.monotonic() + 2 * LEASE_S
        while self._elsewhere and time.monotonic() < give_up:
            waited = frozenset(self._elsewhere)
            for upload_id in waited:
                self._score_or_leave(upload_id)
            self._elsewhere &= self._parts.records.unsettled(self._elsewhere)
            for upload_id in waited - self._elsewhere:
                self.done.failed += self._parts.records.upload(upload_id).failure is not None
            if self._elsewhere:
                time.sleep(LOOK_S)
        return len(self._elsewhere)
