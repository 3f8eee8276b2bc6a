"""Batches for the defect model."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from small_sets import laid_boards, one_class, open_trunk
from visiqc.training.augment import AugmentSettings
from visiqc.training.defect_batches import BatchPlan, DefectBatch, DefectBatches
from visiqc.training.defect_learner import DefectLearner
from visiqc.training.defect_loss import LossSettings
from visiqc.training.defect_model import DefectArchitecture, DefectNet
from visiqc.training.defect_samples import SampleSettings
from visiqc.training.defect_validation import keep_products

SETTINGS = SampleSettings(crop=64, goldens=(1, 2), augment=AugmentSettings(crop=0.0))
PLAN = BatchPlan(size=2, steps=3, workers=0, seed=7)


def source(plan: BatchPlan = PLAN) -> DefectBatches:
    return DefectBatches(laid_boards(), SETTINGS, one_class, open_trunk, plan)


def same(one: DefectBatch, other: DefectBatch) -> bool:
    pairs = zip([*one.upload, *one.goldens, *one.targets], [*other.upload, *other.goldens, *other.targets], strict=True)
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs)


def test_seed_epoch_and_number_decide_a_batch() -> None:
    first, second = source().batch(1, 2), source().batch(1, 2)
    assert same(first, second)
    assert not same(first, source().batch(2, 2))
    assert not same(first, source(replace(PLAN, seed=8)).batch(1, 2))
    assert not same(first, source().batch(1, 2, rank=1, world=2))


def test_a_run_that_goes_on_sees_what_the_killed_one_would_have_seen() -> None:
    whole = list(source().batches(0))
    rest = list(source().batches(0, first=1))
    assert len(whole) == 3
    assert all(same(a, b) for a, b in zip(whole[1:], rest, strict=True))


def test_the_shapes_are_those_the_model_takes() -> None:
    batch = source().batch(0, 0)
    count = batch.goldens.stride4.shape[1]
    assert count in {1, 2}
    assert batch.upload.stride16.shape == (2, 112, 4, 4)
    assert batch.goldens.stride8.shape == (2, count, 40, 8, 8)
    assert batch.targets.change.shape == batch.targets.weight.shape == (2, 1, 16, 16)
    assert batch.targets.types.shape == (2, 8, 8)


@pytest.mark.slow
def test_workers_give_the_same_batches_in_the_same_order() -> None:
    alone, shared = list(source().batches(0)), list(source(replace(PLAN, workers=2)).batches(0))
    assert all(same(a, b) for a, b in zip(alone, shared, strict=True))


def test_what_the_trainer_has_drawn_from_can_still_be_sent_to_workers() -> None:
    shared = source(replace(PLAN, workers=1))
    first = shared.batch(0, 0)  # as a model that is gone on from is shown a few
    assert same(next(iter(shared.batches(0))), first)


def test_a_learner_learns_from_a_batch_and_measures_what_was_held_out() -> None:
    torch.manual_seed(0)
    boards = laid_boards()
    net = DefectNet(DefectArchitecture(embeddings=(4, 6, 8), widths=(4, 6, 8)), types=2)
    held_out = keep_products(boards[:1], open_trunk(), lambda _: 0)
    learner = DefectLearner(net, source(), held_out, LossSettings(), steps_per_epoch=3)
    batch = next(iter(learner.batches(0, rank=0, world=1)))
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.01)
    losses = []
    for _ in range(12):
        loss, parts = learner.loss(batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.85 * losses[0]
    assert set(parts) == {"focal", "each", "dice", "peak", "types"}
    assert "val/score" in learner.validate()
