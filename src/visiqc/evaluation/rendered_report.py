"""A rendered set's figures for people (plain-text tables) and for programs (CSV, JSON)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visiqc.errors import Unavailable
from visiqc.evaluation.clustered import Estimate
from visiqc.evaluation.rendered_figures import ENOUGH, RANKING, TABLES, Cell, measure_run
from visiqc.evaluation.rendered_protocol import RenderedRun
from visiqc.evaluation.rendered_rows import as_csv
from visiqc.evaluation.type_metrics import TypeMetrics, measure_types, named_defects

DISCLAIMER = "Renders prove the pipeline, not the factory."
NOTES = (
    "Every cell: figure [95 % interval over designs: photos of one design are drawn together] photos.",
    "Image AUROC: visible defects against good photos. A photo that was answered RETAKE or WRONG_SAMPLE was flagged as "
    'surely as can be and ranks above all others; "compared" leaves such photos out on both sides.',
    "Recall at 5 %: of compared photos, at the threshold that 5 % of the good ones of the same pose level exceed.",
    "Unusable photos and other designs are in no figure but their own table.",
    "AU-PRO and pixel AUROC: maps laid on the upload at 512 px at most; what a defect changes elsewhere is left out. "
    'The ground scores 0 and counts as good pixels, as in the literature; "product only" leaves it out.',
    f'"(few)": fewer than {ENOUGH} photos of the code, too few to be told from chance.',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """A run with its figures.

    Attributes:
        run: As it was scored.
        cells: Its figures.
        types: What types of found defects are worth; None where none was named.
        unnamed: Visible defects on which no region with a name lies.
    """

    run: RenderedRun
    cells: tuple[Cell, ...]
    types: TypeMetrics | None
    unnamed: int


def measured(run: RenderedRun, *, maps: bool = True) -> MeasuredRun:
    """All figures of a run; `maps` as in `measure_run`."""
    named, unnamed = named_defects([row for row in run.rows if row.failure is None])
    types = measure_types(named) if named else None
    return MeasuredRun(run=run, cells=measure_run(run, maps=maps), types=types, unnamed=unnamed)


def overview(runs: Sequence[MeasuredRun]) -> str:
    """The ranking figures of several runs in one table: what more goldens and finer resolutions give."""
    cells = [
        Cell(table=RANKING, row=f"{one.run.key.title}: {cell.row}", column=cell.column, estimate=cell.estimate)
        for one in runs
        for cell in one.cells
        if cell.table == RANKING
    ]
    return "\n".join(_table("By goldens and resolution", cells)) + "\n"


def as_text(one: MeasuredRun) -> str:
    """The whole run in tables that read as plain text and as Markdown."""
    run = one.run
    failed = [row for row in run.rows if row.failure is not None]
    lines = [f"{run.known.manifest.name}: {run.key.title}; {_census(run)}", "", DISCLAIMER, *NOTES]
    for table in TABLES:
        lines += ["", *_table(table, [cell for cell in one.cells if cell.table == table])]
    if one.types is not None:
        lines += ["", *_types(one.types, one.unnamed)]
    seconds = [row.seconds for row in run.rows if row.failure is None]
    if seconds:
        middle, late = np.quantile(seconds, [0.5, 0.95])
        lines += ["", f"Time per photo: median {middle:.2f} s, 95 % under {late:.2f} s."]
    if run.left_out:
        lines.append(
            f"Left out, with fewer than {run.key.goldens} goldens, or no upload of a side they show: "
            f"{', '.join(run.left_out)}."
        )
    lines += [f"Not scored and left out: {row.name}: {row.failure}" for row in failed]
    return "\n".join(lines) + "\n"


def as_values(one: MeasuredRun) -> dict[str, Any]:
    """The whole run but its photos, as JSON values; numbers that are not finite become null."""
    run = one.run
    values: dict[str, Any] = {
        "set": run.known.manifest.name,
        "note": DISCLAIMER,
        "run": asdict(run.key),
        "designs": len({row.sku for row in run.rows}),
        "photos": len(run.rows),
        "left_out": list(run.left_out),
        "failed": {row.name: row.failure for row in run.rows if row.failure is not None},
        "figures": [
            {"table": cell.table, "row": cell.row, "column": cell.column, **estimate_values(cell.estimate)}
            for cell in one.cells
        ],
        "types": None if one.types is None else _type_values(one.types, one.unnamed),
    }
    found: dict[str, Any] = finite(values)
    return found


def write_report(runs: Sequence[MeasuredRun], folder: Path) -> tuple[Path, ...]:
    """Write `summary.txt` and `summary.json` over all runs, and a `photos-….csv` for each.

    Raises:
        Unavailable: The folder cannot be written.
    """
    contents = {
        "summary.txt": "\n\n".join([*([overview(runs)] if len(runs) > 1 else []), *(as_text(one) for one in runs)]),
        "summary.json": json.dumps([as_values(one) for one in runs], indent=1, ensure_ascii=False) + "\n",
        **{csv_name(one.run): as_csv(one.run.rows) for one in runs},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_text(content, encoding="utf-8", newline="")
    except OSError as err:
        raise Unavailable(f"the results cannot be written: {err.strerror or err}") from err
    return tuple(folder / name for name in contents)


def csv_name(run: RenderedRun) -> str:
    """Name of the file with a run's photos."""
    return f"photos-{run.key.goldens}-goldens-{run.key.long_side}-px{'' if run.key.aligned else '-not-aligned'}.csv"


