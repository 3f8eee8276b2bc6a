"""Goldens against uploads as serving holds them: error rates by kind of negative, with intervals over designs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from visiqc.errors import InputError
from visiqc.evaluation.clustered import (
    DRAWS,
    Estimate,
    Values,
    alarm_threshold,
    cluster_weights,
    exceeds,
    share_estimate,
    weighted_share,
)
from visiqc.evaluation.verification import Similarities

_MOST_AT_ONCE = 4_000_000


class Negative(StrEnum):
    """Why an upload is not the product it was held against, the easiest first."""

    FAMILY = "other family"
    DESIGN = "same family, other design"
    VARIANT = "variant of the design"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One upload held against one golden.

    Attributes:
        similarity: Higher = more alike.
        golden: Design of the golden.
        upload: Design the upload was made from; a variant's is the one it varies.
        negative: Why it is not the golden's product; None where it is.
        attribute: What a variant differs in.
    """

    similarity: float
    golden: str
    upload: str
    negative: Negative | None = None
    attribute: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How well genuine uploads are told from one kind of negative.

    Attributes:
        tar: Share of genuine uploads accepted where at most `far` of the negatives are.
        eer: The rate at which both errors are equally frequent.
        negatives: Number of pairs that are not genuine.
    """

    tar: Estimate
    eer: Estimate
    negatives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """What `verify` found; all intervals are over designs.

    Attributes:
        cross_design: Against every other design.
        by_negative: Against one kind of negative at a time; kinds that did not occur are missing.
        variants: Share of variants found where at most `alarms` of the genuine uploads are flagged, by attribute.
        recall_at_1: Share of genuine uploads whose most similar golden is of their own design.
        far: False acceptance rate of every `tar`.
        alarms: False alarm rate of `variants`.
    """

    cross_design: Verified
    by_negative: Mapping[Negative, Verified]
    variants: Mapping[str, Estimate]
    recall_at_1: Estimate
    far: float
    alarms: float


def verify(
    held: Sequence[Held],
    *,
    nearest: Sequence[tuple[str, str]],
    far: float = 0.01,
    alarms: float = 0.05,
    draws: int = DRAWS,
    seed: int = 0,
) -> VerificationReport:
    """Error rates of golden against upload, with intervals over designs.

    One draw of the bootstrap takes designs with replacement; a pair of two designs counts as often as the two were
    drawn together.

    Args:
        held: Every upload against every golden it was held against.
        nearest: For each genuine upload, its design and that of the golden it is most like.
        far: In [0, 1).
        alarms: In [0, 1).
        draws: Of the bootstrap.
        seed: Of the bootstrap.

    Raises:
        InputError: Genuine pairs or pairs of two designs are missing.
    """
    designs = sorted({name for one in held for name in (one.golden, one.upload)} | {pair[0] for pair in nearest})
    if not designs or not nearest:
        raise InputError("verification needs uploads held against goldens, and the nearest golden of each upload")
    often = dict(zip(designs, cluster_weights(designs, draws=draws, seed=seed).T, strict=True))
    groups: dict[Negative | None, list[Held]] = {}
    for one in held:
        groups.setdefault(one.negative, []).append(one)
    own = _Rows.of(groups.get(None, []), often)
    others = [kind for kind in (Negative.FAMILY, Negative.DESIGN) if kind in groups]
    stranger = _Rows.of([one for kind in others for one in groups[kind]], often)
    found = [asked == answered for asked, answered in nearest]
    counted = np.stack([often[asked] for asked, _ in nearest], axis=1)
    return VerificationReport(
        cross_design=_verified(own, stranger, far),
        by_negative={kind: _verified(own, _Rows.of(groups[kind], often), far) for kind in Negative if kind in groups},
        variants=_variants(own, groups.get(Negative.VARIANT, []), often, alarms),
        recall_at_1=share_estimate(weighted_share(found, counted), [asked for asked, _ in nearest]),
        far=far,
        alarms=alarms,
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Pairs of one kind: (N,) similarities, (1 + draws, N) weights, and the golden's design of each."""

    similarity: Similarities
    weights: Values
    designs: tuple[str, ...]

    @classmethod
    def of(cls, held: Sequence[Held], often: Mapping[str, Values]) -> _Rows:
        if not held:
            raise InputError("verification needs genuine pairs and pairs of two designs; a kind is missing")
        # A pair inside one design is drawn as often as the design, a pair of two as often as both of them together.
        weights = [often[o.golden] * (1 if o.upload == o.golden else often[o.upload]) for o in held]
        similarity = np.array([one.similarity for one in held], np.float64)
        return cls(similarity, np.stack(weights, axis=1), tuple(one.golden for one in held))


def _verified(own: _Rows, other: _Rows, far: float) -> Verified:
    limits = alarm_threshold(other.similarity, other.weights, far)
    accepted = weighted_share(exceeds(own.similarity, limits), own.weights)
    rates = _equal_error_rates(own, other)
    return Verified(
        tar=share_estimate(accepted, own.designs),
        eer=share_estimate(rates, own.designs),
        negatives=len(other.similarity),
    )


def _variants(own: _Rows, variants: Sequence[Held], often: Mapping[str, Values], alarms: float) -> dict[str, Estimate]:
    limits = alarm_threshold(-own.similarity, own.weights, alarms)
    found: dict[str, Estimate] = {}
    for attribute in sorted({one.attribute for one in variants}):
        rows = _Rows.of([one for one in variants if one.attribute == attribute], often)
        flagged = weighted_share(exceeds(-rows.similarity, limits), rows.weights)
        found[attribute] = share_estimate(flagged, rows.designs)
    return found


def _equal_error_rates(own: _Rows, other: _Rows) -> Values:
    """`equal_error_rate` of every row of weights; NaN for rows that hold only one kind."""
    values = np.r_[own.similarity, other.similarity]
    genuine = np.r_[np.ones(own.similarity.size, bool), np.zeros(other.similarity.size, bool)]
    order = np.argsort(-values, kind="stable")
    ends = np.flatnonzero(np.r_[values[order][1:] != values[order][:-1], True])
    step = max(1, _MOST_AT_ONCE // values.size)
    rates = []
    for at in range(0, len(own.weights), step):
        weights = np.concatenate([own.weights[at : at + step], other.weights[at : at + step]], axis=1)[:, order]
        rates.append(_crossings(weights, genuine[order], ends))
    return np.concatenate(rates)


def _crossings(weights: Values, genuine: NDArray[np.bool_], ends: NDArray[np.intp]) -> Values:
    """Where false acceptances meet false rejections, of pairs in descending order of similarity."""
    start = np.zeros((len(weights), 1))
    tars = np.hstack([start, np.cumsum(weights * genuine, axis=1)[:, ends]])
    fars = np.hstack([start, np.cumsum(weights * ~genuine, axis=1)[:, ends]])
    with np.errstate(invalid="ignore", divide="ignore"):
        tars, fars = tars / tars[:, -1:], fars / fars[:, -1:]
        gap = fars - (1 - tars)
        after = np.maximum(np.argmax(gap >= 0, axis=1), 1)
        rows = np.arange(len(weights))
        low, high = gap[rows, after - 1], gap[rows, after]
        share = -low / (high - low)
        return np.asarray(fars[rows, after - 1] + share * (fars[rows, after] - fars[rows, after - 1]), np.float64)
