"""A re-score is exact: stopped anywhere and begun again, each photo has one result and one new verdict."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from batch_work import Scores
from builders import (
    MOMENT,
    SKU,
    a_calibration_report,
    a_golden,
    a_rescore,
    a_verdict,
    an_upload,
    digest_of,
    later,
    members,
)
from visiqc.batch import rescoring
from visiqc.batch.local import LocalProcesses
from visiqc.batch.rescoring import BATCH, run_rescore
from visiqc.batch.runner import InThisProcess
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreResult, RescoreTask
from visiqc.errors import Unavailable
from visiqc.storage import schema
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


class Killed(BaseException):
    """Ends the process as far as the code under test can tell, but for `finally`."""


class CutOff:
    """The scoring story, cut off after some photos; `begun` counts what it was asked for."""

    def __init__(self, begun: Counter[str], after: int | None = None, why: BaseException | None = None) -> None:
        self.begun, self.after, self.why = begun, after, why or Killed()

    def __call__(self) -> Callable[[RescoreTask], RescoreResult]:
        def work(task: RescoreTask) -> RescoreResult:
            if self.after is not None and self.begun.total() >= self.after:
                raise self.why
            self.begun[task.upload_id] += 1
            return Scores().work(task)

        return work


@contextmanager
def history(names: list[str]) -> Iterator[SqlRecords]:
    """Records with scored photos, and a run whose plan is written."""
    with tempfile.TemporaryDirectory() as folder:
        records = SqlRecords(open_database(f"sqlite:///{Path(folder) / 'visiqc.sqlite3'}"))
        records.add_golden(a_golden())
        records.approve_golden(SKU, 1, by="anna", at=later(1))
        records.accept([an_upload(id=name, photo_digest=digest_of(name)) for name in names])
        for name in names:
            report = a_calibration_report(p_value=0.5)
            records.add_verdict(a_verdict(id=name, outcome=Outcome.PASS, calibration=report))
        records.begin_rescore(a_rescore())
        yield records
        records.close()


def names(number: int) -> list[str]:
    """Every third photo changes, every seventh cannot be scored."""
    return [f"{n:03}{'x' if n % 3 == 0 else 'e' if n % 7 == 0 else ''}" for n in range(1, number + 1)]


def require_exact(records: SqlRecords, planned: list[str]) -> None:
    """Each photo has one result, and one new verdict unless its result is an error."""
    with records._database.reading() as connection:
        rows = Counter(connection.scalars(select(schema.verdicts.c.upload_id)))
    bad = {name for name in planned if name.endswith("e")}
    assert rows == {name: 1 if name in bad else 2 for name in planned}
    counts = records.rescore_counts("run-1")
    assert (counts.scored, counts.errors) == (len(planned) - len(bad), len(bad))
    assert counts.changed == sum(name.endswith("x") for name in planned)
    assert records.end_rescore("run-1", at=MOMENT) == MOMENT


@settings(max_examples=12)
@given(kills=st.lists(st.integers(0, 30), max_size=5), number=st.integers(1, 40))
def test_killed_anywhere_and_begun_again_it_is_exact_and_little_is_done_twice(kills: list[int], number: int) -> None:
    with history(names(number)) as records, pytest.MonkeyPatch.context() as patch:
        patch.setattr(rescoring._Keeper, "write", _or_lose(rescoring._Keeper.write))
        begun: Counter[str] = Counter()
        for kill in kills:
            with suppress(Killed):
                run_rescore(a_rescore(photos=number), records, InThisProcess(), CutOff(begun, begun.total() + kill))
        patch.undo()
        run_rescore(a_rescore(photos=number), records, InThisProcess(), CutOff(begun))
        require_exact(records, names(number))
        assert begun.total() - number <= BATCH * len(kills), "no more than a batch is done again for each kill"


def _or_lose(write: Callable[..., None]) -> Callable[..., None]:
    """`kill -9` runs no `finally`: a batch that is not full when the end comes is lost."""

    def lossy(keeper: rescoring._Keeper) -> None:
        if len(keeper._waiting) >= BATCH or keeper._done == keeper._run.photos:
            write(keeper)

    return lossy


def test_what_was_finished_is_kept_when_the_disk_fills_up() -> None:
    with history(names(10)) as records:
        begun: Counter[str] = Counter()
        full = Unavailable("the photo store cannot be written: the disk is full; free some space and try again")
        with pytest.raises(Unavailable, match="disk is full"):
            run_rescore(a_rescore(photos=10), records, InThisProcess(), CutOff(begun, 5, full))
        assert records.rescore_counts("run-1").done == 5
        run_rescore(a_rescore(photos=10), records, InThisProcess(), CutOff(begun))
        assert set(begun.values()) == {1}
        require_exact(records, names(10))


def test_what_these_models_said_before_is_taken_over_without_work() -> None:
    with history(["a", "b"]) as records:
        known = records.add_verdict(Scores().work(a_task("b")).verdict or a_verdict())
        begun: Counter[str] = Counter()
        counts = run_rescore(a_rescore(photos=2), records, InThisProcess(), CutOff(begun))
        assert (begun, counts.scored) == ({"a": 1}, 2)
        assert records.rescored_photos("run-1", after=1, limit=1)[0].now == known


def test_photos_of_a_golden_that_cannot_be_used_say_why_and_are_not_tried() -> None:
    with history(["a", "b"]) as records:
        begun: Counter[str] = Counter()
        why = {(SKU, 1): "it was enrolled with other models"}
        run_rescore(a_rescore(photos=2), records, InThisProcess(), CutOff(begun), unusable=why)
        assert not begun
        assert {each.error for each in records.rescored_photos("run-1", after=0, limit=9)} == set(why.values())


def test_progress_begins_where_the_run_was_and_ends_at_its_end() -> None:
    with history(names(4)) as records:
        records.add_rescore_results("run-1", [RescoreResult(position=1, error="gone")])
        told: list[tuple[int, int]] = []
        run_rescore(
            a_rescore(photos=4),
            records,
            InThisProcess(),
            Scores(),
            progress=lambda what, done, total: told.append((done, total)),
        )
        assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_processes_do_the_same() -> None:
    with history(names(25)) as records:
        run_rescore(a_rescore(photos=25), records, LocalProcesses(2), Scores())
        require_exact(records, names(25))


def a_task(name: str) -> RescoreTask:
    return RescoreTask(position=1, upload_id=name, sku=SKU, golden_version=1)


def test_the_models_of_the_run_are_those_of_its_verdicts() -> None:
    assert (Scores().work(a_task("a")).verdict or a_verdict()).models == a_rescore().request.models
    assert members().digests == a_rescore().request.members.digests
