"""Products held out, held against their goldens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.evaluation.verification_report import Negative
from visiqc.inspection.fleet import closeness
from visiqc.training.export_lite import load_lite
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_features import Patches
from visiqc.training.mismatch_model import MismatchNet
from visiqc.training.mismatch_validation import Seen, Table, View, figures, report_of, table_of, vectors_of


def shown(sku: str, role: str, attribute: str | None = None, view: str = "") -> Shown:
    views = (view,) if view else ()
    return Shown(photo=Path("x.jpg"), sku=sku, identity=sku, role=role, family=sku[0], attribute=attribute, views=views)


def axis(number: int) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[number]


def table() -> Table:
    """Two rings and a pendant; the vectors of a product lie along its own axis, a variant's halfway to it."""
    uploads = (
        *(shown(sku, "same") for sku in ("r1", "r2", "p1")),
        shown("r1", "variant", "metal"),
        shown("p1", "other"),
    )
    views = tuple(view(sku, np.stack([axis(n), axis(3)])) for n, sku in enumerate(("r1", "r2", "p1")))
    return against(views, uploads, np.stack([axis(0), axis(1), axis(2), 0.5 * axis(0), axis(1)]))


def view(sku: str, *turned: np.ndarray) -> View:
    return View(tuple(shown(sku, "golden") for _ in turned), np.stack(turned))


def against(views: tuple[View, ...], uploads: tuple[Shown, ...], sent: np.ndarray) -> Table:
    similarity = np.stack([closeness(each.turned, sent) for each in views]).astype(np.float64)
    return Table(views, uploads, similarity)


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


def test_a_product_counts_once_however_many_goldens_it_has_and_by_their_mean() -> None:
    ring, pendant = view("r1", axis(0)[None], axis(3)[None]), view("p1", axis(2)[None])
    uploads = (shown("r1", "same"), shown("r1", "same"), shown("p1", "same"))
    some = against((ring, pendant), uploads, np.stack([axis(0), axis(1), axis(2)]))
    genuine = [one.similarity for one in some.held() if one.negative is None]
    assert genuine == [0.5, 0.0, 1.0]
    assert report_of(some).cross_design.tar.n == 3
    near = 0.8 * axis(0) + 0.2 * axis(2)  # a stranger that is like one golden of the ring: 0.4 in the mean
    assert some.accepted(near[None]) == (pytest.approx(2 / 3), 0.0)
    assert some.accepted(near[None] + 0.8 * axis(3)) == (pytest.approx(1 / 3), 0.0)


def test_a_product_known_from_two_sides_is_held_by_the_one_that_the_photo_shows() -> None:
    views = (view("r1", axis(0)[None]), view("r1", axis(1)[None]), view("p1", axis(2)[None]))
    uploads = (shown("r1", "same"), shown("p1", "same"))
    some = against(views, uploads, np.stack([axis(1), 0.5 * axis(0) + 0.2 * axis(1)]))
    assert [(one.golden, one.upload, one.similarity) for one in some.held()] == [
        ("r1", "r1", 1.0),
        ("r1", "p1", 0.5),
        ("p1", "r1", 0.0),
        ("p1", "p1", 0.0),
    ]
    assert some.nearest() == [("r1", "r1"), ("p1", "r1")]


def test_goldens_are_asked_together_by_product_and_view() -> None:
    net = MismatchNet(load_lite("lite0")[0], frozen=4)
    sent = [shown(*one) for one in (("r1", "golden"), ("p1", "golden"), ("r1", "golden"), ("r1", "same"))]
    bases = np.random.default_rng(0).normal(0, 1.0, (5, 1, 112, 6, 6))
    photos = [seen(one, base, 2) for one, base in zip([*sent, shown("r1", "golden", view="side")], bases, strict=True)]
    found = table_of(net, photos)
    assert [(one.sku, one.turned.shape) for one in found.views] == [
        ("r1", (2, 2, 128)),
        ("p1", (1, 2, 128)),
        ("r1", (1, 2, 128)),
    ]
    upload = vectors_of(net, photos[3].patches)[:1]
    assert found.similarity[0, 0] == pytest.approx(float(closeness(found.views[0].turned, upload)[0]), abs=1e-4)


def seen(what: Shown, base: np.ndarray, patches: int) -> Seen:
    """A photo whose maps are like `base`."""
    noise = np.random.default_rng(patches).normal(0, 0.05, (patches, 112, 6, 6))
    fine = (base + noise).astype(np.float16)
    return Seen(shown=what, patches=Patches(fine, np.tile(fine[:, :96, ::2, ::2], (1, 2, 1, 1))))


def test_a_network_is_measured_as_it_serves() -> None:
    net = MismatchNet(load_lite("lite0")[0], frozen=4)
    rng = np.random.default_rng(0)
    photos = []
    for sku in ("r1", "p1"):
        base = rng.normal(0, 1.0, (1, 112, 6, 6))
        photos += [seen(shown(sku, "golden"), base, 3), seen(shown(sku, "same"), base, 1)]
    found = table_of(net, photos)
    assert [one.turned.shape for one in found.views] == [(1, 3, 128)] * 2
    assert found.nearest() == [("r1", "r1"), ("p1", "p1")]


def test_nothing_held_out_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to validate on: 0 golden"):
        table_of(MismatchNet(load_lite("lite0")[0]), [])
