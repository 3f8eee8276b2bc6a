"""How a scoring request gets in: replayed if it was here before, else given room, stored and queued."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

from visiqc.domain.upload import RequestKey, Upload
from visiqc.errors import Conflict, InputError
from visiqc.inspection.inspect import accept_photos
from visiqc.inspection.parts import SentPhoto
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
    try:
        if request and (earlier := shop.parts.records.accepted(request)):
            shop.queue.watch(upload.id for upload in earlier)
            return Admitted(uploads=earlier, replayed=True)
        with shop.queue.reserve(len(photos)) as places:
            uploads = accept_photos(sku, photos, shop.parts, golden_version=golden_version, request=request)
            # A twin of this request may have been faster since: then these uploads are its, perhaps scored already.
            fresh = uploads if request is None else [u for u in uploads if _unscored(u, shop)]
            queued = places.take(fresh)
    except Conflict as err:
        if request is None or type(err) is not Conflict:
            raise
        raise Conflict(
            f"the Idempotency-Key {idempotency_key!r} was used before for other photos or another SKU; send a new key"
        ) from err
    return Admitted(uploads=uploads, replayed=queued == 0)


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
    asked = [sku, golden_version, [[photo.name, hashlib.sha256(photo.content).hexdigest()] for photo in photos]]
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
