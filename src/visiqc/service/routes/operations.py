"""What the machines that watch the service ask."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from visiqc import __version__
from visiqc.errors import NotAllowed, NotAuthenticated
from visiqc.service.deps import PUBLIC, ShopDep, ViewerDep
from visiqc.service.examples import NOT_READY, READY, answers, problems
from visiqc.service.guarded import GuardedRoute
from visiqc.service.health import Readiness
from visiqc.service.schemas import HealthOut, ReadyOut

router = APIRouter(tags=["operations"], route_class=GuardedRoute)


@router.get(
    "/healthz",
    dependencies=[PUBLIC],
    response_model=HealthOut,
    responses={200: answers("The process is alive.", {"status": "ok", "version": __version__})},
)
async def healthz() -> HealthOut:
    """Whether the process is alive. `async`, so that it needs no thread and answers however busy the others are."""
    return HealthOut(version=__version__)


@router.get(
    "/readyz",
    dependencies=[PUBLIC],
    response_model=ReadyOut,
    responses={
        200: answers("Ready for requests.", READY),
        503: answers("Not ready, or stopping.", NOT_READY),
    },
)
def readyz(request: Request, response: Response) -> ReadyOut:
    """Whether database, blobs, models and queue can serve requests now. Needs no key and tells no details."""
    checks = cast("Readiness", request.app.state.readiness).checks()
    ready = "failing" not in checks.values()
    response.status_code = 200 if ready else 503
    return ReadyOut(ready=ready, checks=checks)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format.",
            "content": {"text/plain": {"example": 'visiqc_verdicts_total{outcome="PASS"} 41.0'}},
        },
        **problems(NotAuthenticated, NotAllowed),
    },
)
def metrics(_caller: ViewerDep, shop: ShopDep) -> Response:
    """Counters of this process."""
    return Response(shop.metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
