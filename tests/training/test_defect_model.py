"""The defect model, its loss, and the graph that is served."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from visiqc.runtime.sessions import open_session
from visiqc.training.defect_export import DefectGraph, defect_onnx, multiply_adds
from visiqc.training.defect_loss import DefectTargets, LossSettings, defect_loss
from visiqc.training.defect_model import TRUNK_CHANNELS, DefectArchitecture, DefectNet, Maps, SoftMatch
from visiqc.training.defect_targets import NOT_TYPED

TINY = DefectArchitecture(embeddings=(4, 6, 8), widths=(4, 6, 8))


def maps(size: tuple[int, int], *front: int, seed: int = 0) -> Maps:
    random = torch.Generator().manual_seed(seed)
    return Maps(
        *(
            torch.randn(*front, channels, -(-size[0] // stride), -(-size[1] // stride), generator=random)
            for channels, stride in zip(TRUNK_CHANNELS, (4, 8, 16), strict=True)
        )
    )


def net(architecture: DefectArchitecture = TINY) -> DefectNet:
    """As after some training: what starts at nothing does something, and no norm is the identity."""
    torch.manual_seed(0)
    made = DefectNet(architecture, types=5).eval()
    with torch.no_grad():
        for embedding in made.embeddings:
            embedding.add.weight.normal_(std=0.3)
        for layer in made.modules():
            if isinstance(layer, torch.nn.BatchNorm2d) and layer.running_mean is not None:
                layer.running_mean.normal_(std=0.3)
                layer.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr]
    return made


def matched_plainly(upload: torch.Tensor, goldens: torch.Tensor, reach: int) -> tuple[torch.Tensor, ...]:
    """What `SoftMatch` gives, cell by cell as its docstring says."""
    batch, _, height, width = upload.shape
    sharpness, matched, figures = 2.718281828**2.3, torch.zeros_like(upload), torch.zeros(batch, 4, height, width)
    steps = range(-reach, reach + 1)
    for n, y, x in np.ndindex(batch, height, width):
        places = [(min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)) for dy in steps for dx in steps]
        there = torch.stack([torch.stack([golden[:, i, j] for i, j in places]) for golden in goldens[n]])
        cosines = torch.nn.functional.cosine_similarity(there, upload[n, :, y, x].expand_as(there), dim=-1)
        weights = (cosines * sharpness).flatten().softmax(0)
        matched[n, :, y, x] = weights @ there.flatten(0, 1)
        best, own = cosines.amax(1), goldens[n, :, :, y, x]
        apart = (own - own.mean(0)).square().mean()
        spread = (best - best.mean()).square().mean()
        figures[n, :, y, x] = torch.stack([best.max(), best.mean(), (spread + 1e-6).sqrt(), (apart + 1e-6).sqrt()])
    return matched, figures


@pytest.mark.parametrize("reach", [0, 1])
def test_matching_in_few_passes_gives_what_matching_cell_by_cell_gives(reach: int) -> None:
    torch.manual_seed(1)
    upload, goldens = torch.randn(1, 6, 5, 4), torch.randn(1, 3, 6, 5, 4)
    with torch.inference_mode():
        for got, wanted in zip(SoftMatch(reach)(upload, goldens), matched_plainly(upload, goldens, reach), strict=True):
            assert torch.allclose(got, wanted, atol=1e-4)


@pytest.mark.parametrize(("size", "goldens"), [((64, 96), 1), ((72, 40), 3)])
def test_every_size_and_number_of_goldens_gives_a_cell_for_4_and_8_pixels(size: tuple[int, int], goldens: int) -> None:
    with torch.inference_mode():
        change, types = net()(maps(size, 2), maps(size, 2, goldens))
    assert change.shape == (2, 1, size[0] // 4, size[1] // 4)
    assert types.shape == (2, 5, size[0] // 8, size[1] // 8)


def test_the_order_of_the_goldens_does_not_matter_and_a_golden_twice_is_a_golden_once() -> None:
    upload, goldens = maps((64, 64), 1), maps((64, 64), 1, 3, seed=1)
    turned = Maps(*(level.flip(1) for level in goldens))
    doubled = Maps(*(torch.cat([level, level], 1) for level in goldens))
    with torch.inference_mode():
        first, second, third = (net()(upload, each)[0] for each in (goldens, turned, doubled))
    assert torch.allclose(first, second, atol=1e-5)
    assert torch.allclose(first, third, atol=1e-4)


def test_a_match_one_cell_away_is_found_within_reach() -> None:
    upload = torch.randn(1, 6, 8, 8)
    moved = torch.roll(upload, (1, -1), (2, 3)).unsqueeze(1)
    (_, near), (_, fixed) = (SoftMatch(reach)(upload, moved) for reach in (1, 0))
    inner = (slice(None), 0, slice(2, -2), slice(2, -2))
    assert near[inner].min() > 0.999
    assert fixed[inner].mean() < 0.5


def test_the_shipped_widths_keep_to_two_million_parameters_and_four_gigamacs_at_1024_pixels() -> None:
    shipped = net(DefectArchitecture())
    assert sum(each.numel() for each in shipped.parameters()) < 2_000_000
    assert multiply_adds(shipped) * 1024 * 1024 <= 4e9


def test_the_graph_gives_torchs_numbers_and_embeds_a_golden_sent_as_an_upload() -> None:
    model = net()
    session = open_session(defect_onnx(DefectGraph(model)), name="defect", device="cpu", threads=1)
    upload, golden = maps((80, 48), 1), maps((80, 48), 1, seed=2)
    names = (4, 8, 16)
    nothing = {
        f"golden{s}": np.zeros((1, 1, c, -(-80 // s), -(-48 // s)), np.float32)
        for s, c in zip(names, (4, 6, 8), strict=True)
    }
    sent = {f"upload{s}": level.numpy() for s, level in zip(names, golden, strict=True)}
    embedded = session.run(sent | nothing, [f"embed{s}" for s in names])
    feed = {f"upload{s}": level.numpy() for s, level in zip(names, upload, strict=True)}
    feed |= {f"golden{s}": level[:, None] for s, level in zip(names, embedded, strict=True)}
    change, types = session.run(feed, ["change", "types"])
    with torch.inference_mode():
        wanted = model(upload, Maps(*(level.unsqueeze(1) for level in golden)))
    assert change == pytest.approx(wanted[0].numpy(), abs=1e-4)
    assert types == pytest.approx(wanted[1].numpy(), abs=1e-4)


def a_batch_of_targets(changed: bool) -> DefectTargets:
    change = torch.zeros(2, 1, 16, 16)
    types = torch.full((2, 8, 8), NOT_TYPED)
    if changed:
        change[0, 0, 4:8, 4:8] = 1
        types[0, 2:4, 2:4] = 3
    return DefectTargets(change, torch.ones(2, 1, 16, 16), types)


def test_saying_the_right_thing_costs_almost_nothing_and_every_part_counts() -> None:
    targets = a_batch_of_targets(changed=True)
    right = 24 * targets.change - 12
    types = torch.zeros(2, 5, 8, 8)
    types[:, 3] = 20
    total, parts = defect_loss(right, types, targets, LossSettings())
    assert float(total) < 0.01
    wrong, wrong_parts = defect_loss(-right, -types, targets, LossSettings())
    assert all(wrong_parts[name] > parts[name] + 0.1 for name in parts)
    assert float(wrong) > 10


def test_a_chip_that_is_missed_costs_as_much_as_a_plating_that_is_missed() -> None:
    change = torch.zeros(2, 1, 16, 16)
    change[0, :, 0, 0], change[1] = 1, 1
    targets = DefectTargets(change, torch.ones_like(change), torch.full((2, 8, 8), NOT_TYPED))
    settings = LossSettings(focal=0.0, dice=0.0, peak=0.0, types=0.0, each=1.0)

    def missing(sample: int) -> float:
        said = torch.where(change > 0, 9.0, -9.0)
        said[sample] = -4.0
        return float(defect_loss(said, torch.zeros(2, 5, 8, 8), targets, settings)[0])

    assert missing(0) == pytest.approx(missing(1), rel=1e-3)
    assert missing(0) > 1.5


def test_cells_that_are_not_judged_cost_nothing_and_a_batch_without_change_has_a_loss() -> None:
    targets = a_batch_of_targets(changed=False)._replace(weight=torch.zeros(2, 1, 16, 16))
    alarm = torch.full((2, 1, 16, 16), 9.0)
    total, parts = defect_loss(alarm, torch.zeros(2, 5, 8, 8), targets, LossSettings())
    assert float(parts["focal"]) == 0
    assert float(parts["dice"]) == float(parts["each"]) == 0
    assert torch.isfinite(total)


def test_the_type_of_a_small_defect_counts_as_much_as_that_of_a_large_one() -> None:
    targets = a_batch_of_targets(changed=True)
    classes = torch.full((2, 8, 8), NOT_TYPED)
    classes[0, :, :] = 1
    classes[1, 4, 4] = 2
    answers = torch.zeros(2, 5, 8, 8)
    answers[:, 1] = 4.0  # right about the large one, wrong about the small one
    _, parts = defect_loss(torch.zeros(2, 1, 16, 16), answers, targets._replace(types=classes), LossSettings())
    assert 1.5 < float(parts["types"]) < 2.5
