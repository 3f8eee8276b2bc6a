"""`visiqc worker` beside `visiqc serve --workers 0`, both as a person runs them, with the models that ship."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from bench import jpeg, photo_of
from pictures import plate
from services import wait_until
from serving import VISIQC, serving

PATIENCE_S = 300.0
"""Far longer than anything here takes on a machine that is busy with other work."""


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


def send(client: httpx2.Client, unit: int) -> httpx2.Response:
    """Send a photo and wait for nothing."""
    path = "/v1/orders/PO-7/lots/L1/milestones/pre-shipment/photos"
    files = {"photos": (f"{unit}.jpg", jpeg(photo_of(plate(), unit, noise=unit)), "image/jpeg")}
    return client.post(
        path, data={"units": [unit], "views": ["front"]}, files=files, headers={"Prefer": "respond-async"}
    )


@pytest.mark.slow
def test_a_worker_scores_what_a_service_took_in_and_another_goes_on_when_it_is_killed(
    home: Path, tmp_path: Path
) -> None:
    env = {**os.environ, "VISIQC_HOME": str(home), "VISIQC_THREADS": "1"}
    log = tmp_path / "log"
    with (
        serving(env, tmp_path / "server.log", "--workers", "0") as (url, _),
        httpx2.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        client.post("/v1/orders", json={"code": "PO-7"})
        client.post("/v1/orders/PO-7/lots", json={"code": "L1", "sku": "signet"})
        with worker(env, log) as first:
            send(client, 1)
            wait_for(client, pending=0)
            first.send_signal(signal.SIGSTOP)  # so that none is scored before all are sent
            for unit in range(2, 10):
                assert send(client, unit).status_code == 202
            first.send_signal(signal.SIGCONT)
            wait_for(client, pending=7)
            first.send_signal(signal.SIGKILL)
            first.wait(PATIENCE_S)
        assert 0 < len([unit for unit in units(client) if unit["pending"]]) < 9, "it was killed too late"
        with worker(env, log) as second:
            wait_for(client, pending=0)
            second.send_signal(signal.SIGTERM)
            assert second.wait(PATIENCE_S) == 0
        assert [unit["unit"] for unit in units(client)] == [*range(1, 10)]
        assert all(unit["outcome"] and not unit["failed"] for unit in units(client))


def wait_for(client: httpx2.Client, *, pending: int) -> None:
    """Return when at most `pending` photos wait; asks now and then, since the machine has photos to score."""

    def waits() -> bool:
        time.sleep(0.1)
        return client.get("/v1/orders/PO-7/lots/L1").json()["pending"] <= pending

    wait_until(waits, PATIENCE_S)


def units(client: httpx2.Client) -> list[dict]:
    report = client.get("/v1/orders/PO-7/lots/L1").json()
    return [unit for milestone in report["milestones"] for unit in milestone["units"]]
