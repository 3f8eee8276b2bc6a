"""Orders and lots: open them, and take in photos of their units."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from visiqc.domain.codes import checked_view
from visiqc.domain.golden import GoldenVersion
from visiqc.domain.lot import MILESTONES, Lot, Order, RepeatedFile, UnitPhoto
from visiqc.domain.people import NOBODY, Author
from visiqc.domain.reasons import Reason
from visiqc.domain.upload import RequestKey, Upload
from visiqc.errors import InputError
from visiqc.inspection.inspect import (
    approved_golden,
    decoded_photos,
    golden_itself,
    is_golden_photo,
    photo_digest,
    stored_uploads,
)
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.inspection.ports import Records
from visiqc.inspection.reading import Arrivals, Refusals, read_photo
from visiqc.inspection.refit import golden_bank
from visiqc.vision.quality import measure_quality
from visiqc.vision.seen import see


@dataclass(frozen=True, slots=True, kw_only=True)
class SentUnitPhoto:
    """A photo of a unit as it was sent.

    Attributes:
        photo: Its name and bytes.
        unit: The unit's number in its lot.
        view: The view it claims to show.
    """

    photo: SentPhoto
    unit: int
    view: str


@dataclass(frozen=True, slots=True)
class Added:
    """A photo that is in its lot now.

    Attributes:
        photo: Its place.
        new: Whether it came just now.
        repeats: Where its very file came before, if it did.
    """

    photo: UnitPhoto
    new: bool
    repeats: RepeatedFile | None = None


def open_order(code: str, parts: Parts, *, milestones: Sequence[str] = MILESTONES, made_by: Author = NOBODY) -> Order:
    """Open an order; asked for again, it is the same one.

    Raises:
        InputError: Its code or a milestone's name cannot be used.
        Conflict: It is there already, with other milestones.
    """
    return parts.records.add_order(
        Order(code=code, milestones=tuple(milestones), made_at=parts.clock(), made_by=made_by)
    )


def open_lot(
    order: str,
    code: str,
    sku: str,
    parts: Parts,
    *,
    units: int | None = None,
    required_views: Sequence[str] = (),
    made_by: Author = NOBODY,
) -> Lot:
    """Open a lot of an order; asked for again, it is the same one. Its product may get its golden sample later.

    Raises:
        InputError: Its code, product, size or views cannot be used.
        NotFound: No such order.
        Conflict: It is there already, otherwise.
    """
    wanted = Lot(
        order=order,
        code=code,
        sku=sku,
        units=units,
        required_views=tuple(required_views),
        made_at=parts.clock(),
        made_by=made_by,
    )
    return parts.records.add_lot(wanted)


def ensure_lot(order: str, code: str, sku: str, milestone: str, parts: Parts, *, made_by: Author = NOBODY) -> Lot:
    """Open a lot for photos of a milestone, and its order with the usual ones: each unless it is open already.

    Raises:
        InputError: A code cannot be used, the order has no such milestone, or the lot is of another product. Then
            neither was opened.
    """
    now = parts.clock()
    return parts.records.ensure_lot(
        Order(code=order, milestones=MILESTONES, made_at=now, made_by=made_by),
        Lot(order=order, code=code, sku=sku, made_at=now, made_by=made_by),
        milestone,
    )


def add_unit_photos(
    order: str,
    lot: str,
    milestone: str,
    photos: Sequence[SentUnitPhoto],
    parts: Parts,
    *,
    request: RequestKey | None = None,
    sent_by: Author = NOBODY,
    any_view: bool = True,
) -> tuple[Added, ...]:
    """Take photos of units into a milestone of a lot, all of them or none; what is taken in will get a verdict.

    The same photo again is the same upload. A file that came before at another milestone or in another lot is taken in,
    and said to be one. Photos keep the golden version that was current when they came.

    Args:
        order: Code of an order.
        lot: Code of one of its lots.
        milestone: Name of one of the order's milestones.
        photos: At least one.
        parts: The ports.
        request: Idempotency key they came under.
        sent_by: Who sent them.
        any_view: Whether to take new photos of views, too, that neither the current golden version nor the lot has.

    Raises:
        InputError: No photo, no such milestone, or photos that cannot be used; each stands in the message by name.
        NotFound: No such order or lot, or its product has no golden sample.
        NotApproved: No golden version of its product is approved.
        Conflict: The request key was used for something else.
    """
    if not photos:
        raise InputError("no photo was sent; send one or more")
    if request is not None:
        parts.records.replays(request)  # raises for a key that stood for something else
    inside = parts.records.lot(order, lot)
    parts.records.order(order).checked_milestone(milestone)
    digests = [photo_digest(each.photo.content) for each in photos]
    known = parts.records.known_photos(order, lot, milestone, digests)
    new = any(digest not in known for digest in digests)
    golden = None if any_view or not new else approved_golden(inside.sku, None, parts)
    _require_usable(inside, photos, digests, known, golden)
    places = {uuid.uuid4().hex: each for each, digest in zip(photos, digests, strict=True) if digest not in known}
    kept = _take_in(places, inside, milestone, parts, request=request, sent_by=sent_by) if places else ()
    if request is not None and not places:
        parts.records.keep_key(request)
    fresh = iter(kept)
    added = [Added(known[digest], new=False) if digest in known else next(fresh) for digest in digests]
    firsts = parts.records.first_photos(digests)
    pairs = zip(added, digests, strict=True)
    return tuple(replace(each, repeats=_repeats(each.photo, firsts[digest])) for each, digest in pairs)


def repeated_file(upload: Upload, records: Records) -> RepeatedFile | None:
    """Where the very file of a photo of a unit came before; None where it did not, or shows no unit of a lot."""
    photo = records.unit_photo(upload.id)
    if photo is None:
        return None
    return _repeats(photo, records.first_photos([upload.photo_digest])[upload.photo_digest])


def _repeats(photo: UnitPhoto, first: UnitPhoto) -> RepeatedFile | None:
    return None if first.upload_id == photo.upload_id else RepeatedFile(photo=photo, first=first)


def _require_usable(
    lot: Lot,
    photos: Sequence[SentUnitPhoto],
    digests: Sequence[str],
    known: Mapping[str, UnitPhoto],
    golden: GoldenVersion | None,
) -> None:
    arrivals, refusals = Arrivals(), Refusals()
    for each, digest in zip(photos, digests, strict=True):
        with refusals.of(each.photo.name):
            arrivals.check(each.photo.name, each.photo.content)
            lot.checked_unit(each.unit)
            view = checked_view(each.view)
            place = known.get(digest)
            if place is not None:
                place.require_place(each.unit, view)
            elif golden is not None:
                _require_known_view(view, golden, lot)
    refusals.raise_any()


def known_views(golden: GoldenVersion, lot: Lot | None) -> tuple[str, ...]:
    """The views that a golden version shows and, once it is open, a lot requires; each once."""
    return tuple(dict.fromkeys((*map(checked_view, golden.views), *(lot.required_views if lot else ()))))


def _require_known_view(view: str, golden: GoldenVersion, lot: Lot) -> None:
    """A file stays where it was sent: under a mistyped view it could not be sent again under the right one."""
    views = known_views(golden, lot)
    if view not in views:
        raise InputError(
            f"neither golden version {golden.version} of {golden.sku} nor the lot has a view {view!r}; they have "
            f"{', '.join(views)}; send any_view=true where it is meant"
        )


def _take_in(
    sent: Mapping[str, SentUnitPhoto],
    lot: Lot,
    milestone: str,
    parts: Parts,
    *,
    request: RequestKey | None,
    sent_by: Author,
) -> tuple[Added, ...]:
    golden = approved_golden(lot.sku, None, parts)
    photos = {upload_id: each.photo for upload_id, each in sent.items()}
    decoded = decoded_photos(photos, golden, parts)
    places = [
        UnitPhoto(upload_id=upload_id, order=lot.order, lot=lot.code, milestone=milestone, unit=e.unit, view=e.view)
        for upload_id, e in sent.items()
    ]
    kept = parts.records.accept_unit_photos(stored_uploads(photos, golden, parts, sent_by), places, request)
    for upload_id in decoded.keys() & {photo.upload_id for photo in kept}:
        parts.recent.put(upload_id, decoded[upload_id])
    # One that another request brought in since has that one's upload.
    return tuple(Added(photo, new=photo.upload_id in sent) for photo in kept)


def quality_complaints(upload_id: str, parts: Parts) -> tuple[Reason, ...]:
    """What the quality gate has against an accepted photo, at once: its verdict will say the same.

    Raises:
        NotFound: No such upload.
        Conflict: Its golden cannot be read by the models that are loaded.
    """
    upload = parts.records.upload(upload_id)
    golden = parts.records.golden(upload.sku, upload.golden_version)
    if is_golden_photo(upload, golden, parts):
        return (golden_itself(),)
    copy = parts.recent.look(upload_id) or read_photo(
        parts.blobs.get(upload.photo_digest), parts.limits, frame_long_side=golden.policy.long_side
    )
    seen, limits = see(copy.photo, parts.models.find_product), golden_bank(golden, parts).limits
    return measure_quality(seen.small, seen.mask, limits, original_size=copy.original_size).reasons
