"""Orders and lots, listed and read: page by page, so that an answer of any lot is small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query

from visiqc.domain.lot import MAX_UNITS, Order
from visiqc.domain.lot_report import MOST_UNITS, LotReport, MilestoneReport, UnitPage
from visiqc.errors import InputError, NotAllowed, NotAuthenticated, NotFound, Unavailable
from visiqc.inspection.lot_reports import lot_report, page_of_units
from visiqc.inspection.ports import Records
from visiqc.service.deps import ShopDep, ViewerDep
from visiqc.service.examples import answers, problems
from visiqc.service.guarded import GuardedRoute
from visiqc.service.lot_examples import LOT_REPORT, LOTS, ORDERS
from visiqc.service.lot_report_schemas import LotReportOut, LotsOut, MilestoneOut, OrderOut, OrdersOut

router = APIRouter(tags=["lots"], route_class=GuardedRoute)
MOST_AT_ONCE: Final = 100
"""Most orders, or lots, of one answer."""
OrderCode = Annotated[str, Path(examples=["PO-7"])]
LotCode = Annotated[str, Path(examples=["L1"])]
AfterDep = Annotated[str, Query(description="Code of the last one of the page before.")]
LimitDep = Annotated[int, Query(ge=1, le=MOST_AT_ONCE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which units of a lot a request is about, and by which verdicts."""

    milestone: str
    after_unit: int
    limit: int
    golden_version: int | None


def _wanted(
    milestone: Annotated[str, Query(description="Only this milestone.")] = "",
    after_unit: Annotated[int, Query(ge=0, le=MAX_UNITS, description="Last unit of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_UNITS, description="Most units for each milestone.")] = 100,
    golden_version: Annotated[
        int | None, Query(ge=1, description="As this golden version judged it; default: the verdicts of record.")
    ] = None,
) -> Wanted:
    return Wanted(milestone=milestone, after_unit=after_unit, limit=limit, golden_version=golden_version)


@router.get(
    "/v1/orders",
    response_model=OrdersOut,
    responses={
        200: answers("A page of the orders.", ORDERS),
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def list_orders(_caller: ViewerDep, shop: ShopDep, after: AfterDep = "", limit: LimitDep = 50) -> OrdersOut:
    """Orders with their lots, oldest first."""
    records = shop.parts.records
    found = records.orders(after=after, limit=limit + 1)
    page = found[:limit]
    return OrdersOut(
        orders=[order_with_lots(order, records) for order in page],
        after=page[-1].code if len(found) > limit else None,
    )


def order_with_lots(order: Order, records: Records) -> OrderOut:
    """An order with the first page of its lots."""
    return OrderOut.of(order, records.lots(order.code, limit=MOST_AT_ONCE + 1), limit=MOST_AT_ONCE)


@router.get(
    "/v1/orders/{order}/lots",
    response_model=LotsOut,
    responses={
        200: answers("A page of the order's lots.", LOTS),
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def list_lots(
    order: OrderCode, _caller: ViewerDep, shop: ShopDep, after: AfterDep = "", limit: LimitDep = 50
) -> LotsOut:
    """Lots of an order, oldest first."""
    return LotsOut.of(shop.parts.records.lots(order, after=after, limit=limit + 1), limit=limit)


@router.get(
    "/v1/orders/{order}/lots/{lot}",
    response_model=LotReportOut,
    responses={
        200: answers("The lot, with a page of units for each milestone.", LOT_REPORT),
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def read_lot(
    order: OrderCode, lot: LotCode, _caller: ViewerDep, shop: ShopDep, wanted: Annotated[Wanted, Depends(_wanted)]
) -> LotReportOut:
    """How a lot stands: its counts, and of its units a page for each milestone.

    A unit has the worst outcome over its views, and names those that are missing.
    """
    records = shop.parts.records
    if wanted.milestone:
        records.order(order).checked_milestone(wanted.milestone)
    report = lot_report(order, lot, records, golden_version=wanted.golden_version)
    shown = [each for each in report.milestones if wanted.milestone in {"", each.name}]
    return LotReportOut.of(report, [_with_units(report, each, wanted, records) for each in shown])


def _with_units(report: LotReport, milestone: MilestoneReport, wanted: Wanted, records: Records) -> MilestoneOut:
    page = UnitPage(milestone=milestone.name, after=wanted.after_unit, limit=wanted.limit + 1)
    units = page_of_units(report.lot, page, records, golden_version=report.golden_version)
    return MilestoneOut.of(milestone, units, limit=wanted.limit)
