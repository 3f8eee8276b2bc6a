"""What a client is told when something is wrong: RFC 9457 `application/problem+json`, or a page for a person's browser.

The numbers stand here and nowhere else.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from visiqc import errors
from visiqc.service.metrics import Metrics
from visiqc.service.pages.refusals import navigates, refusal_page

STATUS: Final[tuple[tuple[type[errors.VisiQCError], int], ...]] = (  # most specific first
    (errors.UnsupportedMedia, 415),
    (errors.TooLarge, 413),
    (errors.InputError, 422),
    (errors.NotAuthenticated, 401),
    (errors.NotAllowed, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Busy, 429),
    (errors.IntegrityError, 500),
    (errors.InvalidRecord, 500),
    (errors.Unavailable, 503),
    (errors.VisiQCError, 500),
)
TITLES: Final = {
    "InputError": "The request cannot be used",
    "UnreadablePhoto": "A photo cannot be read",
    "UnsupportedMedia": "The format is not supported",
    "TooLarge": "Too large",
    "ShapeMismatch": "Sizes differ",
    "BadRecipe": "A setting is out of range",
    "NotAllowed": "Not allowed",
    "NotAuthenticated": "A log-in or an API key is needed",
    "NotFound": "Not found",
    "Conflict": "Conflict with the present state",
    "NotApproved": "Not approved",
    "Busy": "Too busy",
    "TooManyAttempts": "Too many failed log-ins",
    "Unavailable": "Not available at present",
}
INTERNAL_DETAIL: Final = "something went wrong inside VisiQC; the log has the details under this request id"
UNAVAILABLE_RETRY_S: Final = 5

log = structlog.get_logger("visiqc.service")


def status_of(error: type[errors.VisiQCError]) -> int:
    """The HTTP status an error of this class is answered with."""
    return next(status for kind, status in STATUS if issubclass(error, kind))


def problem_body(
    *, status: int, code: str, detail: str, request_id: str, extra: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The members of a problem document.

    Args:
        status: HTTP status.
        code: Stable name a program can test: the error's class, or the status phrase in CamelCase.
        detail: One sentence for the person who caused it.
        request_id: Names the request in the log and in the `X-Request-ID` header.
        extra: Further members, such as `errors` of a validation.
    """
    return {
        "type": f"urn:visiqc:problem:{code}",
        "title": TITLES.get(code) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"urn:visiqc:request:{request_id}",
        "code": code,
        **(extra or {}),
    }


def refusal(error: Exception, request: Request) -> Response:
    """The answer to any exception, as the one who asked reads it."""
    body, headers = _problem(error, request.state.request_id)
    return refusal_page(request, body, headers) if navigates(request) else _document(body, headers)


def problem(error: Exception, request_id: str) -> JSONResponse:
    """The answer to any exception, for a program."""
    return _document(*_problem(error, request_id))


def _document(body: dict[str, Any], headers: dict[str, str]) -> JSONResponse:
    return JSONResponse(body, body["status"], headers=headers, media_type="application/problem+json")


def _problem(error: Exception, request_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Problem document and headers; what is not ours to tell becomes a bare 500."""
    headers: dict[str, str] = {}
    extra: dict[str, Any] = {}
    if isinstance(error, errors.VisiQCError):
        status, code, detail = status_of(type(error)), type(error).__name__, str(error)
        headers = _headers_of(error)
    elif isinstance(error, RequestValidationError):
        status, code = status_of(errors.InputError), errors.InputError.__name__
        extra["errors"] = [{"field": _field(item["loc"]), "message": item["msg"]} for item in error.errors()]
        detail = "; ".join(f"{item['field']}: {item['message']}" for item in extra["errors"])
    elif isinstance(error, HTTPException):
        status, detail, headers = error.status_code, str(error.detail), dict(error.headers or {})
        code = "".join(word.capitalize() for word in HTTPStatus(status).phrase.replace("-", " ").split())
    else:
        status, code, detail = 500, "InternalError", INTERNAL_DETAIL
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = INTERNAL_DETAIL
    return problem_body(status=status, code=code, detail=detail, request_id=request_id, extra=extra), headers


def _headers_of(error: errors.VisiQCError) -> dict[str, str]:
    if isinstance(error, errors.Busy):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, errors.Unavailable):
        return {"Retry-After": str(UNAVAILABLE_RETRY_S)}
    if isinstance(error, errors.NotAuthenticated):
        return {"WWW-Authenticate": 'Bearer realm="visiqc"'}
    return {}


def _field(location: tuple[int | str, ...]) -> str:
    """`('query', 'layer')` as `layer`; the place is said where it is not the obvious one."""
    where, *names = location
    name = ".".join(str(part) for part in names)
    return f"header {name}" if where == "header" else name or str(where)


def install(app: FastAPI, metrics: Metrics) -> None:
    """Answer every expected exception of `app`'s routes; unexpected ones are caught by the outermost layer."""

    async def answer(request: Request, error: Exception) -> Response:
        response = refusal(error, request)
        note_refusal(response.status_code, error, metrics)
        return response

    for kind in (errors.VisiQCError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)


def note_refusal(status: int, error: Exception, metrics: Metrics) -> None:
    """Count a refusal; log our own failures whole, the client's in one line."""
    metrics.refused.labels(code=type(error).__name__).inc()
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", error=str(error), exc_info=error)
    else:
        log.info("request refused", status=status, error=str(error))
