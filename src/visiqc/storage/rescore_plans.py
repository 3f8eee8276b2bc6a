"""Which photos a re-score selects, in SQL: a plan of years of photos never passes through memory."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    select,
    true,
)

from visiqc.domain.outcome import Outcome
from visiqc.domain.ranking import source_in_force
from visiqc.domain.rescore import GoldenInPlan, RescoreRequest, Selection
from visiqc.domain.review import Decision
from visiqc.domain.verdict import Verdict
from visiqc.storage.documents import from_document
from visiqc.storage.golden_records import latest_calibration
from visiqc.storage.review_records import newest_review
from visiqc.storage.schema import (
    FAILED,
    PENDING,
    SCORED,
    approvals,
    goldens,
    rescore_photos,
    reviews,
    unit_photos,
    uploads,
    verdicts,
)

TIMED = 50
"""Verdicts from which the time of a photo is estimated."""
_CLEAN = (Outcome.PASS, Outcome.RETAKE)
"""Outcomes that leave a lot accepted; a poor photo was mended by another one."""
_SETTLED = (Decision.ACCEPT, Decision.RETAKE)
"""Decisions that do the same, whatever the verdict says."""


def first_verdict(upload_id: ColumnElement[str]) -> ColumnElement[int]:
    """Row number of the verdict of record of an upload."""
    row = verdicts.alias("first_of_upload")
    return select(func.min(row.c.seq)).where(row.c.upload_id == upload_id).scalar_subquery()


def planned_rows(request: RescoreRequest, run_id: str) -> Insert:
    """The statement that writes the plan of a run: photos of one golden version stand together, oldest first."""
    target, against = _target(request), _questioned().subquery("questioned")
    record = verdicts.alias("of_record")
    place = func.row_number().over(order_by=(uploads.c.sku, target, uploads.c.seq))
    accepted = and_(unit_photos.c.order_code.is_not(None), against.c.order_code.is_(None))
    in_same_lot = (against.c.order_code == unit_photos.c.order_code) & (against.c.lot_code == unit_photos.c.lot_code)
    rows = (
        select(literal(run_id), place, uploads.c.id, uploads.c.sku, target, accepted, record.c.outcome)
        .select_from(_with_places())
        .join(record, record.c.seq == first_verdict(uploads.c.id))
        .outerjoin(against, in_same_lot)
        .where(_selected(request.selection, SCORED))
    )
    columns = ["rescore_id", "position", "upload_id", "sku", "golden_version", "in_accepted_lot", "was"]
    return insert(rescore_photos).from_select(columns, rows)


def goldens_of(connection: Connection, request: RescoreRequest) -> tuple[GoldenInPlan, ...]:
    """The golden versions that the photos of a request would be held against."""
    target, known = _target(request), _known(connection, request)
    approved = exists().where(approvals.c.sku == uploads.c.sku, approvals.c.golden_version == target)
    there = exists().where(goldens.c.sku == uploads.c.sku, goldens.c.version == target)
    query = (
        select(
            uploads.c.sku,
            target.label("version"),
            func.count(uploads.c.id).label("photos"),
            there.label("there"),
            approved.label("approved"),
        )
        .select_from(_with_places())
        .where(_selected(request.selection, SCORED))
        .group_by(uploads.c.sku, target)
        .order_by(uploads.c.sku, target)
    )
    return tuple(
        GoldenInPlan(
            sku=row.sku,
            version=row.version,
            photos=row.photos,
            known=known[row.sku, row.version],
            exists=bool(row.there),
            approved=bool(row.approved),
        )
        for row in connection.execute(query)
    )


def _known(connection: Connection, request: RescoreRequest) -> Counter[tuple[str, int]]:
    """Of how many photos of each golden version these models said before what they would say now."""
    target, source = _target(request), verdicts.c.calibration
    same = (verdicts.c.upload_id == uploads.c.id) & (verdicts.c.golden_version == target)
    query = (
        select(uploads.c.sku, target.label("version"), source, func.count().label("photos"))
        .select_from(_with_places().join(verdicts, and_(same, verdicts.c.models == request.models)))
        .where(_selected(request.selection, SCORED))
        .group_by(uploads.c.sku, target, source)
    )
    sources, known = Sources(connection, request), Counter[tuple[str, int]]()
    for row in connection.execute(query):
        known[row.sku, row.version] += row.photos * sources.speaks(row.calibration, row.sku, row.version)
    return known


class Sources:
    """What the scores of each golden version are held against under the models of a request."""

    def __init__(self, connection: Connection, request: RescoreRequest) -> None:
        """Nothing is read yet."""
        self._connection = connection
        self._fleet = request.members.fleet.digest
        self._found: dict[tuple[str, int], str] = {}

    def speaks(self, source: str, sku: str, version: int) -> bool:
        """Whether a verdict that rests on `source` would be the same today; without a comparison, nothing can change.

        A golden version that was calibrated since holds scores against other numbers.
        """
        return not source or source == self._in_force(sku, version)

    def _in_force(self, sku: str, version: int) -> str:
        if (sku, version) not in self._found:
            own = latest_calibration(self._connection, sku, version, self._fleet)
            self._found[sku, version] = source_in_force(own, self._fleet)
        return self._found[sku, version]


def lots_of(connection: Connection, selection: Selection) -> int:
    """How many lots the selected photos come from."""
    lots = (
        select(unit_photos.c.order_code, unit_photos.c.lot_code)
        .select_from(_with_places())
        .where(_selected(selection, SCORED), unit_photos.c.order_code.is_not(None))
        .distinct()
        .subquery()
    )
    return connection.scalar(select(func.count()).select_from(lots)) or 0


def left_out(connection: Connection, selection: Selection) -> dict[str, int]:
    """By state, how many photos are left out because they have no verdict of record."""
    query = (
        select(uploads.c.state, func.count().label("photos"))
        .select_from(_with_places())
        .where(_selected(selection, PENDING, FAILED))
        .group_by(uploads.c.state)
    )
    return {row.state: row.photos for row in connection.execute(query)}


def seconds_each(connection: Connection, selection: Selection) -> float | None:
    """What one of the selected photos took lately; None where no verdict says."""
    query = (
        select(verdicts.c.document)
        .select_from(_with_places())
        .join(verdicts, verdicts.c.upload_id == uploads.c.id)
        .where(_selected(selection, SCORED))
        .order_by(verdicts.c.seq.desc())
        .limit(TIMED)
    )
    told = [from_document(Verdict, text).timings_ms for text in connection.scalars(query)]
    spent = [sum(stages.values()) / 1000 for stages in told if stages]
    return sum(spent) / len(spent) if spent else None


def _with_places() -> Any:
    return uploads.outerjoin(unit_photos, unit_photos.c.upload_id == uploads.c.id)


def _target(request: RescoreRequest) -> ColumnElement[int]:
    """The golden version a photo is held against."""
    return uploads.c.golden_version if request.golden_version is None else literal(request.golden_version)


def _selected(selection: Selection, *states: str) -> ColumnElement[bool]:
    conditions = [uploads.c.state.in_(states), true()]
    if selection.sku is not None:
        conditions.append(uploads.c.sku == selection.sku)
    if selection.order is not None:
        conditions.append(unit_photos.c.order_code == selection.order)
    if selection.lot is not None:
        conditions.append(unit_photos.c.lot_code == selection.lot)
    if selection.since is not None:
        conditions.append(uploads.c.received_at >= selection.since)
    return and_(*conditions)


def _questioned() -> Select[Any]:
    """Lots against which something stands: a photo that is open or failed, one that an inspector rejected, or one that
    nobody answered and whose outcome a person has to look at.
    """
    photo, upload = unit_photos.alias("photo"), uploads.alias("upload")
    record, review = verdicts.alias("record"), reviews.alias("newest")
    stands = case(
        (upload.c.state != SCORED, true()),
        (review.c.decision == Decision.REJECT, true()),
        (review.c.decision.in_(_SETTLED), false()),
        else_=record.c.outcome.not_in(_CLEAN),
    )
    return (
        select(photo.c.order_code, photo.c.lot_code)
        .join_from(photo, upload, upload.c.id == photo.c.upload_id)
        .outerjoin(record, record.c.seq == first_verdict(upload.c.id))
        .outerjoin(review, review.c.seq == newest_review(upload.c.id))
        .where(stands)
        .distinct()
    )
