"""Importing photos of units: one after the other, each taken in and scored before the next is read.

Killed at any moment, it loses nothing and does nothing twice: what a milestone has already is known by its bytes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from visiqc.batch.leases import LEASE_S, Leases
from visiqc.batch.scoring import score_or_fail
from visiqc.domain.lot import MILESTONES, Order
from visiqc.errors import InputError, NotFound, Unavailable
from visiqc.inspection.inspect import approved_golden, decoded_photos, score_upload
from visiqc.inspection.lots import SentUnitPhoto, add_unit_photos, open_lot, open_order
from visiqc.inspection.parts import Parts

LOOK_S: Final = 0.3
"""Seconds between two looks at photos that other processes score."""


@dataclass(slots=True)
class Imported:
    """How many photos came, and which lots they belong to.

    Attributes:
        new: Photos that were taken in.
        known: Photos that were there already.
        scored: Photos that were scored here.
        failed: Photos that cannot be scored, now or since an earlier import.
        lots: Order and lot of every photo.
    """

    new: int = 0
    known: int = 0
    scored: int = 0
    failed: int = 0
    lots: dict[tuple[str, str], None] = field(default_factory=dict)


class LotImport:
    """Takes in photos of units one by one; use it as a context, so that its leases end with it."""

    def __init__(self, parts: Parts, *, score: bool) -> None:
        """Nothing is imported yet.

        Args:
            parts: The ports.
            score: Whether to score here what nobody else scores.
        """
        self._parts = parts
        self._score = score
        self._leases = Leases(parts.records, parts.clock)
        self._elsewhere: set[str] = set()
        self.done = Imported()

    def __enter__(self) -> LotImport:
        self._leases.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leases.stop()

    def take(self, order: str, lot: str, sku: str, milestone: str, photo: SentUnitPhoto) -> None:
        """Take in one photo, opening its order and its lot where they are not there yet; then score it.

        Raises:
            InputError: The photo or its place cannot be used; or it was taken in and cannot be scored.
            NotFound: The lot is not open, and no product was named to open it for; or the product has no golden.
            Conflict: The lot is of another product; or no golden version of it is approved.
            Unavailable: Database, disk or models are out of reach.
        """
        self._open(order, lot, sku, milestone, photo)
        (added,) = add_unit_photos(order, lot, milestone, [photo], self._parts)
        self.done.lots[order, lot] = None
        if added.new:
            self.done.new += 1
        else:
            self.done.known += 1
        if self._score:
            self._score_or_leave(added.photo.upload_id)
            self._require_scored(added.photo.upload_id)

    def _require_scored(self, upload_id: str) -> None:
        failure = self._parts.records.upload(upload_id).failure
        if failure is not None:
            self.done.failed += 1
            raise InputError(f"it was taken in and cannot be scored: {failure}")

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
            self._require_usable(order, sku, milestone, photo)
            _open_order(order, self._parts)
            open_lot(order, lot, sku, self._parts)
            return
        if sku not in {"", known.sku}:
            raise InputError(f"lot {lot} of order {order} is of the product {known.sku}, not {sku}")

    def _require_usable(self, order: str, sku: str, milestone: str, photo: SentUnitPhoto) -> None:
        """Check the first photo of a lot before its lot is opened: orders and lots are never removed again."""
        try:
            kept = self._parts.records.order(order)
        except NotFound:
            kept = Order(code=order, milestones=MILESTONES, made_at=self._parts.clock())
        kept.checked_milestone(milestone)
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


def _open_order(code: str, parts: Parts) -> None:
    """Open an order with the usual milestones, unless it is open."""
    try:
        parts.records.order(code)
    except NotFound:
        open_order(code, parts)
