"""What routes are given: the running service, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from visiqc.batch.queue import ScoringQueue
from visiqc.domain.access import Role
from visiqc.inspection.parts import Parts
from visiqc.service.auth import Caller, Gate, require
from visiqc.service.metrics import Metrics
from visiqc.service.model_watch import PartsKeeper
from visiqc.settings import Settings

INTAKE_AT_ONCE = 2
"""Requests that hold their photos in memory at once, so memory is bounded by twice `max_body_bytes`."""
READING_AT_ONCE = 32
"""Requests whose bodies are being received at once, so the temporary disk space is bounded as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One running service.

    The limiters belong to it because FastAPI's shared pool of 40 threads must stay free for short work: no
    thread of that pool ever waits for a verdict, an enrolment or another request.
    """

    keeper: PartsKeeper
    settings: Settings
    gate: Gate
    metrics: Metrics
    queue: ScoringQueue
    reading: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(READING_AT_ONCE))
    intake: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(INTAKE_AT_ONCE))
    enrolment: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))

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


def _caller(request: Request, shop: ShopDep, _documented: Annotated[object, Security(_bearer)]) -> Caller:
    return shop.gate.admit(request.headers)


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
