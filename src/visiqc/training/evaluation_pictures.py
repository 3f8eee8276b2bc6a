"""The pictures of a measured run: curves, histograms, matrices, and the photos that went worst."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from visiqc.evaluation.drawn_rows import compared
from visiqc.evaluation.frames import bounded_size, map_in_upload
from visiqc.evaluation.rendered_protocol import RenderedRun
from visiqc.evaluation.rendered_report import MeasuredRun
from visiqc.evaluation.rendered_rows import FUSED, PhotoRow
from visiqc.evaluation.type_metrics import named_defects, stated
from visiqc.training import grids, plots
from visiqc.vision.photo import DecodeLimits, decode_rgb
from visiqc.vision.types import Photo, ScoreMap

SIDE = 320
"""Long side of the photos in a grid, pixels."""
_FULL_RED = 1.5  # review thresholds at which a heatmap is at its reddest


class Worst(NamedTuple):
    """The photos that went worst, the worst first."""

    false_alarms: list[PhotoRow]
    misses: list[PhotoRow]


def pictures_of(one: MeasuredRun, *, examples: int) -> Iterator[tuple[str, bytes]]:
    """Names and PNG bytes of a run's pictures; those that its photos do not allow are missing.

    Args:
        one: The run.
        examples: Photos in each of the two grids; 0 = no grids.
    """
    run = one.run
    before = f"{run.key.goldens}-goldens-{run.key.long_side}-px{'' if run.key.aligned else '-not-aligned'}"
    for pose in sorted({row.pose for row in run.rows}):
        for name, png in _curves([row for row in run.rows if row.pose == pose and row.failure is None]):
            yield f"{before}-{pose}-{name}.png", png
    if one.types is not None:
        named, _ = named_defects([row for row in run.rows if row.failure is None])
        yield f"{before}-types-confusion.png", plots.confusion(*square(one))
        yield f"{before}-types-reliability.png", plots.reliability(*stated(named), name="likeliest codes")
    worst = worst_photos(run.rows, examples)
    for name, rows in (("worst-false-alarms", worst.false_alarms), ("worst-misses", worst.misses)):
        if rows:
            title = f"{name.replace('-', ' ')}: {run.key.title}"
            yield f"{before}-{name}.png", grids.image_grid([_example(run, row) for row in rows], title)


def worst_photos(rows: Sequence[PhotoRow], most: int) -> Worst:
    """Good photos that were compared and flagged, the highest score first; visible defects passed, the lowest first."""
    judged = [row for row in rows if row.failure is None and compared(row) and row.score is not None]
    alarms = sorted((row for row in judged if row.good and row.flagged), key=lambda row: -(row.score or 0.0))
    misses = sorted((row for row in judged if row.shows_defect and not row.flagged), key=lambda row: row.score or 0.0)
    return Worst(alarms[:most], misses[:most])


def square(one: MeasuredRun) -> tuple[np.ndarray, tuple[str, ...]]:
    """The confusion matrix with a row for every name, `unknown` among them, and the names."""
    types = one.types
    if types is None:
        return np.zeros((0, 0), np.int64), ()
    matrix = np.zeros((len(types.names), len(types.names)), np.int64)
    for code, row in zip(types.codes, types.confusion, strict=True):
        matrix[types.names.index(code)] = row
    return matrix, types.names


def _curves(rows: Sequence[PhotoRow]) -> Iterator[tuple[str, bytes]]:
    judged = [row for row in rows if compared(row) and (row.good or row.shows_defect) and row.score is not None]
    labels = np.array([row.shows_defect for row in judged], bool)
    if labels.size == 0 or labels.all() or not labels.any():
        return
    scores = np.array([row.score for row in judged], np.float64)
    yield "roc", plots.roc_curve(labels, scores)
    yield "pr", plots.pr_curve(labels, scores)
    yield "scores", plots.score_histogram(scores[~labels], scores[labels], judged[0].review_threshold or 0.0)


def _example(run: RenderedRun, row: PhotoRow) -> grids.Example:
    goldens = next(product.goldens for product in run.known.products if product.sku == row.sku)
    upload = _photo(run, row.name)
    return grids.Example(
        golden=_photo(run, goldens[0].name),
        upload=upload,
        heat=_heat(run, row, upload),
        sku=row.sku,
        score=row.score if row.score is not None else float("nan"),
        code=label_of(row),
    )


def label_of(row: PhotoRow) -> str:
    """What a photo shows and how it was taken, for under it in a grid."""
    return f"{row.code or row.attribute or row.role}, {row.pose}"


def _photo(run: RenderedRun, name: str) -> Photo:
    return decode_rgb((run.known.folder / name).read_bytes(), limits=DecodeLimits(), max_side=SIDE)


def _heat(run: RenderedRun, row: PhotoRow, upload: Photo) -> ScoreMap | None:
    scores = run.store.score_map(row, FUSED)
    if scores is None:
        return None
    target = bounded_size((upload.shape[0], upload.shape[1]), SIDE)
    laid = map_in_upload(scores, row.warp, golden_size=row.frame_size, upload_size=row.upload_size, target=target)
    return np.asarray(np.clip(laid / (_FULL_RED * (row.review_threshold or 1.0)), 0.0, 1.0), np.float32)
