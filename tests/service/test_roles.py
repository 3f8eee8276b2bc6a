"""Every way into the service has a role, and the role is asked for."""

from __future__ import annotations

import re

import pytest
from fastapi import APIRouter, FastAPI

from builders import SKU
from services import a_service
from visiqc.domain.access import Role
from visiqc.errors import InvalidRecord
from visiqc.service.asking import SAFE_METHODS
from visiqc.service.deps import PUBLIC, ShopDep, ViewerDep
from visiqc.service.guarded import Door, GuardedRoute, doors
from visiqc.service.pages.home import LINKS

FOR_EVERYONE = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/static/{name}"),
}
DOORS = sorted(doors(a_service().app), key=lambda door: (door.path, door.method))
GUARDED = [door for door in DOORS if door.role]
UNSAFE = [door for door in GUARDED if door.method not in SAFE_METHODS]
VALUES = {"sku": SKU, "n": "1", "score_id": "none", "name": "visiqc.css"}


def name_of(door: Door) -> str:
    return f"{door.method} {door.path}"


def path_of(door: Door) -> str:
    return re.sub(r"\{(\w+)\}", lambda field: VALUES.get(field[1], "1"), door.path)


def test_everyone_may_use_what_is_listed_here_and_nothing_else() -> None:
    assert {(door.method, door.path) for door in DOORS if door.role is None} == FOR_EVERYONE


def test_all_routes_are_looked_at() -> None:
    paths = {door.path for door in DOORS}
    assert {"/", "/docs", "/openapi.json", "/logout", "/metrics", "/v1/score", "/v1/goldens"} <= paths


@pytest.mark.parametrize("door", GUARDED, ids=name_of)
def test_nobody_gets_in_without_saying_who(door: Door) -> None:
    with a_service(open_access=False).client() as client:
        answer = client.request(door.method, path_of(door))
    assert (answer.status_code, answer.json()["code"]) == (401, "NotAuthenticated")


@pytest.mark.parametrize("door", [door for door in GUARDED if door.role is not Role.VIEWER], ids=name_of)
@pytest.mark.parametrize("way", ["key", "session"])
def test_the_role_just_below_is_refused_by_key_and_by_session(door: Door, way: str) -> None:
    assert door.role is not None
    below = list(Role)[list(Role).index(door.role) - 1]
    service = a_service(open_access=False)
    headers = service.key(below) if way == "key" else service.session(below)
    with service.client(**headers) as client:
        answer = client.request(door.method, path_of(door))
    assert (answer.status_code, answer.json()["code"]) == (403, "NotAllowed")
    assert f"needs the role {door.role}" in answer.json()["detail"]


@pytest.mark.parametrize("door", UNSAFE, ids=name_of)
@pytest.mark.parametrize("missing", ["X-CSRF-Token", "Origin"])
def test_a_cookie_alone_changes_nothing_on_any_route(door: Door, missing: str) -> None:
    service = a_service(open_access=False)
    headers = service.session(Role.LEAD)
    told = {"X-CSRF-Token": "X-CSRF-Token is missing or wrong", "Origin": "which page it comes from"}[missing]
    headers.pop(missing)
    with service.client(**headers) as client:
        answer = client.request(door.method, path_of(door))
    assert (answer.status_code, answer.json()["code"]) == (403, "NotAllowed")
    assert told in answer.json()["detail"]


def test_every_route_that_changes_something_was_asked() -> None:
    asked = {(door.method, door.path) for door in UNSAFE}
    assert {("POST", "/v1/score"), ("POST", "/v1/orders"), ("POST", "/logout")} <= asked
    assert {door.path for door in DOORS if door.method not in SAFE_METHODS and not door.role} == {"/login"}


@pytest.mark.parametrize("door", GUARDED, ids=name_of)
def test_the_role_itself_is_let_in(door: Door) -> None:
    service = a_service(open_access=False)
    with service.client(**service.key(door.role or Role.VIEWER)) as client:
        assert client.request(door.method, path_of(door)).status_code not in {401, 403}


def test_a_route_without_a_role_cannot_be_made() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(InvalidRecord, match="/leak must ask for a role"):
        router.get("/leak")(lambda: "everything")


def test_a_route_with_a_role_is_not_public_as_well() -> None:
    def both(_caller: ViewerDep, shop: ShopDep) -> str:
        return ""

    with pytest.raises(InvalidRecord, match="not both"):
        APIRouter(route_class=GuardedRoute).get("/both", dependencies=[PUBLIC])(both)


def test_a_route_of_another_kind_is_not_served() -> None:
    app, router = FastAPI(openapi_url=None), APIRouter()
    router.get("/leak")(lambda: "everything")
    app.include_router(router)
    with pytest.raises(InvalidRecord, match="/leak has no role"):
        list(doors(app))


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.path)
def test_the_home_page_offers_a_link_to_those_who_may_follow_it(link: object) -> None:
    roles = {door.path: door.role for door in DOORS if door.method == "GET"}
    assert roles[link.path] == link.role  # type: ignore[attr-defined]
