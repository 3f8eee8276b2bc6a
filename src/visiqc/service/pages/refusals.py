"""Refusals as a person reads them: the way to log in, or a page that says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response

from visiqc.service.pages.local import login_path, see_other
from visiqc.service.pages.render import page


def navigates(request: Request) -> bool:
    """Whether a person's browser asked for a page, not a program or a script for data."""
    headers = request.headers
    return (
        "text/html" in headers.get("accept", "")
        and headers.get("sec-fetch-dest", "document") == "document"
        and "authorization" not in headers
    )


def refusal_page(request: Request, problem: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """A problem document as a page, or the way to the log-in where that is what is missing."""
    if problem["status"] == HTTPStatus.UNAUTHORIZED:
        return see_other(login_path(request))
    return page("refusal", caller=None, status=problem["status"], headers=headers, problem=problem)
