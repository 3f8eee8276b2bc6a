"""From the reports about one photo to its outcome and the reasons for it (DESIGN section 4, the outcome table)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from visiqc.domain.golden import ScoringPolicy
from visiqc.domain.outcome import Outcome
from visiqc.domain.reasons import Reason, ReasonCode
from visiqc.domain.verdict import CalibrationReport, IdentityReport, Region
from visiqc.errors import InvalidRecord

SELF_SUFFICIENT_STAGE = 4
"""From this calibration stage on (299 specimens of the SKU) the p-value alone may reject."""
REJECT_MARGIN = 1.5
"""Before that stage, how many times the review threshold a score must reach to reject."""


def decide(
    *,
    quality: Sequence[Reason],
    identity: IdentityReport | None,
    identity_doubtful: bool,
    alignment_poor: bool,
    calibration: CalibrationReport | None,
    regions: Sequence[Region],
    policy: ScoringPolicy,
    colour: Sequence[Reason] = (),
) -> tuple[Outcome, tuple[Reason, ...]]:
    """The outcome of one photo and every reason that stands behind it, the gravest first.

    | outcome | when |
    |---|---|
    | RETAKE | the quality gate complains at all |
    | WRONG_SAMPLE | the identity was checked and is not accepted |
    | REJECT | `rejecting_regions` names at least one, and the alignment is not poor |
    | REVIEW | p ≤ α_review, a colour differs, the identity is doubtful or was not checked, or the alignment is poor |
    | PASS | none of these |

    The levels are those in `calibration`, so the effective ones of its stage, not the policy's wishes.

    Args:
        quality: Complaints of the quality gate.
        identity: Is it this design; None where it was not checked, which is itself a doubt.
        identity_doubtful: Accepted, but not so surely that nobody need look.
        alignment_poor: The upload could not be laid over the golden view well enough to trust the comparison.
        calibration: What the score was held against; None where the photo was not compared.
        regions: Where the upload differs, in golden-frame pixels.
        policy: How this golden version is to be judged.
        colour: What colours differ; a colour alone never rejects, for light can deceive.

    Returns:
        The outcome and its reasons; empty for PASS only.

    Raises:
        InvalidRecord: A photo without complaint was not compared although it was aligned, or its score or
            p-value is not a number.
    """
    if quality:
        return Outcome.RETAKE, tuple(quality)
    if identity is not None and not identity.accepted:
        return Outcome.WRONG_SAMPLE, (_wrong_sample(identity),)
    _require_a_comparison(calibration, alignment_poor=alignment_poor)
    doubts: list[Reason] = []
    if identity is None or identity_doubtful:
        doubts.append(_identity_doubtful(identity))
    if alignment_poor:
        doubts.append(_alignment_poor())
    else:
        doubts += colour  # colours of what does not lie on each other tell nothing
    if calibration is not None:
        # Laid over badly, another product or side would be rejected as one large defect: a person looks instead.
        rejecting = () if alignment_poor else rejecting_regions(calibration, regions, policy)
        if rejecting:
            return Outcome.REJECT, (_defect(calibration, rejecting), *doubts)
        if calibration.p_value <= calibration.alpha_review:
            doubts.insert(0, _differs(calibration))
    return (Outcome.REVIEW, tuple(doubts)) if doubts else (Outcome.PASS, ())


def rejecting_regions(
    calibration: CalibrationReport, regions: Sequence[Region], policy: ScoringPolicy
) -> tuple[Region, ...]:
    """The regions on whose account the photo may be rejected, the worst first; empty = it may not.

    Photo and region must both reach the reject level: p ≤ `calibration.alpha_reject`, which the calibration
    has raised to the smallest level its stage can support where that is above the policy's. The region also
    needs `policy.min_region_px`. Before stage 4 (fewer than 299 specimens of the SKU's own, or a rank in the
    fleet) a level of 1 % is out of the evidence's reach, so photo and region must in addition score at least
    `REJECT_MARGIN` times the review threshold: a rank alone never rejects.

    Both conditions only get easier to meet as the score rises or p falls.
    """
    margin = 0.0 if calibration.stage >= SELF_SUFFICIENT_STAGE else REJECT_MARGIN * calibration.review_threshold
    if calibration.p_value > calibration.alpha_reject or calibration.score < margin:
        return ()
    found = [
        region
        for region in regions
        if region.area_px >= policy.min_region_px
        and region.p_value <= calibration.alpha_reject
        and region.peak >= margin
    ]
    return tuple(sorted(found, key=lambda region: (-region.peak, -region.area_px)))


def _require_a_comparison(calibration: CalibrationReport | None, *, alignment_poor: bool) -> None:
    """A photo nobody compared must never pass, and NaN must not slip through `<=` as a pass."""
    if calibration is None:
        if not alignment_poor:
            raise InvalidRecord("a photo without complaint must be compared before it is decided; no calibration came")
    elif math.isnan(calibration.score) or math.isnan(calibration.p_value):
        raise InvalidRecord(f"score and p-value must be numbers, got {calibration.score} and {calibration.p_value}")


def _wrong_sample(identity: IdentityReport) -> Reason:
    return Reason(
        code=ReasonCode.WRONG_SAMPLE,
        message=(
            f"this is not the approved design: similarity {identity.similarity:.2f} to the golden photos, "
            f"at least {identity.threshold:.2f} is needed of a photo that lies over them as this one does"
        ),
        advice="Check that the piece and the SKU belong together and that the photo shows an enrolled view.",
        value=identity.similarity,
        limit=identity.threshold,
    )


def _identity_doubtful(identity: IdentityReport | None) -> Reason:
    if identity is None:
        return Reason(
            code=ReasonCode.IDENTITY_DOUBTFUL,
            message="it was not checked whether this is the approved design",
            advice="Compare the piece with the golden sample by eye.",
        )
    how = "accepted only for how well it lies over the golden" if identity.rescued else "close to the limit"
    return Reason(
        code=ReasonCode.IDENTITY_DOUBTFUL,
        message=(
            f"it is doubtful whether this is the approved design: {how}, similarity {identity.similarity:.2f} "
            f"against a limit of {identity.threshold:.2f}"
        ),
        advice="Compare the piece with the golden sample by eye.",
        value=identity.similarity,
        limit=identity.threshold,
    )


def _alignment_poor() -> Reason:
    return Reason(
        code=ReasonCode.ALIGNMENT_POOR,
        message="the photo could not be laid over the golden view well enough to trust the comparison",
        advice="Take the photo from the same side and distance as the golden photo, with the whole piece in it.",
    )


def _defect(calibration: CalibrationReport, rejecting: Sequence[Region]) -> Reason:
    first = rejecting[0]
    places = "1 place" if len(rejecting) == 1 else f"{len(rejecting)} places"
    x0, y0, x1, y1 = first.box
    return Reason(
        code=ReasonCode.DEFECT,
        message=(
            f"differs from the golden sample in {places}: {_figures(calibration)}; the worst covers "
            f"{first.area_px} px at x {x0}–{x1}, y {y0}–{y1} of the golden view"
        ),
        advice="Set the piece aside and look at the marked region.",
        value=calibration.score,
        limit=calibration.review_threshold,
    )


def _differs(calibration: CalibrationReport) -> Reason:
    return Reason(
        code=ReasonCode.DIFFERS_FROM_GOLDEN,
        message=f"may differ from the golden sample: {_figures(calibration)}",
        advice="Look at the heatmap and compare the piece with the golden sample.",
        value=calibration.score,
        limit=calibration.review_threshold,
    )


def _figures(calibration: CalibrationReport) -> str:
    basis = (
        f"{calibration.n} comparisons of good photos of other products, provisional"
        if calibration.provisional
        else (f"{calibration.n} accepted pieces")
    )
    return (
        f"score {calibration.score:.2f} where review starts at {calibration.review_threshold:.2f}, "
        f"p = {calibration.p_value:.3g} from {basis}"
    )
