"""Products held out, held against their goldens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.evaluation.verification_report import Negative
from visiqc.training.export_lite import load_lite
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_features import Patches
from visiqc.training.mismatch_model import MismatchNet
from visiqc.training.mismatch_validation import Seen, Table, figures, report_of, table_of


def shown(sku: str, role: str, attribute: str | None = None) -> Shown:
    return Shown(photo=Path("x.jpg"), sku=sku, identity=sku, role=role, family=sku[0], attribute=attribute)


def axis(number: int) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[number]


def table() -> Table:
    """Two rings and a pendant; the vectors of a product lie along its own axis, a variant's halfway to it."""
    goldens = tuple(shown(sku, "golden") for sku in ("r1", "r2", "p1"))
    uploads = (
        *(shown(sku, "same") for sku in ("r1", "r2", "p1")),
        shown("r1", "variant", "metal"),
        shown("p1", "other"),
    )
    turned = np.stack([np.stack([axis(n), axis(3)]) for n in range(3)])
    sent = np.stack([axis(0), axis(1), axis(2), 0.5 * axis(0), axis(1)])
    similarity = np.einsum("gtd,ud->gtu", turned, sent).max(axis=1).astype(np.float64)
    return Table(goldens, uploads, similarity, turned)


def test_pairs_are_sorted_by_why_they_do_not_match() -> None:
    held = table().held()
    kinds = {(one.golden, one.upload): one.negative for one in held if not one.attribute}
    assert kinds["r1", "r1"] is None
    assert kinds["r1", "r2"] is Negative.DESIGN
    assert kinds["r1", "p1"] is Negative.FAMILY
    assert [(one.golden, one.similarity) for one in held if one.negative is Negative.VARIANT] == [("r1", 0.5)]
    assert len(held) == 10  # a variant is held against its own golden alone, a mix-up against none


def test_the_figures_are_those_of_the_table() -> None:
    found = figures(report_of(table()))
    assert (found["tar"], found["eer"], found["recall_at_1"], found["variant/metal"]) == (1.0, 0.0, 1.0, 1.0)
    assert found["score"] == pytest.approx(1.5)


def test_a_golden_s_own_limit_comes_from_strangers() -> None:
    near = np.stack([0.9 * axis(0), 0.2 * axis(1), 0.2 * axis(2)])
    accepted, strangers = table().accepted(near)
    assert (accepted, strangers) == (1.0, 0.0)
    beyond = np.stack([1.1 * axis(0)])  # a stranger nearer than any upload: the ring's own are refused
    assert table().accepted(beyond)[0] == pytest.approx(2 / 3)


def test_a_network_is_measured_as_it_serves() -> None:
    net = MismatchNet(load_lite("lite0")[0], frozen=4)
    rng = np.random.default_rng(0)

    def seen(what: Shown, base: np.ndarray, patches: int) -> Seen:
        fine = (base + rng.normal(0, 0.05, (patches, 112, 6, 6))).astype(np.float16)
        return Seen(shown=what, patches=Patches(fine, np.tile(fine[:, :96, ::2, ::2], (1, 2, 1, 1))))

    photos = []
    for sku in ("r1", "p1"):
        base = rng.normal(0, 1.0, (1, 112, 6, 6))
        photos += [seen(shown(sku, "golden"), base, 3), seen(shown(sku, "same"), base, 1)]
    found = table_of(net, photos)
    assert found.turned.shape == (2, 3, 128)
    assert found.nearest() == [("r1", "r1"), ("p1", "p1")]


def test_nothing_held_out_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to validate on: 0 golden"):
        table_of(MismatchNet(load_lite("lite0")[0]), [])
