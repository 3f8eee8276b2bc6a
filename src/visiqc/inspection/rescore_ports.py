"""What scoring history again needs of the written record: part of the `Records` port."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from visiqc.domain.rescore import RescoreCounts, RescorePlan, RescoreRequest, RescoreResult, RescoreRun, RescoreTask
from visiqc.domain.rescore_lease import RescoreLease
from visiqc.domain.rescore_results import RescoredPhoto, RescoreTally
from visiqc.domain.verdict import Verdict


class RescoreRecords(Protocol):
    """Runs, their plans, and what came of every photo in them."""

    def rescore_plan(self, request: RescoreRequest) -> RescorePlan:
        """What a request would do; nothing is written."""
        ...

    def hold_rescore(self, fingerprint: str, lease: RescoreLease, *, now: datetime) -> RescoreLease:
        """Let `lease.worker` do a request alone, or go on doing so.

        Args:
            fingerprint: Of the request.
            lease: Who wants to hold it, and until when.
            now: A lease of another that ended by then is a dead one's.

        Returns:
            The lease in force: `lease` itself, or that of another who holds the request.
        """
        ...

    def let_go_rescore(self, fingerprint: str, worker: str) -> None:
        """Let others do a request, if `worker` is the one who holds it."""
        ...

    def begin_rescore(self, run: RescoreRun) -> RescoreRun:
        """Keep a run and its whole plan, before any of the work.

        Args:
            run: The run; `photos` is counted here.

        Raises:
            NotFound: A golden version is wanted that some product does not have.
        """
        ...

    def unfinished_rescore(self, fingerprint: str) -> RescoreRun | None:
        """The latest run of a request, if it was not finished; None otherwise."""
        ...

    def open_goldens(self, run_id: str) -> tuple[tuple[str, int], ...]:
        """SKU and version of the golden versions that photos still wait to be held against."""
        ...

    def open_photos(self, run_id: str, *, after: int, limit: int) -> tuple[tuple[RescoreTask, Verdict | None], ...]:
        """The next photos of a plan without a result.

        Args:
            run_id: The run.
            after: Positions up to this one are passed over.
            limit: How many at most.

        Returns:
            Each with its verdict where the same golden version, models and calibration gave one before.
        """
        ...

    def add_rescore_results(self, run_id: str, results: Sequence[RescoreResult]) -> None:
        """Keep what came of some photos, all or none, with their verdicts. The first result of a photo stands."""
        ...

    def rescore_counts(self, run_id: str) -> RescoreCounts:
        """How far a run is; `NotFound` without the run."""
        ...

    def end_rescore(self, run_id: str, *, at: datetime) -> datetime:
        """Close a run; returns when it was closed first.

        Raises:
            Conflict: Photos of it have no result yet.
        """
        ...

    def rescored_photos(
        self, run_id: str, *, after: int, limit: int, changed: bool = False
    ) -> tuple[RescoredPhoto, ...]:
        """Photos of a run by position, those after `after`; with `changed`, only those whose outcome is another one."""
        ...

    def requeue(self, run_id: str, photos: Sequence[RescoredPhoto]) -> int:
        """Give photos of a run the place in the inspectors' queue that their new verdicts deserve.

        Photos that an inspector answered stay where they are, whatever the verdict of record.

        Returns:
            How many were placed; those that stood there by the same verdict do not count.
        """
        ...

    def rescore_changes(self, run_id: str, *, skip: int, limit: int) -> tuple[RescoredPhoto, ...]:
        """Photos whose outcome changed, the most surprising first.

        First those whose new outcome contradicts an inspector, last those where it agrees with one; within each, those
        that passed and would be rejected today, then photos of accepted lots, then what got worse; among equals, the
        p-value that moved farthest.
        """
        ...

    def rescore_tallies(self, run_id: str) -> tuple[RescoreTally, ...]:
        """Photos with a result, counted by lot, outcome of record, new outcome, and what inspectors decided."""
        ...
