"""The inspectors' queue, what one photo is judged by, and what they answer."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from visiqc import __version__
from visiqc.domain.inspection_queue import MOST_AT_ONCE, Answered, Place, QueueFilter
from visiqc.domain.outcome import Outcome
from visiqc.errors import (
    Conflict,
    InputError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
)
from visiqc.inspection.lots import repeated_file
from visiqc.inspection.reviewing import others_looking, review_photo
from visiqc.inspection.side_by_side import Detail, Side, shared_frame, side_picture
from visiqc.service.auth import Caller
from visiqc.service.bodies import documented, json_body
from visiqc.service.deps import InspectorDep, Shop, ShopDep, ViewerDep
from visiqc.service.examples import answers, problems
from visiqc.service.guarded import GuardedRoute
from visiqc.service.images import etag_of, image, sniffed
from visiqc.service.queue_schemas import QueueOut
from visiqc.service.review_examples import QUEUE, REVIEW, REVIEW_IN, REVIEWS, SHEET, VIEWERS
from visiqc.service.review_schemas import ReviewIn, ReviewOut, ReviewsOut, SheetOut, ViewersOut, sheet_of
from visiqc.service.routes.scores import ScoreId

router = APIRouter(tags=["reviews"], route_class=GuardedRoute)


def queue_filter(
    order: str = "",
    lot: str = "",
    milestone: str = "",
    outcome: Annotated[Outcome | None, Query(description="Default: all but PASS.")] = None,
    answered: Answered = Answered.OPEN,
) -> QueueFilter:
    """Which photos a request is about."""
    return QueueFilter(order=order, lot=lot, milestone=milestone, outcome=outcome, answered=answered)


FilterDep = Annotated[QueueFilter, Depends(queue_filter)]
AfterDep = Annotated[str, Query(description="Where the page before ended.")]
LimitDep = Annotated[int, Query(ge=1, le=MOST_AT_ONCE)]


@router.get(
    "/v1/queue",
    response_model=QueueOut,
    responses={
        200: answers("A page of the queue.", QUEUE),
        **problems(InputError, NotAuthenticated, NotAllowed, Unavailable),
    },
)
def read_queue(
    _caller: ViewerDep, shop: ShopDep, wanted: FilterDep, after: AfterDep = "", limit: LimitDep = 50
) -> QueueOut:
    """Photos for inspectors, riskiest first."""
    return page_of_queue(shop, wanted, after, limit)


def page_of_queue(shop: Shop, wanted: QueueFilter, after: str, limit: int) -> QueueOut:
    """One page of the queue, with the counts of all of it."""
    records = shop.parts.records
    items = records.queue(wanted, after=Place.read(after) if after else None, limit=limit + 1)
    return QueueOut.of(items, records.queue_counts(wanted), limit=limit)


@router.get(
    "/v1/scores/{score_id}/sheet",
    response_model=SheetOut,
    responses={
        200: answers("All that a photo is judged by.", SHEET),
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def read_sheet(score_id: ScoreId, _caller: ViewerDep, shop: ShopDep, wanted: FilterDep) -> SheetOut:
    """What an inspector sees of one photo, and which photo of the queue comes next."""
    parts = shop.parts
    upload, verdict = parts.records.upload(score_id), parts.records.verdict(score_id)
    item = parts.records.queue_item(score_id)
    following = parts.records.queue(wanted, after=item.place, limit=1) if item else ()
    if not following:  # at the end, what was passed over comes again
        following = tuple(each for each in parts.records.queue(wanted, limit=2) if each.upload_id != score_id)[:1]
    return sheet_of(
        upload,
        verdict,
        shared_frame(upload, verdict, parts),
        item,
        parts.records.reviews(score_id),
        rescored=parts.records.requeued(score_id) if item and item.rescored else None,
        repeats=repeated_file(upload, parts.records),
        following=following[0].upload_id if following else None,
        waiting=_waiting(shop, wanted),
    )


def _waiting(shop: Shop, wanted: QueueFilter) -> int:
    counts = shop.parts.records.queue_counts(wanted)
    fitting = (wanted.outcome,) if wanted.outcome else tuple(each for each in Outcome if each is not Outcome.PASS)
    return sum(count.open for count in counts if count.outcome in fitting)


@router.get(
    "/v1/scores/{score_id}/sides/{side}",
    response_class=Response,
    responses={
        200: {"description": "The picture, JPEG.", "content": {"image/jpeg": {}}},
        304: {"description": "The image under `If-None-Match` is still the right one."},
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def side(
    score_id: ScoreId,
    side: Side,
    _caller: ViewerDep,
    shop: ShopDep,
    detail: Annotated[Detail, Query(description="`full`: at the photo's own resolution.")] = "frame",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The golden sample or the photo, both in the frame of the sheet."""
    parts = shop.parts
    upload, verdict = parts.records.upload(score_id), parts.records.verdict(score_id)
    where = repr(verdict.alignment.warp) if verdict and verdict.alignment else ""
    return image(
        lambda: sniffed(side_picture(upload, verdict, parts, side=side, detail=detail)),
        etag=etag_of(score_id, where, side, detail, __version__),
        if_none_match=if_none_match,
        name=lambda kind: f"{score_id}-{side}.{kind}",
    )


