"""Photos that inspectors answered, held against models that would take over.

Rendered photos say nothing of one's own factory, answered ones do. A challenger may have learned from these very
answers, so agreeing with them proves nothing and wins nothing. But none takes over in silence that passes what an
inspector rejected and the models in force flag.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from visiqc.domain.inspection_queue import QueueFilter
from visiqc.domain.model_set import models_key
from visiqc.domain.outcome import Outcome
from visiqc.domain.review import Decision, Review, standing_review
from visiqc.domain.verdict import Verdict
from visiqc.errors import Unavailable, VisiQCError
from visiqc.inspection.calibrate import Progress
from visiqc.inspection.inspect import verdict_of
from visiqc.inspection.parts import Parts
from visiqc.inspection.ports import Records
from visiqc.inspection.promotion import Measured
from visiqc.inspection.recalibrate import recalibrate
from visiqc.inspection.refit import golden_bank

MOST: Final = 100
"""Rejected photos, and accepted ones, that are scored: the newest of each. A photo takes about a second."""
_AT_ONCE: Final = 200
_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredPhoto:
    """One photo under both sets of models.

    Attributes:
        upload_id: Which.
        name: As its sender called it.
        rejected: Whether the inspector rejected the piece; otherwise it was accepted.
        champion, challenger: Whether each set flags it: any outcome but PASS.
    """

    upload_id: str
    name: str
    rejected: bool
    champion: bool
    challenger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerComparison:
    """What two sets of models say about photos that inspectors answered.

    Attributes:
        photos: Those that both scored.
        unusable: Photos that one of the two could not score.
    """

    photos: tuple[AnsweredPhoto, ...]
    unusable: int = 0

    def flagged(self, *, rejected: bool) -> tuple[int, int, int]:
        """Of the rejected or the accepted photos: how many there are, the champion flags, the challenger flags."""
        some = [photo for photo in self.photos if photo.rejected is rejected]
        return len(some), sum(photo.champion for photo in some), sum(photo.challenger for photo in some)

    @property
    def lost(self) -> tuple[AnsweredPhoto, ...]:
        """Rejected photos that the champion flags and the challenger passes."""
        return tuple(photo for photo in self.photos if photo.rejected and photo.champion and not photo.challenger)

    @property
    def worse(self) -> bool:
        """Whether the challenger flags fewer of the rejected photos. More false alarms are told, but do not decide."""
        _, champion, challenger = self.flagged(rejected=True)
        return challenger < champion

    def text(self) -> str:
        """A few lines for people."""
        if not (self.photos or self.unusable):
            return "No inspector has accepted or rejected a photo yet: nothing of your own was compared.\n"
        rejected, before, after = self.flagged(rejected=True)
        accepted, alarms_before, alarms_after = self.flagged(rejected=False)
        lines = [
            f"Photos that inspectors answered, the newest {MOST} of each kind; a challenger that learned from them "
            "wins nothing here.",
            f"  rejected {rejected}: the models in force flag {before}, the challenger {after}"
            + (", which is worse" if self.worse else ""),
            *(f"    it passes {photo.name} ({photo.upload_id})" for photo in self.lost[:_NAMED]),
            *([f"    and {len(self.lost) - _NAMED} more"] if len(self.lost) > _NAMED else []),
            f"  accepted {accepted}: the models in force flag {alarms_before}, the challenger {alarms_after} "
            "(not decisive)",
        ]
        if self.unusable:
            lines.append(f"  {self.unusable} could not be scored by both and count for neither")
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        kinds = {"rejected": True, "accepted": False}
        counts = {
            kind: dict(zip(("photos", "champion", "challenger"), self.flagged(rejected=rejected), strict=True))
            for kind, rejected in kinds.items()
        }
        lost = [photo.upload_id for photo in self.lost]
        return {"worse": self.worse, "flagged": counts, "lost": lost, "unusable": self.unusable}


@dataclass(frozen=True, slots=True, kw_only=True)
class WithAnswers:
    """What the gate looks at: a comparison on rendered photos, and one on answered ones. Either can refuse."""

    measured: Measured
    answered: AnswerComparison

    @property
    def worse(self) -> bool:
        """Whether the challenger is worse in one of the two."""
        return self.measured.worse or self.answered.worse

    def as_json(self) -> dict[str, Any]:
        """Both as JSON values."""
        return self.measured.as_json() | {"worse": self.worse, "answered": self.answered.as_json()}


def compare_on_answers(
    champion: Parts, challenger: Parts, *, most: int = MOST, progress: Progress | None = None
) -> AnswerComparison:
    """Score the photos that inspectors accepted or rejected with two sets of models.

    Verdicts are kept beside those of record, so a run that was stopped goes on where it was.

    Args:
        champion: Every port, with the models in force.
        challenger: Every port, with the models that would take over.
        most: Photos of each kind, the newest.
        progress: Told before every photo and at the end.

    Raises:
        Unavailable: Database, disk or models are out of reach.
    """
    reviews = newest_answers(champion.records, most)
    before, after = _Asked(champion), _Asked(challenger)
    photos, unusable = [], 0
    for number, review in enumerate(reviews):
        name = champion.records.upload(review.upload_id).photo_name
        if progress is not None:
            progress(name, number, len(reviews))
        try:
            verdicts = before.verdict(review), after.verdict(review)
        except Unavailable:
            raise
        except VisiQCError:
            unusable += 1
            continue
        flags = [verdict.outcome is not Outcome.PASS for verdict in verdicts]
        photos.append(
            AnsweredPhoto(
                upload_id=review.upload_id,
                name=name,
                rejected=review.decision is Decision.REJECT,
                champion=flags[0],
                challenger=flags[1],
            )
        )
    if progress is not None and reviews:
        progress("done", len(reviews), len(reviews))
    return AnswerComparison(photos=tuple(photos), unusable=unusable)


def newest_answers(records: Records, most: int) -> Sequence[Review]:
    """Reviews that stand and accept or reject: the newest photos of each kind, in the order they came."""
    kept = {decision: deque[Review](maxlen=most) for decision in (Decision.REJECT, Decision.ACCEPT)}
    for review in _standing(records):
        if review.decision in kept:
            kept[review.decision].append(review)
    return [review for some in kept.values() for review in some]


def _standing(records: Records) -> Iterator[Review]:
    after = 0
    while some := records.reviewed(QueueFilter(), after=after, limit=_AT_ONCE):
        for _, upload_id in some:
            if (review := standing_review(records.reviews(upload_id))) is not None:
                yield review
        after = some[-1][0]


class _Asked:
    """One set of models, with golden versions fitted to it as they are needed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._key = models_key((*parts.models.digests, parts.fleet.digest))
        self._fitted: set[tuple[str, int]] = set()

    def verdict(self, review: Review) -> Verdict:
        """What these models say about the photo, held against the golden version that was answered about."""
        records = self._parts.records
        if (known := records.verdict_under(review.upload_id, review.golden_version, self._key)) is not None:
            return known
        upload = records.upload(review.upload_id)
        golden = records.golden(upload.sku, review.golden_version)
        if (golden.sku, golden.version) not in self._fitted:
            # Else the verdict that is kept would be more provisional than the calibration allows.
            recalibrate(golden, golden_bank(golden, self._parts), self._parts)
            self._fitted.add((golden.sku, golden.version))
        return records.add_verdict(verdict_of(upload, golden, self._parts))
