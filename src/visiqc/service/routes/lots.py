"""Orders and lots: opening them, and sending photos of their units.

Sending photos is `async` for the reasons given in `routes/scores.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from visiqc.domain.codes import checked_view
from visiqc.errors import (
    Busy,
    Conflict,
    InputError,
    NotAllowed,
    NotApproved,
    NotAuthenticated,
    NotFound,
    TooLarge,
    Unavailable,
    UnreadablePhoto,
    UnsupportedMedia,
)
from visiqc.inspection.lots import SentUnitPhoto, open_lot, open_order
from visiqc.service.admission import AdmittedUnitPhotos, admit_unit_photos
from visiqc.service.auth import Caller
from visiqc.service.bodies import documented, json_body
from visiqc.service.deps import FactoryDep, InspectorDep, Shop, ShopDep
from visiqc.service.examples import answers, multipart, problems
from visiqc.service.forms import PhotoForm, photo_form
from visiqc.service.guarded import GuardedRoute
from visiqc.service.lot_examples import LOT, LOT_IN, ORDER, ORDER_IN, UNIT_PHOTOS, UNIT_PHOTOS_WAIT
from visiqc.service.lot_report_schemas import OrderOut
from visiqc.service.lot_schemas import (
    LotIn,
    LotOut,
    OrderIn,
    UnitPhotoOut,
    UnitPhotosOut,
    lot_path,
)
from visiqc.service.routes.lot_reports import LotCode, OrderCode, order_with_lots
from visiqc.service.waiting import WishesDep, settled, states_of

router = APIRouter(tags=["lots"], route_class=GuardedRoute)
Milestone = Annotated[str, Path(examples=["pre-shipment"])]
AnyView = Annotated[
    bool, Query(description="Take photos of views, too, that neither the current golden version nor the lot has.")
]
_EACH = "One a photo, in the photos' order."
_PHOTOS_FORM = multipart(
    {
        "units": {"type": "array", "items": {"type": "integer"}, "description": f"Number of the unit. {_EACH}"},
        "views": {"type": "array", "items": {"type": "string"}, "description": f"The view it shows. {_EACH}"},
    },
    required=["units", "views"],
    example={"units": [7], "views": ["front"], "photos": ["(bytes of IMG_0007.jpg)"]},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the photos of a request belong."""

    order: str
    lot: str
    milestone: str


@router.post(
    "/v1/orders",
    status_code=201,
    response_model=OrderOut,
    openapi_extra=documented(OrderIn, ORDER_IN),
    responses={
        201: answers("Open, now or already.", ORDER),
        **problems(InputError, UnsupportedMedia, TooLarge, NotAuthenticated, NotAllowed, Conflict, Unavailable),
    },
)
async def open_an_order(request: Request, caller: InspectorDep, shop: ShopDep) -> OrderOut:
    """Open an order. Opened again as it is, it is the same one."""
    wanted = await json_body(request, OrderIn)
    return await to_thread.run_sync(_open_order, wanted, caller, shop)


def _open_order(wanted: OrderIn, caller: Caller, shop: Shop) -> OrderOut:
    order = open_order(wanted.code, shop.parts, milestones=wanted.milestones, made_by=caller.author)
    return order_with_lots(order, shop.parts.records)


@router.post(
    "/v1/orders/{order}/lots",
    status_code=201,
    response_model=LotOut,
    openapi_extra=documented(LotIn, LOT_IN),
    responses={
        201: answers("Open, now or already; `Location` names it.", LOT),
        **problems(
            InputError, UnsupportedMedia, TooLarge, NotAuthenticated, NotAllowed, NotFound, Conflict, Unavailable
        ),
    },
)
async def open_a_lot(
    order: OrderCode, request: Request, response: Response, caller: InspectorDep, shop: ShopDep
) -> LotOut:
    """Open a lot of an order. Its product may get its golden sample later, but before the first photo."""
    wanted = await json_body(request, LotIn)
    lot = await to_thread.run_sync(_open_lot, order, wanted, caller, shop)
    response.headers["Location"] = lot_path(lot.order, lot.code)
    return lot


def _open_lot(order: str, wanted: LotIn, caller: Caller, shop: Shop) -> LotOut:
    lot = open_lot(
        order,
        wanted.code,
        wanted.sku,
        shop.parts,
        units=wanted.units,
        required_views=wanted.required_views,
        made_by=caller.author,
    )
    return LotOut.of(lot)


@router.post(
    "/v1/orders/{order}/lots/{lot}/milestones/{milestone}/photos",
    response_model=UnitPhotosOut,
    openapi_extra=_PHOTOS_FORM,
    responses={
        200: answers("Every photo has its verdict, or its failure.", UNIT_PHOTOS),
        202: answers("Taken in; some verdicts are pending. Ask at each `score.links.self`.", UNIT_PHOTOS_WAIT),
        **problems(
            InputError,
            UnreadablePhoto,
            UnsupportedMedia,
            TooLarge,
            NotAuthenticated,
            NotAllowed,
            NotFound,
            Conflict,
            NotApproved,
            Busy,
            Unavailable,
        ),
    },
)
async def send_unit_photos(  # noqa: PLR0917 - FastAPI passes them by name
    order: OrderCode,
    lot: LotCode,
    milestone: Milestone,
    request: Request,
    response: Response,
    caller: FactoryDep,
    shop: ShopDep,
    wishes: WishesDep,
    *,
    any_view: AnyView = False,
) -> UnitPhotosOut:
    """Send photos of units. All are taken in, or none; a file the milestone has already stays the same photo.

    What the quality gate has against each photo is said in this answer, also when it does not wait for verdicts. The
    same request again under the same `Idempotency-Key` gives the same photos and stores nothing.
    """
    if wishes.key is None:  # with a key, it may be a replay, which needs no room
        shop.queue.require_room()
    place = Place(order=order, lot=lot, milestone=milestone)
    async with photo_form(request, shop, fields=("units", "views")) as form:
        enter = partial(_enter, form, place, shop, caller, wishes.key, any_view=any_view)
        admitted = await to_thread.run_sync(enter, limiter=shop.intake)
    ids = [each.added.photo.upload_id for each in admitted.photos]
    await settled(shop.queue, ids, wishes.patience_s)
    scores = await to_thread.run_sync(states_of, shop.parts, ids)
    response.headers.update(wishes.applied)
    if admitted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    if any(score.status == "pending" for score in scores):
        response.status_code = 202
        response.headers["Location"] = lot_path(order, lot)
    pairs = zip(admitted.photos, scores, strict=True)
    return UnitPhotosOut(photos=[UnitPhotoOut.of(each, score) for each, score in pairs])


def _enter(
    form: PhotoForm, place: Place, shop: Shop, caller: Caller, key: str | None, *, any_view: bool
) -> AdmittedUnitPhotos:
    units = [_unit_number(text) for text in form.texts("units")]
    views = [checked_view(text.strip()) for text in form.texts("views")]
    if not len(units) == len(views) == len(form.names):
        raise InputError(
            f"send one of 'units' and one of 'views' for each photo: got {len(form.names)} photos, {len(units)} units, "
            f"{len(views)} views"
        )
    photos = [
        SentUnitPhoto(photo=photo, unit=unit, view=view)
        for photo, unit, view in zip(form.photos(), units, views, strict=True)
    ]
    return admit_unit_photos(
        place.order,
        place.lot,
        place.milestone,
        photos,
        shop,
        caller=caller,
        idempotency_key=key,
        any_view=any_view,
    )


def _unit_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise InputError(f"the form field 'units' must hold numbers from 1, got {text[:40]!r}")
    return int(text)
