"""From when on an upload shows the design it was held against: what photos of other designs reach.

No design may be an impostor of itself, so its own vectors are left out of the cohort it is held against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from visiqc.errors import InputError
from visiqc.inspection.compare import Comparison
from visiqc.inspection.fleet import FAR, closeness, sameness
from visiqc.vision.bank import GoldenBank
from visiqc.vision.golden_view import GoldenView
from visiqc.vision.types import FloatArray, Mask

Banks = dict[str, GoldenBank]
Held = tuple[str, Comparison]
"""The product whose goldens a photo was held against, and what came of it."""
_TURNS_KEPT = 3
_OWN = 0.97  # a vector this close to one of a design's goldens is of one of them


def cohort_of(banks: Banks) -> FloatArray:
    """(n, D) identity of every view's reference photo in three turns, in the order of the products."""
    return np.concatenate([_kept(view) for bank in banks.values() for view in bank.views])


def own_by_name(banks: Banks, designs: Mapping[str, str]) -> dict[str, Mask]:
    """By product, which rows of `cohort_of(banks)` are its own: all that show its design.

    Args:
        banks: By product.
        designs: By product; two sets may photograph one.
    """
    owners = np.array([designs[name] for name, bank in banks.items() for view in bank.views for _ in _kept(view)])
    return {name: owners == designs[name] for name in banks}


def own_by_vector(banks: Banks, cohort: FloatArray) -> dict[str, Mask]:
    """By product, which rows of a cohort without names are its own: those of its golden photos."""
    return {name: _nearest(bank, cohort) >= _OWN for name, bank in banks.items()}


def sameness_scores(held: Sequence[Held], cohort: FloatArray, own: Mapping[str, Mask]) -> list[float]:
    """How sure it looks that each photo shows the design it was held against; none for photos that were not compared.

    Raises:
        InputError: A product has no strangers in the cohort.


    Args:
        held: Photos against products.
        cohort: (n, D) float32 identity vectors.
        own: By product, the rows that are no strangers to it.
    """
    return list(_scores(held, cohort, own))


def sameness_limits(strangers: Sequence[float]) -> tuple[float, float]:
    """What 1 % and what 0.2 % of other designs reach.

    Raises:
        InputError: None could be held against another.
    """
    if not strangers:
        raise InputError("no photo could be held against another product; add products of which photos can be compared")
    accepted, sure = (round(float(np.quantile(strangers, share)), 4) for share in (0.99, 0.998))
    return accepted, sure


def _scores(held: Sequence[Held], cohort: FloatArray, own: Mapping[str, Mask]) -> Iterator[float]:
    limits: dict[tuple[str, int], float] = {}
    for name, found in held:
        if found.identity is None or found.view is None or found.alike is None:
            continue
        key = name, id(found.view)
        if own[name].all():
            raise InputError(f"{name} is the only design of the cohort; add products that are another design")
        if key not in limits:
            limits[key] = float(np.quantile(closeness(found.view.turned, cohort[~own[name]]), 1.0 - FAR))
        yield sameness(found.identity.similarity, limits[key], found.alike)


def _kept(view: GoldenView) -> FloatArray:
    return view.turned[0, :: view.turned.shape[1] // _TURNS_KEPT]


def _nearest(bank: GoldenBank, cohort: FloatArray) -> FloatArray:
    turned = np.concatenate([view.turned.reshape(-1, cohort.shape[1]) for view in bank.views])
    return np.asarray((turned @ cohort.T).max(axis=0))
