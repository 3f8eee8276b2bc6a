"""Score a data set the way it would be used: enrol k goldens, score the test photos, count what was decided.

Goldens are drawn from `train/good`; the rest of `train/good` calibrates; test photos do neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from visiqc.domain.golden import MAX_GOLDEN_PHOTOS
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Region, Warp
from visiqc.errors import InputError, ShapeMismatch, VisiQCError
from visiqc.evaluation.datasets import FolderDataset, LabelledPhoto, read_mask
from visiqc.evaluation.frames import bounded_size, map_in_upload, mask_at
from visiqc.evaluation.results import NOT_COMPARED, LaidMap, PhotoResult, SeedResult, measure_seed
from visiqc.evaluation.summary import ProtocolResult, summarise
from visiqc.vision.photo import decode_rgb
from visiqc.vision.types import Mask, ScoreMap
from visiqc.vision.warp import Size

PHOTO_ERRORS = (VisiQCError, OSError, ValueError, ArithmeticError, cv2.error)
"""What a photo or a draw of goldens can cause; a mistake of ours, such as a TypeError, still stops the run."""

Progress = Callable[[int, int, str], None]
"""Called after every photo with how many are done, how many there are, and the photo's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPhoto:
    """The answer about one photo, with what evaluation needs beyond it.

    Attributes:
        score: Tolerated score, higher = worse; not looked at for RETAKE and WRONG_SAMPLE.
        outcome: What was decided.
        p_value: In (0, 1], or None where the photo was not compared.
        score_map: (h, w) float32 of the whole golden frame at whatever resolution; None where there is none.
        warp: Upload pixels to golden-frame pixels.
        golden_size: (H, W) of the golden frame the warp leads to.
        upload_size: (H, W) of the upload the warp starts from.
        seconds: Time it took, photo bytes to verdict.
        regions: Where it differs, boxes in golden-frame pixels.
    """

    score: float
    outcome: Outcome
    p_value: float | None
    score_map: ScoreMap | None
    warp: Warp
    golden_size: Size
    upload_size: Size
    seconds: float
    regions: tuple[Region, ...] = ()


class Scorer(Protocol):
    """One enrolled set of goldens."""

    def score(self, photo_path: Path) -> ScoredPhoto:
        """Decode, judge and decide one photo."""
        ...


class _Task(NamedTuple):
    """What every seed shares: the photos, and their ground truth by name at the bounded size."""

    dataset: FolderDataset
    truth: dict[str, Mask]
    long_side: int


MakeScorer = Callable[[Sequence[Path], Sequence[Path]], Scorer]
"""Enrols golden photos (first) and calibrates with other good photos (second, possibly none)."""


