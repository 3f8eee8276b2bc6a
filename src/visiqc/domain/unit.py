"""What is said about a unit: the worst of what its photos showed, and what was not shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from visiqc.domain.codes import checked_view
from visiqc.domain.lot import RepeatedFile, UnitPhoto
from visiqc.domain.outcome import Outcome

GRAVITY: Final = (Outcome.PASS, Outcome.REVIEW, Outcome.RETAKE, Outcome.WRONG_SAMPLE, Outcome.REJECT)
"""What weighs how much in a unit: a deviation that was found is not hidden by a photo that shows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoResult:
    """What came of one photo of a unit.

    Attributes:
        photo: Its place, and the view it claims to show.
        golden_version: The golden version that judged it, or will: the one it was accepted under, unless it is asked
            what another one said.
        outcome: Its verdict of record; None while it is pending, and where it failed.
        failure: Why it could not be scored; None otherwise.
        found_view: The golden view it was compared with; None where its way ended before.
    """

    photo: UnitPhoto
    golden_version: int
    outcome: Outcome | None = None
    failure: str | None = None
    found_view: str | None = None

    @property
    def upload_id(self) -> str:
        """The photo's upload."""
        return self.photo.upload_id

    @property
    def view(self) -> str:
        """The view it claims to show."""
        return self.photo.view

    @property
    def pending(self) -> bool:
        """Whether its score is still to come."""
        return self.outcome is None and self.failure is None

    @property
    def misnamed(self) -> bool:
        """Whether it shows another view than it claims."""
        return self.found_view is not None and checked_view(self.found_view) != checked_view(self.view)

    @property
    def compared(self) -> bool:
        """Whether its outcome says something of the view it claims: it was not too poor, nor a PASS of another one."""
        poor = self.outcome is None or self.outcome is Outcome.RETAKE
        return not poor and not (self.misnamed and self.outcome is Outcome.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewResult:
    """What is said about one view of a unit.

    Attributes:
        view: Its name.
        required: Whether the unit must show it.
        outcome: The worst of its photos that were compared; RETAKE where all of them were too poor for it; None
            while nothing can be said. A PASS of a photo that shows another view says nothing of this one.
        upload_ids: Its photos, in the order they came.
        outcomes: What came of each of them; None where it is pending or failed.
    """

    view: str
    required: bool
    outcome: Outcome | None
    upload_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitResult:
    """What is said about one unit.

    Attributes:
        unit: Its number.
        outcome: The worst over its views, REJECT being the worst. PASS only when every required view was compared
            and no photo waits; None until then, if nothing worse was found.
        views: The required views in their order, then the others.
        missing: Required views without any photo that was scored or waits for it; one that shows another view
            does not count.
        pending: Photos whose score is still to come.
        failed: Photos that could not be scored.
        misnamed: Photos that show another view than they claim.
        golden_versions: The golden versions that judged its photos, lowest first.
        mixed: Whether its required views were compared with different golden versions, because another one was
            approved between its photos: its outcome is then no answer to any one of them.
        repeated: Photos whose very file came before, at another milestone or in another lot.
    """

    unit: int
    outcome: Outcome | None
    views: tuple[ViewResult, ...]
    missing: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    misnamed: tuple[PhotoResult, ...] = ()
    golden_versions: tuple[int, ...] = ()
    mixed: bool = False
    repeated: tuple[RepeatedFile, ...] = ()


def unit_outcome(unit: int, required_views: Sequence[str], photos: Iterable[PhotoResult]) -> UnitResult:
    """Put together what a unit's photos showed.

    A poor photo is mended by a better one of the same view. A REJECT is not: the worst photo that was compared
    counts, whatever came after it, so nobody clears a unit by sending another photo. Nor by naming it otherwise:
    photos of views that are not required count too, unless they were only too poor; and a photo that shows
    another view than it claims leaves the claimed one missing, while what it found wrong counts.

    Args:
        unit: Its number.
        required_views: Views it must show.
        photos: Its photos, in the order they came.
    """
    photos = tuple(photos)
    required_views = tuple(map(checked_view, required_views))  # a golden's names may have another form of letters
    names = dict.fromkeys((*required_views, *(photo.view for photo in photos)))
    views = tuple(_view_result(name, name in required_views, photos) for name in names)
    missing = tuple(view.view for view in views if view.required and not _was_sent(view, photos))
    pending = tuple(photo.upload_id for photo in photos if photo.pending)
    complete = not pending and not missing and all(view.outcome for view in views if view.required)
    return UnitResult(
        unit=unit,
        outcome=_worst_of(views, complete=complete),
        views=views,
        missing=missing,
        pending=pending,
        failed=tuple(photo.upload_id for photo in photos if photo.failure is not None),
        misnamed=tuple(photo for photo in photos if photo.misnamed),
        golden_versions=tuple(sorted({photo.golden_version for photo in photos if photo.outcome is not None})),
        mixed=len({photo.golden_version for photo in photos if photo.compared and photo.view in required_views}) > 1,
    )


def _view_result(name: str, required: bool, photos: Sequence[PhotoResult]) -> ViewResult:  # noqa: FBT001 - a field of it
    of_view = [photo for photo in photos if photo.view == name]
    told = [photo for photo in of_view if not (photo.misnamed and photo.outcome is Outcome.PASS)]
    outcomes = [photo.outcome for photo in told if photo.outcome is not None]
    compared = [outcome for outcome in outcomes if outcome is not Outcome.RETAKE]
    waiting = any(photo.pending for photo in of_view)
    poor = Outcome.RETAKE if outcomes and not waiting else None
    return ViewResult(
        view=name,
        required=required,
        outcome=_gravest(compared) if compared else poor,
        upload_ids=tuple(photo.upload_id for photo in of_view),
        outcomes=tuple(photo.outcome for photo in of_view),
    )


def _was_sent(view: ViewResult, photos: Sequence[PhotoResult]) -> bool:
    return any(photo.view == view.view and photo.failure is None and not photo.misnamed for photo in photos)


def _worst_of(views: Sequence[ViewResult], *, complete: bool) -> Outcome | None:
    counted = [view.outcome for view in views if view.outcome and (view.required or view.outcome is not Outcome.RETAKE)]
    found = _gravest(counted) if counted else None
    return found if complete or found is not Outcome.PASS else None


def _gravest(outcomes: Iterable[Outcome]) -> Outcome:
    return max(outcomes, key=GRAVITY.index)
