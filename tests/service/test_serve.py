"""`visiqc serve` and `visiqc key` as a person runs them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from services import PASSWORD
from serving import VISIQC, serving

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "gala-studs"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh installation."""
    return {**os.environ, "VISIQC_HOME": str(tmp_path / "home"), "VISIQC_LOG_FORMAT": "json", "NO_COLOR": "1"}


def visiqc(env: Mapping[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [*VISIQC, *arguments]
    return subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def test_a_fresh_installation_serves_this_machine_says_so_loudly_and_stops_cleanly(
    env: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with serving(env, log) as (url, process):
        answer = httpx2.get(f"{url}/readyz")
        assert (answer.status_code, answer.headers["X-VisiQC-Open-Access"]) == (200, "true")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    lines = log.read_text().splitlines()
    assert any("OPEN ACCESS" in line for line in lines)
    assert any("visiqc key create" in line for line in lines)
    for line in lines:
        if not line.startswith("!!"):
            json.loads(line)


def test_the_world_is_not_served_without_a_key(env: dict[str, str]) -> None:
    refused = visiqc(env, "serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 2
    assert "visiqc key create" in " ".join(refused.stderr.split())


def test_a_used_up_installation_is_closed_until_it_is_opened_by_name(env: dict[str, str], tmp_path: Path) -> None:
    token = visiqc(env, "key", "create", "--name", "gate", "--role", "lead").stdout
    visiqc(env, "key", "revoke", token.split("_")[1])
    with serving(env, tmp_path / "closed") as (url, _):
        assert httpx2.get(f"{url}/v1/goldens").status_code == 401
    assert "every request will be refused" in (tmp_path / "closed").read_text()
    with serving(env, tmp_path / "open", "--open-access") as (url, _):
        assert httpx2.get(f"{url}/v1/goldens").status_code == 200


def test_a_taken_port_is_told_in_one_sentence(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = visiqc(env, "serve", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 5
    assert "cannot listen on 127.0.0.1" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_a_key_is_shown_once_listed_without_its_secret_and_works_until_revoked(
    env: dict[str, str], tmp_path: Path
) -> None:
    token = visiqc(env, "key", "create", "--name", "gate camera", "--role", "viewer").stdout.strip()
    _, key_id, secret = token.split("_", 2)
    listed = visiqc(env, "key", "list").stdout
    assert key_id in listed
    assert "gate camera" in listed
    assert secret not in listed
    with serving(env, tmp_path / "log") as (url, _):
        header = {"Authorization": f"Bearer {token}"}
        assert httpx2.get(f"{url}/v1/goldens").status_code == 401
        assert httpx2.get(f"{url}/v1/goldens", headers=header).status_code == 200
        assert visiqc(env, "key", "revoke", key_id).returncode == 0
        assert httpx2.get(f"{url}/v1/goldens", headers=header).status_code == 401
    assert "revoked" in visiqc(env, "key", "list").stdout


@pytest.mark.slow
def test_a_user_logs_in_until_disabled(env: dict[str, str], tmp_path: Path) -> None:
    added = visiqc(env, "user", "add", "Ana", "--role", "viewer", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert added.returncode == 0, added.stderr
    with serving(env, tmp_path / "log") as (url, _):
        assert httpx2.get(f"{url}/v1/goldens").status_code == 401, "no more open access"
        form = {"name": "ana", "password": PASSWORD}
        answer = httpx2.post(f"{url}/login", data=form, headers={"Origin": url})
        cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
        assert httpx2.get(f"{url}/v1/goldens", headers=cookie).status_code == 200
        assert "Welcome, Ana" in httpx2.get(url, headers=cookie).text
        assert visiqc(env, "user", "disable", "ana").returncode == 0
        assert httpx2.get(f"{url}/v1/goldens", headers=cookie).status_code == 401
    assert PASSWORD not in (tmp_path / "log").read_text()


def test_revoking_a_key_that_does_not_exist_is_told(env: dict[str, str]) -> None:
    assert visiqc(env, "key", "revoke", "abc").returncode == 4


@pytest.mark.slow
def test_the_main_job_over_http(env: dict[str, str], tmp_path: Path) -> None:
    """Real photos, real models: enrol, approve, score, look at the pictures."""
    with serving(env, tmp_path / "log") as (url, _), httpx2.Client(base_url=url, timeout=60) as client:
        goldens = [SAMPLES / "golden" / f"{n}.jpg" for n in (1, 2, 3)]
        client.post("/v1/goldens", data={"sku": "gala-studs", "long_side": "512"}, files=sent(*goldens))
        client.post("/v1/goldens/gala-studs/versions/1/approve")
        names = ("jig-good-2.jpg", "guided-defective-12.jpg", "jig-unusable-6.jpg")
        uploads = sent(*(SAMPLES / "uploads" / name for name in names))
        answer = client.post("/v1/score", data={"sku": "gala-studs"}, files=uploads)
        good, defective, blurred = answer.json()["scores"]
        assert [each["status"] for each in (good, defective, blurred)] == ["done"] * 3
        assert defective["verdict"]["outcome"] != "PASS"
        assert blurred["verdict"]["outcome"] == "RETAKE"
        for layer, kind in {"overlay": "jpeg", "heat": "png", "golden": "jpeg", "upload": "jpeg"}.items():
            picture = client.get(good["links"]["heatmap"], params={"layer": layer})
            assert (picture.status_code, picture.headers["Content-Type"]) == (200, f"image/{kind}")


def sent(*paths: Path) -> list[tuple[str, tuple[str, bytes]]]:
    return [("photos", (path.name, path.read_bytes())) for path in paths]
