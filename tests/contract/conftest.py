"""Every filling of `Records`, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import a_golden
from memory import MemoryRecords
from visiqc.inspection.ports import Records
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


@pytest.fixture(params=["memory", "sqlite"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    if request.param == "memory":
        yield MemoryRecords()
    else:
        sql = SqlRecords(open_database(f"sqlite:///{tmp_path / 'visiqc.sqlite3'}"))
        yield sql
        sql.close()


@pytest.fixture
def enrolled(records: Records) -> Records:
    """Records with version 1 of the built golden."""
    records.add_golden(a_golden())
    return records
