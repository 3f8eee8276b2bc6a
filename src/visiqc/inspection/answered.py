"""Photos that inspectors answered, held against models that would take over.

Rendered photos say nothing of one's own factory, answered ones do. A challenger may have learned from these very
answers, so agreeing with them proves nothing and wins nothing. But none takes over in silence that passes what an
inspector rejected and the models in force flag, or that cannot score what they can. What counts is what either would
say today: a verdict that was held against another calibration is not taken for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from visiqc.domain.golden import GoldenVersion
from visiqc.domain.inspection_queue import QueueFilter
from visiqc.domain.model_set import models_key
from visiqc.domain.outcome import Outcome
from visiqc.domain.ranking import source_in_force
from visiqc.domain.review import Decision, Review, standing_review
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, Unavailable, VisiQCError
from visiqc.inspection.answer_comparison import MOST, AnswerComparison, AnsweredPhoto, FailedPhoto
from visiqc.inspection.calibrate import Progress
from visiqc.inspection.inspect import verdict_of
from visiqc.inspection.parts import Parts
from visiqc.inspection.ports import Records
from visiqc.inspection.promotion import Measured
from visiqc.inspection.recalibrate import recalibrate
from visiqc.inspection.refit import golden_bank

_AT_ONCE: Final = 200


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

    Verdicts are kept beside those of record, so a run that was stopped goes on where it was. Golden versions are fitted
    to both sets first, so that both hold scores against the same accepted pieces.

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
    found: list[AnsweredPhoto | FailedPhoto | None] = []
    for number, review in enumerate(reviews):
        upload = champion.records.upload(review.upload_id)
        if progress is not None:
            progress(upload.photo_name, number, len(reviews))
        golden = champion.records.golden(upload.sku, review.golden_version)
        found.append(_compared(upload, golden, before, after, rejected=review.decision is Decision.REJECT))
    if progress is not None and reviews:
        progress("done", len(reviews), len(reviews))
    return AnswerComparison(
        photos=tuple(one for one in found if isinstance(one, AnsweredPhoto)),
        failed=tuple(one for one in found if isinstance(one, FailedPhoto)),
        unusable=found.count(None),
    )


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


def _compared(
    upload: Upload, golden: GoldenVersion, before: _Asked, after: _Asked, *, rejected: bool
) -> AnsweredPhoto | FailedPhoto | None:
    """What both sets say about one photo; None where it tells nothing about the challenger."""
    try:
        champion = before.verdict(upload, golden)
    except Unavailable:
        raise
    except VisiQCError:
        return None
    try:
        challenger = after.verdict(upload, golden)
    except Unavailable:
        raise
    except VisiQCError as err:
        if not _tells(upload, golden, before, after):
            return None
        return FailedPhoto(upload_id=upload.id, name=upload.photo_name, why=str(err))
    return AnsweredPhoto(
        upload_id=upload.id,
        name=upload.photo_name,
        rejected=rejected,
        champion=champion.outcome is not Outcome.PASS,
        challenger=challenger.outcome is not Outcome.PASS,
    )


def _tells(upload: Upload, golden: GoldenVersion, before: _Asked, after: _Asked) -> bool:
    """Whether a failure of the challenger tells against it."""
    if after.cannot_use(golden):
        # Whoever followed the advice to enrol the next version is not refused for the one before for good.
        return before.current(golden)
    # The champion's verdict may be one that was kept before the photo was damaged.
    return before.scores(upload, golden)


class _Asked:
    """One set of models, with golden versions fitted to it as they are needed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._key = models_key((*parts.models.digests, parts.fleet.digest))
        self._sources: dict[tuple[str, int], str] = {}
        self._trouble: dict[tuple[str, int], str] = {}

    def verdict(self, upload: Upload, golden: GoldenVersion) -> Verdict:
        """What these models say about the photo today, held against a golden version; what they said is taken over.

        Raises:
            Conflict: The golden version cannot be used with these models.
            Unavailable: It or an accepted piece of it cannot be used at present; the same call may succeed later.
            VisiQCError: As `verdict_of`.
        """
        source = self._source(golden)
        for known in self._parts.records.verdicts(upload.id):
            same = (known.golden_version, known.models) == (golden.version, self._key)
            # Of a photo that was not compared, such as a RETAKE, a calibration changes nothing.
            if same and known.calibration_source in {"", source}:
                return known
        return self._parts.records.add_verdict(verdict_of(upload, golden, self._parts))

    def scores(self, upload: Upload, golden: GoldenVersion) -> bool:
        """Whether these models can score the photo, whatever was kept of it."""
        try:
            verdict_of(upload, golden, self._parts)
        except Unavailable:
            raise
        except VisiQCError:
            return False
        return True

    def cannot_use(self, golden: GoldenVersion) -> bool:
        """Whether a golden version was found not to fit these models."""
        return (golden.sku, golden.version) in self._trouble

    def current(self, golden: GoldenVersion) -> bool:
        """Whether new photos of the product are held against this version."""
        return self._parts.records.current_golden(golden.sku).version == golden.version

    def _source(self, golden: GoldenVersion) -> str:
        """What scores are held against, once the golden version is fitted to these models."""
        place = golden.sku, golden.version
        if place in self._trouble:
            raise Conflict(self._trouble[place])
        if place not in self._sources:
            try:
                # Else verdicts would be more provisional than the accepted pieces allow.
                fitted = recalibrate(golden, golden_bank(golden, self._parts), self._parts)
            except Unavailable:
                raise
            except VisiQCError as err:
                self._trouble[place] = str(err)
                raise
            if fitted.passing:
                raise Unavailable(fitted.passing)  # held against fewer pieces, one side would say something else
            self._sources[place] = source_in_force(fitted.calibration, self._parts.fleet.digest)
        return self._sources[place]
