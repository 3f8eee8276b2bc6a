"""Bodies that are too large, too many or too slow, against a real socket and both of uvicorn's parsers."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from builders import SKU
from services import a_service, jpeg, on_a_socket, photos, wait_until
from visiqc.service.middleware import LINGER_BYTES

MIB = 1024 * 1024
HEAD = "POST /v1/score HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
PART = '--b\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\n\r\n'
both_parsers = pytest.mark.parametrize("http", ["h11", "httptools"])


@pytest.fixture(autouse=True)
def _no_long_farewells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visiqc.service.middleware.LINGER_S", 0.5)


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        yield connection


def everything(connection: socket.socket) -> str:
    """What the server says until it closes."""
    said = b""
    try:
        while chunk := connection.recv(65536):
            said += chunk
    except ConnectionResetError:
        pass
    return said.decode()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@both_parsers
def test_a_body_that_says_it_is_too_large_is_refused_before_any_of_it_is_read(http: str) -> None:
    with on_a_socket(a_service().app, http=http) as (url, _), connected(url) as connection:
        connection.sendall(f"{HEAD}Content-Length: {2 * 1024 * MIB}\r\nExpect: 100-continue\r\n\r\n".encode())
        said = everything(connection)
    assert said.startswith("HTTP/1.1 413 ")
    assert "connection: close" in said.lower()
    assert '"code":"TooLarge"' in said


@both_parsers
def test_two_gigabytes_in_chunks_are_cut_at_the_limit_with_memory_bounded(http: str) -> None:
    """The sender never stops by itself; what ends it is the server."""
    with on_a_socket(a_service(max_body_bytes=16 * MIB).app, http=http) as (url, _), connected(url) as connection:
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.append(everything(connection)))
        reader.start()
        before, highest, sent = resident_bytes(), 0, 0
        chunk = f"{MIB:x}\r\n".encode() + bytes(MIB) + b"\r\n"
        try:
            connection.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{len(PART):x}\r\n{PART}\r\n".encode())
            while sent < 2048 * MIB and not said:
                connection.sendall(chunk)
                sent += MIB
                highest = max(highest, resident_bytes())
        except (BrokenPipeError, ConnectionResetError):
            pass
        reader.join(20)
    assert said[0].startswith("HTTP/1.1 413 ")
    assert "16777216 bytes" in said[0]
    assert sent < 16 * MIB + LINGER_BYTES + 32 * MIB, "the server went on reading"
    assert highest - before < 48 * MIB


def test_one_photo_too_large_is_refused_by_name() -> None:
    with a_service(max_photo_bytes=4096).live() as client:
        files = [*photos("a.jpg"), ("photos", ("big.jpg", jpeg() + bytes(4096), "image/jpeg"))]
        answer = client.post("/v1/score", data={"sku": SKU}, files=files)
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")
    assert "big.jpg" in answer.json()["detail"]


def test_too_many_photos_are_refused() -> None:
    with a_service(max_photos=2).live() as client:
        answer = client.post("/v1/score", data={"sku": SKU}, files=photos("a.jpg", "b.jpg", "c.jpg"))
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


def test_a_text_field_cannot_be_large() -> None:
    with a_service().live() as client:
        answer = client.post("/v1/score", data={"sku": "a" * 5000}, files=photos("a.jpg"))
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


@pytest.mark.parametrize("body", [b"", b"--b\r\n", b"--c\r\n\r\n", PART.encode(), random.Random(7).randbytes(64)])
def test_a_malformed_form_is_refused(body: bytes) -> None:
    with a_service().client() as client:
        answer = client.post("/v1/score", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, answer.json()["code"]) == (422, "InputError")


def test_a_stranger_is_turned_away_before_the_body_arrives() -> None:
    with on_a_socket(a_service(open_access=False).app) as (url, _), connected(url) as connection:
        connection.sendall(f"{HEAD}Content-Length: {100 * MIB}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert everything(connection).startswith("HTTP/1.1 401 ")


def test_a_full_queue_refuses_before_the_body_arrives() -> None:
    service = a_service(queue_size=1)
    service.scoring.hold()
    with on_a_socket(service.app) as (url, _), connected(url) as connection:
        for waiting in range(2):  # the first is taken by the worker, the second waits
            httpx2.post(f"{url}/v1/score?wait=false", data={"sku": SKU}, files=photos("a.jpg"))
            wait_until(lambda n=waiting: len(service.shop.queue._waiting) == n)
        connection.sendall(f"{HEAD}Content-Length: {100 * MIB}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert everything(connection).startswith("HTTP/1.1 429 ")
        service.scoring.release()


@both_parsers
def test_a_body_that_stops_arriving_is_given_up(http: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visiqc.service.middleware.BODY_IDLE_S", 0.2)
    with on_a_socket(a_service().app, http=http) as (url, _), connected(url) as connection:
        connection.sendall(f"{HEAD}Content-Length: 1000\r\n\r\n{PART}".encode())
        said = everything(connection)
    assert said.startswith("HTTP/1.1 408 ")
    assert '"code":"RequestTimeout"' in said


def test_too_many_bodies_at_once_are_asked_to_come_back() -> None:
    service = a_service()
    service.shop.reading.total_tokens = 0
    with service.client() as client:
        answer = client.post("/v1/score", data={"sku": SKU}, files=photos("a.jpg"))
    assert (answer.status_code, answer.json()["code"]) == (429, "Busy")


def test_a_full_temporary_disk_is_not_the_clients_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("starlette.datastructures.UploadFile.write", full)
    with a_service().client() as client:
        answer = client.post("/v1/score", data={"sku": SKU}, files=photos("a.jpg"))
    assert (answer.status_code, answer.json()["code"]) == (503, "Unavailable")


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind() -> None:
    service = a_service()
    with on_a_socket(service.app) as (url, _):
        with connected(url) as connection:
            connection.sendall(f"{HEAD}Content-Length: 1000\r\n\r\n{PART}".encode())
        wait_until(lambda: b'status="499"} 1.0' in service.shop.metrics.exposition())
    assert service.parts.records.pending() == ()
    assert service.shop.reading.borrowed_tokens == 0
