"""How a scoring request gets in: replayed if it was here before, else given room, stored and queued."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from visiqc.domain.reasons import Reason
from visiqc.domain.upload import RequestKey, Upload
from visiqc.errors import Conflict, InputError
from visiqc.inspection.inspect import accept_photos, photo_digest
from visiqc.inspection.lots import Added, SentUnitPhoto, add_unit_photos, quality_complaints
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.service.auth import Caller
from visiqc.service.deps import Shop

MAX_WAIT_S: Final = 60.0
"""Longest time a request waits for its verdicts; most proxies give up at 60 s or later."""
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_WAIT: Final = re.compile(r"wait\s*=\s*\"?(\d{1,4})\"?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Accepted photos, and whether they were accepted by an earlier request with the same key."""

    uploads: tuple[Upload, ...]
    replayed: bool


def admit(
    sku: str,
    photos: tuple[SentPhoto, ...],
    shop: Shop,
    *,
    caller: Caller,
    golden_version: int | None,
    idempotency_key: str | None,
) -> Admitted:
    """Store and queue the photos of one request, all or none; blocks on disk and database.

    Raises:
        Busy: The queue has no room for all of them; nothing was stored.
        Conflict: The idempotency key was used before for something else.
        NotFound, NotApproved: There is no golden version to hold them against.
        UnreadablePhoto, UnsupportedMedia, TooLarge: A photo cannot be scored; the message names it.
    """
    request = _request_key(idempotency_key, sku, photos, caller=caller, golden_version=golden_version)
    with _in_the_senders_words(idempotency_key, "other photos or another SKU"):
        if request and (earlier := shop.parts.records.accepted(request)):
            shop.queue.watch(upload.id for upload in earlier)
            return Admitted(uploads=earlier, replayed=True)
        with shop.queue.reserve(len(photos)) as places:
            uploads = accept_photos(
                sku, photos, shop.parts, golden_version=golden_version, request=request, sent_by=caller.author
            )
            # A twin of this request may have been faster since: then these uploads are its, perhaps scored already.
            fresh = uploads if request is None else [u for u in uploads if _unscored(u, shop)]
            queued = places.take(fresh)
    return Admitted(uploads=uploads, replayed=queued == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedUnitPhoto:
    """A photo that is in its lot.

    Attributes:
        added: Its place, and where its file came before.
        known: Whether its milestone had it before this request, or before the one that this request repeats.
        complaints: What the quality gate has against it; None where its score was there already.
    """

    added: Added
    known: bool
    complaints: tuple[Reason, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedUnitPhotos:
    """Photos that are in their lot, and whether an earlier request with the same key brought them there."""

    photos: tuple[AdmittedUnitPhoto, ...]
    replayed: bool


def admit_unit_photos(
    order: str,
    lot: str,
    milestone: str,
    photos: Sequence[SentUnitPhoto],
    shop: Shop,
    *,
    caller: Caller,
    idempotency_key: str | None,
    any_view: bool = False,
) -> AdmittedUnitPhotos:
    """Take photos of units in and queue them, all or none; blocks on disk and database, and looks at each photo.

    Raises:
        Busy: The queue has no room for all of them; nothing was stored.
        Conflict: The idempotency key was used before for something else.
        NotFound, NotApproved: There is no such lot, or no golden version to hold its photos against.
        InputError: A photo or its place cannot be used; the message names it.
    """
    parts = shop.parts
    told = [[each.photo.name, photo_digest(each.photo.content), each.unit, each.view] for each in photos]
    request = _keyed(idempotency_key, caller, [order, lot, milestone, told])
    take_in = partial(add_unit_photos, order, lot, milestone, photos, parts, request=request, sent_by=caller.author)
    fresh = partial(take_in, any_view=any_view)
    with _in_the_senders_words(idempotency_key, "other photos or places"):
        if request and parts.records.replays(request):  # its photos are all there, so this takes no room
            answer = _looked_at(take_in(), request, parts, replayed=True)
        else:
            known = parts.records.known_photos(order, lot, milestone, [str(digest) for _, digest, _, _ in told])
            with shop.queue.reserve(len(photos) - len(known)) as places:
                added = fresh()
                # Before they are queued: while the photo that was decoded to be accepted is still at hand.
                answer = _looked_at(added, request, parts, replayed=False)
                places.take([parts.records.upload(each.photo.upload_id) for each in added if each.new])
    shop.queue.watch(each.added.photo.upload_id for each in answer.photos)
    return answer


def _looked_at(
    added: Sequence[Added], request: RequestKey | None, parts: Parts, *, replayed: bool
) -> AdmittedUnitPhotos:
    ids = [each.photo.upload_id for each in added]
    waiting = parts.records.unsettled(ids)
    keys = [parts.records.upload(each).request_key for each in ids]
    own = [request is not None and key == request.key for key in keys]
    photos = [
        AdmittedUnitPhoto(added=each, known=not (each.new or mine), complaints=_gate(each, waiting, parts))
        for each, mine in zip(added, own, strict=True)
    ]
    # A twin of this request may have been faster since it was looked for: then these photos are the twin's.
    by_a_twin = any(mine and not each.new for each, mine in zip(added, own, strict=True))
    return AdmittedUnitPhotos(photos=tuple(photos), replayed=replayed or by_a_twin)


@contextmanager
def _in_the_senders_words(key: str | None, what: str) -> Iterator[None]:
    """Say of a key that stood for something else what its sender called it."""
    try:
        yield
    except Conflict as err:
        if key is None or type(err) is not Conflict:
            raise
        raise Conflict(f"the Idempotency-Key {key!r} was used before for {what}; send a new key") from err


def _gate(added: Added, waiting: Collection[str], parts: Parts) -> tuple[Reason, ...] | None:
    if added.photo.upload_id not in waiting:
        return None
    try:
        return quality_complaints(added.photo.upload_id, parts)
    except Conflict:  # the golden cannot be read by these models: the score will say so
        return None


def _unscored(upload: Upload, shop: Shop) -> bool:
    return upload.failure is None and shop.parts.records.verdict(upload.id) is None


def checked_idempotency_key(sent: str | None) -> str | None:
    """`sent` itself, when it can be kept.

    Raises:
        InputError: It is not 1 to 200 visible ASCII characters.
    """
    if sent is not None and not _IDEMPOTENCY_KEY.fullmatch(sent):
        raise InputError(f"Idempotency-Key must be 1 to 200 visible ASCII characters without spaces, got {sent[:40]!r}")
    return sent


def _request_key(
    key: str | None, sku: str, photos: tuple[SentPhoto, ...], *, caller: Caller, golden_version: int | None
) -> RequestKey | None:
    if key is None:
        return None
    return _keyed(key, caller, [sku, golden_version, [[photo.name, photo_digest(photo.content)] for photo in photos]])


def _keyed(key: str | None, caller: Caller, asked: list[object]) -> RequestKey | None:
    if key is None:
        return None
    fingerprint = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    return RequestKey(key=f"{caller.id}:{key}", fingerprint=fingerprint)


def patience_s(prefer: str | None, *, wait: bool) -> float:
    """Seconds a request wants to wait for its verdicts, 0 to `MAX_WAIT_S`.

    Args:
        prefer: The `Prefer` header (RFC 7240): `respond-async`, or `wait=10`.
        wait: The query parameter of that name.

    Example:
        >>> patience_s("respond-async", wait=True), patience_s("wait=5", wait=True), patience_s(None, wait=True)
        (0.0, 5.0, 60.0)
    """
    wishes = (prefer or "").lower()
    named = _WAIT.search(wishes)
    if not wait or ("respond-async" in wishes and named is None):
        return 0.0
    return min(float(named[1]), MAX_WAIT_S) if named else MAX_WAIT_S
