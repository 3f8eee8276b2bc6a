"""What routes are given: the running service, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from visiqc.batch.queue import ScoringQueue
from visiqc.domain.access import Role
from visiqc.inspection.parts import Parts
from visiqc.service.asking import CSRF_FIELD, CSRF_HEADER, SAFE_METHODS, Asking
from visiqc.service.auth import Caller, Gate, require
from visiqc.service.metrics import Metrics
from visiqc.service.model_watch import PartsKeeper
from visiqc.service.sessions import COOKIE, Sessions
from visiqc.settings import Settings

INTAKE_AT_ONCE = 2
"""Requests that hold their photos in memory at once, so memory is bounded by twice `max_body_bytes`."""
READING_AT_ONCE = 32
"""Requests whose bodies are being received at once, so the temporary disk space is bounded as well."""
LOG_INS_AT_ONCE = 2
"""Passwords that are checked at once; each takes 64 MiB."""
SMALL_FORM_BYTES = 64 * 1024
"""Largest form of text fields; such forms are read before the caller is known, so they must be small."""
_TEXT_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One running service.

    The limiters belong to it because FastAPI's shared pool of 40 threads must stay free for short work: no
    thread of that pool ever waits for a verdict, an enrolment or another request.
    """

    keeper: PartsKeeper
    settings: Settings
    gate: Gate
    sessions: Sessions
    metrics: Metrics
    queue: ScoringQueue
    reading: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(READING_AT_ONCE))
    intake: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(INTAKE_AT_ONCE))
    enrolment: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    log_in: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(LOG_INS_AT_ONCE))

    @property
    def parts(self) -> Parts:
        """The parts in force now. Ask once for each piece of work: models may change between two questions."""
        return self.keeper.current


def _shop(request: Request) -> Shop:
    return cast("Shop", request.app.state.shop)


ShopDep = Annotated[Shop, Depends(_shop)]
_bearer = HTTPBearer(
    auto_error=False, bearerFormat="vq_<id>_<secret>", description="Made by `visiqc key create`; shown once."
)
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description="Set by logging in at `/login`. Whatever changes something also needs the header `X-CSRF-Token`.",
)


async def asking_of(request: Request) -> Asking:
    """What `request` says about who sends it; the form is read for that only where it is small and text."""
    headers = request.headers
    return Asking(
        headers=headers,
        method=request.method,
        scheme=request.url.scheme,
        session_token=request.cookies.get(COOKIE),
        csrf_token=headers.get(CSRF_HEADER) or await _csrf_field(request),
    )


async def _csrf_field(request: Request) -> str | None:
    length = request.headers.get("content-length", "")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in SAFE_METHODS or COOKIE not in request.cookies or kind != _TEXT_FORM:
        return None
    if not (length.isdecimal() and int(length) <= SMALL_FORM_BYTES):
        return None
    sent = (await request.form()).get(CSRF_FIELD)
    return sent if isinstance(sent, str) else None


AskingDep = Annotated[Asking, Depends(asking_of)]


def _caller(
    asking: AskingDep,
    shop: ShopDep,
    _documented: Annotated[object, Security(_bearer)],
    _documented_too: Annotated[object, Security(_cookie)],
) -> Caller:
    return shop.gate.admit(asking)


_AnyCaller = Annotated[Caller, Depends(_caller)]


def _viewer(caller: _AnyCaller) -> Caller:
    return require(caller, Role.VIEWER)


def _factory(caller: _AnyCaller) -> Caller:
    return require(caller, Role.FACTORY)


def _inspector(caller: _AnyCaller) -> Caller:
    return require(caller, Role.INSPECTOR)


def _lead(caller: _AnyCaller) -> Caller:
    return require(caller, Role.LEAD)


ViewerDep = Annotated[Caller, Depends(_viewer)]
FactoryDep = Annotated[Caller, Depends(_factory)]
InspectorDep = Annotated[Caller, Depends(_inspector)]
LeadDep = Annotated[Caller, Depends(_lead)]


def public() -> None:
    """Mark a route as one that everyone may use: `dependencies=[PUBLIC]`."""


PUBLIC = Depends(public)
ROLES: Final = {_viewer: Role.VIEWER, _factory: Role.FACTORY, _inspector: Role.INSPECTOR, _lead: Role.LEAD}
"""The role that each of the dependencies above asks for."""
