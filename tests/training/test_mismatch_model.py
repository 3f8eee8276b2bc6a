"""The mismatch network, its loss and its export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from visiqc.errors import BadRecipe
from visiqc.runtime.cards import TrainingRecord, read_card, verified_model
from visiqc.runtime.models import NONE, OnnxIdentity, cards_of, load_models
from visiqc.runtime.sessions import open_session
from visiqc.training.export_lite import Lite, load_lite
from visiqc.training.mismatch_batches import BatchSettings, MismatchBatches, Row
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_export import MismatchFacts, export_mismatch
from visiqc.training.mismatch_features import Patches
from visiqc.training.mismatch_learner import MetricSettings, MismatchLearner, whiten
from visiqc.training.mismatch_model import DIMENSIONS, MismatchNet
from visiqc.training.mismatch_validation import Seen


@pytest.fixture(name="lite", scope="module")
def a_network() -> Lite:
    return load_lite("lite0")[0]


def maps(count: int, *, seed: int = 0, side: int = 6) -> torch.Tensor:
    return torch.randn(count, 112, side, side, generator=torch.Generator().manual_seed(seed))


def rows(net: MismatchNet) -> list[Row]:
    """Four products of one family, three photos each: a product has its own colours, a photo its own noise."""
    found = []
    for sku in range(4):
        for n in range(3):
            fine = 3 * maps(1, seed=sku, side=1) + 0.5 * maps(1, seed=100 + 10 * sku + n)
            with torch.no_grad():
                patches = Patches(fine.numpy().astype(np.float16), net.kept(fine).numpy().astype(np.float16))
            shown = Shown(
                photo=Path(f"{n}.jpg"), sku=f"s{sku}", identity=f"s{sku}", role="same", look={"metal": f"m{sku % 2}"}
            )
            found.append(Row(shown=shown, patches=patches))
    return found


def learner(
    net: MismatchNet, settings: MetricSettings, *, frozen_epochs: int = 1, judged: Sequence[Seen] = ()
) -> MismatchLearner:
    batches = MismatchBatches(rows(net), BatchSettings(designs=4), steps=2, seed=0)
    return MismatchLearner(
        net,
        batches,
        lambda _: {"score": 0.0},
        settings,
        steps=2,
        frozen_epochs=frozen_epochs,
        tail_rate=0.2,
        judged=judged,
    )


@pytest.mark.parametrize("frozen", [0, 4])
def test_a_vector_has_length_one_at_any_size(lite: Lite, frozen: int) -> None:
    net = MismatchNet(lite, frozen=frozen).eval()
    for side in (6, 9):
        vectors = net(maps(2, side=side))
        assert vectors.shape == (2, DIMENSIONS)
        assert vectors.norm(dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)


def test_it_starts_as_the_pretrained_continuation(lite: Lite) -> None:
    net = MismatchNet(lite, frozen=4).eval()
    net.pool.power.data.fill_(1.0)  # the plain mean, which the pretrained network pools by
    with torch.no_grad():
        assert torch.allclose(net.form(net.kept(maps(1))), lite.vectors(maps(1)), atol=1e-4)


def test_training_mode_leaves_the_statistics_of_pretraining_alone(lite: Lite) -> None:
    net = MismatchNet(lite)
    net.train()
    before = {name: value.clone() for name, value in net.named_buffers()}
    net(maps(3))
    assert net.training
    assert all(torch.equal(before[name], value) for name, value in net.named_buffers())


def test_so_many_blocks_there_are_not(lite: Lite) -> None:
    with pytest.raises(BadRecipe, match="0 to 4, got 5"):
        MismatchNet(lite, frozen=5)


@pytest.mark.parametrize("proxies", ["anchor", "arcface"])
def test_a_step_moves_what_is_not_frozen(lite: Lite, proxies: str) -> None:
    net = MismatchNet(lite, frozen=4)
    some = learner(net, MetricSettings(proxies=proxies))
    groups = some.parameter_groups()
    assert {id(p) for group in groups for p in group["params"]} == {
        id(p) for p in some.module.parameters() if p is not None
    } - {id(p) for p in net.kept.parameters()}
    for epoch, moves in ((0, False), (1, True)):
        some.start_epoch(epoch)
        some.module.zero_grad(set_to_none=True)
        total, parts = some.loss(next(iter(some.batches(epoch, rank=0, world=1))))
        total.backward()
        assert set(parts) == {"proxies", "pairs", "attributes"}
        assert float(total.detach()) == pytest.approx(sum(parts.values()), rel=1e-5)
        assert (net.head.get_parameter("weight").grad is not None) is moves
        assert net.project.weight.grad is not None


def test_the_heads_of_the_attributes_are_measured_on_the_products_held_out(lite: Lite) -> None:
    net = MismatchNet(lite, frozen=4)
    judged = [Seen(shown=row.shown, patches=row.patches) for row in rows(net)]
    judged[0] = replace(judged[0], shown=replace(judged[0].shown, look={"metal": "never seen"}))
    judged[1] = replace(judged[1], shown=replace(judged[1].shown, look={}))
    some = learner(net, MetricSettings(), judged=judged)
    head = next(some.module.get_submodule("heads").children())
    with torch.no_grad():
        head.get_parameter("weight").zero_()
        head.get_parameter("bias").copy_(torch.tensor([1.0, 0.0]))  # always m0, as four of the eleven known are
    assert some.validate() == {"score": 0.0, "accuracy_metal": pytest.approx(4 / 11)}
    assert learner(net, MetricSettings(attributes=0.0), judged=judged).validate() == {"score": 0.0}


def gap(net: MismatchNet) -> float:
    """How much more alike photos of one product are than photos of two."""
    with torch.no_grad():
        vectors = net(torch.cat([torch.from_numpy(row.patches.stride16.astype(np.float32)) for row in rows(net)]))
    product = torch.arange(12) // 3
    alike = vectors @ vectors.T
    same = product[:, None] == product[None, :]
    return float(alike[same].mean() - alike[~same].mean())


def test_whitened_vectors_are_not_all_alike(lite: Lite) -> None:
    net = MismatchNet(lite, frozen=4)
    before = gap(net.eval())
    whiten(net, MismatchBatches(rows(net), BatchSettings(designs=4), steps=12, seed=0))
    assert gap(net) > before + 0.1


def test_learning_tells_the_products_apart(lite: Lite) -> None:
    torch.manual_seed(0)
    net = MismatchNet(lite, frozen=4)
    before = gap(net.eval())
    some = learner(net, MetricSettings())
    optimizer = torch.optim.AdamW([{**group, "lr": 3e-3 * group["scale"]} for group in some.parameter_groups()])
    for epoch in range(6):
        for batch in some.batches(epoch, rank=0, world=1):
            optimizer.zero_grad()
            some.loss(batch)[0].backward()
            optimizer.step()
    assert gap(net.eval()) > before + 0.2


def test_the_exported_file_is_served_like_the_one_off_the_shelf(lite: Lite, tmp_path: Path) -> None:
    trunk = cards_of(load_models(defect=NONE, threads=1))["trunk"]
    net = MismatchNet(lite, frozen=4).eval()
    record = TrainingRecord(recipe="seed: 0\n", data=(), minutes=1.0, machine="2 cores", epochs=1)
    facts = MismatchFacts(trunk=trunk, training=record, metrics={"held out/tar": 0.95}, shippable=True)
    card = export_mismatch(net, tmp_path / "identity", version="m-1", facts=facts)
    assert card == read_card(tmp_path / "identity" / "m-1")
    assert max(card.parity.values()) <= 1e-3
    assert card.bytes <= 6_000_000
    assert card.trunk_sha256 == trunk.sha256
    model = verified_model(tmp_path / "identity" / "m-1")
    served = OnnxIdentity(model.card, open_session(model.content, name="m-1", device="cpu", threads=1))
    with torch.no_grad():
        wanted = net(maps(3)).numpy()
    assert served.vectors(maps(3).numpy()) == pytest.approx(wanted, abs=1e-3)
