"""Score aligned pairs: one golden photo, one test photo, boxes around the true differences (DeepPCB)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from visiqc.errors import InputError
from visiqc.evaluation.box_metrics import Box, BoxCounts, found_boxes, match_boxes
from visiqc.evaluation.frames import box_in_upload
from visiqc.evaluation.image_metrics import auroc, bootstrap_auroc
from visiqc.evaluation.intervals import Interval, Proportion
from visiqc.evaluation.pair_datasets import PhotoPair
from visiqc.evaluation.protocol import PHOTO_ERRORS, MakeScorer, Progress, ScoredPhoto, checked_score
from visiqc.evaluation.results import NOT_COMPARED


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsResult:
    """A run over pairs.

    Attributes:
        boxes: Matches over all test photos that could be scored.
        recall_by_kind: Recall of each kind of marked defect.
        image_auroc: Of test photos against the golden photos scored against themselves. The latter are the
            only good photos there are, so this shows that nothing is broken rather than how good the model is.
        image_auroc_interval: Its interval, over pairs.
        not_compared: Test photos answered RETAKE or WRONG_SAMPLE; none of their boxes counts as found.
        failures: Why a pair could not be scored, by name.
        seconds: Of every test photo that was scored.
    """

    boxes: BoxCounts
    recall_by_kind: Mapping[str, Proportion]
    image_auroc: float
    image_auroc_interval: Interval
    not_compared: int
    failures: Mapping[str, str]
    seconds: tuple[float, ...]


def run_pairs(
    pairs: Sequence[PhotoPair],
    make_scorer: MakeScorer,
    *,
    at_least: float = 0.33,
    resamples: int = 2000,
    progress: Progress | None = None,
) -> PairsResult:
    """Enrol every golden photo alone, score its test photo and itself, and match the boxes in upload pixels.

    Args:
        pairs: From `pair_datasets.read_pairs`.
        make_scorer: Enrols one golden photo; there are no photos to calibrate with.
        at_least: IoU that counts as a match.
        resamples: Draws of the bootstrap.
        progress: Called after every pair.

    Raises:
        InputError: No pair could be scored.
    """
    scored: list[tuple[PhotoPair, ScoredPhoto, ScoredPhoto]] = []
    failures: dict[str, str] = {}
    for done, pair in enumerate(pairs, 1):
        try:
            scorer = make_scorer((pair.golden,), ())
            test, golden = (checked_score(scorer.score(path)) for path in (pair.test, pair.golden))
            scored.append((pair, test, golden))
        except PHOTO_ERRORS as err:
            failures[pair.name] = f"{type(err).__name__}: {err}"
        if progress is not None:
            progress(done, len(pairs), pair.name)
    if not scored:
        raise InputError(f"no pair could be scored; the first: {next(iter(failures.values()), 'there is none')}")
    scores = _ranks([test for _, test, _ in scored] + [golden for _, _, golden in scored])
    labels = [True] * len(scored) + [False] * len(scored)
    return PairsResult(
        boxes=sum((_match(pair, test, at_least) for pair, test, _ in scored), start=BoxCounts()),
        recall_by_kind=_recall_by_kind([(pair, test) for pair, test, _ in scored], at_least),
        image_auroc=auroc(scores, labels),
        image_auroc_interval=bootstrap_auroc(
            scores, labels, specimens=[pair.name for pair, _, _ in scored] * 2, resamples=resamples
        ),
        not_compared=sum(test.outcome in NOT_COMPARED for _, test, _ in scored),
        failures=failures,
        seconds=tuple(test.seconds for _, test, _ in scored),
    )


def _ranks(photos: Sequence[ScoredPhoto]) -> list[float]:
    """As `results.rank_scores`: what was not compared takes the highest score of the run."""
    top = max((photo.score for photo in photos if photo.outcome not in NOT_COMPARED), default=1.0)
    return [top if photo.outcome in NOT_COMPARED else photo.score for photo in photos]


def _found(scored: ScoredPhoto) -> list[Box]:
    """The boxes found, in upload pixels, the highest peak first."""
    if scored.outcome in NOT_COMPARED:
        return []
    ordered = sorted(scored.regions, key=lambda region: -region.peak)
    return [box_in_upload(region.box, scored.warp) for region in ordered]


def _match(pair: PhotoPair, scored: ScoredPhoto, at_least: float) -> BoxCounts:
    return match_boxes(_found(scored), [truth.box for truth in pair.truth], at_least=at_least)


def _recall_by_kind(scored: Sequence[tuple[PhotoPair, ScoredPhoto]], at_least: float) -> dict[str, Proportion]:
    """The same matching, told apart by the kind of the true box."""
    hits: dict[str, list[bool]] = {}
    for pair, photo in scored:
        found = found_boxes(_found(photo), [truth.box for truth in pair.truth], at_least=at_least)
        for truth, hit in zip(pair.truth, found, strict=True):
            hits.setdefault(truth.kind, []).append(hit)
    return {kind: Proportion(sum(hits[kind]), len(hits[kind])) for kind in sorted(hits)}
