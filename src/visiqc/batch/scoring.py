"""Scoring one photo among many: a bad one must not stop the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from visiqc.domain.verdict import Verdict
from visiqc.errors import BadRecipe, InputError, ShapeMismatch
from visiqc.inspection.ports import Records

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
