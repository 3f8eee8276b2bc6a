"""What people look at after a training of the mismatch model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from visiqc.errors import VisiQCError
from visiqc.evaluation.clustered import alarm_threshold
from visiqc.evaluation.verification_report import Negative
from visiqc.inspection.fleet import FAR
from visiqc.training import plots
from visiqc.training.grids import MOST, SIDE_PX, Example, image_grid
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_validation import Table
from visiqc.training.tracking import Tracker
from visiqc.vision.photo import decode_rgb
from visiqc.vision.types import Photo


class Meeting(NamedTuple):
    """An upload against a product, beside the first golden of the view that it is most like."""

    similarity: float
    golden: Shown
    upload: Shown

    @property
    def genuine(self) -> bool:
        """Whether the upload shows that product."""
        return self.golden.sku == self.upload.sku


class Mistakes(NamedTuple):
    """Other designs that would be accepted, the most alike first, and genuine uploads, the least alike first."""

    accepted: list[Meeting]
    doubted: list[Meeting]


def show_table(table: Table, tracker: Tracker) -> None:
    """Curves, similarities and the worst mistakes of the products held out.

    Higher is worse in curves, so they take 1 - similarity.
    """
    held = [one for one in table.held() if one.negative is not Negative.VARIANT]
    distance = np.array([1 - one.similarity for one in held])
    other = np.array([one.negative is not None for one in held])
    tracker.figure(plots.roc_curve(other, distance, name="identity, held out"), "roc.png")
    tracker.figure(plots.pr_curve(other, distance, name="identity, held out"), "precision-recall.png")
    limit = accepted_above(table)
    histogram = plots.score_histogram(
        distance[~other],
        distance[other],
        None if limit is None else 1 - limit,
        name="identity, held out",
        unit="1 - similarity",
        limit=f"lets {FAR:.0%} of other designs pass",
        kinds=("pairs of one design", "pairs of two designs"),
    )
    tracker.figure(histogram, "similarities.png")
    found = worst_mistakes(table, limit)
    passed = "" if limit is None else f", similarity over {limit:.3f}"
    accepted = list(_examples(found.accepted, lambda one: one.upload.sku))
    doubted = list(_examples(found.doubted, lambda one: _answer(one, limit)))
    tracker.figure(image_grid(accepted, f"other designs accepted{passed}"), "worst-false-accepts.png")
    tracker.figure(image_grid(doubted, "genuine uploads least like their goldens"), "worst-misses.png")


def accepted_above(table: Table) -> float | None:
    """The similarity that at most `FAR` of the pairs of two designs exceed; None where there is no such pair."""
    strangers = np.array([one.similarity for one in table.held() if one.negative in (Negative.FAMILY, Negative.DESIGN)])
    if not strangers.size:
        return None
    return float(alarm_threshold(strangers, np.ones((1, strangers.size)), FAR)[0])


def worst_mistakes(table: Table, limit: float | None, *, most: int = MOST) -> Mistakes:
    """The pairs to look at, each upload once for every product.

    Args:
        table: Views against uploads.
        limit: Accepted above it; None = nothing is accepted.
        most: Of each kind.
    """
    met = list(_meetings(table))
    accepted = [one for one in met if not one.genuine and limit is not None and one.similarity > limit]
    doubted = [one for one in met if one.genuine]
    return Mistakes(
        sorted(accepted, key=lambda one: -one.similarity)[:most],
        sorted(doubted, key=lambda one: one.similarity)[:most],
    )


def _meetings(table: Table) -> Iterator[Meeting]:
    """Every genuine upload against every product."""
    for row, column in table.pairs():
        if (upload := table.uploads[column]).genuine:
            yield Meeting(float(table.similarity[row, column]), table.views[row].goldens[0], upload)


def _examples(meetings: Sequence[Meeting], said: Callable[[Meeting], str]) -> Iterator[Example]:
    for one in meetings:
        golden, upload = _photo(one.golden.photo), _photo(one.upload.photo)
        if golden is not None and upload is not None:
            yield Example(golden=golden, upload=upload, sku=one.golden.sku, score=one.similarity, code=said(one))


def _answer(one: Meeting, limit: float | None) -> str:
    return "accepted" if limit is not None and one.similarity > limit else "refused"


def _photo(path: Path) -> Photo | None:
    """The photo, small; None where it is gone since its features were computed: a picture less ends no training."""
    try:
        return decode_rgb(path.read_bytes(), max_side=2 * SIDE_PX)
    except (OSError, VisiQCError):
        return None
