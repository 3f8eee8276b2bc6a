from __future__ import annotations

import sys

import pytest

from visiqc.cli.progress import progress
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
