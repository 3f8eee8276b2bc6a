"""The API, described for programs (`/openapi.json`) and for people (`/docs`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from visiqc.domain.access import Role
from visiqc.service.deps import ViewerDep
from visiqc.service.guarded import GuardedRoute, doors
from visiqc.service.pages.render import page

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter or form field."""

    name: str
    place: str
    required: bool
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of an operation; `example` is text, or empty where there is none."""

    status: str
    what: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing a program can ask."""

    method: str
    path: str
    what: str
    role: Role | None
    fields: tuple[Field, ...]
    answers: tuple[Answer, ...]


@router.get("/openapi.json")
def openapi_document(request: Request, _caller: ViewerDep) -> Response:
    """The OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
def reference(request: Request, caller: ViewerDep) -> Response:
    """Every operation with its fields, answers and examples."""
    return page("reference", caller=caller, operations=operations(request))


def operations(request: Request) -> list[Operation]:
    """What the OpenAPI document says, in its order."""
    roles = {(door.method, door.path): door.role for door in doors(request.app)}
    return [
        Operation(
            method=method.upper(),
            path=path,
            what=said.get("description") or said.get("summary", ""),
            role=roles[method.upper(), path],
            fields=_fields(said),
            answers=tuple(_answer(status, answer) for status, answer in said["responses"].items()),
        )
        for path, methods in request.app.openapi()["paths"].items()
        for method, said in methods.items()
    ]


def _fields(said: dict[str, Any]) -> tuple[Field, ...]:
    parameters = tuple(
        Field(
            name=each["name"],
            place=each["in"],
            required=each.get("required", False),
            what=each.get("description", ""),
        )
        for each in said.get("parameters", [])
    )
    body = said.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema", {})
    form = tuple(
        Field(name=name, place="form", required=name in body.get("required", []), what=each.get("description", ""))
        for name, each in body.get("properties", {}).items()
    )
    return parameters + form


def _answer(status: str, answer: dict[str, Any]) -> Answer:
    shown = [
        example
        for media in answer.get("content", {}).values()
        for example in (*(named["value"] for named in media.get("examples", {}).values()), media.get("example"))
        if example is not None
    ]
    example = shown[0] if shown else ""
    text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
    return Answer(status=status, what=answer.get("description", ""), example=text)
