"""Scoring photos, and reading what came of it.

`POST /v1/score` is `async`, against the habit of the house, because it mostly waits: for the body, then for
verdicts. A waiting request holds a few objects on the event loop and no thread, so a thousand of them cannot
keep `/healthz` from answering. What blocks (decoding headers, disk, database) runs in threads as everywhere,
in a small pool of its own that also bounds how many requests hold their photos in memory.
"""

from __future__ import annotations

from functools import partial
from pathlib import PurePath
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response

from visiqc import __version__
from visiqc.domain.golden import checked_sku
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
from visiqc.inspection.pictures import Layer, heatmap_image, photo_image
from visiqc.service.admission import Admitted, admit
from visiqc.service.auth import Caller
from visiqc.service.deps import FactoryDep, Shop, ShopDep, ViewerDep
from visiqc.service.examples import FAILED, PENDING, SCORE, SCORES, SCORES_PENDING, answers, multipart, problems
from visiqc.service.forms import PhotoForm, photo_form, version_number
from visiqc.service.images import etag_of, image, sniffed
from visiqc.service.schemas import ScoreOut, ScoresOut
from visiqc.service.waiting import WishesDep, settled, states_of

router = APIRouter(tags=["scores"])
ScoreId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=[SCORE["id"]])]
_SCORE_FORM = multipart(
    {
        "sku": {"type": "string", "description": "The product the photos claim to show."},
        "golden_version": {"type": "integer", "description": "Default: the version approved last."},
    },
    required=["sku"],
    example={"sku": "halo-1", "photos": ["(bytes of 戒指 7.jpg)"]},
)


_JPEG, _PNG = ({f"image/{kind}": {"schema": {"type": "string", "format": "binary"}}} for kind in ("jpeg", "png"))


@router.post(
    "/v1/score",
    response_model=ScoresOut,
    openapi_extra=_SCORE_FORM,
    responses={
        200: answers("Every photo has its verdict, or its failure.", SCORES),
        202: answers("Accepted; some verdicts are pending. Ask at `Location` and each `links.self`.", SCORES_PENDING),
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
async def score(
    request: Request, response: Response, caller: FactoryDep, shop: ShopDep, wishes: WishesDep
) -> ScoresOut:
    """Compare photos with the golden sample of a product. All are accepted, or none.

    Once accepted, a photo gets its verdict even if the client goes away or the service is killed. Sending the
    same request again under the same `Idempotency-Key` gives the same scores and stores nothing.
    """
    if wishes.key is None:  # with a key, it may be a replay, which needs no room
        shop.queue.require_room()
    async with photo_form(request, shop, fields=("sku", "golden_version")) as form:
        enter = partial(_enter, form, shop, caller, wishes.key)
        admitted = await to_thread.run_sync(enter, limiter=shop.intake)
    await settled(shop.queue, [upload.id for upload in admitted.uploads], wishes.patience_s)
    scores = await to_thread.run_sync(states_of, shop.parts, [upload.id for upload in admitted.uploads])
    response.headers.update(wishes.applied)
    if admitted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    if any(each.status == "pending" for each in scores):
        response.status_code = 202
        response.headers["Location"] = scores[0].links.self
    return ScoresOut.of(scores)


def _enter(form: PhotoForm, shop: Shop, caller: Caller, key: str | None) -> Admitted:
    sku, version = checked_sku(form.text("sku")), form.optional("golden_version", version_number)
    return admit(sku, form.photos(), shop, caller=caller, golden_version=version, idempotency_key=key)


@router.get(
    "/v1/scores/{score_id}",
    response_model=ScoreOut,
    responses={
        200: answers("The photo's present state.", SCORE, pending=PENDING, failed=FAILED),
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def read_score(score_id: ScoreId, response: Response, _caller: ViewerDep, shop: ShopDep) -> ScoreOut:
    """One photo's verdict, or that it is pending or failed."""
    found = ScoreOut.of(shop.parts.records.upload(score_id), shop.parts.records.verdict(score_id))
    if found.status == "pending":
        response.headers["Retry-After"] = "1"
    return found


@router.get(
    "/v1/scores/{score_id}/heatmap",
    response_class=Response,
    responses={
        200: {"description": "The picture; `heat` is PNG, the others JPEG.", "content": _JPEG | _PNG},
        304: {"description": "The image under `If-None-Match` is still the right one."},
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def heatmap(
    score_id: ScoreId,
    _caller: ViewerDep,
    shop: ShopDep,
    layer: Annotated[
        Layer,
        Query(
            description="`overlay`: on the golden view. `heat`: alone. `golden`, `upload`: the two that were compared."
        ),
    ] = "overlay",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """What a verdict saw, in the golden view's frame; the heatmap's colours mean the same in every picture."""
    parts = shop.parts
    verdict = parts.records.verdict(score_id)
    if verdict is None or verdict.score_map_digest is None:
        raise NotFound(
            f"the score {score_id!r} has no heatmap: "
            + ("it is not done" if verdict is None else "the photo was not compared")
        )
    return image(
        lambda: sniffed(heatmap_image(verdict, parts, layer=layer)),
        # The fleet too: its limits are what the colours mean.
        etag=etag_of(verdict.score_map_digest, verdict.photo_digest, layer, parts.fleet.digest, __version__),
        if_none_match=if_none_match,
        name=lambda kind: f"{PurePath(verdict.photo_name).stem}-{layer}.{kind}",
    )


@router.get(
    "/v1/scores/{score_id}/photo",
    response_class=Response,
    responses={
        200: {"description": "The photo's bytes as they were sent.", "content": _JPEG | _PNG},
        304: {"description": "The image under `If-None-Match` is still the right one."},
        **problems(InputError, NotAuthenticated, NotAllowed, NotFound, Unavailable),
    },
)
def photo(
    score_id: ScoreId,
    _caller: ViewerDep,
    shop: ShopDep,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The photo a score is about."""
    upload = shop.parts.records.upload(score_id)
    return image(
        lambda: photo_image(upload, shop.parts),
        etag=etag_of(upload.photo_digest),
        if_none_match=if_none_match,
        name=lambda _kind: upload.photo_name,
    )
