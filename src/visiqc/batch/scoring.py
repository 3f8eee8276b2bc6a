"""Scoring one photo among many: a bad one must not stop the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from visiqc.domain.verdict import Verdict
from visiqc.errors import Unavailable, VisiQCError
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
    """Score one photo, or keep why it cannot be scored and return None.

    Args:
        score: The story.
        upload_id: The photo.
        records: Where failures are kept.

    Raises:
        Unavailable: Something the work needs is out of reach, which says nothing about the photo. Any other error
            that gets out means that the failure could not be kept.
    """
    try:
        return score(upload_id)
    except Unavailable:
        raise
    except Exception as err:
        log.error("scoring failed", upload_id=upload_id, exc_info=err)
        why = str(err) if isinstance(err, VisiQCError) else "scoring failed inside VisiQC; its log says why"
        records.fail(upload_id, why)
        return None
