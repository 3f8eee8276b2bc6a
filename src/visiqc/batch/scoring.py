"""Scoring one photo among many: a bad one must not stop the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from visiqc.batch.leases import LEASE_S, Leases
from visiqc.domain.verdict import Verdict
from visiqc.errors import BadRecipe, InputError, ShapeMismatch, Unavailable
from visiqc.inspection.inspect import score_upload
from visiqc.inspection.parts import Parts
from visiqc.inspection.ports import Records

LOOK_S: Final = 0.2
"""Seconds between two looks at a photo that another process scores."""

log = structlog.get_logger("visiqc.batch.scoring")


class Tally(Protocol):
    """Told what came of each photo."""

    def record_verdict(self, verdict: Verdict) -> None:
        """One verdict was kept."""
        ...

    def record_failure(self) -> None:
        """One photo could not be scored."""
        ...


def score_or_fail(score: Callable[[str], Verdict], upload_id: str, records: Records) -> Verdict | None:
    """Score one photo, or keep why its own bytes cannot be scored and return None.

    Args:
        score: The story.
        upload_id: The photo.
        records: Where failures are kept.

    Raises:
        Exception: Any error that says nothing about the photo: a store, golden or model that is missing or damaged, too
            little memory, a mistake of ours. The photo is to be put off, never given up for it.
    """
    try:
        return score(upload_id)
    except (BadRecipe, ShapeMismatch):
        raise
    except InputError as err:
        log.error("scoring failed", upload_id=upload_id, error=str(err))
        records.fail(upload_id, str(err))
        return None


def score_leased(upload_id: str, parts: Parts, leases: Leases) -> Verdict:
    """Score one photo under a lease, or wait for the verdict of the process that holds it: it is of record either way.

    Args:
        upload_id: The photo.
        parts: The ports.
        leases: Of this process.

    Raises:
        InputError: The photo was given up as failed.
        Unavailable: Another process has it and gives no verdict.
    """
    give_up = time.monotonic() + 2 * LEASE_S
    while leases.take(upload_id) is None:
        if (verdict := parts.records.verdict(upload_id)) is not None:
            return verdict
        if (failure := parts.records.upload(upload_id).failure) is not None:
            raise InputError(failure)
        if time.monotonic() > give_up:
            raise Unavailable(f"another process scores photo {upload_id}; ask for its verdict later")
        time.sleep(LOOK_S)
    try:
        verdict = score_upload(upload_id, parts)
    except BaseException:
        leases.give_back(upload_id)
        raise
    leases.settled(upload_id)
    return verdict
