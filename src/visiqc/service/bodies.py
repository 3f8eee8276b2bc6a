"""JSON bodies, read after the caller is known and within limits; FastAPI would read them before that."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from visiqc.errors import InputError, TooLarge, UnsupportedMedia

MAX_JSON_BYTES: Final = 64 * 1024
M = TypeVar("M", bound=BaseModel)


async def json_body(request: Request, kind: type[M]) -> M:
    """The body of a request as a model.

    Raises:
        UnsupportedMedia: It is not JSON by its content type.
        TooLarge: It holds more than `MAX_JSON_BYTES`.
        InputError: It is not such a model; every field that does not fit is named.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != "application/json":
        raise UnsupportedMedia(f"the body must be application/json, got {sent or 'no content type'}")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise TooLarge(f"the body may hold at most {MAX_JSON_BYTES} bytes")
    try:
        return kind.model_validate_json(body)
    except ValidationError as err:
        faults = (f"{'.'.join(str(part) for part in fault['loc']) or 'body'}: {fault['msg']}" for fault in err.errors())
        raise InputError("; ".join(faults)) from err


def documented(kind: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads a JSON body itself."""
    content = {"application/json": {"schema": kind.model_json_schema(), "example": example}}
    return {"requestBody": {"required": True, "content": content}}
