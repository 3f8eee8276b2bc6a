"""What every request passes through before any route: its name and record, and the limit on its body.

Plain ASGI, so that a body streams through without being collected.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visiqc.errors import TooLarge
from visiqc.service.auth import Gate
from visiqc.service.errors import note_refusal, problem, refusal
from visiqc.service.metrics import Metrics

BODY_IDLE_S: Final = 30.0
"""Longest silence in the middle of a body."""
BODY_WHOLE_S: Final = 600.0
"""Longest time a whole body may take; against senders that trickle."""
LINGER_S: Final = 2.0
"""How long the rest of a refused body is read and thrown away, so that its sender gets to read the answer."""
LINGER_BYTES: Final = 64 * 1024 * 1024
"""How much of it, at most."""
CLIENT_GONE: Final = 499
CONTENT_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' blob: data:",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page of ours may load and do; text that somebody smuggled into one is never run."""
ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",  # no other site's page may show our pictures
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Referrer-Policy": "same-origin",  # `no-referrer` would have browsers hide the Origin of our own forms
}
STAY_ON_TLS: Final = "max-age=31536000"
"""For this host alone: what else its owner serves under its name is not ours to say."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

log = structlog.get_logger("visiqc.service")


class RequestRecord:
    """Outermost: names the request, logs and counts it, and turns what nobody expected into a plain 500."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, gate: Gate) -> None:
        """Wrap `app`."""
        self._app = app
        self._metrics = metrics
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.perf_counter(), CLIENT_GONE

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), request_id, scope["scheme"])
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_named)
            except ClientDisconnect:
                pass
            except Exception as err:  # noqa: BLE001 - the one place that must answer whatever happened
                note_refusal(500, err, self._metrics)
                if status == CLIENT_GONE:
                    await refusal(err, Request(scope))(scope, receive, send_named)
            self._note(scope, status, time.perf_counter() - began)

    def _add_headers(self, headers: MutableHeaders, request_id: str, scheme: str) -> None:
        headers["X-Request-ID"] = request_id
        headers.update(ALWAYS)
        headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        headers.setdefault("Cache-Control", "no-store")
        if scheme == "https":
            headers["Strict-Transport-Security"] = STAY_ON_TLS
        if self._gate.open:
            headers["X-VisiQC-Open-Access"] = "true"

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        template = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if template != "unmatched" else "ANY"  # strangers must not invent labels
        self._metrics.requests.labels(method=method, route=template, status=str(status)).inc()
        self._metrics.latency.labels(method=method, route=template).observe(seconds)
        write = log.debug if template in {"/healthz", "/readyz", "/metrics"} else log.info
        write("request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1))


class BodyLimit:
    """Refuses bodies over the limit: at once when they say their length, else at the byte that crosses it."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, metrics: Metrics) -> None:
        """Wrap `app`; `max_bytes` is the largest body it gets to see."""
        self._app = app
        self._max_bytes = max_bytes
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        declared = headers.get("content-length", "")
        if not declared.strip("0") and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        body = _Body(receive, send, self._max_bytes)
        if declared.isdecimal() and int(declared) > self._max_bytes:
            refusal = body.too_large(f"{declared} bytes")
            note_refusal(413, refusal, self._metrics)
            await problem(refusal, scope["state"]["request_id"])(scope, receive, body.send)
            return
        await self._app(scope, body.receive, body.send)


class _Body:
    """One request's body on its way in, and the care an answer needs that comes before its end."""

    def __init__(self, receive: Receive, send: Send, max_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._max_bytes = max_bytes
        self._deadline = asyncio.get_running_loop().time() + BODY_WHOLE_S
        self._seen = 0
        self._complete = False

    def too_large(self, came: str) -> TooLarge:
        return TooLarge(f"a request body may hold at most {self._max_bytes} bytes, got {came}; send fewer photos")

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(min(BODY_IDLE_S, self._deadline - asyncio.get_running_loop().time())):
                message = await self._receive()
        except TimeoutError as err:
            raise HTTPException(408, "the body stopped arriving; send the request again") from err
        self._seen += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._seen > self._max_bytes:
            raise self.too_large(f"{self._seen} bytes and more to come")
        return message

    async def send(self, message: Message) -> None:
        if self._complete:
            await self._send(message)
        elif message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
            await self._send(message)
        elif message.get("more_body", False):
            await self._send(message)
        else:
            # Closing with unread data resets the connection, and the answer can be lost with it.
            await self._send({**message, "more_body": True})
            await self._linger()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _linger(self) -> None:
        thrown_away = 0
        try:
            async with asyncio.timeout(LINGER_S):
                while thrown_away < LINGER_BYTES:
                    message = await self._receive()
                    thrown_away += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            pass


def _request_id(headers: Headers) -> str:
    """The client's own `X-Request-ID` where it is harmless in a log, else a fresh one."""
    sent = headers.get("x-request-id", "")
    return sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
