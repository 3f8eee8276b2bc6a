"""The quality gate: would a comparison of this photo with its golden sample be safe?

A poor photo is an answer, not an error: each complaint says what was measured, what was allowed, and what the
person with the phone should do. Golden photos are held against the absolute limits; uploads against limits
adapted to what their goldens look like, for a chain that runs out of the frame, or a dark stone on black
velvet, is right when the approved photo shows it so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from visiqc.domain.reasons import Measurement, Reason, ReasonCode
from visiqc.errors import InputError
from visiqc.vision.quality_measures import PhotoMeasures, measure_photo
from visiqc.vision.types import Mask, Photo

__all__ = ["QualityLimits", "QualityReport", "limits_from", "measure_quality"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """What a photo must keep; the defaults are the absolute limits. `dataclasses.asdict` gives plain JSON.

    The measured figures are explained in `quality_measures.PhotoMeasures`.
    """

    min_long_side_px: float = 256.0
    """Longer side of the photo as it was sent."""
    min_product_px: float = 96.0
    """Longer side of the product, in pixels of the photo as it was sent."""
    min_detail: float = 2.5
    """Strength of the strongest edges, grey levels a pixel: under it the frame shows nothing."""
    min_product_share: float = 0.01
    """Share of the frame that is product."""
    max_border_share: float = 0.4
    """Share of the frame's border that the product touches."""
    max_edge_width: float = 2.5
    """Blur of the sharpest edges, pixels of a 512-pixel photo; the softest set of good photos has 2.4."""
    max_motion_width: float = 3.6
    """The same in the worst direction."""
    min_brightness: float = 60.0
    """98th percentile of grey in the frame, 0 to 255."""
    min_product_brightness: float = 0.0
    """Median grey of the product, 0 to 255; no absolute limit, for black things are black."""
    max_product_brightness: float = 252.0
    """Median grey of the product, 0 to 255."""
    max_clipped_share: float = 0.5
    """Share of the product that is pure white."""
    max_glare_share: float = 0.15
    """Largest connected white patch, as a share of the product."""
    min_contrast: float = 30.0
    """Range of grey in the smoothed frame, 1st to 99th percentile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """What was measured, and what is wrong with the photo.

    Attributes:
        measurements: Every figure with its limit, whether or not there is a complaint.
        reasons: The complaints, each code once, the most basic first; none when the photo passes.
    """

    measurements: tuple[Measurement, ...]
    reasons: tuple[Reason, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether a comparison would be safe."""
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One figure held against one limit.

    Attributes:
        adapted: The limit for uploads, from the worst value among the goldens; None keeps the absolute one.
    """

    code: ReasonCode
    measure: str
    limit: str
    finding: str
    advice: str
    adapted: Callable[[float], float] | None = None

    @property
    def is_maximum(self) -> bool:
        return self.limit.startswith("max_")

    def passes(self, value: float, limit: float) -> bool:
        return value <= limit if self.is_maximum else value >= limit

    def worst(self, values: Sequence[float]) -> float:
        return max(values) if self.is_maximum else min(values)


_LEEWAY = 1.15
"""An upload may be this much worse than a golden that is itself at the absolute limit."""

_CONSEQUENCES = {
    ReasonCode.TOO_DARK: {
        ReasonCode.NO_PRODUCT,
        ReasonCode.LOW_CONTRAST,
        ReasonCode.BLURRED,
        ReasonCode.PRODUCT_TOO_SMALL,
    },
    ReasonCode.NO_PRODUCT: {ReasonCode.LOW_CONTRAST, ReasonCode.BLURRED, ReasonCode.PRODUCT_TOO_SMALL},
    ReasonCode.TOO_BRIGHT: {ReasonCode.CLIPPED_HIGHLIGHTS, ReasonCode.GLARE, ReasonCode.LOW_CONTRAST},
}

_RULES = (
    _Rule(
        code=ReasonCode.TOO_SMALL,
        measure="long_side_px",
        limit="min_long_side_px",
        finding="the photo is only {value:.0f} pixels long, {limit:.0f} are needed",
        advice="Send the original photo from the phone, not a preview or a screenshot.",
    ),
    _Rule(
        code=ReasonCode.NO_PRODUCT,
        measure="detail",
        limit="min_detail",
        finding="the photo shows no product: its strongest edges have {value:.1f} grey levels, {limit:.1f} are needed",
        advice="Place the piece in the middle of the picture, uncover the lens, and tap on the piece to focus.",
    ),
    _Rule(
        code=ReasonCode.TOO_DARK,
        measure="brightness",
        limit="min_brightness",
        finding="the photo is too dark: its brightest part is {value:.0f} of 255, {limit:.0f} is needed",
        advice="Turn on a lamp or move to a window, tap on the piece, and take the photo again.",
        adapted=lambda golden: 0.6 * golden,
    ),
    _Rule(
        code=ReasonCode.TOO_DARK,
        measure="product_brightness",
        limit="min_product_brightness",
        finding="the piece is too dark: {value:.0f} of 255, the golden sample allows {limit:.0f}",
        advice="Put the light in front of the piece, not behind it, tap on the piece, and take the photo again.",
        adapted=lambda golden: 0.5 * golden - 10.0,
    ),
    _Rule(
        code=ReasonCode.TOO_BRIGHT,
        measure="product_brightness",
        limit="max_product_brightness",
        finding="the piece is too bright: {value:.0f} of 255, at most {limit:.0f} is allowed",
        advice="Dim the lamp or move it away, switch the flash off, tap on the piece, and take the photo again.",
        adapted=lambda golden: min(1.6 * golden + 30.0, 255.0 - 0.35 * (255.0 - golden)),
    ),
    _Rule(
        code=ReasonCode.CLIPPED_HIGHLIGHTS,
        measure="clipped_share",
        limit="max_clipped_share",
        finding="{value:.0%} of the piece is burnt out to pure white, at most {limit:.0%} is allowed",
        advice="Dim the lamp, switch the flash off, and slide the brightness down after tapping on the piece.",
        adapted=lambda golden: 1.5 * golden + 0.05,
    ),
    _Rule(
        code=ReasonCode.GLARE,
        measure="glare_share",
        limit="max_glare_share",
        finding="one white reflection covers {value:.0%} of the piece, at most {limit:.0%} is allowed",
        advice="Tilt the piece or move the lamp until the reflection is gone; a sheet of paper over the lamp helps.",
        adapted=lambda golden: 1.5 * golden + 0.03,
    ),
    _Rule(
        code=ReasonCode.LOW_CONTRAST,
        measure="contrast",
        limit="min_contrast",
        finding="the photo is flat: its range of grey is {value:.0f}, {limit:.0f} is needed",
        advice="Wipe the lens, avoid light that shines into it, and take the photo again.",
        adapted=lambda golden: 0.5 * golden,
    ),
    _Rule(
        code=ReasonCode.BLURRED,
        measure="edge_width",
        limit="max_edge_width",
        finding="the photo is blurred: its sharpest edges are {value:.1f} pixels wide, at most {limit:.1f} is allowed",
        advice="Wipe the lens, tap on the piece to focus, hold the phone still, and take the photo again.",
        adapted=lambda golden: max(1.0, 1.35 * golden),
    ),
    _Rule(
        code=ReasonCode.BLURRED,
        measure="motion_width",
        limit="max_motion_width",
        finding="the photo is shaken: its edges are {value:.1f} pixels wide in one direction, {limit:.1f} is allowed",
        advice="Rest the phone or your hands on something, use more light, and take the photo again.",
        adapted=lambda golden: max(1.3, 1.4 * golden),
    ),
    _Rule(
        code=ReasonCode.PRODUCT_CUT,
        measure="border_share",
        limit="max_border_share",
        finding="the piece is cut off: it covers {value:.0%} of the picture's edge, at most {limit:.0%} is allowed",
        advice="Step back until the whole piece is in the picture with some space around it.",
        adapted=lambda golden: golden + 0.03,
    ),
    _Rule(
        code=ReasonCode.PRODUCT_TOO_SMALL,
        measure="product_share",
        limit="min_product_share",
        finding="the piece fills only {value:.1%} of the picture, {limit:.1%} is needed",
        advice="Move closer until the piece fills about half of the picture.",
        adapted=lambda golden: 0.3 * golden,
    ),
    _Rule(
        code=ReasonCode.TOO_SMALL,
        measure="product_px",
        limit="min_product_px",
        finding="the piece is only {value:.0f} pixels long, {limit:.0f} are needed",
        advice="Move closer, and send the original photo from the phone, not a preview.",
    ),
)


def measure_quality(
    photo: Photo, mask: Mask, limits: QualityLimits | None = None, *, original_size: tuple[int, int] | None = None
) -> QualityReport:
    """Hold one photo against the limits.

    Args:
        photo: (H, W, 3) uint8 RGB; a working copy of 512 to 1024 pixels is enough.
        mask: (H, W) bool, True on the product; True everywhere where no background can be told.
        limits: The absolute ones when None; `limits_from` gives those of a golden version.
        original_size: `(width, height)` of the photo as it was sent; that of `photo` when None.

    Returns:
        Every measurement, and a reason for each limit that is broken.

    Raises:
        ShapeMismatch: `photo` and `mask` do not share height and width.
    """
    return _judged(measure_photo(photo, mask, original_size=original_size), limits or QualityLimits())


def limits_from(goldens: Sequence[QualityReport], absolute: QualityLimits | None = None) -> QualityLimits:
    """Limits for uploads, adapted to what their goldens look like.

    A golden beyond an absolute limit loosens it; where goldens are far better than it, it is tightened to what
    uploads of good photos were measured to keep.

    Args:
        goldens: The reports of the golden photos, one or more.
        absolute: What no upload may break, unless a golden does; the defaults when None.

    Raises:
        InputError: No report.
    """
    if not goldens:
        raise InputError("limits are adapted to golden photos, got none; enrol at least one")
    base = absolute or QualityLimits()
    adapted = {rule.limit: _adapted(rule, goldens, getattr(base, rule.limit)) for rule in _RULES if rule.adapted}
    return replace(base, **adapted)


def _adapted(rule: _Rule, goldens: Sequence[QualityReport], absolute: float) -> float:
    values = [m.value for report in goldens for m in report.measurements if m.name == rule.measure]
    worst = rule.worst(values)
    limit = rule.adapted(worst) if rule.adapted else absolute
    if rule.is_maximum:
        return max(min(limit, absolute), worst * _LEEWAY)
    return min(max(limit, absolute), worst / _LEEWAY)


def _judged(measures: PhotoMeasures, limits: QualityLimits) -> QualityReport:
    figures, bounds = asdict(measures), asdict(limits)
    measurements: list[Measurement] = []
    reasons: dict[ReasonCode, Reason] = {}
    for rule in _RULES:
        value, limit = figures[rule.measure], bounds[rule.limit]
        passed = rule.passes(value, limit)
        measurements.append(Measurement(name=rule.measure, value=value, limit=limit, passed=passed))
        if not passed:
            message = rule.finding.format(value=value, limit=limit)
            found = Reason(code=rule.code, message=message, advice=rule.advice, value=value, limit=limit)
            reasons.setdefault(rule.code, found)
    return QualityReport(measurements=tuple(measurements), reasons=_without_consequences(reasons))


def _without_consequences(reasons: dict[ReasonCode, Reason]) -> tuple[Reason, ...]:
    """The complaints less those that only follow from another: a black photo is also flat and blurred."""
    for cause, consequences in _CONSEQUENCES.items():
        if cause in reasons:
            reasons = {code: reason for code, reason in reasons.items() if code not in consequences}
    return tuple(reasons.values())
