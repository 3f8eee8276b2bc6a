"""A whole service, in this process or on a real socket, with a scoring story that tests can hold up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any

import httpx2
import numpy as np
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from pydantic import SecretStr

from builders import MOMENT, SKU, FixedClock, a_golden, a_user, a_verdict, digest_of
from memory import MemoryBlobs, MemoryRecords
from visiqc.domain.access import Role
from visiqc.domain.outcome import Outcome
from visiqc.domain.people import User
from visiqc.domain.verdict import Verdict
from visiqc.inspection.bank_store import BankStore
from visiqc.inspection.parts import Models, Parts
from visiqc.service.app import create_app
from visiqc.service.auth import mint_key
from visiqc.service.passwords import hash_password
from visiqc.service.sessions import COOKIE
from visiqc.settings import Settings
from visiqc.vision.photo import DecodeLimits

PASSWORD = "correct horse battery"
HERE = "http://127.0.0.1"
"""The origin of pages that `Service.client` talks to."""


@cache
def password_hash() -> str:
    """The hash of PASSWORD, made once: it is slow on purpose."""
    return hash_password(PASSWORD, name="nobody")


@dataclass
class NamedModel:
    """A model that is never asked: these tests replace the scoring story."""

    digest: str


@dataclass
class Scoring:
    """The story the workers run here: a verdict at once, unless told otherwise."""

    gate: threading.Event = field(default_factory=threading.Event)
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    scored: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.release()

    def hold(self) -> None:
        self.gate.clear()

    def release(self) -> None:
        self.gate.set()

    def __call__(self, upload_id: str, parts: Parts) -> Verdict:
        assert self.gate.wait(20), "the test never released the scoring"
        upload = parts.records.upload(upload_id)
        if errors := self.errors.get(upload.photo_name):
            raise errors.pop(0)
        self.scored.append(upload_id)
        named = upload.photo_name.partition(".")[0]
        outcome = Outcome(named) if named in set(Outcome) else Outcome.PASS
        made = {"id": upload_id, "sku": upload.sku, "golden_version": upload.golden_version, "outcome": outcome}
        made |= {"photo_name": upload.photo_name, "photo_digest": upload.photo_digest}
        return parts.records.add_verdict(a_verdict(**made))


@dataclass
class Service:
    """One service under test."""

    app: FastAPI
    parts: Parts
    scoring: Scoring

    @property
    def shop(self) -> Any:
        return self.app.state.shop

    def key(self, role: Role = Role.LEAD) -> dict[str, str]:
        """The header of a fresh key of that role."""
        key, token = mint_key(f"the {role}", role, at=MOMENT)
        self.parts.records.add_key(key)
        return {"Authorization": f"Bearer {token}"}

    def user(self, role: Role = Role.LEAD, name: str = "Ana") -> User:
        """A new user of that role who logs in with PASSWORD."""
        made = {"id": f"id-of-{name}", "name": name, "role": role, "password_hash": password_hash()}
        return self.parts.records.add_user(a_user(**made))

    def session(self, role: Role = Role.LEAD, name: str = "Ana") -> dict[str, str]:
        """The headers that the browser of a new user sends along, logged in and from our own page."""
        user = self.user(role, name)
        token = self.shop.sessions.log_in(user.name, SecretStr(PASSWORD), address="127.0.0.1")
        session, _ = self.shop.sessions.find(token)
        return {"Cookie": f"{COOKIE}={token}", "X-CSRF-Token": session.csrf_token, "Origin": HERE}

    @contextmanager
    def client(self, **headers: str) -> Iterator[TestClient]:
        """A client in this process, workers running."""
        with TestClient(self.app, base_url=HERE, headers=headers) as client:
            yield client
            self.scoring.release()

    @contextmanager
    def live(self, **options: Any) -> Iterator[httpx2.Client]:
        """A client of a real server on a socket of this machine."""
        with on_a_socket(self.app, **options) as (url, _):
            with httpx2.Client(base_url=url, timeout=20) as client:
                yield client
            self.scoring.release()


@contextmanager
def on_a_socket(app: FastAPI, **options: Any) -> Iterator[tuple[str, uvicorn.Server]]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", ws="none", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def wait_until(true: Callable[[], object], seconds: float = 90) -> None:
    """Return as soon as `true()` is."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.005)


def jpeg(seed: int = 0) -> bytes:
    """A small photo, another one for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def a_service(*, open_access: bool = True, grace_s: float = 5.0, parts: Parts | None = None, **changes: Any) -> Service:
    """A service with a golden version of `SKU` approved; `changes` are settings by name."""
    parts = parts or memory_parts()
    if not parts.records.goldens():
        parts.records.add_golden(a_golden(sku=SKU))
        parts.records.approve_golden(SKU, 1, by="anna", at=MOMENT)
    scoring = Scoring()
    app = create_app(parts, Settings(**changes), open_access=open_access, score=scoring, grace_s=grace_s)
    return Service(app, parts, scoring)


def memory_parts() -> Parts:
    """Ports in memory, with models that only have names."""
    trunk, identity = NamedModel(digest_of("trunk")), NamedModel(digest_of("identity"))
    blobs = MemoryBlobs()
    return Parts(
        records=MemoryRecords(),
        blobs=blobs,
        models=Models(trunk=trunk, identity=identity),  # type: ignore[arg-type]
        fleet=NamedModel(digest_of("fleet")),  # type: ignore[arg-type] - as the models: nothing here compares photos
        banks=BankStore(blobs),
        limits=DecodeLimits(),
        clock=FixedClock(),
    )


def photos(*names: str) -> list[tuple[str, tuple[str, bytes, str]]]:
    """The `files` of a request with one small photo for each name."""
    return [("photos", (name, jpeg(n), "image/jpeg")) for n, name in enumerate(names)]
