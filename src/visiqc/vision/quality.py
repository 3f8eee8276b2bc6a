"""The quality gate: would a comparison of this photo with its golden sample be safe?

A poor photo is an answer, not an error: each complaint says what was measured, what was allowed, and what the
person with the phone should do. Golden photos are held against the absolute limits; uploads against limits
adapted to what their goldens look like, for a chain that runs out of the frame, or a dark stone on black
velvet, is right when the approved photo shows it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from visiqc.domain.reasons import Measurement, Reason, ReasonCode
from visiqc.errors import InputError
from visiqc.vision.quality_measures import PhotoMeasures, measure_photo
from visiqc.vision.quality_rules import CONSEQUENCES, RULES, QualityLimits, Rule
from visiqc.vision.types import Mask, Photo

__all__ = ["QualityLimits", "QualityReport", "limits_from", "measure_quality"]

_LEEWAY = 1.15
"""An upload may be this much worse than a golden that is itself at the absolute limit."""

_UNSEEN_LIGHT = {1: 0.2, 2: 0.1}
"""By the number of goldens: how much of what light does they do not show yet. Three show enough.

On train renders good photos refused with one golden went from 15 to 8 %, with two from 7 to 5 %, with three it is 5 %;
of photos 3.2 to 4.5 stops too dark 3 % pass with one (none with three), of 2.2 to 3.2 too bright 4 % (4 with three).
"""

_FIRM_EDGES, _SOFT_SURFACE = 12.0, 0.75
"""A surface without edges this strong (a brushed tile) tells its sharpness badly: it keeps this much of the limits."""
_EDGE_LIMITS = ("max_edge_width", "max_motion_width")


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


def measure_quality(
    photo: Photo, mask: Mask, limits: QualityLimits | None = None, *, original_size: tuple[int, int] | None = None
) -> QualityReport:
    """Hold one photo against the limits.

    Args:
        photo: (H, W, 3) uint8 RGB; a working copy of 512 to 1024 pixels is enough.
        mask: (H, W) bool, True on the product; True everywhere where no background can be told.
        limits: The absolute ones when None; `limits_from` gives those of a golden version.
        original_size: Height and width of the photo as it was sent; those of `photo` when None.

    Returns:
        Every measurement, and a reason for each limit that is broken.

    Raises:
        ShapeMismatch: `photo` and `mask` do not share height and width.
    """
    return _judged(measure_photo(photo, mask, original_size=original_size), limits or QualityLimits())


def limits_from(goldens: Sequence[QualityReport], absolute: QualityLimits | None = None) -> QualityLimits:
    """Limits for uploads, adapted to what their goldens look like.

    A golden beyond an absolute limit loosens it; where goldens are far better than it, it is tightened to what
    uploads of good photos were measured to keep. One golden shows one light, and good uploads have others.

    Args:
        goldens: The reports of the golden photos, one or more.
        absolute: What no upload may break, unless a golden does; the defaults when None.

    Raises:
        InputError: No report.
    """
    if not goldens:
        raise InputError("limits are adapted to golden photos, got none; enrol at least one")
    base = absolute or QualityLimits()
    adapted = {rule.limit: _adapted(rule, goldens, getattr(base, rule.limit)) for rule in RULES if rule.adapted}
    if max(_values(goldens, "product_share")) == 1:
        # A close-up: it runs out of the frame as it should, and its size cannot be told.
        adapted |= {"max_border_share": 1.0, "min_product_share": base.min_product_share}
    if min(_values(goldens, "detail")) < _FIRM_EDGES:
        adapted |= {name: max(adapted[name], getattr(base, name) * _SOFT_SURFACE) for name in _EDGE_LIMITS}
    return replace(base, **adapted)


def _adapted(rule: Rule, goldens: Sequence[QualityReport], absolute: float) -> float:
    values = _values(goldens, rule.measure)
    worst = rule.worst(values)
    if rule.relit:
        worst = rule.relit(worst, _UNSEEN_LIGHT.get(len(values), 0.0))
    limit = rule.adapted(worst) if rule.adapted else absolute
    if rule.is_maximum:
        return max(min(limit, absolute), worst * _LEEWAY)
    return min(max(limit, absolute), worst / _LEEWAY)


def _values(reports: Sequence[QualityReport], name: str) -> list[float]:
    return [m.value for report in reports for m in report.measurements if m.name == name]


def _judged(measures: PhotoMeasures, limits: QualityLimits) -> QualityReport:
    figures, bounds = asdict(measures), asdict(limits)
    measurements: dict[str, Measurement] = {}
    reasons: dict[ReasonCode, Reason] = {}
    for rule in RULES:
        value, limit = figures[rule.measure], bounds[rule.limit]
        passed = rule.passes(value, limit)
        if not passed or rule.measure not in measurements:
            measurements[rule.measure] = Measurement(name=rule.measure, value=value, limit=limit, passed=passed)
        if not passed:
            message = rule.finding.format(value=value, limit=limit)
            found = Reason(code=rule.code, message=message, advice=rule.advice, value=value, limit=limit)
            reasons.setdefault(rule.code, found)
    return QualityReport(measurements=tuple(measurements.values()), reasons=_without_consequences(reasons))


def _without_consequences(reasons: dict[ReasonCode, Reason]) -> tuple[Reason, ...]:
    """The complaints less those that only follow from another: a black photo is also flat and blurred."""
    for cause, consequences in CONSEQUENCES.items():
        if cause in reasons:
            reasons = {code: reason for code, reason in reasons.items() if code not in consequences}
    return tuple(reasons.values())
