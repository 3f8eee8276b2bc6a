"""What became of the photos of an import: every photo that was found is in one of its counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from difflib import get_close_matches

from visiqc.domain.lot import RepeatedFile


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to be said of a photo that is in its lot.

    Attributes:
        repeats: Where its very file came before, if it did.
        failure: Why it cannot be scored, if it cannot.
    """

    repeats: RepeatedFile | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OddView:
    """A view that photos are named after and that nobody knows.

    Attributes:
        sku: The product.
        golden_version: Its current golden version.
        view: The name.
        views: The views of the golden version, and those that the lot requires.
    """

    sku: str
    golden_version: int
    view: str
    views: tuple[str, ...]

    @property
    def meant(self) -> str:
        """The view that was probably meant; empty where none is like it."""
        return next(iter(get_close_matches(self.view, self.views, n=1)), "")


@dataclass(slots=True)
class Imported:
    """How many photos were found, what became of them, and which lots they belong to.

    Attributes:
        new: Photos that were taken in.
        known: Photos that were there already.
        refused: Lines and photos that could not be used.
        odd_views: Photos that were left out, by the view they are named after.
        misplaced: Photos that lie elsewhere than in a folder of an order, a lot and a milestone.
        unlisted: Photos that the list does not name.
        scored: Of new and known photos, those that were scored here.
        failed: Of new and known photos, those that cannot be scored, now or since an earlier import.
        repeated: Of new and known photos, those whose very file came before, at another milestone or in another lot.
        lots: Order and lot of every photo.
    """

    new: int = 0
    known: int = 0
    refused: int = 0
    odd_views: Counter[OddView] = field(default_factory=Counter)
    misplaced: int = 0
    unlisted: int = 0
    scored: int = 0
    failed: int = 0
    repeated: int = 0
    lots: dict[tuple[str, str], None] = field(default_factory=dict)

    @property
    def found(self) -> int:
        """All that was found; the counts up to `unlisted` add up to it."""
        return self.new + self.known + self.refused + self.odd_views.total() + self.misplaced + self.unlisted

    @property
    def complete(self) -> bool:
        """Whether every photo that was to be imported is in its lot and can be scored."""
        return not (self.refused or self.odd_views or self.misplaced or self.failed)
