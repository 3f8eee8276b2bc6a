"""How well one score per photo tells defective pieces from good ones.

Higher = worse everywhere, and a photo is flagged when its score is *at least* the threshold. Scores may be
+inf, never NaN: a photo without a score is the caller's decision to make, not something to drop in silence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visiqc.errors import InputError
from visiqc.evaluation.intervals import Interval, Proportion, normal_quantile

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]
Counts = NDArray[np.int64]


class F1Max(NamedTuple):
    """The best balance of precision and recall any threshold gives, and the highest threshold that gives it."""

    f1: float
    threshold: float
    precision: float
    recall: float


class Uniformity(NamedTuple):
    """How far a sample of p-values is from uniform.

    Attributes:
        distance: Kolmogorov–Smirnov distance sup |F(p) - p|, in [0, 1].
        excess: sup (F(p) - p), in [0, 1]: by how much small p-values are too frequent, which breaks a promise;
            the other side is only caution.
        limit: What `excess` stays under with 95 % confidence where the promise holds (Massart 1990).
    """

    distance: float
    excess: float
    limit: float


@dataclass(frozen=True, slots=True)
class DecisionRates:
    """What a decision that was already taken does: shares of defective and of good photos that are flagged."""

    tpr: Proportion
    fpr: Proportion


def auroc(scores: ArrayLike, defective: ArrayLike) -> float:
    """Chance that a defective photo outscores a good one, ties counting half.

    Args:
        scores: (N,) one score per photo, higher = worse.
        defective: (N,) bool.

    Returns:
        In [0, 1]; 0.5 = chance.

    Raises:
        InputError: Lengths differ, a score is NaN, or one of the two classes is empty.

    Source:
        Mann and Whitney, Annals of Mathematical Statistics 18 (1947) 50–60; the U statistic over n₁n₂.

    Example:
        >>> auroc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
        0.75
    """
    _, hits, alarms = _steps(*_checked(scores, defective))
    return float(np.trapezoid(np.r_[0, hits], np.r_[0, alarms]) / (hits[-1] * alarms[-1]))


def average_precision(scores: ArrayLike, defective: ArrayLike) -> float:
    """Precision averaged over the recall each distinct score adds: Σ (R_i - R_{i-1}) P_i, without interpolation.

    Arguments and errors as `auroc`.

    Example:
        >>> round(average_precision([0.1, 0.4, 0.35, 0.8], [False, False, True, True]), 4)
        0.8333
    """
    _, hits, alarms = _steps(*_checked(scores, defective))
    return float(np.sum(np.diff(hits, prepend=0) / hits[-1] * hits / (hits + alarms)))


def f1_max(scores: ArrayLike, defective: ArrayLike) -> F1Max:
    """The highest F1 over all thresholds; chosen on the test set itself, so an upper limit, not a promise.

    Arguments and errors as `auroc`.
    """
    thresholds, hits, alarms = _steps(*_checked(scores, defective))
    f1 = 2 * hits / (hits[-1] + hits + alarms)
    best = int(np.argmax(f1))
    return F1Max(
        float(f1[best]),
        float(thresholds[best]),
        float(hits[best] / (hits[best] + alarms[best])),
        float(hits[best] / hits[-1]),
    )


def decision_rates(flagged: ArrayLike, defective: ArrayLike) -> DecisionRates:
    """TPR and FPR of decisions already taken.

    Args:
        flagged: (N,) bool, True = the piece was not passed.
        defective: (N,) bool.

    Raises:
        InputError: Lengths differ, or one of the two classes is empty.
    """
    decided, labels = _checked(np.asarray(flagged, np.float64), defective)
    return DecisionRates(
        tpr=Proportion(int(decided[labels].sum()), int(labels.sum())),
        fpr=Proportion(int(decided[~labels].sum()), int((~labels).sum())),
    )


def bootstrap_auroc(
    scores: ArrayLike,
    defective: ArrayLike,
    *,
    specimens: Sequence[str] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """Percentile bootstrap interval of the AUROC, drawn over specimens.

    Photos of one piece stand or fall together, so pieces are drawn, not photos; pieces with and without any
    defective photo are drawn separately, so that no draw lacks a class. Several rows of `scores` are several
    runs (seeds) on the same photos: the interval is then that of their mean AUROC.

    A perfect ranking gives the bootstrap nothing to vary. Newcombe's interval, which does not collapse, is
    returned for a mean AUROC of exactly 0 or 1.

    Args:
        scores: (N,) or (runs, N), higher = worse.
        defective: (N,) bool.
        specimens: (N,) name of the piece each photo shows; None = every photo shows another piece.
        resamples: Number of draws, at least 100.
        seed: Of the draws; the same seed gives the same interval.
        confidence: In (0, 1).

    Raises:
        InputError: As `auroc`, or too few resamples, or lengths that differ.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
    """
    runs = np.atleast_2d(np.asarray(scores, np.float64))
    labels = np.asarray(defective, bool)
    if resamples < 100:
        raise InputError(f"a bootstrap interval needs at least 100 resamples, got {resamples}")
    mean = float(np.mean([auroc(run, labels) for run in runs]))
    pieces = _pieces(specimens, labels.size)
    if mean in (0.0, 1.0):
        defective_pieces = np.unique(pieces[labels]).size
        good_pieces = np.unique(pieces[~labels]).size
        return newcombe_auroc(mean, defective_pieces, good_pieces, confidence=confidence)
    draws = _draws(pieces, labels, resamples=resamples, rng=np.random.default_rng(seed))
    drawn = np.mean([_weighted_auroc(run, labels, draws) for run in runs], axis=0)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return Interval(float(low), float(high))


def newcombe_auroc(value: float, defective: int, good: int, *, confidence: float = 0.95) -> Interval:
    """Score-type interval of an AUROC from its value and the two sample sizes alone.

    Args:
        value: The AUROC, in [0, 1].
        defective: Number of defective specimens, at least 1.
        good: Number of good ones, at least 1.
        confidence: In (0, 1).

    Source:
        Newcombe, Statistics in Medicine 25 (2006) 559–573, method 5.
    """
    if defective < 1 or good < 1 or not 0 <= value <= 1:
        raise InputError(f"wanted an AUROC in [0, 1] of at least one specimen each, got {value}, {defective}, {good}")
    z = normal_quantile(confidence)
    size = (defective + good) / 2 - 1

    def too_far(theta: float) -> bool:
        spread = 1 + size * (1 - theta) / (2 - theta) + size * theta / (1 + theta)
        return abs(theta - value) > z * math.sqrt(theta * (1 - theta) * spread / (defective * good))

    return Interval(_border(value, 0.0, too_far), _border(value, 1.0, too_far))


def ks_uniform(p_values: ArrayLike) -> Uniformity:
    """How far the p-values of good pieces are from the uniform distribution a calibrated test gives.

    Args:
        p_values: (N,) in [0, 1].

    Raises:
        InputError: None came, or one lies outside [0, 1].
    """
    ordered = np.sort(np.asarray(p_values, np.float64).ravel())
    if ordered.size == 0:
        raise InputError("no p-values came; at least one is needed")
    if not (ordered[0] >= 0 and ordered[-1] <= 1):  # NaN sorts last and fails too
        raise InputError("p-values lie in [0, 1]; one does not")
    n = ordered.size
    above = float(np.max(np.arange(1, n + 1) / n - ordered))
    below = float(np.max(ordered - np.arange(n) / n))
    return Uniformity(max(above, below), max(0.0, above), float(np.sqrt(np.log(1 / 0.05) / (2 * n))))


def _checked(scores: ArrayLike, defective: ArrayLike) -> tuple[Scores, Labels]:
    values, labels = np.asarray(scores, np.float64), np.asarray(defective, bool)
    if values.ndim != 1 or values.shape != labels.shape:
        raise InputError(f"wanted one score and one label a photo, got shapes {values.shape} and {labels.shape}")
    if np.isnan(values).any():
        raise InputError(f"{int(np.isnan(values).sum())} of {values.size} scores are NaN; leave those photos out first")
    if labels.all() or not labels.any():
        raise InputError(
            f"good and defective photos are both needed, got {int((~labels).sum())} good, {int(labels.sum())} defective"
        )
    return values, labels


def _steps(scores: Scores, labels: Labels) -> tuple[Scores, Counts, Counts]:
    """Distinct scores downwards, with the defective and the good photos that reach each of them."""
    thresholds, place = np.unique(-scores, return_inverse=True)
    hits = np.bincount(place[labels], minlength=thresholds.size).cumsum()
    alarms = np.bincount(place[~labels], minlength=thresholds.size).cumsum()
    return -thresholds, hits, alarms


def _border(inside: float, outside: float, too_far: Callable[[float], bool]) -> float:
    """Where `too_far` turns true on the way from `inside` to `outside`, by bisection."""
    for _ in range(60):
        middle = (inside + outside) / 2
        if too_far(middle):
            outside = middle
        else:
            inside = middle
    return inside


def _pieces(specimens: Sequence[str] | None, photos: int) -> Counts:
    if specimens is None:
        return np.arange(photos)
    if len(specimens) != photos:
        raise InputError(f"wanted one specimen name a photo, got {len(specimens)} names for {photos} photos")
    return np.unique(np.asarray(specimens, str), return_inverse=True)[1]


def _draws(pieces: Counts, labels: Labels, *, resamples: int, rng: np.random.Generator) -> Counts:
    """How often each photo is in each draw, (resamples, N)."""
    total = int(pieces.max()) + 1
    flawed = np.bincount(pieces[labels], minlength=total) > 0
    often = np.zeros((resamples, total), np.int64)
    for members in (np.flatnonzero(flawed), np.flatnonzero(~flawed)):
        if members.size:
            often[:, members] = rng.multinomial(members.size, np.full(members.size, 1 / members.size), size=resamples)
    return often[:, pieces]


def _weighted_auroc(scores: Scores, labels: Labels, weights: Counts) -> Scores:
    """The AUROC of every draw, (resamples,); NaN where a draw lacks a class."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, scores[order][1:] != scores[order][:-1]])
    ordered = weights[:, order].astype(np.float64)
    bad = np.add.reduceat(ordered * labels[order], starts, axis=1)
    good = np.add.reduceat(ordered * ~labels[order], starts, axis=1)
    below = np.cumsum(good, axis=1) - good
    pairs = bad.sum(axis=1) * good.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((bad * (below + good / 2)).sum(axis=1) / pairs)
