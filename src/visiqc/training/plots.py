"""Plots people look at before they trust a model; each is a function from numbers to PNG bytes.

Scores are higher for worse pieces, as everywhere. Where a class is missing there is nothing to draw: such plots say so
in the picture, because a run must not fail at its last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visiqc.errors import InputError
from visiqc.evaluation.clustered import alarm_threshold
from visiqc.evaluation.image_metrics import auroc, average_precision, bootstrap_auroc
from visiqc.evaluation.intervals import Proportion
from visiqc.training.figures import BAD, GOOD, LIMIT, MAIN, QUIET, SECOND, drawing, saying, titled

ALARMS = 0.05
"""Share of good photos that may be flagged where a histogram's threshold is drawn."""
RESAMPLES = 400
"""Draws of a band; enough for a picture, where a table takes 2000."""
_GRID = np.linspace(0, 1, 201)
Numbers = NDArray[np.float64]


def roc_curve(defective: ArrayLike, scores: ArrayLike, *, name: str = "", seed: int = 0) -> bytes:
    """Share of the defective that are flagged against the share of the good, with a 95 % band over photos.

    Args:
        defective: (N,) bool.
        scores: (N,) higher = worse; photos with a NaN are left out.
        name: Over the picture, such as the data set's.
        seed: Of the band's draws.
    """
    labels, values = _clean(defective, scores)
    if (missing := _missing(labels)) is not None:
        return saying("ROC", name, missing)
    area = auroc(values, labels)
    low, high = bootstrap_auroc(values, labels, resamples=RESAMPLES, seed=seed)
    alarms, hits = _roc(labels, values)
    band = _band(labels, values, lambda lab, val: np.interp(_GRID, *_roc(lab, val)), seed=seed)
    with drawing(titled("ROC", name), width=5.6, height=5.4) as drawn:
        axes = drawn.axes
        axes.plot([0, 1], [0, 1], color=QUIET, linestyle=":", linewidth=1, label="chance")
        axes.fill_between(_GRID, *band, color=MAIN, alpha=0.2, linewidth=0, label="95 % of resampled photos")
        axes.plot(alarms, hits, color=MAIN, label=f"AUROC {area:.3f} [{low:.3f}, {high:.3f}]")
        _unit_square(axes, f"false alarms: share of {int((~labels).sum())} good photos flagged")
        axes.set_ylabel(f"found: share of {int(labels.sum())} defective photos flagged")
        axes.legend(loc="lower right")
    return drawn.png


def pr_curve(defective: ArrayLike, scores: ArrayLike, *, name: str = "", seed: int = 0) -> bytes:
    """Precision against recall, with a 95 % band over photos; arguments as `roc_curve`."""
    labels, values = _clean(defective, scores)
    if (missing := _missing(labels)) is not None:
        return saying("Precision and recall", name, missing)
    average = average_precision(values, labels)
    recall, precision = _pr(labels, values)
    band = _band(labels, values, lambda lab, val: np.interp(_GRID, *_pr(lab, val)), seed=seed)
    with drawing(titled("Precision and recall", name), width=5.6, height=5.4) as drawn:
        axes = drawn.axes
        share = labels.mean()
        axes.axhline(share, color=QUIET, linestyle=":", linewidth=1, label=f"chance: {share:.2f} are defective")
        axes.fill_between(_GRID, *band, color=MAIN, alpha=0.2, linewidth=0, label="95 % of resampled photos")
        axes.plot(recall, precision, color=MAIN, label=f"average precision {average:.3f}")
        _unit_square(axes, f"recall: share of {int(labels.sum())} defective photos flagged")
        axes.set_ylabel("precision: share of flagged photos that are defective")
        axes.legend(loc="lower left")
    return drawn.png


