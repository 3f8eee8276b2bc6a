"""The rule of `domain.unit.unit_outcome` in SQL, so that no lot is read to be counted; a test compares the two."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, case, func, literal, not_, null, or_, select

from visiqc.domain.codes import checked_view
from visiqc.domain.lot import Lot
from visiqc.domain.lot_report import UnitTally, Views
from visiqc.domain.outcome import Outcome
from visiqc.domain.unit import GRAVITY
from visiqc.storage.photo_results import results

_PASS, _RETAKE = GRAVITY.index(Outcome.PASS), GRAVITY.index(Outcome.RETAKE)


def tallies_of(lot: Lot, views: Views, golden_version: int | None) -> Select[Any]:
    """The statement that counts the units of a lot; see `LotReportRecords.unit_tallies`."""
    photo = _photos(lot, views, golden_version)
    unit = _units(_views_of_units(photo))
    c = unit.c
    alike = (c.milestone, c.gravity, c.mixed)
    return (
        select(*alike, func.count().label("units"), func.sum(c.photos).label("photos"))
        .group_by(*alike)
        .order_by(*alike)
    )


def tally(row: Row[Any]) -> UnitTally:
    """One row of that statement."""
    return UnitTally(
        milestone=row.milestone,
        outcome=None if row.gravity is None else GRAVITY[row.gravity],
        mixed=bool(row.mixed),
        units=row.units,
        photos=int(row.photos),
    )


def _photos(lot: Lot, views: Views, golden_version: int | None) -> Subquery:
    """Each photo, with what it says: its gravity where it tells something, and whether its view is required."""
    names = {version: _checked(lot.required_views or of_version) for version, of_version in views.items()}
    c = results(lot.order, lot.code, golden_version).subquery("result").c
    last: ColumnElement[int] = c.version
    if len(names) > 1:
        last = func.first_value(c.version).over(partition_by=(c.milestone, c.unit), order_by=c.seq.desc())
    result = select(*c, last.label("last")).subquery("dated")
    c = result.c
    misnamed = and_(c.golden_view.is_not(None), _in_usual_letters(c.golden_view, views) != c.view)
    told = and_(c.outcome.is_not(None), not_(and_(misnamed, c.outcome == Outcome.PASS.value)))
    gravity = case({outcome.value: weight for weight, outcome in enumerate(GRAVITY)}, value=c.outcome)
    return select(
        *(c.milestone, c.unit, c.view, c.version),
        case((told, gravity), else_=null()).label("gravity"),
        _one_if(and_(c.outcome.is_(None), c.failure.is_(None))).label("pending"),
        _one_if(or_(*(and_(c.last == each, c.view.in_(needed)) for each, needed in names.items()))).label("required"),
        # A version that came up since the views were asked for: nothing is complete that is not known to be.
        case({each: len(needed) for each, needed in names.items()}, value=c.last, else_=-1).label("needed"),
    ).subquery("photo")


def _views_of_units(photo: Subquery) -> Subquery:
    """Each view of each unit: the gravest that was compared, and whether one was too poor or waits."""
    c = photo.c
    compared = and_(c.gravity.is_not(None), c.gravity != _RETAKE)
    counted = and_(compared, c.required == 1)
    place = (c.milestone, c.unit, c.view)
    return (
        select(
            *place,
            func.max(case((compared, c.gravity))).label("compared"),
            func.max(_one_if(c.gravity == _RETAKE)).label("poor"),
            func.sum(c.pending).label("pending"),
            func.max(c.required).label("required"),
            func.max(c.needed).label("needed"),
            func.min(case((counted, c.version))).label("low"),
            func.max(case((counted, c.version))).label("high"),
            func.count().label("photos"),
        )
        .group_by(*place)
        .subquery("seen")
    )


def _units(seen: Subquery) -> Subquery:
    """Each unit: the gravest of its views, PASS only where every required view was compared and nothing waits."""
    c = seen.c
    outcome = func.coalesce(c.compared, case((and_(c.poor == 1, c.pending == 0), _RETAKE)))
    view = select(*c, outcome.label("outcome")).subquery("answered")
    c = view.c
    counts = and_(c.outcome.is_not(None), or_(c.required == 1, c.outcome != _RETAKE))
    # Only PASS asks for this: a view that passed was sent, so none is missing where each required one has an outcome.
    answered = func.sum(_one_if(and_(c.required == 1, c.outcome.is_not(None))))
    complete = and_(answered == func.max(c.needed), func.sum(c.pending) == 0)
    worst = func.max(case((counts, c.outcome)))
    return (
        select(
            c.milestone,
            case((and_(worst == _PASS, not_(complete)), null()), else_=worst).label("gravity"),
            _one_if(func.min(c.low) != func.max(c.high)).label("mixed"),
            func.sum(c.photos).label("photos"),
        )
        .group_by(c.milestone, c.unit)
        .subquery("unit")
    )


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, literal(1)), else_=literal(0))


def _checked(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(checked_view, names)))


def _in_usual_letters(name: ColumnElement[str], views: Views) -> ColumnElement[str]:
    """A view's name as `checked_view` writes it; a golden's names may have another form of letters."""
    other = {each: checked_view(each) for names in views.values() for each in names if checked_view(each) != each}
    return case(other, value=name, else_=name) if other else name
