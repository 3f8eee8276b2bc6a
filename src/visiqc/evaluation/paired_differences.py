"""Two sets of answers about the same photos, figure by figure: by how much the challenger is better, and how surely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from visiqc.domain.outcome import Outcome
from visiqc.errors import InputError
from visiqc.evaluation.clustered import (
    DRAWS,
    Values,
    alarm_threshold,
    cluster_weights,
    exceeds,
    interval_of,
    weighted_auroc,
    weighted_share,
)
from visiqc.evaluation.drawn_rows import ALARMS
from visiqc.evaluation.intervals import Interval
from visiqc.evaluation.rendered_photos import VARIANT, WRONG_SAMPLE
from visiqc.evaluation.rendered_rows import PhotoRow, rank_scores

DEFECTS, MIX_UPS = "defects", "mix-ups"
Rows = Sequence[PhotoRow]
Figure = Callable[[Rows, Values], Values]
"""A figure of some photos by row of weights: (R,) from (N,) and (R, N); NaN where it cannot be computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of both models.

    Attributes:
        name: What it is.
        primary: Whether the gate looks at it.
        about: What it is about: a gain excuses a loss in a figure about the same alone.
        champion, challenger: Its value for each.
        gain: By how much the challenger is better; negative where it is worse, whichever way the figure counts.
        interval: 95 % of `gain`, over designs drawn for both models alike.
        n: Photos it is over.
    """

    name: str
    primary: bool
    champion: float
    challenger: float
    gain: float
    interval: Interval
    n: int
    about: str = DEFECTS

    @property
    def surely_better(self) -> bool:
        """Whether all of the interval lies on the challenger's side."""
        return self.interval.low > 0

    @property
    def surely_worse(self) -> bool:
        """Whether all of the interval lies on the champion's side."""
        return self.interval.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A figure to compare.

    Attributes:
        name: What it is.
        of: Photos it is over.
        figure: How it is computed.
        primary: Whether the gate looks at it.
        about: What it is about.
        lower_is_better: Whether a lower value is the better one.
        compared: Whether photos that either answered RETAKE or WRONG_SAMPLE are left out: they have no score.
    """

    name: str
    of: Callable[[PhotoRow], bool]
    figure: Figure
    primary: bool = False
    about: str = DEFECTS
    lower_is_better: bool = False
    compared: bool = False


def paired_differences(
    champion: Rows, challenger: Rows, *, draws: int = DRAWS, seed: int = 0
) -> tuple[Difference, ...]:
    """The differences in every figure that the photos allow, the primary ones first.

    Args:
        champion: Answers of the model in use; none of them failed.
        challenger: Answers of the other to the same photos in the same order.
        draws: Of the bootstrap over designs, which draws the same photos for both.
        seed: Of the draws.

    Raises:
        InputError: The photos are not the same, show fewer than two designs, or lack good photos or visible defects.
    """
    if [row.name for row in champion] != [row.name for row in challenger]:
        raise InputError("both models must have answered the same photos in the same order")
    skus = [row.sku for row in champion]
    good, bad = (sum(map(choice, champion)) for choice in (_good, _bad))
    if len(set(skus)) < 2 or not good or not bad:
        raise InputError(
            "a comparison needs good photos and visible defects of at least two designs, got "
            f"{good} good and {bad} defective photos of {len(set(skus))} designs"
        )
    weights = cluster_weights(skus, draws=draws, seed=seed)
    found = (_difference(asked, champion, challenger, weights) for asked in _FIGURES)
    return tuple(one for one in found if one is not None)


def _difference(asked: _Asked, champion: Rows, challenger: Rows, weights: Values) -> Difference | None:
    kept = [
        at
        for at, (before, after) in enumerate(zip(champion, challenger, strict=True))
        if asked.of(before) and not (asked.compared and (before.missed or after.missed))
    ]
    if not kept:
        return None
    old, new = (asked.figure([rows[at] for at in kept], weights[:, kept]) for rows in (champion, challenger))
    gain = old - new if asked.lower_is_better else new - old
    if not np.isfinite(gain[0]):
        return None
    return Difference(
        name=asked.name,
        primary=asked.primary,
        champion=float(old[0]),
        challenger=float(new[0]),
        gain=float(gain[0]),
        interval=interval_of(gain),
        n=len(kept),
        about=asked.about,
    )


def _good(row: PhotoRow) -> bool:
    return row.good


def _bad(row: PhotoRow) -> bool:
    return row.shows_defect


def _auroc(rows: Rows, weights: Values) -> Values:
    return weighted_auroc(rank_scores(rows), [row.shows_defect for row in rows], weights)


def _recall(rows: Rows, weights: Values) -> Values:
    bad = np.array([row.shows_defect for row in rows])
    ranks = np.array(rank_scores(rows))
    thresholds = alarm_threshold(ranks[~bad], weights[:, ~bad], ALARMS)
    return weighted_share(exceeds(ranks[bad], thresholds), weights[:, bad])


def _flagged(rows: Rows, weights: Values) -> Values:
    return weighted_share([row.flagged for row in rows], weights)


def _recognised(rows: Rows, weights: Values) -> Values:
    return weighted_share([row.outcome is Outcome.WRONG_SAMPLE for row in rows], weights)


_FIGURES = (
    _Asked(name="image AUROC", of=lambda row: row.good or row.shows_defect, figure=_auroc, primary=True),
    _Asked(name="visible defects flagged", of=_bad, figure=_flagged, primary=True),
    _Asked(name="good photos flagged", of=_good, figure=_flagged, primary=True, lower_is_better=True),
    _Asked(
        name="mix-ups flagged",
        of=lambda row: row.role in {VARIANT, WRONG_SAMPLE},
        figure=_flagged,
        primary=True,
        about=MIX_UPS,
    ),
    _Asked(
        name="recall at 5 % false alarms, compared by both",
        of=lambda row: row.good or row.shows_defect,
        figure=_recall,
        compared=True,
    ),
    _Asked(name="other designs recognised", of=lambda row: row.role == WRONG_SAMPLE, figure=_recognised),
    _Asked(name="good photos taken for another design", of=_good, figure=_recognised, lower_is_better=True),
)
