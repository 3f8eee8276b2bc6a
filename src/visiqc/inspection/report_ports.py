"""What a lot's report needs of the written record: a part of the `Records` port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from visiqc.domain.lot import Lot, RepeatedFile
from visiqc.domain.lot_report import LotProgress, Ranges, UnitPage, UnitTally, Views
from visiqc.domain.unit import PhotoResult


class LotReportRecords(Protocol):
    """A lot counted, and read page by page: what is asked costs no memory, however many photos there are.

    `golden_version` asks what that version said: a photo's first verdict under it. None asks for verdicts of record.
    """

    def lot_progress(self, order: str, lot: str, *, golden_version: int | None = None) -> LotProgress:
        """How far the photos of a lot are."""
        ...

    def unit_tallies(self, lot: Lot, views: Views, *, golden_version: int | None = None) -> tuple[UnitTally, ...]:
        """Its units counted by milestone, outcome and whether golden versions mix, as `unit_outcome` says of each.

        Args:
            lot: The lot.
            views: The views of each golden version that judged one of its photos or will.
            golden_version: See above.
        """
        ...

    def unseen_units(self, lot: Lot, milestone: str, *, most: int) -> Ranges:
        """The first `most` runs of units without a photo at a milestone; empty where the lot's size is not known."""
        ...

    def photo_results(
        self, order: str, lot: str, *, page: UnitPage | None = None, golden_version: int | None = None
    ) -> tuple[PhotoResult, ...]:
        """What came of every photo of a lot, or of those of a page of units, in the order they were accepted."""
        ...

    def repeated_counts(self, order: str, lot: str) -> Mapping[str, int]:
        """By milestone, how many photos of a lot are files that came before; milestones without one are left out."""
        ...

    def repeated_files(self, order: str, lot: str, page: UnitPage) -> tuple[RepeatedFile, ...]:
        """Photos of a page of units whose bytes came before as those of another photo, in the order they came."""
        ...
