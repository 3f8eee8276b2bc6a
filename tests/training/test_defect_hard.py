"""Places that deceive the defect model, shown to it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from small_sets import laid_boards, one_class, open_trunk
from visiqc.errors import BadRecipe
from visiqc.training.augment import AugmentSettings
from visiqc.training.defect_batches import BatchPlan, DefectBatches
from visiqc.training.defect_hard import HardPlace, HardPlaces, peaks
from visiqc.training.defect_learner import DefectLearner
from visiqc.training.defect_loss import LossSettings
from visiqc.training.defect_model import DefectArchitecture, DefectNet
from visiqc.training.defect_samples import SampleMaker, SampleSettings
from visiqc.training.fit_settings import FitSettings
from visiqc.training.rate_finder import find_rate

SMALL = SampleSettings(
    crop=96,
    hard=1.0,
    scenes=0.0,
    scale=(1.0, 1.0),
    augment=AugmentSettings(photometric=0.0, misalign=0.0, turns=False, crop=0.0),
)


def small_net() -> DefectNet:
    torch.manual_seed(0)
    return DefectNet(DefectArchitecture(embeddings=(4, 6, 8), widths=(4, 6, 8)), types=2)


def places_in(folder: Path, *, photos: int = 4) -> HardPlaces:
    return HardPlaces(laid_boards(), open_trunk(), folder, photos=photos, each=2)


def test_peaks_are_the_highest_places_each_away_from_those_before() -> None:
    cells = np.full((40, 40), np.nan, np.float32)
    cells[5:35, 5:35] = 0.0
    cells[10, 10], cells[11, 11], cells[30, 20] = 9.0, 8.0, 7.0
    assert peaks(cells, 2) == [(10 * 8 + 4, 10 * 8 + 4), (20 * 8 + 4, 30 * 8 + 4)]


def test_a_map_with_nothing_judged_has_no_peak() -> None:
    assert peaks(np.full((8, 8), np.nan, np.float32), 3) == []


def test_places_lie_on_good_photos_and_the_net_goes_on_training(tmp_path: Path) -> None:
    net = small_net().train()
    found = places_in(tmp_path).of(1, net)
    boards = laid_boards()
    assert len(found) == 8
    assert net.training
    assert all(boards[one.product].photos[one.photo].good for one in found)
    assert all(
        boards[one.product].product[one.y // 8 * 8 : one.y // 8 * 8 + 8, one.x - 4 : one.x + 4].any() for one in found
    )


def test_a_resumed_epoch_has_the_places_it_began_with(tmp_path: Path) -> None:
    net = small_net()
    first = places_in(tmp_path).of(1, net)
    with torch.no_grad():
        for weights in net.parameters():
            weights.add_(torch.randn_like(weights))
    assert places_in(tmp_path).of(1, net) == first
    assert places_in(tmp_path).of(2, net) != first


def test_samples_are_cut_at_the_places_and_nothing_changed_there() -> None:
    maker = SampleMaker(laid_boards(), SMALL, one_class)
    place = HardPlace(1, laid_boards()[1].numbers(lambda one: one.good)[1], 90, 60)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        raw = maker._again(place, rng, 1)
        x, y, w = maker._window(raw, rng) @ (place.x, place.y, 1.0)
        assert SMALL.crop / 4 <= x / w <= 3 * SMALL.crop / 4
        assert SMALL.crop / 4 <= y / w <= 3 * SMALL.crop / 4
        assert not np.array_equal(raw.upload, raw.goldens[0])
    maker.hard = (place,)
    assert not maker.draw(np.random.default_rng(0), goldens=1).targets.change.any()


def test_a_share_is_shown_again_once_there_are_places() -> None:
    settings = replace(SMALL, hard=0.5, defective=1.0, damaged=1.0, same=0.0)
    maker = SampleMaker(laid_boards(), settings, one_class)
    maker.hard = (HardPlace(0, 1, 60, 60),)
    changed = [maker.draw(np.random.default_rng(seed), goldens=1).targets.change.any() for seed in range(30)]
    assert 0.2 < np.mean(changed) < 0.8


def test_the_learner_asks_for_places_from_the_epoch_on_that_the_recipe_names(tmp_path: Path) -> None:
    places = HardPlaces(laid_boards(), open_trunk(), tmp_path, photos=1, first=2)
    batches = DefectBatches(laid_boards(), SMALL, one_class, open_trunk, BatchPlan(size=1, steps=1, workers=0, seed=0))
    learner = DefectLearner(small_net(), batches, (), LossSettings(), steps_per_epoch=1, hard=places)
    learner.start_epoch(1)
    assert not list(tmp_path.iterdir())
    learner.start_epoch(2)
    assert [file.name for file in tmp_path.iterdir()] == ["hard-places-2.json"]


def learner_in(folder: Path) -> tuple[DefectLearner, DefectBatches]:
    """A learner that is shown places from its second epoch on, and its batches."""
    places = HardPlaces(laid_boards(), open_trunk(), folder, photos=1)
    batches = DefectBatches(laid_boards(), SMALL, one_class, open_trunk, BatchPlan(size=1, steps=4, workers=0, seed=0))
    return DefectLearner(small_net(), batches, (), LossSettings(), steps_per_epoch=4, hard=places), batches


def test_an_epoch_before_the_first_that_wants_places_has_none_of_an_earlier_one(tmp_path: Path) -> None:
    learner, batches = learner_in(tmp_path)
    before = batches.batch(0, 0)
    learner.start_epoch(1)
    assert not torch.equal(batches.batch(0, 0).upload.stride4, before.upload.stride4)
    learner.start_epoch(0)
    assert torch.equal(batches.batch(0, 0).upload.stride4, before.upload.stride4)


def test_a_search_for_the_rate_leaves_no_places_to_the_fit(tmp_path: Path) -> None:
    learner, batches = learner_in(tmp_path)
    before = batches.batch(0, 0)
    find_rate(learner, FitSettings(device="cpu", threads=1), seed=0, steps=12, high=1e-3)
    assert not list(tmp_path.iterdir())
    assert torch.equal(batches.batch(0, 0).upload.stride4, before.upload.stride4)


def test_a_share_out_of_range_and_epoch_zero_are_refused() -> None:
    with pytest.raises(BadRecipe, match=r"samples\.hard must be 0 to 1, got 1\.5"):
        replace(SMALL, hard=1.5)
    with pytest.raises(BadRecipe, match=r"hard_from .* at least 1, got 0"):
        replace(SMALL, hard_from=0)
