"""From when on an upload shows the design it was held against: what photos of other designs reach.

No design may be an impostor of itself, so its own vectors are left out of the cohort it is held against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from visiqc.errors import InputError
from visiqc.inspection.compare import Comparison
from visiqc.inspection.fleet import limit_among, sameness
from visiqc.vision.bank import GoldenBank
from visiqc.vision.golden_view import GoldenView
from visiqc.vision.types import FloatArray, Mask

Banks = dict[str, GoldenBank]
_TURNS_KEPT = 3
_OWN = 0.97  # a vector this close to one of a design's goldens is of one of them


class Held(NamedTuple):
    """A photo held against a product's goldens.

    Attributes:
        product: Whose goldens they are.
        found: What came of it.
        shown: The product the photo shows.
    """

    product: str
    found: Comparison
    shown: str


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


def accepted_unseen(
    held: Sequence[Held], cohort: FloatArray, own: Mapping[str, Mask], designs: Mapping[str, str]
) -> list[bool]:
    """Whether each photo would pass for the other design it was held against, had neither design been known.

    What all of them reach sets the limits of a sidecar: at those, 1 % pass whatever the models are worth. So both
    designs of a pair are left out in turn, of the photos that set the limit and of the cohort.

    Args:
        held: Photos against products of other designs.
        cohort: (n, D) float32 identity vectors.
        own: By product, the rows that show its design.
        designs: By product.

    Returns:
        One of each photo that was compared; none where no pair of two further designs is left.
    """
    compared = [(one, told) for one in held if (told := _told(one)) is not None]
    scores = np.array(sameness_scores([one for one, _ in compared], cohort, own))
    pairs = np.array([(designs[one.product], designs[one.shown]) for one, _ in compared])
    found: list[bool] = []
    for (one, (view, similarity, alike)), pair in zip(compared, pairs, strict=True):
        others = scores[~np.isin(pairs, pair).any(axis=1)]
        if len(others):
            # What could not be enrolled has no rows in the cohort.
            known = own[one.product] | own.get(one.shown, own[one.product])
            same = sameness(similarity, limit_among(view.turned, cohort[~known]), alike)
            found.append(same >= sameness_limits(others.tolist())[0])
    return found


def _scores(held: Sequence[Held], cohort: FloatArray, own: Mapping[str, Mask]) -> Iterator[float]:
    limits: dict[tuple[str, int], float] = {}
    for one in held:
        if (told := _told(one)) is None:
            continue
        view, similarity, alike = told
        if own[one.product].all():
            raise InputError(f"{one.product} is the only design of the cohort; add products that are another design")
        key = one.product, id(view)
        if key not in limits:
            limits[key] = limit_among(view.turned, cohort[~own[one.product]])
        yield sameness(similarity, limits[key], alike)


def _told(one: Held) -> tuple[GoldenView, float, float] | None:
    """View, identity similarity and alignment of a photo that was compared; None of others."""
    found = one.found
    if found.identity is None or found.view is None or found.alike is None:
        return None
    return found.view, found.identity.similarity, found.alike


def _kept(view: GoldenView) -> FloatArray:
    return view.turned[0, :: view.turned.shape[1] // _TURNS_KEPT]


def _nearest(bank: GoldenBank, cohort: FloatArray) -> FloatArray:
    turned = np.concatenate([view.turned.reshape(-1, cohort.shape[1]) for view in bank.views])
    return np.asarray((turned @ cohort.T).max(axis=0))
