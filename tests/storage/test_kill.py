"""`kill -9` at any instant loses no accepted photo and leaves no half record."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path

import pytest
from sqlalchemy import Row, select, text

from visiqc.storage import schema
from visiqc.storage.blobs import DiskBlobs
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords

CHILDREN = Path(__file__).parent / "child_that_accepts.py"
TESTS = Path(__file__).parents[1]


@dataclass
class Promises:
    """What killed children said they had kept."""

    accepted: dict[str, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def hear(self, lines: list[str]) -> None:
        for line in lines:
            match line.split():
                case ["accepted", upload_id, digest]:
                    self.accepted[upload_id] = digest
                case ["answered", upload_id]:
                    self.answered.add(upload_id)


@contextmanager
def children_of(home: Path) -> Iterator[subprocess.Popen[str]]:
    """The process whose children accept photos; see its file."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, str(CHILDREN), str(home)], **pipes, env=environment) as children:
        yield children


def run_and_kill(children: subprocess.Popen[str], name: str, promises: int, seconds: float) -> list[str]:
    """Start a child, wait for some promises, kill it `seconds` later; every line it had printed until then.

    Counting promises before the clock starts spreads the instants over its work on a slow machine too.
    """
    children.stdin.write(f"{name}\n")
    children.stdin.flush()
    child = int(children.stdout.readline())
    lines = takewhile(lambda line: line != "ended\n", iter(children.stdout.readline, ""))
    heard = list(islice(lines, promises))
    assert len(heard) == promises, "the child ended by itself; its error stands above"
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return heard + list(lines)


def check(home: Path, promises: Promises, seen: set[tuple[str, str]]) -> None:
    """Every promise is kept, and nothing is half kept; what stands in `seen` was looked at after an earlier kill."""
    blobs, records = DiskBlobs(home / "blobs"), SqlRecords(open_database(f"sqlite:///{home / 'visiqc.sqlite3'}"))
    for path in (home / "blobs").glob("??/??/*"):
        if ("blob", path.name) not in seen:
            assert blobs.get(path.name), "a blob is half written"
            seen.add(("blob", path.name))
    with records._database.reading() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        assert connection.execute(text("PRAGMA foreign_key_check")).first() is None
        requests = connection.execute(select(schema.requests.c.key, schema.requests.c.fingerprint)).all()
        columns = schema.uploads.c.id, schema.uploads.c.request_key, schema.uploads.c.state
        rows = connection.execute(select(*columns)).all()
    sizes = Counter(row.request_key for row in rows)
    assert {key: f"{sizes[key]}" for key, _ in requests} == dict(requests), "a request is half kept"
    assert promises.accepted.keys() <= {row.id for row in rows}
    for row in rows:
        if (row.id, row.state) not in seen:
            check_upload(records, promises, row, seen)
            seen.add((row.id, row.state))
    records.close()


def check_upload(records: SqlRecords, promises: Promises, row: Row, seen: set[tuple[str, str]]) -> None:
    upload, verdict = records.upload(row.id), records.verdict(row.id)
    assert upload.photo_digest == promises.accepted.get(row.id, upload.photo_digest)
    assert ("blob", upload.photo_digest) in seen, "an upload has no photo"
    assert (verdict is not None) == (row.state == schema.SCORED)
    assert verdict or row.id not in promises.answered
    assert verdict is None or ("blob", verdict.score_map_digest) in seen


def kill_often(home: Path, kills: int, seed: int) -> None:
    chance, promises, seen = random.Random(seed), Promises(), set()
    with children_of(home) as children:
        for run in range(kills):
            # Without a promise: while it makes or repairs the database. With one: anywhere in a request or the next.
            count = chance.choice((0, 1, 1, 1, 12))
            wait = chance.uniform(0.0, 0.1)
            promises.hear(run_and_kill(children, f"run{run}", count, wait))
            check(home, promises, seen)
        children.stdin.close()
    assert len(promises.accepted) > 10, "too few promises were made to prove anything; is the machine overloaded?"
    logging.info("%d kills, %d uploads accepted, %d answered", kills, len(promises.accepted), len(promises.answered))


def test_kill_9_loses_no_accepted_photo_and_leaves_no_half_record(tmp_path: Path) -> None:
    kill_often(tmp_path, kills=30, seed=1)


@pytest.mark.slow
def test_kill_9_a_hundred_times_loses_nothing_either(tmp_path: Path) -> None:
    kill_often(tmp_path, kills=100, seed=2)
