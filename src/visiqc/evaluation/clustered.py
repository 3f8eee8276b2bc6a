"""Figures with intervals where photos come in clusters: the photos of one design stand or fall together.

Everything takes weights: a row of ones gives the figure, a row of how often a draw holds each photo gives that of the
draw. Higher = worse, as everywhere; scores may be ±inf, never NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visiqc.errors import InputError
from visiqc.evaluation.image_metrics import newcombe_auroc
from visiqc.evaluation.intervals import Interval, Proportion

DRAWS = 2000
"""Draws of a cluster bootstrap."""
_MOST_AT_ONCE = 4_000_000

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and how sure it is.

    Attributes:
        value: The figure itself; NaN where it cannot be computed.
        interval: 95 %, over designs.
        n: Photos that were asked about.
        designs: Designs they show.
    """

    value: float
    interval: Interval
    n: int
    designs: int


def cluster_weights(clusters: Sequence[str], *, draws: int = DRAWS, seed: int = 0) -> Values:
    """How often each photo is in each draw of whole clusters with replacement.

    Args:
        clusters: (N,) the cluster of every photo.
        draws: Number of draws, at least 100.
        seed: The same seed and set of clusters give the same draws, in whatever order the photos come.

    Returns:
        (1 + draws, N) float64; the first row is ones, so that the figure itself comes first.

    Raises:
        InputError: No photo came, or too few draws.

    Source:
        Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8.
    """
    if not clusters or draws < 100:
        raise InputError(f"wanted photos and at least 100 draws, got {len(clusters)} photos and {draws} draws")
    names, place = np.unique(np.asarray(clusters, str), return_inverse=True)
    often = np.random.default_rng(seed).multinomial(names.size, np.full(names.size, 1 / names.size), size=draws)
    return np.vstack([np.ones(place.size), often[:, place].astype(np.float64)])


def weighted_auroc(scores: ArrayLike, defective: ArrayLike, weights: Values) -> Values:
    """Chance that a defective photo outscores a good one, ties counting half, by row of weights.

    Args:
        scores: (N,).
        defective: (N,) bool.
        weights: (R, N), ≥ 0.

    Returns:
        (R,) in [0, 1]; NaN for rows that hold only one class.
    """
    values, labels = np.asarray(scores, np.float64), np.asarray(defective, bool)
    if values.size == 0:
        return np.full(len(weights), np.nan)
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.r_[True, values[order][1:] != values[order][:-1]])
    step = max(1, _MOST_AT_ONCE // values.size)
    return np.concatenate(
        [_auroc(labels[order], weights[at : at + step][:, order], starts) for at in range(0, len(weights), step)]
    )


def weighted_share(flagged: ArrayLike, weights: Values) -> Values:
    """Share of the photos that are flagged, by row of weights: (R,), NaN for rows that hold no photo.

    Args:
        flagged: (N,) bool, or (R, N) where every row decides anew.
        weights: (R, N).
    """
    flags = np.asarray(flagged, np.float64)
    total = weights.sum(axis=1)
    hits = weights @ flags if flags.ndim == 1 else np.einsum("rn,rn->r", weights, flags)
    return np.asarray(np.divide(hits, total, out=np.full(len(weights), np.nan), where=total > 0), np.float64)


def alarm_threshold(good: ArrayLike, weights: Values, rate: float) -> Values:
    """The score that a photo must exceed to be flagged when at most `rate` of the good ones may be.

    Never interpolated: with 30 good photos, 5 % is one of them.

    Args:
        good: (G,) scores of good photos.
        weights: (R, G).
        rate: In [0, 1).

    Returns:
        (R,) thresholds; NaN for rows without a good photo.
    """
    values = np.asarray(good, np.float64)
    if values.size == 0:
        return np.full(len(weights), np.nan)
    order = np.argsort(-values, kind="stable")
    reached = np.cumsum(weights[:, order], axis=1)
    total = reached[:, -1]
    first = np.argmax(reached > rate * total[:, None] + 1e-9, axis=1)
    return np.where(total > 0, values[order][first], np.nan)


def exceeds(scores: ArrayLike, thresholds: Values) -> Flags:
    """(R, N) bool: which scores exceed each row's threshold; none where that is NaN."""
    return np.asarray(np.asarray(scores, np.float64)[None, :] > thresholds[:, None])


def interval_of(rows: Values) -> Interval:
    """The middle 95 % of the draws, the first row being the figure itself and no draw."""
    drawn = rows[1:][np.isfinite(rows[1:])]
    if drawn.size == 0:
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(low), float(high))


def share_estimate(rows: Values, clusters: Sequence[str]) -> Estimate:
    """A share from its rows; where no draw can vary it, Wilson's interval over the designs, which does not collapse.

    Args:
        rows: (1 + draws,) from `weighted_share`.
        clusters: (N,) the design of every photo that the share is over.
    """
    value, designs = float(rows[0]), len(set(clusters))
    interval = interval_of(rows)
    if designs and interval.low == interval.high and 0 <= value <= 1:
        interval = Proportion(value * designs, designs).interval
    return Estimate(value=value, interval=interval, n=len(clusters), designs=designs)


def auroc_estimate(rows: Values, defective: ArrayLike, clusters: Sequence[str]) -> Estimate:
    """An AUROC from its rows; a perfect one takes Newcombe's interval over the designs, which does not collapse.

    Args:
        rows: (1 + draws,) from `weighted_auroc`.
        defective: (N,) bool.
        clusters: (N,).
    """
    labels, names = np.asarray(defective, bool), np.asarray(clusters, str)
    bad, good = np.unique(names[labels]).size, np.unique(names[~labels]).size
    value = float(rows[0])
    interval = interval_of(rows)
    if bad and good and not interval.low < interval.high:
        interval = newcombe_auroc(value, bad, good)
    return Estimate(value=value, interval=interval, n=int(labels.sum()), designs=int(np.unique(names).size))


def _auroc(labels: Flags, weights: Values, starts: NDArray[np.intp]) -> Values:
    """Of scores in ascending order, equal ones being those between two of `starts`."""
    bad = np.add.reduceat(weights * labels, starts, axis=1)
    good = np.add.reduceat(weights * ~labels, starts, axis=1)
    below = np.cumsum(good, axis=1) - good
    pairs = bad.sum(axis=1) * good.sum(axis=1)
    wins = (bad * (below + good / 2)).sum(axis=1)
    return np.asarray(np.divide(wins, pairs, out=np.full(len(weights), np.nan), where=pairs > 0), np.float64)
