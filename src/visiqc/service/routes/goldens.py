"""Golden samples: enrolling, approving, listing."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Path, Request, Response

from visiqc.domain.golden import MAX_GOLDEN_PHOTOS, GoldenVersion, ScoringPolicy, checked_sku
from visiqc.errors import (
    BadRecipe,
    Busy,
    InputError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    TooLarge,
    Unavailable,
    UnreadablePhoto,
    UnsupportedMedia,
)
from visiqc.inspection.enrol import approve_golden, enrol_golden
from visiqc.service.deps import InspectorDep, LeadDep, Shop, ShopDep, ViewerDep
from visiqc.service.examples import GOLDEN, PRODUCT, PRODUCTS, PROPOSAL, answers, multipart, problems
from visiqc.service.forms import PhotoForm, photo_form
from visiqc.service.guarded import GuardedRoute
from visiqc.service.schemas import GoldenOut, ProductOut, ProductsOut

ENROLMENTS_WAITING = 4
SECONDS_A_PHOTO = 5  # what enrolling one photo may take; for Retry-After only
router = APIRouter(tags=["goldens"], route_class=GuardedRoute)
Sku = Annotated[str, Path(examples=["halo-1"])]
Version = Annotated[int, Path(ge=1, le=1_000_000, examples=[2])]
_POLICY = {"alpha_review": float, "alpha_reject": float, "min_region_px": int, "long_side": int}
_ENROL_FORM = multipart(
    {
        "sku": {"type": "string", "description": "The product."},
        "views": {
            "type": "array",
            "items": {"type": "string"},
            "description": "One name a photo, in the photos' order; an empty name is found out.",
        },
        "alpha_review": {"type": "number", "default": 0.05},
        "alpha_reject": {"type": "number", "default": 0.01},
        "min_region_px": {"type": "integer", "default": 64},
        "long_side": {"type": "integer", "default": 1024},
    },
    required=["sku"],
    example={"sku": "halo-1", "views": ["front"], "photos": ["(bytes of front.jpg)"]},
)


@router.post(
    "/v1/goldens",
    status_code=201,
    response_model=GoldenOut,
    openapi_extra=_ENROL_FORM,
    responses={
        201: answers("Enrolled as a proposal; `Location` names the product.", PROPOSAL),
        **problems(
            InputError,
            UnreadablePhoto,
            BadRecipe,
            UnsupportedMedia,
            TooLarge,
            NotAuthenticated,
            NotAllowed,
            Busy,
            Unavailable,
        ),
    },
)
async def enrol(request: Request, response: Response, _caller: InspectorDep, shop: ShopDep) -> GoldenOut:
    """Enrol 1 to 20 photos as the next golden version of a product. It takes seconds a photo, one at a time."""
    waiting = shop.enrolment.statistics().tasks_waiting
    if waiting >= ENROLMENTS_WAITING:
        raise Busy(f"{waiting} golden samples wait to be enrolled", retry_after_s=SECONDS_A_PHOTO * waiting)
    async with photo_form(request, shop, fields=("sku", "views", *_POLICY)) as form:
        golden = await to_thread.run_sync(_enrol, form, shop, limiter=shop.enrolment)
    response.headers["Location"] = f"/v1/goldens/{quote(golden.sku, safe='')}"  # a SKU may hold letters of any script
    return GoldenOut.model_validate(golden)


def _enrol(form: PhotoForm, shop: Shop) -> GoldenVersion:
    sku = checked_sku(form.text("sku"))
    policy = ScoringPolicy(
        **{name: value for name, read in _POLICY.items() if (value := form.optional(name, read)) is not None}
    )
    if len(form.names) > MAX_GOLDEN_PHOTOS:
        raise TooLarge(f"a golden version has 1 to {MAX_GOLDEN_PHOTOS} photos, got {len(form.names)}")
    views = [view.strip() or None for view in form.texts("views")]
    if views and len(views) != len(form.names):
        raise InputError(f"send as many 'views' as photos, or none: {len(form.names)} photos, {len(views)} views")

    def give_up_when_stopping(_stage: str, _done: int, _of: int) -> None:
        if shop.queue.ended:
            raise Unavailable("the service is stopping; enrol again in a few seconds")

    return enrol_golden(sku, form.photos(views), shop.parts, policy=policy, progress=give_up_when_stopping)


@router.post(
    "/v1/goldens/{sku}/versions/{n}/approve",
    response_model=GoldenOut,
    responses={
        200: answers("Approved, and current.", GOLDEN),
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def approve(sku: Sku, n: Version, caller: LeadDep, shop: ShopDep) -> GoldenOut:
    """Approve a golden version; photos are held against the version approved last."""
    return GoldenOut.model_validate(approve_golden(checked_sku(sku), n, by=caller.signature, parts=shop.parts))


@router.get(
    "/v1/goldens",
    response_model=ProductsOut,
    responses={
        200: answers("Every product, by SKU.", PRODUCTS),
        **problems(NotAuthenticated, NotAllowed, Unavailable),
    },
)
def list_products(_caller: ViewerDep, shop: ShopDep) -> ProductsOut:
    """All products that have a golden sample, with their versions."""
    by_sku = groupby(shop.parts.records.goldens(), key=lambda golden: golden.sku)
    return ProductsOut(products=[ProductOut.of(list(versions)) for _, versions in by_sku])


@router.get(
    "/v1/goldens/{sku}",
    response_model=ProductOut,
    responses={
        200: answers("The product's versions, oldest first.", PRODUCT),
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def read_product(sku: Sku, _caller: ViewerDep, shop: ShopDep) -> ProductOut:
    """All golden versions of one product."""
    versions = shop.parts.records.goldens(checked_sku(sku))
    if not versions:
        raise NotFound(f"no golden sample of {sku!r}; enrol one at POST /v1/goldens")
    return ProductOut.of(versions)
