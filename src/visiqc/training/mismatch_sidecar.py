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
    kept = [(view.sku, _kept(view)) for view in table.views]
    for view in table.views:
        others = [one for sku, one in kept if sku != view.sku]
        strangers, turned = np.concatenate([*others, learned]), view.turned
        single += [limit_among(turned[k : k + 1], strangers) for k in range(len(turned))]
        several += [limit_among(turned, strangers)] if len(turned) > 1 else []
    return replace(fusion, known=known_likeness(several or single), single_known=known_likeness(single))


def _kept_once(views: Iterable[View]) -> Iterator[FloatArray]:
    """The vectors that stand in a cohort: a photo that is a golden of two versions stands there once."""
    seen = set[Path]()
    for view in views:
        for golden, turned in zip(view.goldens, view.turned, strict=True):
            if golden.photo not in seen:
                seen.add(golden.photo)
                yield turned[::_STEP]


def _kept(view: View) -> FloatArray:
    """(n, D) vectors of a view's goldens in the turns that stand in a cohort."""
    return np.concatenate(view.turned[:, ::_STEP])