def run_protocol(
    dataset: FolderDataset,
    make_scorer: MakeScorer,
    *,
    k: int,
    seeds: Sequence[int] = (0, 1, 2),
    map_long_side: int = 512,
    resamples: int = 2000,
    progress: Progress | None = None,
) -> ProtocolResult:
    """Measure one data set with `k` goldens, once a seed.

    Image level: RETAKE and WRONG_SAMPLE count as flagged and take the highest score of the run (see
    `results.rank_scores`); they are also counted apart. A photo that fails is listed and left out.

    Pixel level: maps are laid back on the upload through the inverse warp, at `map_long_side` pixels at most,
    which bounds memory to one such map a photo; pixels outside the golden frame, and those that were not
    judged, score 0 (see `frames.map_in_upload`). A defective photo without a map scores 0 everywhere: nothing
    was found on it. A good one without a map is left out: it must not make the false positive rate look small.

    Args:
        dataset: From `datasets.read_folder`.
        make_scorer: Enrols and calibrates.
        k: Number of golden photos, 1 to 20 and at most the number of training photos.
        seeds: Of the draws of goldens, at least one; with one seed, fewer goldens are a part of more.
        map_long_side: Long side for pixel metrics, at least 16 pixels.
        resamples: Draws of the bootstrap, at least 100.
        progress: Called after every photo.

    Raises:
        InputError: An argument is out of range, or no seed at all could be measured.
    """
    require_sensible(dataset, k, seeds, map_long_side)
    measured: list[SeedResult] = []
    failed: dict[int, str] = {}
    task = _Task(dataset, _truth(dataset, map_long_side), map_long_side)
    for turn, seed in enumerate(seeds):
        tell = _counted(progress, start=turn * len(dataset.test), total=len(seeds) * len(dataset.test))
        try:
            goldens, calibration = choose_goldens(dataset.train, k, seed)
            photos, maps = _run(task, make_scorer(goldens, calibration), seed, tell)
            names = tuple(path.name for path in goldens)
            measured.append(measure_seed(seed, names, photos, maps, resamples=resamples))
        except PHOTO_ERRORS as err:
            failed[seed] = f"{type(err).__name__}: {err}"
    if not measured:
        raise InputError(f"no seed of {dataset.name} could be measured; the first: {next(iter(failed.values()))}")
    return ProtocolResult(
        dataset=dataset.name,
        k=k,
        map_long_side=map_long_side,
        seeds=tuple(measured),
        figures=summarise(measured, resamples=resamples),
        failed_seeds=failed,
        notes=(*dataset.notes, *_notes(task.truth)),
    )


def with_whole_photos(dataset: FolderDataset, progress: Progress | None = None) -> FolderDataset:
    """The data set without photos of `train/good` that cannot be read, which its notes name.

    Each of them is a golden or calibrates in every run: one alone would fail them all.

    Args:
        dataset: From `datasets.read_folder`.
        progress: Called after every photo.

    Raises:
        InputError: None can be read.
    """
    whole, notes = list[Path](), list[str]()
    for done, path in enumerate(dataset.train, 1):
        try:
            decode_rgb(path.read_bytes())
            whole.append(path)
        except PHOTO_ERRORS as err:
            notes.append(f"train/good/{path.name} is left out: {err}")
        if progress is not None:
            progress(done, len(dataset.train), path.name)
    if not whole:
        raise InputError(f"no photo of train/good of {dataset.name} can be read; the first: {notes[0]}")
    return replace(dataset, train=tuple(whole), notes=(*dataset.notes, *notes))


def choose_goldens(train: Sequence[Path], k: int, seed: int) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """`k` golden photos drawn without replacement, and the rest for calibration.

    The first photos of one shuffle: with one seed, the goldens for a smaller `k` are among those for a larger.
    """
    order = np.random.default_rng(seed).permutation(len(train))
    shuffled = [train[place] for place in order]
    return tuple(shuffled[:k]), tuple(shuffled[k:])


def checked_score(scored: ScoredPhoto) -> ScoredPhoto:
    """The answer itself, when its numbers can be measured; NaN in one would spoil the whole run.

    Raises:
        InputError: A photo was compared, but its score is NaN or its p-value is not in [0, 1].
    """
    usable = not np.isnan(scored.score) and (scored.p_value is None or 0 <= scored.p_value <= 1)
    if not usable and scored.outcome not in NOT_COMPARED:
        raise InputError(f"wanted a score and a p-value in [0, 1], got {scored.score} and {scored.p_value}")
    return scored


def require_sensible(dataset: FolderDataset, k: int, seeds: Sequence[int], map_long_side: int = 512) -> None:
    """Raise `InputError` for arguments that `run_protocol` cannot use with this data set."""
    most = min(MAX_GOLDEN_PHOTOS, len(dataset.train))
    if not 1 <= k <= most:
        raise InputError(f"k must be 1 to {most} with the {len(dataset.train)} good photos of {dataset.name}, got {k}")
    if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
        raise InputError(f"wanted at least one seed, each once and none below 0, got {list(seeds)}")
    if map_long_side < 16:
        raise InputError(f"pixel metrics need a long side of at least 16 pixels, got {map_long_side}")


