"""What the log never holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("child_that_fails.py")


@pytest.mark.parametrize(("kind", "status"), [("Unavailable", "503"), ("RuntimeError", "500")])
def test_a_failure_is_logged_whole_but_for_passwords_tokens_and_keys(kind: str, status: str) -> None:
    ran = subprocess.run([sys.executable, str(CHILD), kind], capture_output=True, text=True, check=True, timeout=60)
    statuses, *secrets = ran.stdout.splitlines()
    assert statuses.split() == [status] * 4
    failed = [line for line in map(json.loads, ran.stderr.splitlines()) if line["event"] == "request failed"]
    assert len(failed) == 4
    for line in failed:
        frames = [frame for told in line["exception"] for frame in told["frames"]]
        assert (line["error"], len(frames) > 3) == ("the database is away", True), "where it happened is told"
    for secret in secrets:
        assert len(secret) > 12
        assert secret not in ran.stderr
