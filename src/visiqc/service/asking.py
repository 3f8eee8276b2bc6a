"""What a request says about who sends it, and from which page: enough to admit it, nothing of its content.

A browser adds the session's cookie to every request for us, also to one that a foreign page makes it send. So whatever
changes something needs two proofs more: the session's own token, which only our pages can read, and the browser's word
(`Sec-Fetch-Site`, `Origin`) that the request comes from one of them. API keys need neither; no browser adds them.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from visiqc.domain.people import Session
from visiqc.errors import NotAllowed

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER: Final = "x-csrf-token"
CSRF_FIELD: Final = "csrf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Attributes of one request that decide whether it gets in.

    Attributes:
        headers: By name in lower case.
        method: GET, POST, …
        scheme: `http` or `https`, as the browser used it.
        session_token: From the cookie.
        csrf_token: From the header or the form.
    """

    headers: Mapping[str, str]
    method: str = "GET"
    scheme: str = "http"
    session_token: str | None = field(default=None, repr=False)
    csrf_token: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str | None:
        """The name by which the service was addressed, without port."""
        return host_of(f"//{self.headers.get('host', '')}")

    @property
    def origin(self) -> str:
        """What `Origin` is for our own pages."""
        return f"{self.scheme}://{self.headers.get('host', '')}".lower()


def require_private_line(asking: Asking) -> None:
    """Return when a password may travel on this line: TLS, or it does not leave this machine.

    Raises:
        NotAllowed: It would travel in the clear; the message says what to do.
    """
    if asking.scheme != "https" and not is_loopback(asking.host):
        raise NotAllowed(
            f"nobody can log in over plain HTTP at {asking.headers.get('host', '')!r}: the password could be read on "
            "the way. Put a proxy with TLS in front that sends X-Forwarded-Proto, name its address in "
            "FORWARDED_ALLOW_IPS, and use https://"
        )


def require_own_page(asking: Asking) -> None:
    """Return when the browser says that the request comes from a page of this service.

    Raises:
        NotAllowed: It comes from elsewhere, or nothing says where from.
    """
    origin, site = asking.headers.get("origin"), asking.headers.get("sec-fetch-site")
    if origin is None and site is None:
        raise NotAllowed("the request does not say which page it comes from (Origin); use a current browser")
    if site not in {None, "same-origin"}:
        raise NotAllowed(f"the request comes from a page elsewhere (Sec-Fetch-Site {site[:40]!r}); use our own pages")
    if origin is not None and origin.lower() != asking.origin:
        raise NotAllowed(
            f"the request comes from a page at {origin[:80]!r}, and this is {asking.origin[:80]!r}; use our own pages. "
            "A proxy in front must keep the Host header and send X-Forwarded-Proto"
        )


def require_csrf_token(asking: Asking, session: Session) -> None:
    """Return when the request carries the session's own token.

    Raises:
        NotAllowed: It does not.
    """
    sent = (asking.csrf_token or "").encode()
    if not hmac.compare_digest(sent, session.csrf_token.encode()):
        raise NotAllowed("the page was made for another session; load it again (X-CSRF-Token is missing or wrong)")


def is_loopback(host: str | None) -> bool:
    """Whether `host`, a name or an address without port, can only mean this machine."""
    if host is None:
        return False
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str | None:
    """The host that a URL names, if it is one."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
