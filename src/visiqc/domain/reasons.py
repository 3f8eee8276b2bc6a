"""Why a verdict is what it is, in codes a program can test and sentences a worker can follow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    """Stable codes; a code is never reused for another meaning."""

    # the quality gate (RETAKE)
    TOO_SMALL = "TOO_SMALL"
    BLURRED = "BLURRED"
    TOO_DARK = "TOO_DARK"
    TOO_BRIGHT = "TOO_BRIGHT"
    CLIPPED_HIGHLIGHTS = "CLIPPED_HIGHLIGHTS"
    GLARE = "GLARE"
    LOW_CONTRAST = "LOW_CONTRAST"
    PRODUCT_CUT = "PRODUCT_CUT"
    PRODUCT_TOO_SMALL = "PRODUCT_TOO_SMALL"
    NO_PRODUCT = "NO_PRODUCT"
    DUPLICATE_PHOTO = "DUPLICATE_PHOTO"
    # identity (WRONG_SAMPLE, REVIEW)
    WRONG_SAMPLE = "WRONG_SAMPLE"
    IDENTITY_DOUBTFUL = "IDENTITY_DOUBTFUL"
    # alignment (REVIEW, RETAKE)
    ALIGNMENT_POOR = "ALIGNMENT_POOR"
    # comparison (REVIEW, REJECT)
    DIFFERS_FROM_GOLDEN = "DIFFERS_FROM_GOLDEN"
    COLOUR_DIFFERS = "COLOUR_DIFFERS"
    DEFECT = "DEFECT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for a verdict.

    Attributes:
        code: What was found.
        message: One sentence with the figures in it.
        advice: What to do about it; empty where there is nothing to do.
        value: The measured figure, if the reason rests on one.
        limit: The figure it was held against.
    """

    code: ReasonCode
    message: str
    advice: str = ""
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number the quality gate measured, whether or not it complained.

    Attributes:
        name: What was measured, such as `sharpness`.
        value: The figure, in the unit the name says.
        limit: The figure beyond which the gate complains, or None where none applies.
        passed: Whether the figure is on the safe side of the limit.
    """

    name: str
    value: float
    limit: float | None
    passed: bool
