"""The sidecar of a set that gets another identity model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import shipped_fleet
from visiqc.inspection.fleet import Fleet
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_sidecar import with_identity
from visiqc.training.mismatch_validation import Table, View
from visiqc.vision.golden_view import TURNS

NOTHING = np.zeros((0, 128), np.float32)
"""No photo was learned from."""


def table(alike: float) -> Table:
    """Three designs of two goldens each; all turns of a golden are one vector, and any two designs are so alike."""
    skus = ("r1", "r2", "p1")
    common, own = np.sqrt(alike), np.sqrt(1 - alike)
    vectors = [np.r_[common, own * np.eye(3)[n], np.zeros(124)].astype(np.float32) for n in range(len(skus))]
    views = [
        View(
            tuple(Shown(photo=Path(sku, name), sku=sku, identity=sku, role="golden") for name in ("a.jpg", "b.jpg")),
            np.tile(vector, (2, TURNS, 1)),
        )
        for sku, vector in zip(skus, vectors, strict=True)
    ]
    return Table(tuple(views), (), np.zeros((len(skus), 0)))


def joined(alike: float) -> Fleet:
    return with_identity(shipped_fleet(), table(alike), NOTHING, digest="new", source="mine")


@pytest.mark.parametrize("alike", [0.2, 0.6])
def test_a_view_is_known_by_the_likeness_that_the_new_model_tells(alike: float) -> None:
    fusion = joined(alike).fusion
    assert fusion is not None
    assert (fusion.known, fusion.single_known) == pytest.approx((alike, alike), abs=1e-3)


def test_a_design_is_no_stranger_to_itself() -> None:
    fusion = joined(0.0).fusion
    assert fusion is not None
    assert fusion.known == pytest.approx(0.0, abs=1e-6)


def test_the_scale_of_the_maps_stays() -> None:
    known, found = shipped_fleet(), joined(0.5)
    assert found.identity == "new"
    assert len(found.cohort) == 6 * 3
    assert found.source.endswith("; cohort: mine")
    assert known.fusion is not None
    assert found.fusion is not None
    same = replace(found.fusion, known=known.fusion.known, single_known=known.fusion.single_known)
    assert same == known.fusion
    assert found.usual == known.usual


def test_a_golden_of_two_versions_stands_in_the_cohort_once() -> None:
    once = table(0.5)
    first = once.views[0]
    again = View((replace(first.goldens[0], photo=Path("r1", "c.jpg")), first.goldens[1]), first.turned)
    found = with_identity(
        shipped_fleet(), replace(once, views=(*once.views, again)), NOTHING, digest="new", source="mine"
    )
    assert len(found.cohort) == 7 * 3


def test_nor_does_it_change_what_likeness_a_view_is_known_by() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(6, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    once = table(0.5)
    views = tuple(
        replace(view, turned=np.repeat(vectors[2 * n : 2 * n + 2, None], TURNS, axis=1))
        for n, view in enumerate(once.views)
    )
    found = [
        with_identity(shipped_fleet(), replace(once, views=some), NOTHING, digest="new", source="mine").fusion
        for some in (views, (views[0], *views))
    ]
    known = [fusion.single_known for fusion in found if fusion is not None]
    assert len(known) == 2
    assert known[0] == known[1]


def test_where_sizes_say_nothing_no_likeness_is_measured() -> None:
    fleet = shipped_fleet()
    assert fleet.fusion is not None
    plain = replace(fleet, fusion=replace(fleet.fusion, sizes=(), single_sizes=(), known=-1.0, single_known=-1.0))
    found = with_identity(plain, table(0.5), NOTHING, digest="new", source="mine")
    assert found.fusion == plain.fusion
