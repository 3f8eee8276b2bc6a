"""Rows of a run with the draws of designs that every figure of it shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from visiqc.evaluation.clustered import (
    DRAWS,
    Estimate,
    Flags,
    Values,
    alarm_threshold,
    auroc_estimate,
    cluster_weights,
    exceeds,
    interval_of,
    share_estimate,
    weighted_auroc,
    weighted_share,
)
from visiqc.evaluation.rendered_rows import FUSED, PhotoRow, rank_scores

ALARMS = 0.05
"""Share of the good photos that may be flagged where recall is compared."""
Choice = Callable[[PhotoRow], bool]
Score = Callable[[PhotoRow], float | None]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Some photos and how often each is in each draw.

    Attributes:
        rows: (N,) photos that were answered.
        weights: (1 + draws, N); the first row is ones.
    """

    rows: tuple[PhotoRow, ...]
    weights: Values

    def pick(self, *choices: Choice) -> Drawn:
        """The photos that every choice takes."""
        kept = [at for at, row in enumerate(self.rows) if all(choice(row) for choice in choices)]
        return Drawn(tuple(self.rows[at] for at in kept), self.weights[:, kept])

    @property
    def skus(self) -> list[str]:
        """(N,) the design of each photo."""
        return [row.sku for row in self.rows]

    @property
    def poses(self) -> list[str]:
        """The pose levels there are, easiest first."""
        order = ("jig", "guided", "handheld")
        found = {row.pose for row in self.rows}
        return [*(pose for pose in order if pose in found), *sorted(found.difference(order))]


def draw_rows(rows: Sequence[PhotoRow], *, draws: int = DRAWS) -> Drawn:
    """The photos that were answered, with draws of their designs; without any, there are no draws either."""
    answered = tuple(row for row in rows if row.failure is None)
    if not answered:
        return Drawn((), np.ones((1, 0)))
    return Drawn(answered, cluster_weights([row.sku for row in answered], draws=draws))


def compared(row: PhotoRow) -> bool:
    """Whether the photo was compared at all: answered neither RETAKE nor WRONG_SAMPLE."""
    return not row.missed


def auroc_of(good: Drawn, bad: Drawn, which: str = FUSED) -> Estimate | None:
    """AUROC of one map's scores; None where one of the kinds has no photo, or a photo no such score."""
    if not good.rows or not bad.rows:
        return None
    rows = (*good.rows, *bad.rows)
    if any(compared(row) and row.score_of(which) is None for row in rows):
        return None
    scores, labels = rank_scores(rows, which), [False] * len(good.rows) + [True] * len(bad.rows)
    drawn = weighted_auroc(scores, labels, np.hstack([good.weights, bad.weights]))
    return auroc_estimate(drawn, labels, [row.sku for row in rows])


def share_of(part: Drawn, flagged: Choice) -> Estimate | None:
    """Share of some photos that a choice takes; None of none."""
    if not part.rows:
        return None
    return share_estimate(weighted_share([flagged(row) for row in part.rows], part.weights), part.skus)


def recall_of(everything: Drawn, wanted: Choice, which: str = FUSED, *, alarms: float = ALARMS) -> Estimate | None:
    """Share of the wanted photos that are flagged where `alarms` of the good ones of their pose level may be.

    Of photos that were compared, on both sides: those answered RETAKE or WRONG_SAMPLE have no score to hold against a
    threshold, and are counted apart. Every draw chooses its thresholds anew.

    Args:
        everything: Good photos among them.
        wanted: What is to be recalled.
        which: One of `rendered_rows.MAPS`.
        alarms: In [0, 1).

    Returns:
        None where no wanted photo was compared, or its pose level has no good photo, or a photo has no such map.
    """
    asked = everything.pick(compared, lambda row: row.good or wanted(row))
    if any(row.score_of(which) is None for row in asked.rows):
        return None
    return recall_by(everything, wanted, lambda row: row.score_of(which), alarms=alarms)


def recall_by(everything: Drawn, wanted: Choice, score: Score, *, alarms: float = ALARMS) -> Estimate | None:
    """As `recall_of`, by any score; photos that have none are left out on both sides."""
    hits: list[Flags] = []
    parts: list[Drawn] = []
    for pose in everything.poses:
        here = everything.pick(lambda row, pose=pose: row.pose == pose and score(row) is not None)  # type: ignore[misc]
        good, bad = here.pick(lambda row: row.good), here.pick(wanted)
        if good.rows and bad.rows:
            thresholds = alarm_threshold([score(row) or 0.0 for row in good.rows], good.weights, alarms)
            hits.append(exceeds([score(row) or 0.0 for row in bad.rows], thresholds))
            parts.append(bad)
    if not parts:
        return None
    drawn = weighted_share(np.hstack(hits), np.hstack([part.weights for part in parts]))
    return share_estimate(drawn, [sku for part in parts for sku in part.skus])


def ratio_of(above: Drawn, below: Drawn, flagged: Choice) -> Estimate | None:
    """How many times as often a choice takes photos of one kind as of another; None where it takes none of these."""
    if not above.rows or not below.rows:
        return None
    over, under = (weighted_share([flagged(row) for row in part.rows], part.weights) for part in (above, below))
    ratio = np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0)
    if not np.isfinite(ratio[0]):
        return None
    skus = [*above.skus, *below.skus]
    return Estimate(value=float(ratio[0]), interval=interval_of(ratio), n=len(above.rows), designs=len(set(skus)))
