"""The sidecar a set has, for another identity model: what says how alike two designs look, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from visiqc.evaluation.size_fit import known_likeness
from visiqc.inspection.fleet import Fleet, limit_among
from visiqc.training.mismatch_validation import Table, View
from visiqc.vision.fusion import Fusion
from visiqc.vision.golden_view import TURNS
from visiqc.vision.types import FloatArray

_STEP = TURNS // 3  # three turns of a golden stand in the cohort


def with_identity(known: Fleet, table: Table, learned: FloatArray, *, digest: str, source: str) -> Fleet:
    """The sidecar with a cohort of the model's own, and with the likeness by which it knows a view.

    Maps do not ask the identity model, so their scale stays.

    Args:
        known: Sidecar of the set the model joins.
        table: Products held out.
        learned: (n, D) float32 vectors of golden photos that the model learned from.
        digest: SHA-256 of the model.
        source: What the cohort shows.
    """
    cohort = np.concatenate([*_kept_once(table.views), learned])
    found = replace(known, cohort=cohort, identity=digest, source=f"{known.source}; cohort: {source}")
    if known.fusion is None or not known.fusion.sizes:
        return found
    return replace(found, fusion=_known_anew(known.fusion, table, learned))


def _known_anew(fusion: Fusion, table: Table, learned: FloatArray) -> Fusion:
    """Likeness to *other* designs has the measure of the model that tells it."""
    several, single = list[float](), list[float]()
    kept = {view.sku: [*_kept_once(each for each in table.views if each.sku == view.sku)] for view in table.views}
    for sku in kept:
        strangers = np.concatenate([*(one for other, rows in kept.items() if other != sku for one in rows), learned])
        own = [view for view in table.views if view.sku == sku]
        single += [limit_among(turned[None], strangers) for turned in _goldens_once(own)]
        several += [limit_among(view.turned, strangers) for view in own if len(view.turned) > 1]
    return replace(fusion, known=known_likeness(several or single), single_known=known_likeness(single))


def _kept_once(views: Iterable[View]) -> Iterator[FloatArray]:
    """(turns, D) vectors of each golden in the turns that stand in a cohort."""
    return (turned[::_STEP] for turned in _goldens_once(views))


def _goldens_once(views: Iterable[View]) -> Iterator[FloatArray]:
    """(TURNS, D) vectors of each golden; a photo that is a golden of two versions counts once."""
    seen = set[Path]()
    for view in views:
        for golden, turned in zip(view.goldens, view.turned, strict=True):
            if golden.photo not in seen:
                seen.add(golden.photo)
                yield turned
