"""The process pool: every task exactly once, whatever becomes of the workers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from batch_work import Dies, squares, stillborn, threads
from visiqc.batch.local import IN_HAND, LocalProcesses
from visiqc.batch.runner import InThisProcess
from visiqc.errors import Unavailable


def test_every_task_comes_back_once_with_its_result() -> None:
    found = [(each.task, each.result) for each in LocalProcesses(2).run(range(30), squares)]
    assert sorted(found) == [(n, n * n) for n in range(30)]


def test_the_plain_loop_does_the_same_in_order() -> None:
    assert [each.result for each in InThisProcess().run(range(4), squares)] == [0, 1, 4, 9]


def test_no_task_needs_no_process() -> None:
    assert list(LocalProcesses(2).run([], stillborn)) == []


def test_tasks_are_taken_only_as_workers_become_free() -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        for number in count():
            taken.append(number)
            yield number

    results = LocalProcesses(2).run(endless(), squares)
    for _ in range(20):
        next(results)
    results.close()
    assert len(taken) <= 20 + 2 * IN_HAND


def test_a_task_whose_worker_was_killed_is_tried_again(tmp_path: Path) -> None:
    finished = list(LocalProcesses(2).run(range(1, 20), Dies(tmp_path, task=7, times=1)))
    assert sorted(each.result or 0 for each in finished) == list(range(1, 20))
    assert [each.died for each in finished if each.task == 7] == [1]


def test_a_task_that_ends_two_workers_is_given_up_and_those_behind_it_are_not(tmp_path: Path) -> None:
    finished = {each.task: each for each in LocalProcesses(1).run(range(1, 9), Dies(tmp_path, task=3, times=9))}
    assert (finished.pop(3).result, sorted(finished)) == (None, [1, 2, 4, 5, 6, 7, 8])
    assert all(each.died == 0 and each.result == each.task for each in finished.values())
    assert (tmp_path / "begun").read_text().split().count("3") == 2


def test_what_the_work_raises_stops_everything() -> None:
    with pytest.raises(Unavailable, match="disk is full"):
        list(LocalProcesses(2).run(range(990, 1100), squares))


def test_workers_that_never_open_are_not_started_for_ever() -> None:
    with pytest.raises(Unavailable, match=r"4 worker processes ended before.*-9"):
        list(LocalProcesses(2).run(range(5), stillborn))


def test_a_worker_has_one_thread_of_every_library_and_does_not_spin() -> None:
    (found,) = LocalProcesses(1).run([0], threads)
    assert found.result == "1 1 PASSIVE"
