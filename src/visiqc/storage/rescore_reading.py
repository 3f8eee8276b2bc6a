"""What a run found, read page by page or counted; nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select

from visiqc.domain.agreement import AGREEING, CONTRADICTING
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreTask
from visiqc.domain.rescore_results import ESCAPES, RescoredPhoto, RescoreTally
from visiqc.domain.review import Decision, Review, standing_review
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document
from visiqc.storage.lot_records import placed
from visiqc.storage.rescore_plans import first_verdict
from visiqc.storage.review_records import newest_review
from visiqc.storage.schema import rescore_photos, reviews, unit_photos, uploads, verdicts

_RECORD, _NEW, _REVIEW = verdicts.alias("of_record"), verdicts.alias("new"), reviews.alias("newest")


class RescoreReading:
    """The part of `Records` that reads what runs found."""

    _database: Database

    def rescored_photos(
        self, run_id: str, *, after: int, limit: int, changed: bool = False
    ) -> tuple[RescoredPhoto, ...]:
        """Photos of a run by position; see `RescoreRecords.rescored_photos`."""
        c = rescore_photos.c
        wanted = [c.outcome != c.was] if changed else []
        query = _photos().where(c.rescore_id == run_id, c.position > after, *wanted).order_by(c.position).limit(limit)
        with self._database.reading() as connection:
            return tuple(map(_photo, connection.execute(query)))

    def rescore_changes(self, run_id: str, *, skip: int, limit: int) -> tuple[RescoredPhoto, ...]:
        """Photos whose outcome changed, the most surprising first; see `RescoreRecords.rescore_changes`."""
        c = rescore_photos.c
        query = (
            _photos()
            .where(c.rescore_id == run_id, c.outcome != c.was)
            .order_by(
                _first(_says(CONTRADICTING)),
                _last(_says(AGREEING)),
                _first(_escaped()),
                _first(c.in_accepted_lot),
                _first(_severity(c.outcome) > _severity(c.was)),
                func.abs(c.moved).desc(),
                c.position,
            )
            .offset(skip)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return tuple(map(_photo, connection.execute(query)))

    def rescore_tallies(self, run_id: str) -> tuple[RescoreTally, ...]:
        """Photos with a result by lot and outcomes; see `RescoreRecords.rescore_tallies`."""
        c, place = rescore_photos.c, unit_photos.c
        groups = (place.order_code, place.lot_code, c.in_accepted_lot, c.was, c.outcome, _REVIEW.c.decision)
        query = (
            select(*groups, func.count().label("photos"))
            .outerjoin_from(rescore_photos, unit_photos, place.upload_id == c.upload_id)
            .outerjoin(_REVIEW, _REVIEW.c.seq == newest_review(c.upload_id))
            .where(c.rescore_id == run_id, c.outcome.is_not(None) | c.error.is_not(None))
            .group_by(*groups)
            .order_by(*groups)
        )
        with self._database.reading() as connection:
            return tuple(map(_tally, connection.execute(query)))


def _first(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """An order in which what fulfils the condition comes first."""
    return case((condition, 0), else_=1)


def _last(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _says(outcomes: Mapping[Decision, tuple[Outcome, ...]]) -> ColumnElement[bool]:
    """Whether the new outcome is one of those that a table names for what an inspector decided."""
    c = rescore_photos.c
    return or_(*((_REVIEW.c.decision == decision) & c.outcome.in_(those) for decision, those in outcomes.items()))


def _escaped() -> ColumnElement[bool]:
    return (rescore_photos.c.was == Outcome.PASS) & rescore_photos.c.outcome.in_(ESCAPES)


def _severity(outcome: ColumnElement[Any]) -> ColumnElement[int]:
    return case({each.value: each.severity for each in Outcome}, value=outcome)


def _photos() -> Select[Any]:
    c = rescore_photos.c
    return (
        select(
            *(c.position, c.upload_id, c.sku, c.golden_version, c.in_accepted_lot, c.moved, c.error),
            *(unit_photos.c.order_code, unit_photos.c.lot_code, unit_photos.c.milestone),
            *(unit_photos.c.unit, unit_photos.c.view),
            uploads.c.document.label("upload"),
            _RECORD.c.document.label("before"),
            _NEW.c.document.label("now"),
            _REVIEW.c.document.label("review"),
        )
        .join_from(rescore_photos, uploads, uploads.c.id == c.upload_id)
        .join(_RECORD, _RECORD.c.seq == first_verdict(c.upload_id))
        .outerjoin(_NEW, _NEW.c.seq == c.verdict_seq)
        .outerjoin(unit_photos, unit_photos.c.upload_id == c.upload_id)
        .outerjoin(_REVIEW, _REVIEW.c.seq == newest_review(c.upload_id))
    )


def _photo(row: Row[Any]) -> RescoredPhoto:
    upload = from_document(Upload, row.upload)
    return RescoredPhoto(
        task=RescoreTask(
            position=row.position, upload_id=row.upload_id, sku=row.sku, golden_version=row.golden_version
        ),
        photo_name=upload.photo_name,
        received_at=upload.received_at,
        place=None if row.order_code is None else placed(row),
        in_accepted_lot=row.in_accepted_lot,
        before=from_document(Verdict, row.before),
        now=None if row.now is None else from_document(Verdict, row.now),
        error=row.error or "",
        moved=row.moved or 0.0,
        review=None if row.review is None else standing_review((from_document(Review, row.review),)),
    )


def _tally(row: Row[Any]) -> RescoreTally:
    return RescoreTally(
        order=row.order_code,
        lot=row.lot_code,
        accepted=row.in_accepted_lot,
        before=Outcome(row.was),
        now=None if row.outcome is None else Outcome(row.outcome),
        decision=None if row.decision in (None, Decision.UNDONE) else Decision(row.decision),
        photos=row.photos,
    )
