"""Style sheets and pictures of the pages, read once and kept by browsers for as long as they stay the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Response

from visiqc.errors import NotFound
from visiqc.service.deps import PUBLIC
from visiqc.service.guarded import GuardedRoute

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)
_KINDS: Final = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml", "js": "text/javascript; charset=utf-8"}
_KEEP: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file that ships with the pages; `version` changes with its content."""

    content: bytes
    media_type: str
    version: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Every such file by name. They are few and small, and a name that is not here cannot lead to the disk."""
    folder = resources.files("visiqc.service.pages") / "static"
    files = {}
    for entry in folder.iterdir():
        if kind := _KINDS.get(entry.name.rpartition(".")[2]):
            content = entry.read_bytes()
            version = hashlib.sha256(content).hexdigest()[:16]
            files[entry.name] = StaticFile(content=content, media_type=kind, version=version)
    return files


def static_path(name: str) -> str:
    """The path of a file that a browser may keep for good: another content has another path."""
    return f"/static/{name}?v={static_files()[name].version}"


@router.get("/static/{name}", dependencies=[PUBLIC])
def static_file(
    name: Annotated[str, Path()], v: str = "", if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """One file; with the version that `static_path` gives it is kept for good, else asked for again."""
    if (file := static_files().get(name)) is None:
        raise NotFound(f"no static file {name[:80]!r}")
    etag = f'"{file.version}"'
    headers = {"ETag": etag, "Cache-Control": _KEEP if v == file.version else "no-cache"}
    if if_none_match == etag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
