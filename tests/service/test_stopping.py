"""What a server process does when it is asked to stop, and what the next one does when it was not asked."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from builders import SKU
from services import jpeg, photos, wait_until
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords

SCRIPT = Path(__file__).parent / "server_process.py"


@dataclass
class Running:
    client: httpx2.Client
    process: subprocess.Popen[str]

    def post(self, *names: str, query: str = "", content: bytes | None = None) -> httpx2.Response:
        files = photos(*names) if content is None else [("photos", (names[0], content, "image/jpeg"))]
        return self.client.post(f"/v1/score{query}", data={"sku": SKU}, files=files)

    def status(self, score_id: str) -> str:
        return str(self.client.get(f"/v1/scores/{score_id}").json()["status"])

    def stop(self, how: signal.Signals) -> None:
        self.process.send_signal(how)


@contextmanager
def running(home: Path, *, grace_s: float = 10) -> Iterator[Running]:
    command = [sys.executable, str(SCRIPT), str(home), str(grace_s)]
    log = home.parent / "server.log"
    with log.open("a") as stderr, subprocess.Popen(command, stdout=-1, stderr=stderr, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://"), log.read_text()
            with httpx2.Client(base_url=url, timeout=30) as client:
                yield Running(client, process)
        finally:
            process.kill()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home whose scoring is held up."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "hold").touch()
    return folder


def release(home: Path) -> None:
    (home / "hold").unlink()


def pending(home: Path) -> int:
    records = SqlRecords(open_database(f"sqlite:///{home / 'visiqc.sqlite3'}"))
    try:
        return len(records.pending())
    finally:
        records.close()


def test_sigterm_finishes_everything_accepted_and_answers_who_waits(home: Path) -> None:
    with running(home) as server, ThreadPoolExecutor() as pool:
        asleep = server.post("a.jpg", "b.jpg", query="?wait=false")
        waiting = pool.submit(server.post, "c.jpg", content=jpeg(7))
        wait_until(lambda: pending(home) == 3)
        server.stop(signal.SIGTERM)
        wait_until(lambda: refused(server))
        release(home)
        assert waiting.result(10).json()["outcome"] == "PASS"
        assert server.process.wait(10) == 0
    assert asleep.status_code == 202
    assert pending(home) == 0


def refused(server: Running) -> bool:
    try:
        server.client.get("/healthz", timeout=1)
    except httpx2.TransportError:
        return True
    return False


@pytest.mark.slow
def test_when_the_grace_is_over_who_waits_hears_202_and_the_next_start_scores_the_rest(home: Path) -> None:
    with running(home, grace_s=0.5) as server, ThreadPoolExecutor() as pool:
        server.post("a.jpg", query="?wait=false")
        waiting = pool.submit(server.post, "b.jpg", content=jpeg(7))
        wait_until(lambda: pending(home) == 2)
        server.stop(signal.SIGTERM)
        answer = waiting.result(10)
        assert answer.status_code == 202
        server.process.wait(10)
    release(home)
    with running(home) as server:
        wait_until(lambda: server.status(answer.json()["scores"][0]["id"]) == "done")
    assert pending(home) == 0


def test_what_was_accepted_before_kill_9_gets_its_verdict_after_the_restart(home: Path) -> None:
    with running(home) as server:
        accepted = server.post("a.jpg", "b.jpg", query="?wait=false").json()["scores"]
        threading.Thread(target=suppressed, args=[server.post, "c.jpg"], daemon=True).start()
        wait_until(lambda: pending(home) == 3)
        server.stop(signal.SIGKILL)
        server.process.wait(10)
    assert pending(home) == 3
    release(home)
    with running(home) as server:
        for each in accepted:
            wait_until(lambda each=each: server.status(each["id"]) == "done")
        wait_until(lambda: pending(home) == 0)


def suppressed(act, *args: object) -> None:  # type: ignore[no-untyped-def]
    with suppress(httpx2.TransportError):
        act(*args)


@pytest.mark.slow
def test_kill_9_at_any_instant_loses_no_photo_that_was_acknowledged(home: Path) -> None:
    release(home)
    acknowledged: list[str] = []
    rng = random.Random(7)

    def keep_sending(server: Running, worker: int) -> None:
        for n in range(1000):
            try:
                answer = server.post(f"{worker}-{n}.jpg", query="?wait=false", content=jpeg(1000 * worker + n))
            except httpx2.TransportError:
                return
            acknowledged.extend(each["id"] for each in answer.json().get("scores", ()))

    for _ in range(6):
        with running(home) as server, ThreadPoolExecutor() as pool:
            senders = [pool.submit(keep_sending, server, worker) for worker in range(3)]
            time.sleep(rng.uniform(0.05, 0.6))
            server.stop(signal.SIGKILL)
            for sender in senders:
                sender.result(20)
    assert len(acknowledged) > 20
    with running(home) as server:
        wait_until(lambda: pending(home) == 0)
        assert {server.status(score_id) for score_id in acknowledged} == {"done"}


@pytest.mark.slow
def test_two_interrupts_end_it_at_once(home: Path) -> None:
    with running(home) as server:
        server.post("a.jpg", query="?wait=false")
        server.stop(signal.SIGINT)
        time.sleep(0.5)
        server.stop(signal.SIGINT)
        server.process.wait(5)
    assert pending(home) == 1
