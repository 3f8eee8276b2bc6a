"""The demo's table on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from visiqc.domain.outcome import Outcome

if TYPE_CHECKING:
    from visiqc.cli.demo import Tried

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
    Console(soft_wrap=True).print(table)
    right = sum(not each.remark for each in tried)
    print(f"\n{right} of {len(tried)} verdicts are what the photo shows.")


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
