"""Defects carried over from one product to another."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_sets import laid_boards
from visiqc.errors import ShapeMismatch
from visiqc.training.augment import AugmentSettings
from visiqc.training.defect_damage import DamageMaker
from visiqc.training.defect_samples import SampleMaker, SampleSettings
from visiqc.training.synth.transplant import Specimen, cut_out, transplanted

SIZE = (120, 160)
AREA = (0.0005, 0.2)


def metal(level: int = 120) -> np.ndarray:
    rng = np.random.default_rng(level)
    return np.clip(level + rng.normal(0, 1.5, (*SIZE, 3)), 0, 255).astype(np.uint8)


def stained(photo: np.ndarray, gain: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    mask = cv2.circle(np.zeros(SIZE, np.uint8), (60, 50), 9, 1, -1) > 0
    after = photo.copy()
    after[mask] = (after[mask] * gain).astype(np.uint8)
    return after, mask


def specimen(code: str | None = "PL-TAR") -> Specimen:
    before = metal()
    after, mask = stained(before)
    found = cut_out(before, after, mask, code)
    assert found is not None
    return found


@given(seed=st.integers(0, 2**32 - 1))
def test_a_stain_darkens_another_piece_by_what_it_darkened_its_own_and_changes_nothing_else(seed: int) -> None:
    photo, product = metal(180), np.zeros(SIZE, bool)
    product[20:100, 20:140] = True
    made = transplanted(photo, product, specimen(), np.random.default_rng(seed), area=AREA)
    assert made is not None
    assert made.code == "PL-TAR"
    changed = (made.photo != photo).any(axis=-1)
    assert not changed[~product].any()
    near = cv2.dilate(made.mask.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    assert not changed[~near].any()
    core = cv2.erode(made.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if core.any():
        share = made.photo[core].astype(float) / photo[core]
        assert np.median(share) == pytest.approx(0.5, abs=0.08)


def test_another_phone_is_no_defect() -> None:
    before = metal()
    after, mask = stained(before)
    brighter = np.clip(after * 1.3, 0, 255).astype(np.uint8)
    found = cut_out(before, brighter, mask, "PL-TAR")
    assert found is not None
    assert np.abs(found.gain - specimen().gain).mean() < 0.05


def test_a_defect_that_is_of_its_place_has_no_name_elsewhere() -> None:
    product = np.ones(SIZE, bool)
    made = transplanted(metal(180), product, specimen("ST-MIS"), np.random.default_rng(0), area=AREA)
    assert made is not None
    assert made.code is None


def test_what_cannot_be_seen_is_not_carried_over() -> None:
    before = metal()
    after, mask = stained(before, gain=1.0)
    nothing = cut_out(before, after, mask, None)
    assert nothing is not None
    assert transplanted(metal(180), np.ones(SIZE, bool), nothing, np.random.default_rng(0), area=AREA) is None


def test_an_empty_mask_and_an_empty_product_give_none_and_other_sizes_are_refused() -> None:
    empty = np.zeros(SIZE, bool)
    assert cut_out(metal(), metal(), empty, None) is None
    assert transplanted(metal(), empty, specimen(), np.random.default_rng(0), area=AREA) is None
    with pytest.raises(ShapeMismatch):
        cut_out(metal(), metal()[:50], empty, None)


def test_training_carries_over_only_from_views_with_and_without_the_defect() -> None:
    board = laid_boards()[0]
    views = replace(
        board, photos=tuple(replace(one, view="" if n < 2 else "one") for n, one in enumerate(board.photos))
    )
    for products, found in (([board], False), ([views], True)):
        makes = DamageMaker(products, lambda _: 0, share=1.0, carried=1.0, area=AREA)
        assert bool(makes._sources) is found


def test_a_sample_with_a_defect_carried_over_says_where_and_what() -> None:
    still = AugmentSettings(photometric=0.0, misalign=0.0, turns=False, crop=0.0)
    settings = SampleSettings(crop=96, scenes=0, same=0, defective=0, damaged=1, carried=1, scale=(1, 1), augment=still)
    views = [
        replace(board, photos=tuple(replace(one, view="" if n < 2 else "one") for n, one in enumerate(board.photos)))
        for board in laid_boards()
    ]
    draws = SampleMaker(views, settings, lambda code: 0 if code == "FI-CON" else 1)
    targets = [draws.draw(np.random.default_rng(seed), goldens=1).targets for seed in range(8)]
    assert sum(bool(one.change.any()) for one in targets) >= 4
    assert any((one.types == 0).any() for one in targets)
