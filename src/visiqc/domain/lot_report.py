"""What is known of a lot: its units at each milestone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

from visiqc.domain.lot import Lot, Order, RepeatedFile
from visiqc.domain.outcome import Outcome
from visiqc.domain.unit import PhotoResult, UnitResult, unit_outcome

MOST_RANGES: Final = 5
"""How many runs of missing unit numbers a report names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneReport:
    """The units that were photographed at one milestone.

    Attributes:
        name: The milestone.
        units: They, by number.
        photos: How many photos there are.
        size: How many units the lot holds; None where nobody said.
        repeated: Photos whose very file came before, at another milestone or in another lot.
    """

    name: str
    units: tuple[UnitResult, ...]
    photos: int
    size: int | None = None
    repeated: tuple[RepeatedFile, ...] = ()

    @property
    def unseen(self) -> int | None:
        """Units that were never photographed here; None where the lot's size is not known."""
        return None if self.size is None else self.size - len(self.units)

    def unseen_ranges(self, most: int = MOST_RANGES) -> tuple[tuple[int, int], ...]:
        """The first runs of unit numbers without a photo, each as its first and last number."""
        if self.size is None:
            return ()
        seen = [0, *(unit.unit for unit in self.units), self.size + 1]
        gaps = ((low + 1, high - 1) for low, high in pairwise(seen) if high - low > 1)
        return tuple(islice(gaps, most))

    @property
    def counts(self) -> dict[str, int]:
        """Units by outcome, and `open`: those of which nothing can be said yet. Zeros too."""
        found = Counter("open" if unit.outcome is None else unit.outcome.value for unit in self.units)
        return {name: found[name] for name in (*(outcome.value for outcome in Outcome), "open")}


@dataclass(frozen=True, slots=True, kw_only=True)
class LotReport:
    """A lot with all that is known of its units, at every milestone of its order."""

    lot: Lot
    milestones: tuple[MilestoneReport, ...]


def report_lot(
    order: Order,
    lot: Lot,
    photos: Iterable[PhotoResult],
    views_of: Callable[[int], tuple[str, ...]],
    *,
    repeated: Sequence[RepeatedFile] = (),
) -> LotReport:
    """Put a lot's photos together, unit by unit.

    Args:
        order: Its order.
        lot: The lot.
        photos: Every photo of it, in the order they came.
        views_of: The views of a golden version; asked for where the lot requires none by name.
        repeated: Those of the photos whose very file came before.
    """
    gathered: dict[str, dict[int, list[PhotoResult]]] = {name: {} for name in order.milestones}
    for result in photos:
        gathered[result.photo.milestone].setdefault(result.photo.unit, []).append(result)

    def unit_result(unit: int, of_unit: list[PhotoResult]) -> UnitResult:
        # The version that was current when the last photo came: an older one's views may not exist any more.
        return unit_outcome(unit, lot.required_views or views_of(of_unit[-1].golden_version), of_unit)

    return LotReport(
        lot=lot,
        milestones=tuple(
            MilestoneReport(
                name=name,
                units=tuple(unit_result(unit, units[unit]) for unit in sorted(units)),
                photos=sum(map(len, units.values())),
                size=lot.units,
                repeated=tuple(each for each in repeated if each.photo.milestone == name),
            )
            for name, units in gathered.items()
        ),
    )