def _truth(dataset: FolderDataset, long_side: int) -> dict[str, Mask]:
    """Ground truth by photo name, at the bounded size; a mask too broken to read stops the run before it starts."""
    found = {}
    for photo in dataset.test:
        if photo.mask is not None:
            mask = read_mask(photo)
            found[photo.name] = mask_at(mask, bounded_size((mask.shape[0], mask.shape[1]), long_side))
    return found


def _notes(truth: dict[str, Mask]) -> tuple[str, ...]:
    empty = sorted(name for name, mask in truth.items() if not mask.any())
    return tuple(f"{name}: its mask marks nothing, judged at image level only" for name in empty)


def _counted(progress: Progress | None, *, start: int, total: int) -> Callable[[int, str], None]:
    def tell(done: int, name: str) -> None:
        if progress is not None:
            progress(start + done, total, name)

    return tell


def _run(
    task: _Task, scorer: Scorer, seed: int, tell: Callable[[int, str], None]
) -> tuple[list[PhotoResult], list[LaidMap]]:
    """Every test photo scored by one set of goldens; a photo that fails does not stop the others."""
    photos: list[PhotoResult] = []
    maps: list[LaidMap] = []
    for done, photo in enumerate(task.dataset.test, 1):
        began = time.perf_counter()
        try:
            scored = checked_score(scorer.score(photo.path))
            laid = _lay(photo, scored, task) if task.dataset.has_masks else None
            photos.append(_answered(photo, scored, seed))
            maps += [laid] if laid else []
        except PHOTO_ERRORS as err:
            photos.append(_result(photo, seed, None, time.perf_counter() - began, f"{type(err).__name__}: {err}"))
        tell(done, photo.name)
    return photos, maps


def _answered(photo: LabelledPhoto, scored: ScoredPhoto, seed: int) -> PhotoResult:
    result = _result(photo, seed, scored.outcome, scored.seconds, None)
    if result.missed:
        return result
    return replace(result, score=scored.score, p_value=scored.p_value)


def _result(
    photo: LabelledPhoto, seed: int, outcome: Outcome | None, seconds: float, failure: str | None
) -> PhotoResult:
    return PhotoResult(
        seed=seed,
        name=photo.name,
        kind=photo.kind,
        defective=photo.defective,
        specimen=photo.specimen,
        outcome=outcome,
        seconds=seconds,
        failure=failure,
    )


def _lay(photo: LabelledPhoto, scored: ScoredPhoto, task: _Task) -> LaidMap | None:
    """The photo's map beside its truth; None where it says nothing about pixels."""
    mask = task.truth.get(photo.name)
    if photo.defective and (mask is None or not mask.any()):
        return None
    if scored.score_map is None:
        return LaidMap(photo.kind, np.zeros(mask.shape, np.float32), mask) if mask is not None else None
    target = bounded_size(scored.upload_size, task.long_side) if mask is None else (mask.shape[0], mask.shape[1])
    _require_same_shape(photo, scored.upload_size, target)
    laid = map_in_upload(
        scored.score_map,
        scored.warp,
        golden_size=scored.golden_size,
        upload_size=scored.upload_size,
        target=target,
    )
    return LaidMap(photo.kind, laid, np.zeros(target, bool) if mask is None else mask)


def _require_same_shape(photo: LabelledPhoto, upload: Size, truth: Size) -> None:
    """A warp that starts from another aspect ratio than the photo's (turned, cropped) would misplace everything."""
    rounding = 1 / min(*upload, *truth)
    if abs(np.log(upload[0] * truth[1] / (upload[1] * truth[0]))) > 0.02 + rounding:
        raise ShapeMismatch(
            f"{photo.name}: the warp starts from {upload[0]}×{upload[1]}, the ground truth is {truth[0]}×{truth[1]}"
        )
