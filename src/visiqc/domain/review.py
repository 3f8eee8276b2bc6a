"""What an inspector says about a photo: appended, signed, and never edited.

Whoever thinks better of it says so in a further review that supersedes the one before; undoing is one of these too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from visiqc.domain.defect_catalogue import CATALOGUE
from visiqc.errors import Conflict, InputError, InvalidRecord

UNKNOWN: Final = "unknown"
"""The type of a defect that nobody could name."""
MAX_REGIONS: Final = 100
MAX_CORNERS: Final = 200
MAX_NOTE: Final = 2000
Polygon = tuple[tuple[float, float], ...]
"""Corners in pixels of the upload, upright and at full size; pixel n covers n to n + 1."""


class Decision(StrEnum):
    """What an inspector decides about a photo."""

    ACCEPT = "accept"
    """The piece is good."""
    REJECT = "reject"
    """The piece is defective, or another design."""
    RETAKE = "retake"
    """The photo cannot tell."""
    UNDONE = "undone"
    """Nothing any more: the review before was taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedRegion:
    """A place on the upload that an inspector spoke about.

    Attributes:
        polygon: Three corners or more, in upload pixels.
        code: A code of the defect catalogue, or `unknown`.
        origin: `model` = a region of the verdict; `inspector` = drawn by hand.
        dismissed: Looked at, and nothing.
    """

    polygon: Polygon
    code: str = UNKNOWN
    origin: Literal["model", "inspector"] = "inspector"
    dismissed: bool = False

    def __post_init__(self) -> None:
        if not 3 <= len(self.polygon) <= MAX_CORNERS:
            raise InputError(f"a region has 3 to {MAX_CORNERS} corners, got {len(self.polygon)}")
        if not all(math.isfinite(value) for corner in self.polygon for value in corner):
            raise InputError("a region has a corner that is not a place; draw it again")
        checked_type(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One answer of one inspector about one photo.

    Attributes:
        id: Names it.
        upload_id: The photo.
        decision: What is decided.
        regions: Places on the photo, those of the verdict and those drawn.
        codes: Types of defects of the whole photo, where no place shows them.
        note: In the inspector's own words.
        author: Who can be told apart: a user's or a key's id.
        author_name: Who, as people read it.
        made_at: UTC.
        supersedes: Id of the review of this photo that it takes the place of; empty for the first.
        golden_version, models: The verdict that was answered, see `Verdict.models`.
    """

    id: str
    upload_id: str
    decision: Decision
    regions: tuple[ReviewedRegion, ...] = ()
    codes: tuple[str, ...] = ()
    note: str = ""
    author: str
    author_name: str
    made_at: datetime
    supersedes: str = ""
    golden_version: int
    models: str

    def __post_init__(self) -> None:
        if self.made_at.utcoffset() != timedelta(0):
            raise InvalidRecord(f"made_at must be UTC, got {self.made_at.isoformat()}")
        if len(self.regions) > MAX_REGIONS or len(self.note) > MAX_NOTE:
            raise InputError(f"a review has at most {MAX_REGIONS} regions and {MAX_NOTE} characters of note")
        for code in self.codes:
            checked_type(code)
        self._require_sense()

    @property
    def marked(self) -> tuple[ReviewedRegion, ...]:
        """The regions that are defects."""
        return tuple(region for region in self.regions if not region.dismissed)

    def _require_sense(self) -> None:
        if self.decision is Decision.ACCEPT and (self.marked or self.codes):
            raise InputError("an accepted photo shows no defect; dismiss its regions, or reject it")
        if self.decision is Decision.UNDONE and (self.regions or self.codes or not self.supersedes):
            raise InputError("undoing says nothing but which review it takes back")


def checked_type(code: str) -> str:
    """`code` itself, when it is in the defect catalogue or `unknown`.

    Raises:
        InputError: It is neither.
    """
    if code != UNKNOWN and code not in CATALOGUE:
        raise InputError(f"no defect type {code[:40]!r}; wanted a code of the catalogue, such as ME-SCR, or {UNKNOWN}")
    return code


def standing_review(reviews: Sequence[Review]) -> Review | None:
    """What stands of a photo's reviews, oldest first: the last, unless that took the one before back."""
    last = reviews[-1] if reviews else None
    return None if last is None or last.decision is Decision.UNDONE else last


def require_newest(earlier: Sequence[Review], review: Review) -> None:
    """Return when `review` supersedes the newest of the earlier ones, or is the first.

    Raises:
        Conflict: Somebody answered meanwhile.
    """
    newest = earlier[-1] if earlier else None
    if review.supersedes == (newest.id if newest else ""):
        return
    if newest is None:
        raise Conflict(f"the photo has no review {review.supersedes[:40]!r} to supersede; load it again")
    said = "took the answer back" if newest.decision is Decision.UNDONE else f"answered {newest.decision}"
    raise Conflict(f"{newest.author_name} {said} meanwhile; look at it, and answer again if you know better")
