"""What is known of a lot: how its units stand at each milestone, which goldens judged them, and what holds it up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from visiqc.domain.lot import Lot, RepeatedFile
from visiqc.domain.outcome import Outcome
from visiqc.domain.unit import PhotoResult, UnitResult, unit_outcome
from visiqc.domain.upload import PutOff

MOST_RANGES: Final = 5
"""How many runs of missing unit numbers a report names."""
MOST_UNITS: Final = 500
"""Most units of one page."""
Ranges = tuple[tuple[int, int], ...]
"""Runs of unit numbers, each as its first and its last."""
Views = Mapping[int, Sequence[str]]
"""The views of golden versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTally:
    """How many units of a milestone are alike.

    Attributes:
        milestone: Its name.
        outcome: Their outcome; None while nothing can be said.
        mixed: Whether their required views were compared with different golden versions.
        units: How many they are.
        photos: How many photos they have together.
    """

    milestone: str
    outcome: Outcome | None
    mixed: bool
    units: int
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenShare:
    """What one golden version has to do with a lot.

    Attributes:
        version: Its number.
        photos: Photos that it judged, or will.
        judged: Photos that it judged.
    """

    version: int
    photos: int
    judged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LotProgress:
    """How far the photos of a lot are.

    Attributes:
        goldens: By golden version, lowest first.
        pending: Photos that wait for their first score.
        put_off: Those of them that something else than the photo kept from it so far.
        last_put_off: The last time that happened.
        failed: Photos that could not be scored.
    """

    goldens: tuple[GoldenShare, ...] = ()
    pending: int = 0
    put_off: int = 0
    last_put_off: PutOff | None = None
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPage:
    """Which units of a milestone are asked for: the first `limit` whose number is above `after`."""

    milestone: str
    after: int = 0
    limit: int = MOST_UNITS


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneReport:
    """How the units stand that were photographed at one milestone.

    Attributes:
        name: The milestone.
        photos: How many photos there are.
        counts: Units by outcome, and `open`: those of which nothing can be said yet. Zeros too.
        mixed: Units whose required views were compared with different golden versions.
        size: How many units the lot holds; None where nobody said.
        unseen_ranges: The first runs of unit numbers without a photo; empty where the size is not known.
        repeated: Photos whose very file came before, at another milestone or in another lot.
    """

    name: str
    photos: int
    counts: Mapping[str, int]
    mixed: int
    size: int | None = None
    unseen_ranges: Ranges = ()
    repeated: int = 0

    @property
    def units(self) -> int:
        """Units that were photographed here."""
        return sum(self.counts.values())

    @property
    def unseen(self) -> int | None:
        """Units that were never photographed here; None where the lot's size is not known."""
        return None if self.size is None else self.size - self.units


@dataclass(frozen=True, slots=True, kw_only=True)
class LotReport:
    """A lot with how its units stand at each milestone of its order.

    Attributes:
        lot: The lot.
        milestones: In the order's order.
        progress: How far its photos are.
        golden_version: Where it is shown as one golden version judged it, that version; None = by the verdicts of
            record.
        current_golden: The golden version that is approved now; None where none is.
    """

    lot: Lot
    milestones: tuple[MilestoneReport, ...]
    progress: LotProgress
    golden_version: int | None = None
    current_golden: int | None = None

    @property
    def golden_versions(self) -> tuple[int, ...]:
        """The golden versions that judged photos of it."""
        return tuple(share.version for share in self.progress.goldens if share.judged)


def milestone_report(
    name: str, lot: Lot, tallies: Iterable[UnitTally], *, unseen: Ranges = (), repeated: int = 0
) -> MilestoneReport:
    """Put together what was counted at one milestone.

    Args:
        name: The milestone.
        lot: The lot.
        tallies: Of all its milestones.
        unseen: The first runs of unit numbers without a photo at this one.
        repeated: How many of its photos are files that came before.
    """
    here = [tally for tally in tallies if tally.milestone == name]
    counts = dict.fromkeys((*(outcome.value for outcome in Outcome), "open"), 0)
    for tally in here:
        counts["open" if tally.outcome is None else tally.outcome.value] += tally.units
    return MilestoneReport(
        name=name,
        photos=sum(tally.photos for tally in here),
        counts=counts,
        mixed=sum(tally.units for tally in here if tally.mixed),
        size=lot.units,
        unseen_ranges=unseen,
        repeated=repeated,
    )


def units_of(
    photos: Iterable[PhotoResult], lot: Lot, views: Views, *, repeated: Iterable[RepeatedFile] = ()
) -> tuple[UnitResult, ...]:
    """What is said about each unit, by number.

    Args:
        photos: All photos of these units at one milestone, in the order they came.
        lot: Their lot.
        views: The views of each golden version that judged one of them or will; asked where the lot requires none by
            name. The version of the last photo counts: views of an older one may not exist any more.
        repeated: Those of the photos whose very file came before.
    """
    gathered: dict[int, list[PhotoResult]] = {}
    for result in photos:
        gathered.setdefault(result.photo.unit, []).append(result)
    before: dict[int, list[RepeatedFile]] = {}
    for file in repeated:
        before.setdefault(file.photo.unit, []).append(file)
    return tuple(
        replace(
            unit_outcome(unit, lot.required_views or views[of_unit[-1].golden_version], of_unit),
            repeated=tuple(before.get(unit, ())),
        )
        for unit, of_unit in sorted(gathered.items())
    )
