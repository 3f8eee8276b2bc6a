"""The demo's table on stdout."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from visiqc.domain.outcome import Outcome

if TYPE_CHECKING:
    from visiqc.cli.demo import Tried

_WIDTH = 110
"""Columns where stdout is no terminal."""
_KINDS = {
    "good": "good pieces",
    "defective": "visible defects",
    "variant": "near-miss variants",
    "wrong_sample": "other designs",
    "unusable": "unusable photos",
}
_STYLES = {
    Outcome.PASS: "bold green",
    Outcome.REVIEW: "bold yellow",
    Outcome.REJECT: "bold red",
    Outcome.RETAKE: "bold blue",
    Outcome.WRONG_SAMPLE: "bold magenta",
}


def print_table(tried: Sequence[Tried]) -> None:
    """One line for each photo, what it shows and what VisiQC said, and how many of these agree."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("photo", "shows", "verdict", "score / limit", "p"):
        table.add_column(name, no_wrap=True)
    last = ""
    for each in tried:
        if each.sample.sku != last:
            last = each.sample.sku
            table.add_row(Text(last, style="bold"))
        table.add_row(*_cells(each))
    Console(soft_wrap=True, width=None if sys.stdout.isatty() else _WIDTH).print(table)
    print(f"\n{summary(tried)}")


def summary(tried: Sequence[Tried]) -> str:
    """How many verdicts are what the photo shows, of each kind of photo that can tell."""
    lines = []
    for role, words in _KINDS.items():
        of_role = [each for each in tried if each.sample.role == role and each.sample.visible]
        if of_role:
            lines.append(f"{words}: {sum(not each.remark for each in of_role)} of {len(of_role)}")
    return "Right about " + "; ".join(lines) + "."


def _cells(each: Tried) -> list[Text]:
    calibration = each.verdict.calibration
    outcome = each.verdict.outcome
    figures = ["", ""]
    if calibration is not None:
        figures = [f"{calibration.score:.2f} / {calibration.review_threshold:.2f}", f"{calibration.p_value:.3f}"]
    return [
        Text(f"  {each.sample.path.stem}"),
        Text(each.sample.shows),
        Text.assemble((outcome.value, _STYLES[outcome]), f", {each.remark}" if each.remark else ""),
        *(Text(figure) for figure in figures),
    ]
