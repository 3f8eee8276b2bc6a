"""Golden versions and calibrations in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from visiqc.domain.calibration import STAGE_LEVELS, STAGE_SPECIMENS, stage_of

if TYPE_CHECKING:
    from visiqc.domain.calibration import Calibration
    from visiqc.domain.golden import GoldenVersion
    from visiqc.inspection.calibrate import CalibrationResult


def describe_golden(golden: GoldenVersion, calibration: Calibration | None, *, in_force: bool = True) -> str:
    """One golden version, several lines.

    Args:
        golden: The version.
        calibration: Its own, or None.
        in_force: Whether it speaks; one that was scaled by another fleet sidecar does not.
    """
    state = "not approved"
    if golden.approved_at is not None:
        state = f"approved by {golden.approved_by} at {golden.approved_at:%Y-%m-%d %H:%M} UTC"
    policy = golden.policy
    lines = [
        f"{golden.sku} version {golden.version}, enrolled {golden.made_at:%Y-%m-%d %H:%M} UTC, {state}",
        *(f"  {photo.view:<12} {photo.width}×{photo.height}  {photo.name}" for photo in golden.photos),
        f"  judged at {policy.long_side} px: review at p ≤ {policy.alpha_review:g}, reject at p ≤ "
        f"{policy.alpha_reject:g} with a region of at least {policy.min_region_px} px",
        f"  {stage_line(len(calibration.scores) if calibration and in_force else 0)}",
    ]
    if calibration and not in_force:
        lines.append(
            f"  {len(calibration.scores)} accepted pieces were scored with other models and do not count with these; "
            "run `visiqc model refit` to score them again"
        )
    return "\n".join(lines)


_OVERTAKEN = (
    "Other models were put in force meanwhile, under which these pieces do not count yet; run `visiqc model refit`, "
    "which scores them again."
)


def describe_calibrating(result: CalibrationResult, unread: Sequence[tuple[str, str]]) -> str:
    """What calibrating did, several lines."""
    n = len(result.calibration.scores)
    left_out = [*result.left_out, *unread]
    return "\n".join(
        [
            f"{result.calibration.sku} version {result.calibration.golden_version}: {result.added} accepted pieces "
            f"added, {len(left_out)} left out.",
            *(f"  left out: {name}: {why}" for name, why in left_out),
            stage_line(n),
            *([_OVERTAKEN] if result.overtaken else []),
        ]
    )


def stage_line(specimens: int) -> str:
    """The calibration stage that so many accepted pieces support, and what the next one takes.

    Example:
        >>> stage_line(30)
        'calibration stage 1 of 4 with 30 accepted pieces: false alarms ≤ 10 % at 95 % confidence; 29 more for stage 2'
    """
    stage = stage_of(specimens)
    what = "verdicts are provisional"
    if stage > 0:
        what = f"false alarms ≤ {100 * STAGE_LEVELS[stage - 1]:.0f} % at 95 % confidence"
    missing = ""
    if stage < len(STAGE_SPECIMENS):
        missing = f"; {STAGE_SPECIMENS[stage] - specimens} more for stage {stage + 1}"
    return f"calibration stage {stage} of {len(STAGE_SPECIMENS)} with {specimens} accepted pieces: {what}{missing}"
