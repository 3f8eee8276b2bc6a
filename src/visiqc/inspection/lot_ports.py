"""What lots and the workers that score them need of the written record: parts of the `Records` port."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from visiqc.domain.lot import MOST_LISTED, Lot, Order, UnitPhoto
from visiqc.domain.upload import PutOff, RequestKey, Upload


class JobRecords(Protocol):
    """Every pending upload is a job; a lease keeps two workers, of any process or machine, from doing the same one."""

    def lease(
        self, worker: str, *, now: datetime, until: datetime, limit: int = 1, upload_id: str | None = None
    ) -> tuple[Upload, ...]:
        """Take pending uploads that nobody holds, oldest first; nothing where there is none.

        An upload that was taken `MAX_ATTEMPTS` times and neither settled nor released ended its worker each time: it
        is settled as failed instead of being handed out again.

        Args:
            worker: Who takes them.
            now: Leases that end at or before this are over.
            until: When the new leases end, unless they are renewed.
            limit: How many to take at most.
            upload_id: Only this one, if it is free.
        """
        ...

    def renew(self, worker: str, upload_ids: Collection[str], *, until: datetime) -> None:
        """Hold for longer those of the uploads that `worker` holds."""
        ...

    def release(self, worker: str, upload_id: str, *, put_off: PutOff | None = None) -> None:
        """Give a job back, as if it had not been tried; does nothing where `worker` does not hold it.

        Args:
            worker: Who holds it.
            upload_id: The upload.
            put_off: What prevented the work, and when: nobody gets it before `put_off_until`, so that it does not keep
                others waiting. None = it is free at once.
        """
        ...

    def unsettled(self, upload_ids: Collection[str]) -> frozenset[str]:
        """Those of the uploads that still wait for their answer."""
        ...


class LotRecords(Protocol):
    """Orders, lots and the photos of their units."""

    def add_order(self, order: Order) -> Order:
        """Keep an order; the same one again returns the one kept first, whatever its time.

        Raises:
            Conflict: An order of that code has other milestones.
        """
        ...

    def order(self, code: str) -> Order:
        """One order; `NotFound` otherwise."""
        ...

    def orders(self, *, after: str = "", limit: int = MOST_LISTED, newest_first: bool = False) -> tuple[Order, ...]:
        """Orders, oldest first unless asked otherwise: the first `limit` of those that follow the one called `after`.

        Raises:
            NotFound: No order is called so.
        """
        ...

    def add_lot(self, lot: Lot) -> Lot:
        """Keep a lot; the same one again returns the one kept first, whatever its time.

        Raises:
            NotFound: No such order.
            Conflict: A lot of that code has another product, size or required views.
        """
        ...

    def ensure_lot(self, order: Order, lot: Lot, milestone: str) -> Lot:
        """Keep a lot and its order, each unless it is there: both with what they are checked for, or neither.

        Args:
            order: As it is kept where there is none of its code; one that is there counts as it is.
            lot: Likewise; of one that is there, only the product has to be the same.
            milestone: Name of a milestone that photos of the lot are going to be sent for.

        Raises:
            InputError: The order has no such milestone, or the lot is of another product.
        """
        ...

    def lot(self, order: str, code: str) -> Lot:
        """One lot; `NotFound` otherwise."""
        ...

    def lots(self, order: str, *, after: str = "", limit: int = MOST_LISTED) -> tuple[Lot, ...]:
        """Lots of an order, oldest first: the first `limit` of those that follow the one called `after`.

        Raises:
            NotFound: No such order, or no lot of it is called so.
        """
        ...

    def accept_unit_photos(
        self, uploads: Sequence[Upload], photos: Sequence[UnitPhoto], request: RequestKey | None = None
    ) -> tuple[UnitPhoto, ...]:
        """Keep uploads with their places, all of them or none; what the milestone has already is not kept again.

        Args:
            uploads: New uploads.
            photos: The place of each, in the same order.
            request: Idempotency key they came under.

        Returns:
            For each, its place, or that of the same bytes where the milestone of the lot had them before.

        Raises:
            InputError: The milestone has the same bytes as the photo of another unit or view.
            NotFound: No such lot, milestone or golden version.
            Conflict: The request key was used before with a different fingerprint.
        """
        ...

    def known_photos(self, order: str, lot: str, milestone: str, digests: Collection[str]) -> Mapping[str, UnitPhoto]:
        """By digest, those of the photos that a milestone of a lot has already."""
        ...

    def first_photos(self, digests: Collection[str]) -> Mapping[str, UnitPhoto]:
        """By digest, the first photo of a unit with these bytes, of any order; those that no unit has are left out."""
        ...

    def unit_photo(self, upload_id: str) -> UnitPhoto | None:
        """The place of an upload; None where it belongs to no lot."""
        ...