def score_histogram(
    good: ArrayLike,
    bad: ArrayLike,
    threshold: float | None,
    *,
    name: str = "",
    unit: str = "score",
    limit: str = "threshold",
    kinds: tuple[str, str] = ("good photos", "defective photos"),
) -> bytes:
    """How the scores of good and of defective pieces lie around the threshold.

    Args:
        good: (N,) scores of good photos.
        bad: (M,) of defective ones.
        threshold: Flagged at or above; None = none yet.
        name: Over the picture.
        unit: What the score is.
        limit: What the threshold is, beside its value.
        kinds: What the scores of `good` and `bad` are of.
    """
    classes = [_finite(good), _finite(bad)]
    everything = np.concatenate(classes)
    if not everything.size:
        return saying("Scores", name, "there is no score to draw")
    edges = np.linspace(everything.min(), everything.max(), 41) if np.ptp(everything) else 10
    with drawing(titled("Scores", name)) as drawn:
        axes = drawn.axes
        for values, colour, kind in zip(classes, (GOOD, BAD), kinds, strict=True):
            over = "" if threshold is None or not values.size else f", {(values >= threshold).mean():.0%} flagged"
            weights = np.full(values.size, 1 / max(1, values.size))
            axes.hist(values, edges, weights=weights, color=colour, alpha=0.55, label=f"{kind}: {values.size}{over}")
        if threshold is not None:
            axes.axvline(threshold, color=LIMIT, linestyle="--", linewidth=1.2, label=f"{limit}: {threshold:.3g}")
        axes.set_xlabel(unit)
        axes.set_ylabel("share of its kind")
        drawn.figure.legend(loc="outside lower center", ncols=2, fontsize=8)  # inside it would hide bars
    return drawn.png


def alarm_limit(good: ArrayLike, rate: float = ALARMS) -> float | None:
    """The score at or above which at most that share of the good photos is flagged; None without a good photo."""
    values = _finite(good)
    if not values.size:
        return None
    (highest,) = alarm_threshold(values, np.ones((1, values.size)), rate)
    return float(np.nextafter(highest, np.inf))


def confusion(matrix: ArrayLike, names: Sequence[str], *, name: str = "") -> bytes:
    """How often each true class (row) was called what (column); colours are shares of the row.

    Args:
        matrix: (T, T) counts.
        names: T names of classes.
        name: Over the picture.

    Raises:
        InputError: The matrix is not T × T.
    """
    counts = np.asarray(matrix, np.float64)
    if counts.shape != (len(names), len(names)):
        raise InputError(f"wanted a {len(names)} × {len(names)} matrix for {len(names)} names, got {counts.shape}")
    if not len(names):
        return saying("Confusion", name, "no photo shows a defect whose type is known")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.2, 1.8 + 0.52 * len(names))
    with drawing(titled("Confusion", name), width=side + 0.8, height=side) as drawn:
        axes = drawn.axes
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(
            range(len(names)), [f"{each} ({int(row.sum())})" for each, row in zip(names, counts, strict=True)]
        )
        for row, column in np.argwhere(counts > 0):
            dark = shares[row, column] > 0.55
            text = f"{counts[row, column]:g}"
            axes.text(column, row, text, ha="center", va="center", color="white" if dark else "black", fontsize=8)
        axes.set_xlabel("called")
        axes.set_ylabel("is (photos)")
        drawn.figure.colorbar(image, ax=axes, label="share of the row", shrink=0.8)
    return drawn.png


