"""Several seeds in one figure each: mean, worst seed, interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from visiqc.domain.outcome import Outcome
from visiqc.evaluation.image_metrics import bootstrap_auroc
from visiqc.evaluation.intervals import Interval, Proportion
from visiqc.evaluation.results import ALL, Metrics, PhotoResult, SeedResult, of_kind, rank_scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric of one defect type over all seeds.

    Attributes:
        kind: Defect type, or `all`.
        metric: Its name, a key of `METRICS`.
        mean: Over the seeds.
        worst: Of the worst seed: the lowest, or the highest where lower is better.
        interval: 95 % interval of the mean over specimens; None where none is computed.
        seeds: One value a seed.
    """

    kind: str
    metric: str
    mean: float
    worst: float
    interval: Interval | None
    seeds: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolResult:
    """A whole run.

    Attributes:
        dataset: Its name.
        k: Number of golden photos.
        map_long_side: Long side, in pixels, at which pixel metrics were computed.
        seeds: One result a seed that could be measured.
        figures: The summary, by defect type (`all` first) and metric.
        failed_seeds: Why a seed could not be measured, by seed.
        notes: What a reader should know about the data set.
    """

    dataset: str
    k: int
    map_long_side: int
    seeds: tuple[SeedResult, ...]
    figures: tuple[Figure, ...]
    failed_seeds: dict[int, str]
    notes: tuple[str, ...] = ()

    def figure(self, metric: str, kind: str = ALL) -> Figure | None:
        """One figure, or None where it could not be measured."""
        return next((one for one in self.figures if one.metric == metric and one.kind == kind), None)

    @property
    def kinds(self) -> tuple[str, ...]:
        """`all` and the defect types that were measured."""
        return tuple(dict.fromkeys(figure.kind for figure in self.figures))

    @property
    def failures(self) -> tuple[PhotoResult, ...]:
        """Every photo that could not be scored, once a seed."""
        return tuple(photo for seed in self.seeds for photo in seed.photos if photo.failure is not None)

    def missed(self, outcome: Outcome, *, defective: bool) -> int:
        """Photos answered RETAKE or WRONG_SAMPLE, counted over all seeds."""
        return sum(seed.count(outcome, defective=defective) for seed in self.seeds)

    @property
    def seconds(self) -> tuple[float, float]:
        """Median and 95th percentile of the time a photo took; both 0 where nothing was scored."""
        taken = [photo.seconds for seed in self.seeds for photo in seed.photos if photo.failure is None]
        middle, late = np.quantile(taken, [0.5, 0.95]) if taken else (0.0, 0.0)
        return float(middle), float(late)


METRICS: dict[str, Callable[[Metrics], float | None]] = {
    "image_auroc": lambda m: m.image_auroc,
    "average_precision": lambda m: m.average_precision,
    "f1_max": lambda m: m.f1_max.f1,
    "tpr": lambda m: m.flagged.tpr.value,
    "fpr": lambda m: m.flagged.fpr.value,
    "reject_tpr": lambda m: m.rejected.tpr.value,
    "reject_fpr": lambda m: m.rejected.fpr.value,
    "pixel_auroc": lambda m: m.pixel_auroc,
    "au_pro_30": lambda m: m.au_pro_30,
    "au_pro_05": lambda m: m.au_pro_05,
}
"""Every metric that is summarised, and how it is read from one seed's."""
LOWER_IS_BETTER = frozenset({"fpr", "reject_fpr"})


def summarise(seeds: Sequence[SeedResult], *, resamples: int) -> tuple[Figure, ...]:
    """One figure for every metric of every defect type.

    The interval of the image AUROC draws specimens once for all seeds, for the seeds share their test photos
    and are no independent evidence. That of a rate is Wilson's for the mean rate on one seed's photos.

    Args:
        seeds: At least one.
        resamples: Draws of the bootstrap.
    """
    figures = []
    for kind in dict.fromkeys(kind for seed in seeds for kind in seed.metrics):
        measured = [seed for seed in seeds if kind in seed.metrics]
        for metric, read in METRICS.items():
            values = [value for seed in measured if (value := read(seed.metrics[kind])) is not None]
            if values:
                worst = max(values) if metric in LOWER_IS_BETTER else min(values)
                figures.append(
                    Figure(
                        kind=kind,
                        metric=metric,
                        mean=float(np.mean(values)),
                        worst=worst,
                        interval=_interval(metric, kind, measured, values, resamples),
                        seeds=tuple(values),
                    )
                )
    return tuple(figures)


def _interval(
    metric: str, kind: str, seeds: Sequence[SeedResult], values: Sequence[float], resamples: int
) -> Interval | None:
    if metric == "image_auroc":
        return _auroc_interval(kind, seeds, resamples)
    if metric.endswith(("tpr", "fpr")):
        metrics = [seed.metrics[kind] for seed in seeds]
        photos = min(one.defective if metric.endswith("tpr") else one.good for one in metrics)
        return Proportion(float(np.mean(values)) * photos, photos).interval
    return None


def _auroc_interval(kind: str, seeds: Sequence[SeedResult], resamples: int) -> Interval | None:
    """Interval of the mean over seeds, on the photos that every seed answered."""
    runs = []
    for seed in seeds:
        answered = [photo for photo in seed.photos if photo.failure is None]
        ranks = rank_scores(answered)
        chosen = {photo.name for photo in of_kind(answered, kind)}
        runs.append({p.name: (p, rank) for p, rank in zip(answered, ranks, strict=True) if p.name in chosen})
    shared = [name for name in runs[0] if all(name in run for run in runs)]
    labels = [runs[0][name][0].defective for name in shared]
    if all(labels) or not any(labels):
        return None
    return bootstrap_auroc(
        [[run[name][1] for name in shared] for run in runs],
        labels,
        specimens=[runs[0][name][0].specimen for name in shared],
        resamples=resamples,
    )
