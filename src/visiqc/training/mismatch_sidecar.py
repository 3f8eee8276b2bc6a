"""The sidecar a set has, for another identity model: what says how alike two designs look, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from visiqc.evaluation.size_fit import known_likeness
from visiqc.inspection.fleet import Fleet
from visiqc.training.mismatch_validation import Table
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
    cohort = np.concatenate([*(turned[::_STEP] for turned in table.turned), learned])
    found = replace(known, cohort=cohort, identity=digest, source=f"{known.source}; cohort: {source}")
    if known.fusion is None or not known.fusion.sizes:
        return found
    return replace(found, fusion=_known_anew(found, known.fusion, table, learned))


def _known_anew(fleet: Fleet, fusion: Fusion, table: Table, learned: FloatArray) -> Fusion:
    """Likeness to *other* designs has the measure of the model that tells it."""
    several, single = list[float](), list[float]()
    for turned, others in _views(table):
        strangers = replace(fleet, cohort=np.concatenate([others, learned]))
        single += [strangers.identity_limit(turned[k : k + 1]) for k in range(len(turned))]
        several += [strangers.identity_limit(turned)] if len(turned) > 1 else []
    return replace(fusion, known=known_likeness(several or single), single_known=known_likeness(single))


def _views(table: Table) -> Iterator[tuple[FloatArray, FloatArray]]:
    """The turned goldens of every product (k, turns, D), and those of the others (n, D)."""
    skus = np.array([golden.sku for golden in table.goldens])
    for sku in dict.fromkeys(skus):
        own = skus == sku
        yield table.turned[own], np.concatenate([*table.turned[~own][:, ::_STEP], table.turned[:0, 0]])
