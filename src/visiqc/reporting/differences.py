"""The difference report: what a re-score says otherwise than the verdicts of record, the most surprising first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from visiqc import __version__
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreCounts, RescoreRun
from visiqc.domain.rescore_results import RescoredPhoto, RescoreTally, agreement
from visiqc.domain.review import Decision
from visiqc.domain.verdict import Verdict
from visiqc.errors import VisiQCError
from visiqc.inspection.parts import Parts
from visiqc.inspection.pictures import heatmap_image
from visiqc.reporting.contact_sheet import ENVIRONMENT, data_uri, outcome_class, reduced

SHOWN: Final = 50
"""Photos on the page: with four pictures each it stays small enough to send."""
LOTS_SHOWN: Final = 200
_DECIDED = {Decision.ACCEPT: "accepted it", Decision.REJECT: "rejected it", Decision.RETAKE: "wanted another photo"}
_QUESTIONED = (Outcome.REVIEW, Outcome.REJECT, Outcome.WRONG_SAMPLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceRow:
    """One changed photo and its pictures, each a JPEG; None where there is none to show.

    Attributes:
        photo: The photo, before and now.
        golden: The golden view it is held against now, or was before.
        sent: The photo as it was sent.
        before: The old heatmap over its golden view.
        now: The new one.
    """

    photo: RescoredPhoto
    golden: bytes | None = None
    sent: bytes | None = None
    before: bytes | None = None
    now: bytes | None = None


@dataclass(slots=True, kw_only=True)
class LotDifference:
    """How the photos of one lot changed.

    Attributes:
        order, lot: The lot; None for photos that belong to none.
        accepted: Whether nothing stood against it when the run was planned.
        photos: Its photos in the run.
        changed, worse: Those with another outcome; those of them with a more severe one.
        escaped: Those that passed and would be rejected today.
        questioned: Those that nobody answered, and that a person would have to look at today.
        errors: Those that could not be scored.
    """

    order: str | None
    lot: str | None
    accepted: bool
    photos: int = 0
    changed: int = 0
    worse: int = 0
    escaped: int = 0
    questioned: int = 0
    errors: int = 0

    @property
    def name(self) -> str:
        """The lot for people."""
        return f"{self.order} / {self.lot}" if self.order else "photos without a lot"

    def count(self, tally: RescoreTally) -> None:
        """Count photos in."""
        self.photos += tally.photos
        self.changed += tally.photos * tally.changed
        self.worse += tally.photos * tally.worse
        self.escaped += tally.photos * tally.escaped
        self.questioned += tally.photos * (tally.now in _QUESTIONED and tally.decision is None)
        self.errors += tally.photos * (tally.now is None)


def lot_differences(tallies: Iterable[RescoreTally]) -> list[LotDifference]:
    """The lots of a run: accepted ones that would be questioned today first, then by what escaped and changed."""
    lots: dict[tuple[str | None, str | None], LotDifference] = {}
    for tally in tallies:
        key = (tally.order, tally.lot)
        lot = lots.setdefault(key, LotDifference(order=tally.order, lot=tally.lot, accepted=tally.accepted))
        lot.count(tally)
    return sorted(
        lots.values(),
        key=lambda lot: (not (lot.accepted and lot.questioned), -lot.escaped, -lot.worse, -lot.changed, lot.name),
    )


def difference_rows(photos: Iterable[RescoredPhoto], parts: Parts) -> list[DifferenceRow]:
    """Rows with pictures; a picture that cannot be made is left out and stops nothing."""
    return [difference_row(photo, parts) for photo in photos]


def difference_row(photo: RescoredPhoto, parts: Parts) -> DifferenceRow:
    """One row. Both heatmaps have one scale: the same colour is as far beyond the review threshold in both."""
    now = photo.now
    compared = now if now is not None and now.score_map_digest else photo.before
    as_before = _scaled(parts, photo.before, now)
    return DifferenceRow(
        photo=photo,
        golden=_picture(lambda: heatmap_image(compared, parts, layer="golden")),
        sent=_picture(lambda: parts.blobs.get(photo.before.photo_digest)),
        before=_picture(lambda: heatmap_image(photo.before, as_before)),
        now=None if now is None else _picture(lambda: heatmap_image(now, parts)),
    )


def _picture(made: Callable[[], bytes]) -> bytes | None:
    try:
        return reduced(made())
    except VisiQCError:  # not compared, or its bytes are gone: the page says so in its place
        return None


def _scaled(parts: Parts, before: Verdict, now: Verdict | None) -> Parts:
    """Parts whose heat scale suits scores of an earlier fleet sidecar: both were calibrated in their own units."""
    if now is None or before.calibration is None or now.calibration is None or before.models == now.models:
        return parts
    ratio = before.calibration.review_threshold / (now.calibration.review_threshold or 1.0)
    if not 0.0 < ratio < float("inf"):
        return parts
    fleet = parts.fleet
    return replace(parts, fleet=replace(fleet, heat_low=fleet.heat_low * ratio, heat_high=fleet.heat_high * ratio))


def difference_page(
    run: RescoreRun,
    counts: RescoreCounts,
    tallies: Sequence[RescoreTally],
    rows: Sequence[DifferenceRow],
    *,
    made_at: datetime,
) -> str:
    """The whole page.

    Args:
        run: The run.
        counts: How many photos changed.
        tallies: Its photos by lot and outcomes.
        rows: The most surprising of them, in their order.
        made_at: UTC.

    Returns:
        HTML with styles and pictures inside; it fetches nothing and runs no script.
    """
    lots = lot_differences(tallies)
    changed = [lot for lot in lots if lot.changed or lot.errors]
    return ENVIRONMENT.get_template("differences.html").render(
        run=run,
        counts=counts,
        moves=_moves(tallies),
        agreement=agreement(tallies),
        outcomes=list(Outcome),
        decided=_DECIDED,
        lots=changed[:LOTS_SHOWN],
        lots_changed=len(changed),
        lots_all=sum(lot.order is not None for lot in lots),
        questioned=sum(lot.accepted and lot.questioned > 0 for lot in lots),
        escaped=sum(lot.escaped for lot in lots),
        rows=rows,
        made_at=made_at,
        software=f"VisiQC {__version__}",
        data_uri=data_uri,
        stem=outcome_class,
    )


def _moves(tallies: Iterable[RescoreTally]) -> dict[tuple[Outcome, Outcome | None], int]:
    """Photos by outcome of record and new outcome; None = could not be scored."""
    moves: dict[tuple[Outcome, Outcome | None], int] = {
        (before, now): 0 for before in Outcome for now in (*Outcome, None)
    }
    for tally in tallies:
        moves[tally.before, tally.now] += tally.photos
    return moves
