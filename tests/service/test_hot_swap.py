"""A real service goes on scoring while its models are promoted and rolled back under it."""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from services import wait_until
from serving import serving
from small_models import a_candidate
from visiqc.bootstrap import build_parts
from visiqc.cli.model_moves import challenge, returning
from visiqc.domain.golden import ScoringPolicy
from visiqc.inspection.enrol import approve_golden, enrol_golden
from visiqc.inspection.parts import SentPhoto
from visiqc.inspection.promotion import promote, roll_back
from visiqc.runtime.bundle import bundled_samples
from visiqc.settings import Settings

SIGNET = bundled_samples() / "dora-signet"


class AsGood:
    """A comparison that found no difference."""

    worse = False

    def as_json(self) -> dict[str, object]:
        return {"worse": False}


@dataclass
class Client:
    """Sends one photo after the other until it is told to stop, and writes down what came back."""

    url: str
    photo: bytes
    stop: threading.Event
    answers: list[tuple[float, float, tuple[str, ...]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(self) -> None:
        files = [("photos", ("a.jpg", self.photo))]
        with httpx2.Client(base_url=self.url, timeout=60) as client:
            while not self.stop.is_set():
                began = time.monotonic()
                answer = client.post("/v1/score", data={"sku": "signet"}, files=files)
                score = answer.json()["scores"][0] if answer.status_code == 200 else {"status": answer.text}
                if score["status"] == "done":
                    digests = tuple(score["verdict"]["model_digests"])
                    self.answers.append((began, time.monotonic() - began, digests))
                else:
                    self.refused.append(str(score))

    def scores_with(self, digests: tuple[str, ...]) -> bool:
        return bool(self.answers) and self.answers[-1][2] == digests


@dataclass
class Pinger(Client):
    """Asks for what needs no model, as often as it can: how long the process as a whole stands still."""

    def run(self) -> None:
        with httpx2.Client(base_url=self.url, timeout=60) as client:
            while not self.stop.is_set():
                began = time.monotonic()
                if client.get("/healthz").status_code != 200:
                    self.refused.append("/healthz")
                self.answers.append((began, time.monotonic() - began, ()))
                time.sleep(0.01)


@pytest.mark.slow
def test_models_change_under_a_busy_service_and_no_request_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=tmp_path / "home", threads=1)
    parts = build_parts(settings)
    golden = SentPhoto(name="front.jpg", content=(SIGNET / "golden" / "1.jpg").read_bytes(), view="front")
    enrol_golden("signet", [golden], parts, policy=ScoringPolicy(long_side=256))
    approve_golden("signet", 1, by="anna", parts=parts)
    old = (*parts.models.digests, parts.fleet.digest)
    candidate = a_candidate(tmp_path / "candidate", "halo-1")
    env = {**os.environ, "VISIQC_HOME": str(settings.home), "VISIQC_THREADS": "1", "VISIQC_MODEL_POLL_S": "0.2"}
    photo = (SIGNET / "uploads" / "jig-defective-4.jpg").read_bytes()
    with serving(env, tmp_path / "log", "--workers", "2") as (url, _):
        stop = threading.Event()
        clients = [Client(url, photo, stop) for _ in range(2)]
        pinger = Pinger(url, b"", stop)
        threads = [threading.Thread(target=client.run) for client in (*clients, pinger)]
        for thread in threads:
            thread.start()
        wait_until(lambda: all(len(client.answers) >= 5 for client in clients), 60)
        asked = challenge(settings, [candidate])
        new = asked.members.digests
        promote(asked.members, asked.parts, AsGood(), supersedes=asked.supersedes, by="anna")
        moved = [time.monotonic()]
        wait_until(lambda: all(client.scores_with(new) for client in clients), 60)
        back = returning(settings, "")
        roll_back(back.target, back.members, back.parts, supersedes=back.supersedes, by="anna")
        moved.append(time.monotonic())
        wait_until(lambda: all(client.scores_with(old) for client in clients), 60)
        stop.set()
        for thread in threads:
            thread.join()
        ready = httpx2.get(f"{url}/readyz").json()["checks"]["models"]
        metrics = httpx2.get(f"{url}/metrics").text
    assert [client.refused for client in (*clients, pinger)] == [[], [], []]
    for client in clients:
        seen = [digests for _, _, digests in client.answers]
        changes = [digests for n, digests in enumerate(seen) if n == 0 or digests != seen[n - 1]]
        assert changes == [old, new, old]
    assert len(new) == len(old) == len(("trunk", "identity", "defect", "mask", "fleet"))
    assert (ready, "visiqc_model_swaps_total 2.0" in metrics) == ("ok", True)
    with capsys.disabled():
        sys.stdout.write(f"\nscoring: {_times(clients, moved)}\nalive: {_times([pinger], moved)}\n")


def _times(clients: list[Client], moved: list[float]) -> str:
    """The longest request around the swaps, beside the others."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for client in clients:
        for began, spent, _ in client.answers:
            around = any(began < at + 2 and began + spent > at for at in moved)
            found[around].append(1000 * spent)
    return "; ".join(
        f"{len(spent)} requests {'around the swaps' if around else 'else'}, longest {max(spent):.0f} ms, "
        f"median {statistics.median(spent):.0f} ms"
        for around, spent in found.items()
    )
