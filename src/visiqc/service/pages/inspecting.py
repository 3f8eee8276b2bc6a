"""The inspectors' pages: the queue, and one photo beside its golden sample."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from visiqc.domain.access import Role
from visiqc.domain.defect_catalogue import CATALOGUE
from visiqc.domain.inspection_queue import RISK, Answered, QueueFilter
from visiqc.domain.lot import Order
from visiqc.domain.review import UNKNOWN
from visiqc.errors import NotFound
from visiqc.inspection.ports import Records
from visiqc.service.deps import ShopDep, ViewerDep
from visiqc.service.guarded import GuardedRoute
from visiqc.service.pages.render import page
from visiqc.service.routes.reviews import AfterDep, FilterDep, page_of_queue
from visiqc.service.routes.scores import ScoreId

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)
ROWS: Final = 50
TYPES: Final = [(entry.code, entry.title) for entry in CATALOGUE.values() if entry.seen_in_photo] + [
    (UNKNOWN, "a defect of no known type")
]
_KEPT: Final = ("order", "lot", "milestone", "outcome", "answered")


@router.get("/queue")
def queue_page(caller: ViewerDep, shop: ShopDep, wanted: FilterDep, after: AfterDep = "") -> Response:
    """Photos in the order of their risk, with filters and counts."""
    found = page_of_queue(shop, wanted, after, ROWS)
    return page(
        "queue",
        caller=caller,
        headers={"Cache-Control": "no-store"},
        found=found,
        wanted=wanted,
        places=_places(shop.parts.records, wanted),
        query=_query(wanted),
        query_with=lambda **changes: _query(wanted, **changes),
        first_page=not after,
        outcomes=RISK,
        answered=Answered,
    )


@router.get("/photos/{score_id}")
def photo_page(score_id: ScoreId, caller: ViewerDep, shop: ShopDep, wanted: FilterDep) -> Response:
    """One photo beside its golden sample; the page itself asks for everything it shows."""
    shop.parts.records.upload(score_id)
    return page(
        "photo",
        caller=caller,
        score_id=score_id,
        query=_query(wanted),
        may_answer=caller.role.covers(Role.INSPECTOR),
        types=TYPES,
    )


def _query(wanted: QueueFilter, **changes: Any) -> str:
    """The filter as a query string, without what is not asked for."""
    values = {name: getattr(wanted, name) for name in _KEPT} | changes
    asked = {name: str(value) for name, value in values.items() if value and value is not Answered.OPEN}
    return "?" + urlencode(asked) if asked else ""


def _places(records: Records, wanted: QueueFilter) -> dict[str, list[str]]:
    """What can be chosen: the newest orders, lots of the chosen order, milestones."""
    orders = records.orders(newest_first=True)
    named = [order for order in orders if order.code == wanted.order] or _order_called(wanted.order, records)
    lots = [lot.code for order in named for lot in records.lots(order.code)]
    milestones = dict.fromkeys(name for order in named or orders for name in order.milestones)
    places = {"order": [order.code for order in orders], "lot": lots, "milestone": list(milestones)}
    # What is filtered by can be chosen also where there are more orders or lots than are listed.
    asked = {"order": wanted.order, "lot": wanted.lot, "milestone": wanted.milestone}
    return {name: list(dict.fromkeys((*listed, *filter(None, [asked[name]])))) for name, listed in places.items()}


def _order_called(code: str, records: Records) -> list[Order]:
    try:
        return [records.order(code)] if code else []
    except NotFound:
        return []