def reliability(probabilities: ArrayLike, correct: ArrayLike, *, bins: int = 10, name: str = "") -> bytes:
    """Whether a stated probability comes true that often, with 95 % intervals (Wilson), over how often it is stated.

    Args:
        probabilities: (N,) stated, in [0, 1].
        correct: (N,) bool, whether it was so.
        bins: Of equal width.
        name: Over the picture.
    """
    stated, hit = np.asarray(probabilities, np.float64), np.asarray(correct, bool)
    if not stated.size:
        return saying("Reliability", name, "there is no probability to draw")
    place = np.minimum((stated * bins).astype(int), bins - 1)
    groups = [place == number for number in range(bins) if (place == number).any()]
    means = np.array([stated[each].mean() for each in groups])
    seen = [Proportion(int(hit[each].sum()), int(each.sum())) for each in groups]
    shares = np.array([each.value for each in seen])
    reach = np.array([[each.value - each.interval.low, each.interval.high - each.value] for each in seen]).T
    error = float(
        sum(each.sum() for each in groups) and np.average(np.abs(means - shares), weights=[g.sum() for g in groups])
    )
    with drawing(
        titled("Reliability", name), width=5.6, height=6.2, nrows=2, sharex=True, height_ratios=[3, 1]
    ) as drawn:
        upper, lower = drawn.axes
        upper.plot([0, 1], [0, 1], color=QUIET, linestyle=":", linewidth=1, label="as stated")
        label = f"{stated.size} statements, mean gap {error:.3f}"
        upper.errorbar(means, shares, yerr=np.maximum(reach, 0), color=MAIN, marker="o", capsize=3, label=label)
        _unit_square(upper, "", equal=False)  # both panels are to be of one width
        upper.set_ylabel("came true")
        upper.legend(loc="lower right")
        lower.hist(stated, np.linspace(0, 1, bins + 1), color=SECOND, alpha=0.7)
        lower.set_xlabel("stated probability")
        lower.set_ylabel("how often")
    return drawn.png


def _roc(labels: NDArray[np.bool_], scores: Numbers) -> tuple[Numbers, Numbers]:
    """False-alarm and hit rates at every threshold, from (0, 0) to (1, 1)."""
    hits, alarms = _counts(labels, scores)
    return np.r_[0, alarms / alarms[-1]], np.r_[0, hits / hits[-1]]


def _pr(labels: NDArray[np.bool_], scores: Numbers) -> tuple[Numbers, Numbers]:
    hits, alarms = _counts(labels, scores)
    precision = hits / (hits + alarms)
    return np.r_[0, hits / hits[-1]], np.r_[precision[0], precision]


def _counts(labels: NDArray[np.bool_], scores: Numbers) -> tuple[Numbers, Numbers]:
    thresholds, place = np.unique(-scores, return_inverse=True)
    return tuple(  # type: ignore[return-value]
        np.bincount(place[chosen], minlength=thresholds.size).cumsum().astype(np.float64)
        for chosen in (labels, ~labels)
    )


def _band(labels: NDArray[np.bool_], scores: Numbers, curve: Any, *, seed: int) -> tuple[Numbers, Numbers]:
    """The 2.5th and 97.5th percentile of the curve over resampled photos, each class by itself."""
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(labels), np.flatnonzero(~labels)]
    curves = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([rng.choice(each, each.size) for each in classes])
        curves.append(curve(labels[drawn], scores[drawn]))
    low, high = np.quantile(np.array(curves), [0.025, 0.975], axis=0)
    return low, high


def _clean(defective: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], Numbers]:
    labels, values = np.asarray(defective, bool).ravel(), np.asarray(scores, np.float64).ravel()
    if labels.shape != values.shape:
        raise InputError(f"wanted one score and one label a photo, got {values.size} scores and {labels.size} labels")
    known = ~np.isnan(values)
    return labels[known], values[known]


def _missing(labels: NDArray[np.bool_]) -> str | None:
    if labels.any() and not labels.all():
        return None
    return f"both classes are needed; there are {int((~labels).sum())} good and {int(labels.sum())} defective photos"


def _finite(values: ArrayLike) -> Numbers:
    found = np.asarray(values, np.float64).ravel()
    return found[np.isfinite(found)]


def _unit_square(axes: Any, x_label: str, *, equal: bool = True) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x_label)
    axes.set_aspect("equal" if equal else "auto", adjustable="box")
    axes.grid(alpha=0.25)
