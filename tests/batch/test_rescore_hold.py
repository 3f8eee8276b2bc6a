"""A re-score is done by one process at a time, and a killed one does not hold it for long."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import MOMENT, a_rescore_request, later, members
from services import wait_until
from visiqc.batch.rescore_hold import RescoreHold
from visiqc.domain.rescore_lease import RescoreLease
from visiqc.errors import Conflict
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords

HOLDER = Path(__file__).with_name("rescore_holder.py")
REQUEST = a_rescore_request()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'visiqc.sqlite3'}"


@pytest.fixture
def records(url: str) -> Iterator[SqlRecords]:
    records = SqlRecords(open_database(url))
    yield records
    records.close()


@contextmanager
def holder(url: str, *, lease_s: float, renew_s: float) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the re-score."""
    path = os.pathsep.join([str(HOLDER.parents[1]), *sys.path])
    with subprocess.Popen(
        [sys.executable, str(HOLDER), url, str(lease_s), str(renew_s)],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def hold(records: SqlRecords, **changes: float) -> RescoreHold:
    return RescoreHold(REQUEST, records, lambda: datetime.now(UTC), **changes)  # type: ignore[arg-type]


def test_a_second_process_is_told_who_does_it_while_the_first_lives(records: SqlRecords, url: str) -> None:
    with holder(url, lease_s=30.0, renew_s=0.2) as process:
        with pytest.raises(Conflict, match=rf"being done already, by process {process.pid} on .*; wait for it"):
            hold(records, lease_s=30.0).__enter__()
        other = replace(REQUEST, members=members("halo-9"))
        with RescoreHold(other, records, lambda: datetime.now(UTC)):
            pass  # another re-score is nobody's concern
        process.communicate("\n", timeout=30)
    with hold(records):
        pass  # it was let go


def test_after_kill_9_it_is_taken_over_when_the_lease_ran_out_and_not_before(records: SqlRecords, url: str) -> None:
    with holder(url, lease_s=2.0, renew_s=0.2) as process:
        process.kill()
        process.wait()
        start, told = time.monotonic(), []
        with RescoreHold(REQUEST, records, lambda: datetime.now(UTC), waiting=told.append, lease_s=2.0, renew_s=0.1):
            assert 1.0 < time.monotonic() - start < 10.0
        assert [f"{process.pid}" in str(lease) for lease in told] == [True]


def test_a_dead_process_whose_clock_ran_ahead_is_taken_over_too(records: SqlRecords) -> None:
    theirs = RescoreLease(worker="there:7:x", since=MOMENT, until=datetime.now(UTC).replace(year=2999))
    records.hold_rescore(REQUEST.fingerprint, theirs, now=MOMENT)
    with hold(records, lease_s=0.3, renew_s=0.1) as mine:
        mine.require()


def test_whoever_slept_while_another_took_over_stops(records: SqlRecords) -> None:
    with hold(records, lease_s=0.0, renew_s=0.1) as mine:
        mine.require()
        theirs = RescoreLease(worker="there:7:x", since=MOMENT, until=datetime.now(UTC).replace(year=2999))
        records.hold_rescore(REQUEST.fingerprint, theirs, now=datetime.now(UTC).replace(year=2998))
        wait_until(lambda: mine._lost_to is not None, seconds=20)
        with pytest.raises(Conflict, match="now done by process 7 on there"):
            mine.require()
    ours = RescoreLease(worker="here:1:y", since=MOMENT, until=later(9))
    assert records.hold_rescore(REQUEST.fingerprint, ours, now=MOMENT) == theirs, "what is not ours is not let go"
