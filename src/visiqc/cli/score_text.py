"""A verdict in words, for people at a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from visiqc.domain.outcome import Outcome

if TYPE_CHECKING:
    from visiqc.domain.verdict import CalibrationReport, Region, Verdict

_COLOURS = {
    Outcome.PASS: "green",
    Outcome.REVIEW: "yellow",
    Outcome.REJECT: "red",
    Outcome.RETAKE: "blue",
    Outcome.WRONG_SAMPLE: "magenta",
}


def describe(verdict: Verdict, *, heatmap: Path | None = None) -> str:
    """Everything a person wants to know about one verdict, several lines."""
    lines = [f"{badge(verdict.outcome)}  {verdict.photo_name}"]
    for reason in verdict.reasons:
        lines.append(f"  {reason.code}: {reason.message}")
        if reason.advice:
            lines.append(f"      → {reason.advice}")
    lines += [f"  {line}" for line in _figures(verdict)]
    if heatmap is not None:
        lines.append(f"  heatmap    {heatmap}")
    return "\n".join(lines)


def badge(outcome: Outcome) -> str:
    """The outcome in its colour where stdout is a terminal."""
    import os
    import sys

    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return str(outcome)
    return typer.style(f" {outcome} ", fg="white", bg=_COLOURS[outcome], bold=True)


def _figures(verdict: Verdict) -> list[str]:
    lines = []
    if (calibration := verdict.calibration) is not None:
        lines.append(
            f"score      {calibration.score:.2f}, review from {calibration.review_threshold:.2f}, "
            f"p = {calibration.p_value:.3g}, {stage_in_words(calibration)}"
        )
    if verdict.regions:
        places = "; ".join(_place(region) for region in verdict.regions[:3])
        more = f"; and {len(verdict.regions) - 3} more" if len(verdict.regions) > 3 else ""
        lines.append(f"regions    {places}{more}")
    if (alignment := verdict.alignment) is not None:
        residual = "" if alignment.residual_px is None else f", residual {alignment.residual_px:.2f} px"
        lines.append(
            f"alignment  {alignment.method}, {alignment.inliers} inliers{residual}, "
            f"similarity {alignment.similarity_before:.2f} → {alignment.similarity:.2f}"
        )
    if (identity := verdict.identity) is not None:
        lines.append(f"identity   {identity.similarity:.2f}, limit {identity.threshold:.2f}")
    view = f", view {verdict.golden_view}" if verdict.golden_view else ""
    lines.append(f"golden     {verdict.sku} version {verdict.golden_version}{view}")
    stages = ", ".join(f"{name} {spent:.0f}" for name, spent in verdict.timings_ms.items())
    lines.append(f"time       {sum(verdict.timings_ms.values()):.0f} ms: {stages}")
    return lines


def _place(region: Region) -> str:
    x0, y0, x1, y1 = region.box
    looks = f", looks like {region.type}: {region.type_in_words}" if region.type_in_words else ""
    return f"x {x0}–{x1}, y {y0}–{y1} (peak {region.peak:.2f}, {region.area_px} px{looks})"


def stage_in_words(calibration: CalibrationReport) -> str:
    """What a p-value rests on."""
    if calibration.provisional:
        return f"stage 0, provisional: {calibration.n} comparisons of good photos of other products"
    return f"stage {calibration.stage}: {calibration.n} accepted pieces"
