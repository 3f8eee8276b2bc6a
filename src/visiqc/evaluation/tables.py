"""A run's results for people (a plain-text table) and for programs (CSV, JSON)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from visiqc.errors import Unavailable
from visiqc.evaluation.results import ALL, NOT_COMPARED, Metrics, SeedResult
from visiqc.evaluation.summary import Figure, ProtocolResult

_RANKING = {
    "image AUROC": "image_auroc",
    "AP": "average_precision",
    "F1-max": "f1_max",
    "pixel AUROC": "pixel_auroc",
    "AU-PRO(0.3)": "au_pro_30",
    "AU-PRO(0.05)": "au_pro_05",
}
_DECISIONS = {
    "TPR": "tpr",
    "FPR": "fpr",
    "TPR of REJECT": "reject_tpr",
    "FPR of REJECT": "reject_fpr",
}
CSV_COLUMNS = ("seed", "name", "kind", "defective", "specimen", "outcome", "score", "p_value", "seconds", "failure")


def as_text(result: ProtocolResult) -> str:
    """The whole run in a few tables; they read as plain text and as Markdown."""
    seeds = ", ".join(str(seed.seed) for seed in result.seeds)
    first = result.seeds[0].metrics[ALL]
    heads = [
        f"{result.dataset}: k = {result.k}, seeds {seeds}; {first.good} good and {first.defective} defective photos",
        "Every cell: mean over the seeds, (worst seed), [95 % interval of the mean over specimens].",
    ]
    ranking = _table("Ranking", _RANKING, result)
    decisions = _table("Decisions at the deployed threshold (flagged = any outcome but PASS)", _DECISIONS, result)
    return "\n".join([*heads, "", *ranking, "", *decisions, "", *_remarks(result)]) + "\n"


def as_json(result: ProtocolResult) -> str:
    """The whole run but its photos; numbers that are not finite become null."""
    middle, late = result.seconds
    content = {
        "dataset": result.dataset,
        "k": result.k,
        "map_long_side": result.map_long_side,
        "figures": [asdict(figure) for figure in result.figures],
        "seeds": [_seed(seed) for seed in result.seeds],
        "not_compared": _not_compared(result),
        "seconds": {"median": middle, "p95": late},
        "failed_photos": [{"seed": photo.seed, "name": photo.name, "why": photo.failure} for photo in result.failures],
        "failed_seeds": {str(seed): why for seed, why in result.failed_seeds.items()},
        "notes": list(result.notes),
    }
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(result: ProtocolResult) -> str:
    """One row a photo and seed, with the columns of `CSV_COLUMNS`; an empty field where there is no value."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for seed in result.seeds:
        writer.writerows({**asdict(photo), "defective": int(photo.defective)} for photo in seed.photos)
    return text.getvalue()


def write_results(result: ProtocolResult, folder: Path) -> tuple[Path, Path, Path]:
    """Write `summary.txt`, `summary.json` and `photos.csv` into a folder, which is made where it is missing.

    Returns:
        The three files, in this order.

    Raises:
        Unavailable: The folder cannot be written.
    """
    contents = {"summary.txt": as_text(result), "summary.json": as_json(result), "photos.csv": as_csv(result)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_text(content, encoding="utf-8", newline="")
    except OSError as err:
        raise Unavailable(f"the results cannot be written to {folder}: {err.strerror or err}") from err
    text, figures, photos = (folder / name for name in contents)
    return text, figures, photos


def _table(title: str, columns: dict[str, str], result: ProtocolResult) -> list[str]:
    shown = {head: metric for head, metric in columns.items() if result.figure(metric)}
    rows = [["defects", "photos", *shown]]
    for kind in result.kinds:
        photos = next(seed.metrics[kind].defective for seed in result.seeds if kind in seed.metrics)
        rows.append([kind, str(photos), *(_cell(result.figure(metric, kind)) for metric in shown.values())])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [title, "", lines[0], rule, *lines[1:]]


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    shown = f"{figure.mean:.3f} ({figure.worst:.3f})"
    return shown if figure.interval is None else f"{shown} [{figure.interval.low:.3f}–{figure.interval.high:.3f}]"


def _remarks(result: ProtocolResult) -> list[str]:
    middle, late = result.seconds
    counted = _not_compared(result)
    lines = [
        f"Answered without a comparison, over all seeds: good {_counts(counted['good'])}; "
        f"defective {_counts(counted['defective'])}. They count as flagged.",
        f"Time per photo: median {middle:.3f} s, 95 % under {late:.3f} s.",
    ]
    uniform = [seed.p_uniformity for seed in result.seeds if seed.p_uniformity]
    if uniform:
        worst = max(uniform, key=lambda one: one.excess)
        lines.append(
            f"p-values of good photos, worst seed: small ones are {worst.excess:.2f} too frequent at most "
            f"(up to {worst.limit:.2f} is chance), distance from uniform {worst.distance:.2f}."
        )
    if result.figure("pixel_auroc"):
        lines.append(f"Pixel metrics at a long side of at most {result.map_long_side} px, in upload pixels.")
    lines += [f"Note: {note}." for note in result.notes]
    lines += [f"Seed {seed} could not be measured: {why}" for seed, why in result.failed_seeds.items()]
    lines += [
        f"Not scored and left out: {photo.name} (seed {photo.seed}): {photo.failure}" for photo in result.failures
    ]
    return lines


def _not_compared(result: ProtocolResult) -> dict[str, dict[str, int]]:
    return {
        name: {outcome.value: result.missed(outcome, defective=defective) for outcome in NOT_COMPARED}
        for name, defective in (("good", False), ("defective", True))
    }


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def _seed(seed: SeedResult) -> dict[str, Any]:
    return {
        "seed": seed.seed,
        "goldens": list(seed.goldens),
        "p_uniformity": seed.p_uniformity._asdict() if seed.p_uniformity else None,
        "metrics": {kind: _metrics(metrics) for kind, metrics in seed.metrics.items()},
    }


def _metrics(metrics: Metrics) -> dict[str, Any]:
    rates = {
        name: {"hits": rate.hits, "total": rate.total, "value": rate.value, "interval": rate.interval}
        for name, rate in {
            "tpr": metrics.flagged.tpr,
            "fpr": metrics.flagged.fpr,
            "reject_tpr": metrics.rejected.tpr,
            "reject_fpr": metrics.rejected.fpr,
        }.items()
    }
    return {
        "defective": metrics.defective,
        "good": metrics.good,
        "image_auroc": metrics.image_auroc,
        "image_auroc_interval": metrics.image_auroc_interval,
        "average_precision": metrics.average_precision,
        "f1_max": metrics.f1_max._asdict(),
        **rates,
        "pixel_auroc": metrics.pixel_auroc,
        "au_pro_30": metrics.au_pro_30,
        "au_pro_05": metrics.au_pro_05,
    }


def _finite(value: Any) -> Any:
    """The same, with null for numbers that JSON does not have."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case Sequence() if not isinstance(value, str):
            return [_finite(inner) for inner in value]
    return value
