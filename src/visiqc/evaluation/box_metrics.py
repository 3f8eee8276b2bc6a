"""How well found boxes cover the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from visiqc.errors import InputError
from visiqc.evaluation.intervals import Proportion

Box = tuple[float, float, float, float]
"""`(x0, y0, x1, y1)` in pixels, x1 and y1 excluded; found and true boxes in one and the same frame."""


@dataclass(frozen=True, slots=True)
class BoxCounts:
    """What was matched in a set of photos; sets are joined with `+`.

    Attributes:
        found: True boxes that a found box covers well enough.
        missed: True boxes that none does.
        false: Found boxes that no true box was left for.
        photos: Number of photos.
    """

    found: int = 0
    missed: int = 0
    false: int = 0
    photos: int = 0

    def __add__(self, other: BoxCounts) -> BoxCounts:
        return BoxCounts(
            self.found + other.found,
            self.missed + other.missed,
            self.false + other.false,
            self.photos + other.photos,
        )

    @property
    def recall(self) -> Proportion:
        """Share of the true boxes that were found; `InputError` where there is none."""
        if self.found + self.missed == 0:
            raise InputError("no true box in any photo; recall needs at least one")
        return Proportion(self.found, self.found + self.missed)

    @property
    def false_per_photo(self) -> float:
        """Found boxes without a true one, per photo; `InputError` without photos."""
        if self.photos == 0:
            raise InputError("no photos; a rate per photo needs at least one")
        return self.false / self.photos


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, in [0, 1]; 0 where either is empty.

    Example:
        >>> iou((0, 0, 2, 2), (1, 0, 3, 2))
        0.3333333333333333
    """
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def found_boxes(found: Sequence[Box], true: Sequence[Box], *, at_least: float = 0.33) -> tuple[bool, ...]:
    """Which of one photo's true boxes were found, in their order, by greedy matching.

    In the order given, every found box takes the true box it overlaps most among those still free. A second
    box on the same defect is therefore a false one.

    Args:
        found: The most certain first.
        true: Ground truth, in any order.
        at_least: IoU that counts as a match, in (0, 1].

    Raises:
        InputError: `at_least` is out of range.
    """
    if not 0 < at_least <= 1:
        raise InputError(f"the IoU of a match lies in (0, 1], got {at_least}")
    free = set(range(len(true)))
    for box in found:
        best = max(sorted(free), key=lambda place: iou(box, true[place]), default=None)
        if best is not None and iou(box, true[best]) >= at_least:
            free.remove(best)
    return tuple(place not in free for place in range(len(true)))


def match_boxes(found: Sequence[Box], true: Sequence[Box], *, at_least: float = 0.33) -> BoxCounts:
    """One photo's boxes, matched and counted; arguments and errors as `found_boxes`."""
    matched = sum(found_boxes(found, true, at_least=at_least))
    return BoxCounts(found=matched, missed=len(true) - matched, false=len(found) - matched, photos=1)
