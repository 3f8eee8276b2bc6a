"""What a brand looks for in a photo before it approves it as a golden one."""

from __future__ import annotations

from visiqc.domain.reasons import ReasonCode
from visiqc.vision.quality import QualityLimits, measure_quality
from visiqc.vision.types import Mask, Photo

_UNFIT = {
    ReasonCode.GLARE,
    ReasonCode.CLIPPED_HIGHLIGHTS,
    ReasonCode.TOO_BRIGHT,
    ReasonCode.TOO_DARK,
    ReasonCode.BLURRED,
}
_GOLDEN_GLARE = 0.1
"""Share of the piece that one white reflection may cover on a golden photo; the gate allows half as much again."""


def approvable(photo: Photo, product: Mask) -> bool:
    """Whether a photo is fit to be a golden one: neither glare, nor blown out, too dark, or blurred."""
    report = measure_quality(photo, product, QualityLimits(max_glare_share=_GOLDEN_GLARE))
    return not any(reason.code in _UNFIT for reason in report.reasons)