@router.get(
    "/v1/scores/{score_id}/reviews",
    response_model=ReviewsOut,
    responses={
        200: answers("Every review.", REVIEWS),
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def read_reviews(score_id: ScoreId, _caller: ViewerDep, shop: ShopDep) -> ReviewsOut:
    """What inspectors said about a photo, oldest first."""
    parts = shop.parts
    upload, verdict = parts.records.upload(score_id), parts.records.verdict(score_id)
    return ReviewsOut.of(parts.records.reviews(score_id), shared_frame(upload, verdict, parts))


@router.post(
    "/v1/scores/{score_id}/reviews",
    status_code=201,
    response_model=ReviewOut,
    openapi_extra=documented(ReviewIn, REVIEW_IN),
    responses={
        201: answers("Kept.", REVIEW),
        **problems(
            InputError, UnsupportedMedia, TooLarge, NotAuthenticated, NotAllowed, NotFound, Conflict, Unavailable
        ),
    },
)
async def answer(score_id: ScoreId, request: Request, caller: InspectorDep, shop: ShopDep) -> ReviewOut:
    """Answer a photo. It is kept for good and signed; a later one may supersede it.

    `409` where somebody answered meanwhile: read the reviews, and answer again with the newest one's id in
    `supersedes` if you know better. To undo, answer `undone`.
    """
    said = await json_body(request, ReviewIn)
    return await to_thread.run_sync(_answer, score_id, said, caller, shop)


def _answer(score_id: str, said: ReviewIn, caller: Caller, shop: Shop) -> ReviewOut:
    parts = shop.parts
    review = review_photo(
        score_id,
        said.decision,
        parts,
        author=caller.author,
        supersedes=said.supersedes,
        regions=said.said(),
        codes=said.codes,
        note=said.note,
    )
    frame = shared_frame(parts.records.upload(score_id), parts.records.verdict(score_id), parts)
    return ReviewOut.of(review, frame, stands=review.decision != "undone")


@router.post(
    "/v1/scores/{score_id}/viewers",
    response_model=ViewersOut,
    responses={
        200: answers("Who else looks.", VIEWERS),
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def look(score_id: ScoreId, caller: InspectorDep, shop: ShopDep) -> ViewersOut:
    """Say that you have a photo open, every ten seconds or so; hear who else does, and whether it was answered."""
    others = others_looking(score_id, caller.author, shop.parts)
    reviews = shop.parts.records.reviews(score_id)
    newest = reviews[-1] if reviews else None
    return ViewersOut(
        others=list(others),
        newest=newest.id if newest else "",
        newest_by=newest.author_name if newest else "",
        newest_decision=newest.decision if newest else "",
    )
