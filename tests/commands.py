"""The `visiqc` command, run in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from visiqc.cli import main


@dataclass(frozen=True)
class Ran:
    """What one call of the command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def run_command(patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> Ran:
    """Run `visiqc` with `arguments` as they would come from a shell."""
    patch.setattr(sys, "argv", ["visiqc", *map(str, arguments)])
    try:
        code = main()
    except SystemExit as end:
        code = int(end.code or 0)
    printed = capsys.readouterr()
    return Ran(code, printed.out, printed.err)
