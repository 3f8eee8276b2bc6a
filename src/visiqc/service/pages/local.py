"""Where a page may send a browser: within this service, and nowhere else."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse

LOGIN: Final = "/login"
HOME: Final = "/"
# Browsers take \ for / and drop tabs and line ends, so that `/\evil.example` and `/⇥/evil.example` lead elsewhere.
_LOCAL: Final = re.compile(r"/(?!/)[!-\[\]-~]{0,2000}", re.ASCII)


def local_path(wanted: str) -> str:
    """`wanted` where it is a path of this service, else the home page.

    Example:
        >>> local_path("/docs?a=1"), local_path("//evil.example"), local_path("https://evil.example")
        ('/docs?a=1', '/', '/')
    """
    goes_round = wanted.partition("?")[0] == LOGIN
    return wanted if _LOCAL.fullmatch(wanted) and not goes_round else HOME


def see_other(path: str) -> RedirectResponse:
    """Send a browser to `path`, there to GET a page whatever it did here."""
    return RedirectResponse(path, 303)


def login_path(request: Request) -> str:
    """Where to log in, and to come back from to the page that `request` asked for."""
    if request.method != "GET" or request.url.path == HOME:
        return LOGIN
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{LOGIN}?{urlencode({'next': quote(request.url.path) + query})}"
