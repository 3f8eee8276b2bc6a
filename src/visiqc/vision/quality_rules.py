"""What the quality gate holds a photo against, and what it says when a limit is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from visiqc.domain.reasons import ReasonCode


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
    """Share of the product that is pure white, white background left out."""
    max_burnt_share: float = 0.6
    """Share of the product that is pure white or melts into a white background."""
    max_glare_share: float = 0.15
    """Largest connected white patch, as a share of the product."""
    min_contrast: float = 30.0
    """Range of grey in the smoothed frame, 1st to 99th percentile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One figure held against one limit.

    Attributes:
        code: The complaint.
        measure: The field of `PhotoMeasures` that is held.
        limit: The field of `QualityLimits` it is held against; its first three letters say on which side.
        finding: The sentence for a person, with `value` and `limit` to fill in.
        advice: What to do about it.
        adapted: The limit for uploads, from the worst value among the goldens; None keeps the absolute one.
        relit: What the figure of one golden may become under light that no golden shows, and how much of it, from 0 to
            1, is unseen; None where light does not change it.
    """

    code: ReasonCode
    measure: str
    limit: str
    finding: str
    advice: str
    adapted: Callable[[float], float] | None = None
    relit: Callable[[float, float], float] | None = None

    @property
    def is_maximum(self) -> bool:
        """Whether larger figures are worse."""
        return self.limit.startswith("max_")

    def passes(self, value: float, limit: float) -> bool:
        """Whether a figure is on the safe side of its limit."""
        return value <= limit if self.is_maximum else value >= limit

    def worst(self, values: Sequence[float]) -> float:
        """The worst of some figures."""
        return max(values) if self.is_maximum else min(values)


def _dimmer(value: float, unseen: float) -> float:
    return value * (1.0 - unseen)


def _brighter(value: float, unseen: float) -> float:
    return 255.0 - (255.0 - value) * (1.0 - unseen)


CONSEQUENCES: dict[ReasonCode, set[ReasonCode]] = {
    ReasonCode.TOO_DARK: {
        ReasonCode.NO_PRODUCT,
        ReasonCode.LOW_CONTRAST,
        ReasonCode.BLURRED,
        ReasonCode.PRODUCT_TOO_SMALL,
    },
    ReasonCode.NO_PRODUCT: {ReasonCode.LOW_CONTRAST, ReasonCode.BLURRED, ReasonCode.PRODUCT_TOO_SMALL},
    ReasonCode.TOO_BRIGHT: {ReasonCode.CLIPPED_HIGHLIGHTS, ReasonCode.GLARE, ReasonCode.LOW_CONTRAST},
}

RULES = (
    Rule(
        code=ReasonCode.TOO_SMALL,
        measure="long_side_px",
        limit="min_long_side_px",
        finding="the photo is only {value:.0f} pixels long, {limit:.0f} are needed",
        advice="Send the original photo from the phone, not a preview or a screenshot.",
    ),
    Rule(
        code=ReasonCode.NO_PRODUCT,
        measure="detail",
        limit="min_detail",
        finding="the photo shows no product: its strongest edges have {value:.1f} grey levels, {limit:.1f} are needed",
        advice="Place the piece in the middle of the picture, uncover the lens, and tap on the piece to focus.",
    ),
    Rule(
        code=ReasonCode.TOO_DARK,
        measure="brightness",
        limit="min_brightness",
        finding="the photo is too dark: its brightest part is {value:.0f} of 255, {limit:.0f} is needed",
        advice="Turn on a lamp or move to a window, tap on the piece, and take the photo again.",
        adapted=lambda golden: 0.6 * golden,
        relit=_dimmer,
    ),
    Rule(
        code=ReasonCode.TOO_DARK,
        measure="product_brightness",
        limit="min_product_brightness",
        finding="the piece is too dark: {value:.0f} of 255, the golden sample allows {limit:.0f}",
        advice="Put the light in front of the piece, not behind it, tap on the piece, and take the photo again.",
        adapted=lambda golden: 0.5 * golden - 10.0,
        relit=_dimmer,
    ),
    Rule(
        code=ReasonCode.TOO_BRIGHT,
        measure="product_brightness",
        limit="max_product_brightness",
        finding="the piece is too bright: {value:.0f} of 255, at most {limit:.0f} is allowed",
        advice="Dim the lamp or move it away, switch the flash off, tap on the piece, and take the photo again.",
        adapted=lambda golden: min(1.6 * golden + 30.0, 255.0 - 0.28 * (255.0 - golden)),
        relit=_brighter,
    ),
    Rule(
        code=ReasonCode.CLIPPED_HIGHLIGHTS,
        measure="clipped_share",
        limit="max_clipped_share",
        finding="{value:.0%} of the piece is burnt out to pure white, at most {limit:.0%} is allowed",
        advice="Dim the lamp, switch the flash off, and slide the brightness down after tapping on the piece.",
        adapted=lambda golden: 1.5 * golden + 0.08,
        relit=lambda golden, unseen: golden + 0.1 * unseen,
    ),
    Rule(
        code=ReasonCode.CLIPPED_HIGHLIGHTS,
        measure="burnt_share",
        limit="max_burnt_share",
        finding="{value:.0%} of the piece melts into white, at most {limit:.0%} is allowed",
        advice="Dim the lamp, switch the flash off, and slide the brightness down after tapping on the piece.",
        adapted=lambda golden: 1.5 * golden + 0.2,
        relit=lambda golden, unseen: golden + 0.1 * unseen,
    ),
    Rule(
        code=ReasonCode.GLARE,
        measure="glare_share",
        limit="max_glare_share",
        finding="one white reflection covers {value:.0%} of the piece, at most {limit:.0%} is allowed",
        advice="Tilt the piece or move the lamp until the reflection is gone; a sheet of paper over the lamp helps.",
        adapted=lambda golden: 1.5 * golden + 0.04,
    ),
    Rule(
        code=ReasonCode.LOW_CONTRAST,
        measure="contrast",
        limit="min_contrast",
        finding="the photo is flat: its range of grey is {value:.0f}, {limit:.0f} is needed",
        advice="Wipe the lens, avoid light that shines into it, and take the photo again.",
        adapted=lambda golden: 0.4 * golden,
        relit=_dimmer,
    ),
    Rule(
        code=ReasonCode.BLURRED,
        measure="edge_width",
        limit="max_edge_width",
        finding="the photo is blurred: its sharpest edges are {value:.1f} pixels wide, at most {limit:.1f} is allowed",
        advice="Wipe the lens, tap on the piece to focus, hold the phone still, and take the photo again.",
        adapted=lambda golden: max(1.15, 1.45 * golden),
    ),
    Rule(
        code=ReasonCode.BLURRED,
        measure="motion_width",
        limit="max_motion_width",
        finding="the photo is shaken: its edges are {value:.1f} pixels wide in one direction, {limit:.1f} is allowed",
        advice="Rest the phone or your hands on something, use more light, and take the photo again.",
        adapted=lambda golden: max(1.35, 1.5 * golden),
    ),
    Rule(
        code=ReasonCode.PRODUCT_CUT,
        measure="border_share",
        limit="max_border_share",
        finding="the piece is cut off: it covers {value:.0%} of the picture's edge, at most {limit:.0%} is allowed",
        advice="Step back until the whole piece is in the picture with some space around it.",
        adapted=lambda golden: 1.2 * golden + 0.04,
    ),
    Rule(
        code=ReasonCode.PRODUCT_TOO_SMALL,
        measure="product_share",
        limit="min_product_share",
        finding="the piece fills only {value:.1%} of the picture, {limit:.1%} is needed",
        advice="Move closer until the piece fills about half of the picture.",
        adapted=lambda golden: 0.3 * golden,
    ),
    Rule(
        code=ReasonCode.TOO_SMALL,
        measure="product_px",
        limit="min_product_px",
        finding="the piece is only {value:.0f} pixels long, {limit:.0f} are needed",
        advice="Move closer, and send the original photo from the phone, not a preview.",
    ),
)
