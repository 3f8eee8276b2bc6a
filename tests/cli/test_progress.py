from __future__ import annotations

import sys

import pytest

from visiqc.cli.progress import Pace, duration, progress
from visiqc.cli.progress_bar import progress_bar


def test_without_a_terminal_there_is_one_line_for_each_new_thing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("enrol ring") as steps:
        for done in range(3):
            steps("reading photos", done, 4)
        steps("done", 4, 4)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "enrol ring: reading photos (0/4)\nenrol ring: done (4/4)\n"


def test_the_bar_leaves_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("score [red]ring") as steps:
        steps("[bold]a.jpg", 1, 2)
        with steps.aside():
            sys.stdout.write("a verdict\n")
        steps("b.jpg", 2, 2)
    assert capsys.readouterr().out == "a verdict\n"


def test_the_pace_counts_from_what_was_done_before() -> None:
    clock = iter([100.0, 140.0, 140.0 + 8 * 60])
    pace = Pace("photo", clock=lambda: next(clock))
    assert pace(20, 80) == ""
    assert pace(25, 80) == "8.0 s a photo, 7 min left"
    assert pace(30, 80) == "52.0 s a photo, 43 min left"


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 s"), (89, "89 s"), (2820, "47 min"), (11_520, "3 h 12 min")])
def test_a_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_long_job_without_a_terminal_says_every_tenth_step_and_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("render", unit="photo") as steps:
        for done in range(5, 24):
            steps(f"photo {done}", done, 23)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["render: 10/23", "render: 20/23", "render: 23/23"]
    assert lines[-1].endswith(" s a photo, 0 s left")


def test_the_bar_shows_the_pace() -> None:
    with progress_bar("render", Pace("photo")) as steps:
        steps("ring golden/1", 3, 5)
        steps("ring golden/2", 4, 5)
        assert "s a photo" in steps._bar.tasks[0].fields["what"]
