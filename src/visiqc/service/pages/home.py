"""The first page: who you are, and what you may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Response

from visiqc.domain.access import Role
from visiqc.service.deps import ViewerDep
from visiqc.service.guarded import GuardedRoute
from visiqc.service.pages.render import page

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A way on from the home page; `role` is what the page behind it asks for."""

    path: str
    title: str
    what: str
    role: Role


LINKS: Final = (
    Link(path="/queue", title="Queue", what="Photos that wait for an inspector, riskiest first.", role=Role.VIEWER),
    Link(path="/docs", title="API", what="What programs can ask of this service, with examples.", role=Role.VIEWER),
    Link(path="/metrics", title="Counters", what="Requests, verdicts and times, for Prometheus.", role=Role.VIEWER),
)
MAY: Final = {
    Role.VIEWER: "You may look at scores, photos and golden samples.",
    Role.FACTORY: "You may send photos for scoring and look at what came of them.",
    Role.INSPECTOR: "You may answer photos, propose golden samples, send photos for scoring and look at everything.",
    Role.LEAD: "You may approve golden samples, and all that the other roles may.",
}


@router.get("/")
def home(caller: ViewerDep) -> Response:
    """Who the caller is, and the links that the role may use."""
    links = [link for link in LINKS if caller.role.covers(link.role)]
    return page("home", caller=caller, links=links, may=MAY[caller.role])
