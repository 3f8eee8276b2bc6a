"""A photo that was accepted for scoring. Accepting is a promise: it will get a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from visiqc.domain.people import NOBODY, Author

MAX_ATTEMPTS: Final = 5
"""How often an upload may end the worker that scores it before it is given up as failed."""

PUT_OFF_S: Final = 1.0
"""Pause before a photo is tried again whose scoring something else than the photo prevented; doubled each time."""
MAX_PUT_OFF_S: Final = 600.0
"""Longest such pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One accepted photo, written before it is scored.

    Attributes:
        id: Names the upload and, later, its verdict.
        sku: The product it claims to show.
        golden_version: The version it will be held against.
        photo_name: The name the sender gave; for people to read, never a path.
        photo_digest: SHA-256 of its bytes, already stored.
        received_at: UTC.
        request_key: Idempotency key of the request it came in, if one was sent.
        sent_by: Who sent it.
        failure: Why it could not be scored, if scoring failed for good.
    """

    id: str
    sku: str
    golden_version: int
    photo_name: str
    photo_digest: str
    received_at: datetime
    request_key: str | None = None
    sent_by: Author = NOBODY
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class PutOff:
    """That something else than a photo kept it from its score.

    Attributes:
        at: When, UTC.
        why: What it was, for people to read.
    """

    at: datetime
    why: str


def put_off_until(now: datetime, times: int) -> datetime:
    """When a photo may be tried again that was put off `times` before now."""
    return now + timedelta(seconds=min(MAX_PUT_OFF_S, PUT_OFF_S * 2 ** min(times, 32)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """A client's `Idempotency-Key` and the digest of what was asked under it."""

    key: str
    fingerprint: str
