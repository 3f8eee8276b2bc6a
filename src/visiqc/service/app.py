"""The application: everything above, wired together once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog
from anyio import to_thread
from fastapi import FastAPI
from fastapi.routing import APIRoute

from visiqc import __version__
from visiqc.batch.leases import Leases
from visiqc.batch.queue import DRAIN_GRACE_S, ScoringQueue
from visiqc.bootstrap import with_set
from visiqc.domain.model_set import ModelSet
from visiqc.domain.verdict import Verdict
from visiqc.inspection.inspect import score_upload
from visiqc.inspection.parts import Parts
from visiqc.runtime.models import warm
from visiqc.service import errors
from visiqc.service.auth import ADD_USER_COMMAND, CREATE_KEY_COMMAND, Gate, is_locked
from visiqc.service.deps import Shop
from visiqc.service.guarded import doors
from visiqc.service.health import Readiness
from visiqc.service.metrics import Metrics
from visiqc.service.middleware import BodyLimit, RequestRecord
from visiqc.service.model_watch import ModelWatch, PartsKeeper
from visiqc.service.pages import account, home, inspecting, reference, static
from visiqc.service.routes import goldens, lot_reports, lots, operations, reviews, scores
from visiqc.service.schemas import ProblemOut
from visiqc.service.sessions import Sessions
from visiqc.settings import Settings

DESCRIPTION = """
Compares photos of a product with its approved golden sample and answers **PASS**, **REVIEW**, **REJECT**,
**RETAKE** or **WRONG_SAMPLE**, with the reasons and the picture that shows them.

Errors are [problem documents](https://www.rfc-editor.org/rfc/rfc9457): test `code`, show `detail`.
Roles, each doing all that the ones before it may: viewer, factory (sends photos), inspector (enrols), lead (approves).
"""
ROUTERS = (
    *(scores.router, lots.router, lot_reports.router, reviews.router, goldens.router, operations.router),
    *(account.router, home.router, inspecting.router, reference.router, static.router),
)
log = structlog.get_logger("visiqc.service")


def create_app(
    parts: Parts,
    settings: Settings,
    *,
    open_access: bool,
    score: Callable[[str, Parts], Verdict] = score_upload,
    grace_s: float = DRAIN_GRACE_S,
) -> FastAPI:
    """The service on top of `parts`.

    Args:
        parts: Every port, filled.
        settings: Limits, workers and queue size.
        open_access: Answer without key and log-in until the next key or user is made. Only for a server that this
            machine alone can reach.
        score: The story the workers run.
        grace_s: Longest time that stopping waits for accepted photos.
    """
    metrics = Metrics()
    metrics.describe_build(parts.models.digests)
    keeper = PartsKeeper(parts)
    watch = ModelWatch(keeper, partial(warm_parts, settings), metrics, every_s=settings.model_poll_s)
    queue = ScoringQueue(
        partial(score_with, score, keeper),
        parts.records,
        Leases(parts.records, parts.clock),
        metrics,
        capacity=settings.queue_size,
        workers=settings.workers,
    )
    metrics.describe_queue(lambda: queue.waiting, lambda: queue.active, settings.queue_size)
    sessions = Sessions(parts.records, parts.clock, idle_s=settings.session_idle_s, life_s=settings.session_life_s)
    gate = Gate(parts.records, sessions, open_access=open_access)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await to_thread.run_sync(_begin, queue, parts, gate)
        if not settings.names_models:
            watch.start()
        yield
        await to_thread.run_sync(watch.stop)
        if left := await to_thread.run_sync(queue.drain, grace_s):
            log.warning("photos left for the next start", photos=left)

    app = FastAPI(
        title="VisiQC",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        telemetry={"tracing": False},
        openapi_url=None,  # FastAPI's own pages know no roles and load scripts from elsewhere; see pages/reference.py
    )
    app.state.shop = Shop(keeper=keeper, settings=settings, gate=gate, sessions=sessions, metrics=metrics, queue=queue)
    app.state.readiness = Readiness(keeper, queue, watch)
    for router in ROUTERS:
        app.include_router(router)
    list(doors(app))  # refuses a route without a role
    errors.install(app, metrics)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, metrics=metrics)
    app.add_middleware(RequestRecord, metrics=metrics, gate=gate)  # added last = outermost
    _document_problems(app)
    return app


def score_with(score: Callable[[str, Parts], Verdict], keeper: PartsKeeper, upload_id: str) -> Verdict:
    """Run the story with the parts in force when it begins."""
    return score(upload_id, keeper.current)


def warm_parts(settings: Settings, chosen: ModelSet | None, parts: Parts) -> Parts:
    """The same parts with the models of another set, warm."""
    renewed = with_set(parts, settings, chosen)
    warm(renewed.models)
    return renewed


def _begin(queue: ScoringQueue, parts: Parts, gate: Gate) -> None:
    commands = {"create_a_key": CREATE_KEY_COMMAND, "add_a_user": ADD_USER_COMMAND}
    if gate.open and not is_locked(parts.records):
        log.warning("open access: anyone on this machine may do everything", **commands)
    elif not is_locked(parts.records):
        log.warning("no API key works and nobody may log in, so every request will be refused", **commands)
    queue.start()


def _operation_id(route: APIRoute) -> str:
    return route.name


def _document_problems(app: FastAPI) -> None:
    """Put the problem document's schema, which only error responses refer to, into the OpenAPI document."""
    build = app.openapi

    def with_problems() -> dict[str, object]:
        document = build()
        schemas = document["components"]["schemas"]
        if "ProblemOut" not in schemas:
            problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs") | {"ProblemOut": problem}
        return document

    app.openapi = with_problems  # type: ignore[method-assign]
