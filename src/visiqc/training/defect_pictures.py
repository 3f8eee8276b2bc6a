"""What people look at after a training of the defect model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from visiqc.training import plots
from visiqc.training.defect_types import TypeClasses
from visiqc.training.defect_validation import ValidationPhoto
from visiqc.training.grids import Example, image_grid
from visiqc.training.tracking import Tracker

_SHOWN = 12
_CERTAIN = 6.0  # log-odds shown in the strongest colour; minus that much is shown as nothing


def show_answers(photos: Sequence[ValidationPhoto], classes: TypeClasses, tracker: Tracker) -> None:
    """Curves, score histogram, types, and the photos that were judged worst, of the products held out."""
    scores = np.array([photo.score for photo in photos])
    defective = np.array([photo.defective for photo in photos], bool)
    tracker.figure(plots.roc_curve(defective, scores, name="held out"), "roc.png")
    tracker.figure(plots.pr_curve(defective, scores, name="held out"), "precision-recall.png")
    histogram = plots.score_histogram(
        scores[~defective],
        scores[defective],
        plots.alarm_limit(scores[~defective]),
        name="held out",
        unit="highest log-odds of change",
        limit=f"flags {plots.ALARMS:.0%} of these good photos",
    )
    tracker.figure(histogram, "scores.png")
    _show_types(photos, classes, tracker)
    ranked = sorted(photos, key=lambda photo: -photo.score)
    alarms = [photo for photo in ranked if not photo.defective][:_SHOWN]
    misses = [photo for photo in reversed(ranked) if photo.defective][:_SHOWN]
    tracker.figure(image_grid(list(_examples(alarms)), "worst false alarms"), "worst-false-alarms.png")
    tracker.figure(image_grid(list(_examples(misses)), "worst misses"), "worst-misses.png")


def _show_types(photos: Sequence[ValidationPhoto], classes: TypeClasses, tracker: Tracker) -> None:
    typed = [photo for photo in photos if photo.type_class is not None]
    matrix = np.zeros((len(classes.codes), len(classes.codes)), np.int64)
    for photo in typed:
        matrix[photo.type_class, int(photo.types.argmax())] += 1
    shown = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    names = [classes.codes[n] for n in shown]
    tracker.figure(plots.confusion(matrix[np.ix_(shown, shown)], names, name="types, held out"), "types.png")


def _examples(photos: Iterable[ValidationPhoto]) -> Iterable[Example]:
    for photo in photos:
        yield Example(
            golden=photo.laid.frames[0],
            upload=photo.laid.frames[photo.number],
            heat=np.asarray((photo.change + _CERTAIN) / (2 * _CERTAIN), np.float32),
            sku=photo.laid.sku,
            score=photo.score,
            code=", ".join(photo.laid.photos[photo.number].codes) or "good",
        )
