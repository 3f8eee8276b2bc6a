"""A service process: the socket, who may reach it, signals, and an end that loses nothing."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

import uvicorn
from fastapi import FastAPI

from visiqc.batch.queue import DRAIN_GRACE_S
from visiqc.errors import Conflict, NotAllowed, Unavailable
from visiqc.inspection.ports import Records
from visiqc.service.asking import is_loopback
from visiqc.service.auth import ADD_USER_COMMAND, CREATE_KEY_COMMAND, is_locked, made_so_far
from visiqc.service.deps import Shop

MAX_CONNECTIONS: Final = 512
"""Connections at once, idle ones counted, beyond which uvicorn answers 503; half of the usual 1024 open files."""
KEEP_ALIVE_S: Final = 5
"""Silence after an answer before its connection is closed."""
BACKLOG: Final = 512


def decide_access(host: str, records: Records, *, reopen: bool = False) -> bool:
    """Whether the service may answer without keys and log-ins on `host`.

    Args:
        host: Where it listens.
        records: Which keys and users there are, and were.
        reopen: Answer everyone again after keys or users were made and none of them works any more.

    Returns:
        True for open access: only this machine can reach the service, and no key or user was ever made, or `reopen`.

    Raises:
        NotAllowed: Others could reach the service, and there is no key or user to tell them apart.
        Conflict: It is to be reopened while a key works or a user may log in.
    """
    if is_locked(records):
        if reopen:
            raise Conflict(
                "open access is for when no API key works and nobody may log in; start without --open-access"
            )
        return False
    if made_so_far(records) and not reopen:
        return False
    if not is_loopback(host):
        raise NotAllowed(
            f"without API keys and users the service answers on 127.0.0.1 only, not on {host}: anyone who reaches it "
            "could approve golden samples. Create a key or add a user first: "
            f"{CREATE_KEY_COMMAND}, or {ADD_USER_COMMAND}"
        )
    return True


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens already, so that early clients wait instead of being refused.

    Raises:
        Unavailable: The address is not this machine's, or the port is taken or not for this user.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as err:
        why = err.strerror or str(err)
        raise Unavailable(f"cannot listen on {host} port {port}: {why}; choose another with --port or --host") from err
    return listener


def url_of(listener: socket.socket) -> str:
    """The address of a listening socket, as a browser takes it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family == socket.AF_INET6 else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn, which says when it is ready and closes the queue the moment it begins to stop."""

    def __init__(self, config: uvicorn.Config, shop: Shop, *, on_ready: Callable[[], None], grace_s: float) -> None:
        """Serve `config`'s app, whose state is `shop`."""
        super().__init__(config)
        self._shop = shop
        self._on_ready = on_ready
        self._grace_s = grace_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On the second Ctrl+C, end now: what is left is resumed by the next start."""
        super().handle_exit(sig, frame)
        if self.force_exit:
            # In a thread: this is a signal handler, and the interrupted code may hold the queue's lock.
            threading.Thread(target=self._shop.queue.abandon, daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking photos at once; uvicorn then waits for the answers under way, the queue for the rest."""
        self._shop.queue.close(self._grace_s)
        await super().shutdown(sockets)


def run(app: FastAPI, listener: socket.socket, *, on_ready: Callable[[], None], grace_s: float = DRAIN_GRACE_S) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted; blocks.

    After `grace_s` seconds the queue lets go, requests still waiting answer 202, and a few seconds later uvicorn
    cuts what is left. What was accepted but not scored is resumed by the next start.
    """
    config = uvicorn.Config(
        app,
        access_log=False,  # the service writes its own line for each request
        log_config=None,
        lifespan="on",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(grace_s) + 3,
        server_header=False,
        ws="none",
    )
    server = Server(config, app.state.shop, on_ready=on_ready, grace_s=grace_s)
    # uvicorn raises the signal again once it has stopped, for whoever listened before: that is us, and it is the end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    server.run(sockets=[listener])


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)
