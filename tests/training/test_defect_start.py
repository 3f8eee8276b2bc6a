"""Going on from a defect model that is there already."""

from __future__ import annotations

import dataclasses

import onnxruntime
import pytest
import torch

from visiqc.errors import BadRecipe
from visiqc.runtime.bundle import find_model
from visiqc.runtime.cards import VerifiedModel, verified_model
from visiqc.runtime.models import DEFAULT_TRUNK, SHIPPED
from visiqc.training.defect_batches import DefectBatch
from visiqc.training.defect_export import DefectGraph, defect_onnx
from visiqc.training.defect_loss import DefectTargets
from visiqc.training.defect_model import TRUNK_CHANNELS, DefectArchitecture, DefectNet, Maps
from visiqc.training.defect_start import begin_from

TINY = DefectArchitecture(embeddings=(4, 6, 8), hidden=(8, 8, 8), widths=(4, 6, 8))
CODES = ("FI-CON", "ME-SCR", "unknown")


def batch(seed: int, goldens: int = 2) -> DefectBatch:
    random = torch.Generator().manual_seed(seed)
    sides = (24, 12, 6)
    upload = Maps(*(torch.randn(3, c, s, s, generator=random) for c, s in zip(TRUNK_CHANNELS, sides, strict=True)))
    others = Maps(
        *(torch.randn(3, goldens, c, s, s, generator=random) for c, s in zip(TRUNK_CHANNELS, sides, strict=True))
    )
    nothing = torch.zeros(3, 1, 24, 24)
    return DefectBatch(upload, others, DefectTargets(nothing, nothing, torch.zeros(3, 12, 12, dtype=torch.int64)))


@pytest.fixture(scope="module")
def trained() -> DefectNet:
    """A net whose batch norms have seen something, and whose weights are not those of the beginning."""
    torch.manual_seed(0)
    net = DefectNet(TINY, len(CODES))
    rates = torch.optim.SGD(net.parameters(), lr=0.05)
    for seed in range(6):
        sample = batch(seed)
        change, types = net(sample.upload, sample.goldens)
        rates.zero_grad()
        ((change - 1).square().mean() + types.square().mean()).backward()
        rates.step()
    return net.eval()


@pytest.fixture(scope="module")
def model(trained: DefectNet) -> VerifiedModel:
    ships = verified_model(find_model("defect", str(SHIPPED[DEFAULT_TRUNK].defect)))
    return VerifiedModel(dataclasses.replace(ships.card, codes=CODES), defect_onnx(DefectGraph(trained)))


@torch.inference_mode()
def answers(net: DefectNet, sample: DefectBatch) -> tuple[torch.Tensor, torch.Tensor]:
    change, types = net(sample.upload, sample.goldens)
    return change, types


def test_it_answers_as_the_model_does_and_learns_from_there(trained: DefectNet, model: VerifiedModel) -> None:
    torch.manual_seed(1)
    net = DefectNet(TINY, len(CODES))
    begin_from(net, model, CODES, [batch(seed) for seed in range(20, 28)])
    for sample in (batch(90), batch(91, goldens=1)):
        for ours, theirs in zip(answers(net.eval(), sample), answers(trained, sample), strict=True):
            assert torch.allclose(ours, theirs, atol=2e-4)
    ours, theirs = answers(net.train(), batch(92))[0], answers(trained, batch(92))[0]
    # Normalised by the batch in place of what was seen: not the same, but no other model either.
    assert torch.corrcoef(torch.stack([ours.flatten(), theirs.flatten()]))[0, 1] > 0.9


def test_type_classes_are_matched_by_their_codes(trained: DefectNet, model: VerifiedModel) -> None:
    codes = ("ST-MIS", "ME-SCR", "FI-CON", "unknown")
    net = DefectNet(TINY, len(codes))
    begin = net.types.get_parameter("weight")[0].clone()
    begin_from(net, model, codes, [batch(3)])
    rows, theirs = net.types.get_parameter("weight"), trained.types.get_parameter("weight")
    assert torch.equal(rows[1:], theirs[[1, 0, 2]])
    assert torch.equal(rows[0], begin)


@pytest.mark.parametrize("other", [{"widths": (4, 6, 10)}, {"embeddings": (4, 6, 10)}, {"hidden": (8, 8, 12)}])
def test_a_model_of_other_widths_is_refused(model: VerifiedModel, other: dict[str, tuple[int, int, int]]) -> None:
    net = DefectNet(dataclasses.replace(TINY, **other), len(CODES))
    with pytest.raises(
        BadRecipe, match=r"start_from: defect lite0-1-\w+ has other widths .* differs\); take its widths"
    ):
        begin_from(net, model, CODES, [batch(3)])


def test_what_ships_can_be_gone_on_from() -> None:
    ships = verified_model(find_model("defect", str(SHIPPED[DEFAULT_TRUNK].defect)))
    net = DefectNet(DefectArchitecture(), len(ships.card.codes))
    begin_from(net, ships, ships.card.codes, [batch(3)])
    net.train()(batch(5).upload, batch(5).goldens)[0].mean().backward()  # and it can be learned from
    begin_from(net, ships, ships.card.codes, [batch(3)])
    again = defect_onnx(DefectGraph(net.eval()))
    sample = batch(4)
    feeds = {f"upload{s}": each[:1].numpy() for s, each in zip((4, 8, 16), sample.upload, strict=True)}
    own = net.embed(Maps(*(each[0] for each in sample.goldens)))
    feeds |= {f"golden{s}": each.detach().unsqueeze(0).numpy() for s, each in zip((4, 8, 16), own, strict=True)}
    found = [onnxruntime.InferenceSession(content).run(["change"], feeds)[0] for content in (again, ships.content)]
    assert abs(found[0] - found[1]).max() < 5e-3 * abs(found[1]).max()
