"""Routes that cannot be made without saying who may use them, and the check that no other kind is served.

A route says it by what it asks for: `ViewerDep`, `FactoryDep`, `InspectorDep` or `LeadDep` among its parameters, or
`dependencies=[PUBLIC]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from visiqc.domain.access import Role
from visiqc.errors import InvalidRecord
from visiqc.service.deps import ROLES, public


class GuardedRoute(APIRoute):
    """A route with a role; `APIRouter(route_class=GuardedRoute)` makes such ones."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """As FastAPI makes it.

        Raises:
            InvalidRecord: It does not say who may use it.
        """
        super().__init__(path, endpoint, **options)
        self.role = _declared(self.dependant, path)
        """The least role that may use it; None = everyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way into the service: a method, a path template, and the least role that may use it, None = everyone."""

    method: str
    path: str
    role: Role | None


def doors(app: FastAPI) -> Iterator[Door]:
    """Every way into `app`.

    Raises:
        InvalidRecord: One of them does not say who may use it.
    """
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, GuardedRoute) or not context.methods or context.path is None:
            raise InvalidRecord(f"{context.path or route} has no role; make its router with route_class=GuardedRoute")
        for method in sorted(context.methods):
            yield Door(method=method, path=context.path, role=route.role)


def _declared(dependant: Dependant, path: str) -> Role | None:
    asked = set(_calls(dependant))
    roles = [role for call, role in ROLES.items() if call in asked]
    if public in asked and not roles:
        return None
    if public in asked or not roles:
        raise InvalidRecord(
            f"{path} must ask for a role (ViewerDep, FactoryDep, InspectorDep, LeadDep) or be PUBLIC, and not both"
        )
    return max(roles, key=list(Role).index)


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    for needed in dependant.dependencies:
        yield needed.call
        yield from _calls(needed)
