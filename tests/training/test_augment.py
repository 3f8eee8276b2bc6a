from __future__ import annotations

import inspect
import sys

import numpy as np
import pytest

from pair_sets import photo
from visiqc.errors import BadRecipe, ShapeMismatch

pytest.importorskip("albumentations", reason="albumentations is not installed; it comes with visiqc[train]")

from visiqc.training.augment import Augmenter, AugmentSettings, Sample

SIDE = 96
BOX = (30.0, 40.0, 50.0, 60.0)
STILL = AugmentSettings(photometric=0, misalign=0, turns=False, crop=0)


def sample(size: tuple[int, int] = (SIDE, SIDE), goldens: int = 2) -> Sample:
    """Upload and goldens alike; the defect is a red square, in photo, labels and box."""
    picture = photo(1, size).copy()
    picture[..., 0] //= 2
    labels = np.full(size, 64, np.uint8)
    labels[40:60, 30:50] = 255
    upload = picture.copy()
    upload[40:60, 30:50] = (255, 0, 0)
    return Sample(goldens=(picture,) * goldens, upload=upload, labels=labels, boxes=(BOX,))


def red(upload: np.ndarray) -> np.ndarray:
    return np.asarray((upload[..., 0] > 200) & (upload[..., 1:].max(axis=-1) < 60))


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def test_the_same_seed_gives_the_same_pixels_and_another_others() -> None:
    augment = Augmenter()
    first, again, other = (augment(sample(), np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.upload, again.upload)
    assert all(np.array_equal(a, b) for a, b in zip(first.goldens, again.goldens, strict=True))
    assert not np.array_equal(first.upload, other.upload)


def test_nothing_is_done_where_nothing_is_wanted() -> None:
    done = Augmenter(STILL)(sample(), np.random.default_rng(0))
    assert np.array_equal(done.upload, sample().upload)
    assert np.array_equal(done.goldens[1], sample().goldens[1])
    assert done.boxes == (BOX,)


def test_light_differs_between_golden_and_upload_and_between_goldens() -> None:
    plain = sample()
    same = Sample(goldens=plain.goldens, upload=plain.goldens[0], labels=plain.labels)
    done = Augmenter(AugmentSettings(misalign=0))(same, np.random.default_rng(1))
    assert not np.array_equal(done.goldens[0], done.upload)
    assert not np.array_equal(done.goldens[0], done.goldens[1])


@pytest.mark.parametrize("size", [(SIDE, SIDE), (SIDE, 128)])
@pytest.mark.parametrize("seed", range(6))
def test_turns_and_crops_move_all_photos_labels_and_boxes_alike(size: tuple[int, int], seed: int) -> None:
    augment = Augmenter(AugmentSettings(photometric=0, misalign=0))
    done = augment(sample(size), np.random.default_rng(seed))
    defect = done.labels == 255
    assert done.upload.shape[:2] == done.labels.shape == done.goldens[0].shape[:2] == size
    assert np.abs(done.upload.astype(int) - done.goldens[0])[~red(done.upload) & (done.labels == 64)].mean() < 3
    assert agreement(red(done.upload), defect) > 0.8
    _boxed(done, defect)


@pytest.mark.parametrize("seed", range(8))
def test_misalignment_moves_upload_labels_and_boxes_in_step_and_no_golden(seed: int) -> None:
    augment = Augmenter(AugmentSettings(photometric=0, misalign=0.05, turns=False, crop=0))
    done = augment(sample(), np.random.default_rng(seed))
    assert np.array_equal(done.goldens[0], sample().goldens[0])
    assert agreement(red(done.upload), done.labels == 255) > 0.8
    _boxed(done, done.labels == 255)


def test_misalignment_is_as_strong_as_asked() -> None:
    def moved(strength: float) -> float:
        augment = Augmenter(AugmentSettings(photometric=0, misalign=strength, turns=False, crop=0))
        centres = []
        for seed in range(40):
            rows, columns = np.nonzero(augment(sample(), np.random.default_rng(seed)).labels == 255)
            centres.append(np.hypot(rows.mean() - 49.5, columns.mean() - 39.5))
        return float(np.percentile(centres, 95)) / SIDE

    assert moved(0.02) < 0.03
    assert 0.02 < moved(0.05) < 0.07


def test_a_box_that_leaves_the_photo_is_dropped() -> None:
    plain = sample()
    edge = Sample(goldens=plain.goldens, upload=plain.upload, labels=plain.labels, boxes=((0, 0, 2, 2),))
    augment = Augmenter(AugmentSettings(photometric=0, misalign=0, turns=False, crop=0.5))
    counts = {len(augment(edge, np.random.default_rng(seed)).boxes) for seed in range(20)}
    assert counts == {0, 1}


def test_light_leaves_a_photo_that_can_be_judged() -> None:
    bright = np.full((SIDE, SIDE, 3), 240, np.uint8)
    bright[20:70, 20:70] = 120
    seen = [Augmenter().relit(bright, np.random.default_rng(seed)) for seed in range(40)]
    contrast = [int(each[:10].mean()) - int(each[30:60, 30:60].mean()) for each in seen]
    assert np.percentile(contrast, 5) > 40


@pytest.mark.parametrize("strength", [0.01, 0.1, 0.19])
def test_a_photo_may_be_changed_as_little_as_is_asked_for(strength: float) -> None:
    plain = photo(1, (SIDE, SIDE))

    def change(of_strength: float) -> float:
        augment = Augmenter(AugmentSettings(photometric=of_strength))
        seen = [augment.relit(plain, np.random.default_rng(seed)) for seed in range(12)]
        return float(np.abs(np.array(seen, np.float32) - plain).mean())

    assert 0 < change(strength) < change(1.0)


def test_a_photo_of_another_size_is_refused() -> None:
    wrong = Sample(goldens=(photo(1, (SIDE, 90)),), upload=sample().upload, labels=sample().labels)
    with pytest.raises(ShapeMismatch, match="golden 96×90, upload 96×96"):
        Augmenter()(wrong, np.random.default_rng(0))


def test_strengths_out_of_range_are_refused() -> None:
    with pytest.raises(BadRecipe, match=r"misalign must be 0 to 0\.1"):
        AugmentSettings(misalign=0.5)


def test_albumentations_is_told_not_to_ask_the_network_before_it_is_imported() -> None:
    lines = inspect.getsource(sys.modules[Augmenter.__module__]).splitlines()
    told = next(n for n, line in enumerate(lines) if line == 'os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"')
    assert told < next(n for n, line in enumerate(lines) if line.startswith("import albumentations"))


def _boxed(done: Sample, defect: np.ndarray) -> None:
    (box,) = done.boxes
    rows, columns = np.nonzero(defect)
    assert box == pytest.approx((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), abs=2.5)