def estimate_values(estimate: Estimate) -> dict[str, Any]:
    """An estimate as values."""
    low, high = estimate.interval
    return {"value": estimate.value, "low": low, "high": high, "n": estimate.n, "designs": estimate.designs}


def finite(value: Any) -> Any:
    """The same, with null for numbers that JSON does not have."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [finite(inner) for inner in value]
    return value


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table of text, its columns made even."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, *rows)
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def shown(estimate: Estimate | None) -> str:
    """A figure with its interval and its photos, or a dash."""
    if estimate is None or math.isnan(estimate.value):
        return "–"
    low, high = estimate.interval
    between = "" if math.isnan(low) else f" [{low:.3f}–{high:.3f}]"
    return f"{estimate.value:.3f}{between} {estimate.n}"


def _table(title: str, cells: Sequence[Cell]) -> Iterator[str]:
    if not cells:
        return
    columns = list(dict.fromkeys(cell.column for cell in cells))
    found: dict[str, dict[str, Estimate]] = {}
    for cell in cells:
        found.setdefault(cell.row, {})[cell.column] = cell.estimate
    yield f"{title}. {DISCLAIMER}"
    yield ""
    yield from grid(
        ["", *columns], [[row, *(shown(of.get(column)) for column in columns)] for row, of in found.items()]
    )


def _census(run: RenderedRun) -> str:
    answered = [row for row in run.rows if row.failure is None]
    good, bad = sum(row.good for row in answered), sum(row.shows_defect for row in answered)
    return f"{len({row.sku for row in answered})} designs, {good} good photos, {bad} with a visible defect"


def _types(types: TypeMetrics, unnamed: int) -> Iterator[str]:
    named = sum(types.counts.values())
    counted = sum(n >= types.fewest for n in types.counts.values())
    yield f"Types of found defects. {DISCLAIMER}"
    yield ""
    yield (
        f"Macro-F1 {types.macro_f1:.3f} over {counted} codes with at least {types.fewest} found defects; accuracy "
        f"{types.accuracy:.3f} of {named}; {unnamed} visible defects have no named region on them. "
        f"Expected calibration error of the likeliest code, named or not: {_or_dash(types.calibration_error)}."
    )
    yield ""
    rows = [
        [code, str(types.counts[code]), f"{types.f1[code]:.3f}", _named(types, at)]
        for at, code in enumerate(types.codes)
    ]
    yield from grid(["code", "found", "F1", "called"], rows)
    yield ""
    yield from grid(
        ["probability of the likeliest code", "defects", "said", "right"],
        [[f"{b.low:.1f} to {b.high:.1f}", str(b.n), f"{b.said:.3f}", f"{b.right:.3f}"] for b in types.reliability],
    )


def _or_dash(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _named(types: TypeMetrics, row: int) -> str:
    often = sorted(zip(types.confusion[row].tolist(), types.names, strict=True), reverse=True)
    return ", ".join(f"{name} {n}" for n, name in often if n)


def _type_values(types: TypeMetrics, unnamed: int) -> Mapping[str, Any]:
    return {
        "macro_f1": types.macro_f1,
        "fewest": types.fewest,
        "accuracy": types.accuracy,
        "unnamed": unnamed,
        "f1": dict(types.f1),
        "counts": dict(types.counts),
        "codes": list(types.codes),
        "names": list(types.names),
        "confusion": types.confusion.tolist(),
        "calibration_error": types.calibration_error,
        "reliability": [asdict(one) for one in types.reliability],
    }
