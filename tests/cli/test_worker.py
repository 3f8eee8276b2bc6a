"""`visiqc worker` beside `visiqc serve --workers 0`, both as a person runs them, with the models that ship."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from bench import jpeg, photo_of
from pictures import plate
from services import wait_until
from serving import VISIQC, serving


@contextmanager
def worker(env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker process that has begun; killed at the end if it still runs."""
    with (
        log.open("a") as stderr,
        subprocess.Popen([*VISIQC, "worker"], env=env, stdout=-1, stderr=stderr, text=True) as ran,
    ):
        try:
            assert ran.stdout is not None
            assert ran.stdout.readline().startswith("VisiQC scores 1 at a time"), log.read_text()
            yield ran
        finally:
            ran.kill()


def send(client: httpx2.Client, unit: int, **headers: str) -> httpx2.Response:
    path = "/v1/orders/PO-7/lots/L1/milestones/pre-shipment/photos"
    files = {"photos": (f"{unit}.jpg", jpeg(photo_of(plate(), unit, noise=unit)), "image/jpeg")}
    return client.post(path, data={"units": [unit], "views": ["front"]}, files=files, headers=headers)


@pytest.mark.slow
def test_a_worker_scores_what_a_service_took_in_and_another_goes_on_when_it_is_killed(
    home: Path, tmp_path: Path
) -> None:
    env = {**os.environ, "VISIQC_HOME": str(home), "VISIQC_THREADS": "1"}
    log = tmp_path / "log"
    with (
        serving(env, tmp_path / "server.log", "--workers", "0") as (url, _),
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        client.post("/v1/orders", json={"code": "PO-7"})
        client.post("/v1/orders/PO-7/lots", json={"code": "L1", "sku": "signet"})
        with worker(env, log) as first:
            answer = send(client, 1)
            assert (answer.status_code, answer.json()["photos"][0]["score"]["status"]) == (200, "done")
            for unit in range(2, 10):
                assert send(client, unit, prefer="respond-async").status_code == 202
            first.send_signal(signal.SIGKILL)
            first.wait(10)
        (milestone,) = [m for m in lot(client)["milestones"] if m["units"]]
        assert len(milestone["units"]) == 9
        assert any(unit["pending"] for unit in milestone["units"]), "it was killed too late to prove anything"
        with worker(env, log) as second:
            wait_until(lambda: all(not unit["pending"] for unit in units(client)), 60)
            second.send_signal(signal.SIGTERM)
            assert second.wait(30) == 0
        assert all(unit["outcome"] and not unit["failed"] for unit in units(client))


def lot(client: httpx2.Client) -> dict:
    return client.get("/v1/orders/PO-7/lots/L1").json()


def units(client: httpx2.Client) -> list[dict]:
    return [unit for milestone in lot(client)["milestones"] for unit in milestone["units"]]
