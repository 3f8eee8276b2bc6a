"""Worker processes on one database: killed or not, each photo gets exactly one verdict."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from builders import SKU, a_golden, an_upload, later
from services import wait_until
from visiqc.batch.queue import DRAIN_GRACE_S
from visiqc.settings import Settings
from visiqc.storage import schema
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords

SCRIPT = Path(__file__).parent / "worker_process.py"


@contextmanager
def worker(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker process that has begun; killed at the end if it still runs."""
    command = [sys.executable, str(SCRIPT), str(home)]
    with (home / "log").open("a") as log, subprocess.Popen(command, stdout=-1, stderr=log, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", (home / "log").read_text()
            yield process
        finally:
            process.kill()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    """Records with 60 photos that wait."""
    records = SqlRecords(open_database(Settings(home=tmp_path).resolved_database_url))
    records.add_golden(a_golden())
    records.approve_golden(SKU, 1, by="anna", at=later(1))
    records.accept([an_upload(id=f"{n:02}") for n in range(60)])
    yield records
    records.close()


def begun(home: Path) -> list[str]:
    file = home / "begun"
    return file.read_text().split() if file.exists() else []


def verdicts(records: SqlRecords) -> Counter[str]:
    with records._database.reading() as connection:
        return Counter(connection.scalars(select(schema.verdicts.c.upload_id)))


def test_two_workers_score_every_photo_once(records: SqlRecords, tmp_path: Path) -> None:
    with worker(tmp_path), worker(tmp_path):
        wait_until(lambda: not records.pending())
    assert sorted(begun(tmp_path)) == sorted(verdicts(records)) == [f"{n:02}" for n in range(60)]


def test_what_a_killed_worker_held_is_finished_by_the_next_one(records: SqlRecords, tmp_path: Path) -> None:
    with worker(tmp_path) as process:
        wait_until(lambda: len(begun(tmp_path)) >= 10)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    left = len(records.pending())
    assert left > 0
    with worker(tmp_path):
        wait_until(lambda: not records.pending())
    assert verdicts(records) == {f"{n:02}": 1 for n in range(60)}
    twice = [upload for upload, count in Counter(begun(tmp_path)).items() if count > 1]
    assert len(twice) <= 2, "only what the killed one had in hand is begun again"


def test_sigterm_finishes_the_photos_in_hand_and_leaves_the_rest_free(records: SqlRecords, tmp_path: Path) -> None:
    with worker(tmp_path) as process:
        wait_until(lambda: len(begun(tmp_path)) >= 6)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert sorted(begun(tmp_path)) == sorted(verdicts(records)), "what was begun was finished"
    with records._database.reading() as connection:
        assert connection.execute(select(schema.jobs)).all() == []


def test_a_second_ctrl_c_ends_it_at_once_and_leaves_the_photos_in_hand_to_others(
    records: SqlRecords, tmp_path: Path
) -> None:
    (tmp_path / "hold").touch()
    with worker(tmp_path) as process:
        wait_until(lambda: len(begun(tmp_path)) == 2)
        began = time.monotonic()
        while process.poll() is None:  # two signals at one moment are one; the first alone would wait for its grace
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            assert time.monotonic() - began < DRAIN_GRACE_S - 5, "it waits for the photos in hand"
        assert process.returncode in {0, -signal.SIGINT}, "one that came when all was done ends the interpreter itself"
    assert len(records.pending()) == 60
    now = datetime.now(UTC)
    in_hand = [records.lease("another", now=now, until=now + timedelta(9), upload_id=each) for each in begun(tmp_path)]
    assert all(in_hand)


@pytest.mark.slow
def test_kill_9_at_any_instant_leaves_each_photo_with_one_verdict(records: SqlRecords, tmp_path: Path) -> None:
    for n in range(5):
        with worker(tmp_path) as process:
            before = len(begun(tmp_path))
            wait_until(lambda before=before: len(begun(tmp_path)) > before)
            time.sleep(0.013 * n)
            process.send_signal(signal.SIGKILL)
            process.wait(60)
    with worker(tmp_path), worker(tmp_path):
        wait_until(lambda: not records.pending())
    assert verdicts(records) == {f"{n:02}": 1 for n in range(60)}
