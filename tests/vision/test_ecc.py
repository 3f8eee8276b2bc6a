"""Refinement by enhanced correlation."""

from __future__ import annotations

import warnings

import cv2
import numpy as np
import pytest

from pictures import SIZE, Product, board, corner_error, plate, ring, shot
from visiqc.vision.ecc import refine, structure
from visiqc.vision.warp import corners, similarity

MIDDLE = (SIZE[1] / 2, SIZE[0] / 2)
OFFSET = similarity(angle=np.radians(3), scale=1.02, source=MIDDLE, target=(MIDDLE[0] + 5, MIDDLE[1] - 3.5))
"""3°, 2 % and 6 pixels: what a rotation bank leaves."""


@pytest.mark.parametrize("product", [board(), ring(), plate()], ids=["board", "ring", "plate"])
@pytest.mark.parametrize("affine", [False, True])
def test_a_small_offset_is_recovered(product: Product, affine: bool) -> None:
    golden, mask = shot(product)
    upload, _ = shot(product, OFFSET, gain=0.8, gamma=1.1, noise_seed=1)
    found = refine(golden, upload, np.eye(3), mask=mask, affine=affine)
    assert found is not None
    ys, xs = np.nonzero(mask)
    box = corners((np.ptp(ys), np.ptp(xs))) + np.array([xs.min(), ys.min()], np.float32)
    assert corner_error(found @ OFFSET, np.eye(3), box) < 1.0
    assert found[2, 2] == pytest.approx(1)


def test_the_start_may_be_a_turned_and_scaled_upload() -> None:
    golden, mask = shot(board())
    far = similarity(angle=2.0, scale=0.7, source=MIDDLE, target=(300, 180))
    upload, _ = shot(board(), far @ OFFSET, noise_seed=1)
    found = refine(golden, upload, np.linalg.inv(far), mask=mask)
    assert found is not None
    assert corner_error(found @ far @ OFFSET, np.eye(3), corners(SIZE)) < 2


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_pictures_give_none_and_no_warning(level: int, affine: bool) -> None:
    blank, mask = np.full((64, 80, 3), level, np.uint8), np.ones((64, 80), bool)
    textured = np.random.default_rng(0).integers(0, 256, (64, 80, 3)).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for golden, upload in ((blank, blank), (blank, textured), (textured, blank)):
            assert refine(golden, upload, np.eye(3), mask=mask, affine=affine) is None


def test_nowhere_to_look_gives_none() -> None:
    golden, _ = shot(board())
    assert refine(golden, golden, np.eye(3), mask=np.zeros(SIZE, bool)) is None


def test_an_upload_that_does_not_overlap_gives_none_or_something_plausible() -> None:
    golden, mask = shot(board())
    away = similarity(angle=0, scale=1, source=(0, 0), target=(5000, 5000))
    found = refine(golden, golden, away, mask=mask)
    assert found is None or np.isfinite(found).all()


@pytest.mark.parametrize("size", [(32, 320), (32, 32), (33, 41)])
def test_the_smallest_align_frames_are_no_error(size: tuple[int, int]) -> None:
    golden = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    smooth = cv2.GaussianBlur(golden, (0, 0), 2)
    found = refine(smooth, smooth, np.eye(3), mask=np.ones(size, bool))
    assert found is None or corner_error(found, np.eye(3), corners(size)) < 0.5


def test_structure_survives_a_change_of_light() -> None:
    bright, dim = (structure(shot(board(), gain=gain)[0]) for gain in (1.0, 0.6))
    assert np.corrcoef(bright.ravel(), dim.ravel())[0, 1] > 0.9


def test_structure_of_nothing_is_nothing() -> None:
    assert not structure(np.full((40, 50, 3), 90, np.uint8)).any()


def test_the_same_input_gives_the_same_warp_to_the_last_bit() -> None:
    golden, mask = shot(ring())
    upload, _ = shot(ring(), OFFSET, noise_seed=1)
    found = {refine(golden, upload, np.eye(3), mask=mask).tobytes() for _ in range(3)}  # type: ignore[union-attr]
    assert len(found) == 1


@pytest.mark.parametrize("product", [board(), ring(), plate()], ids=["board", "ring", "plate"])
def test_the_structure_of_a_picture_is_the_same_bit_for_bit_wherever_it_lies_in_memory(product: Product) -> None:
    golden, _ = shot(product)
    sizes = np.random.default_rng(0).integers(1, 100_000, 60)
    between, found = [], set()
    for size in sizes:
        between.append(np.empty(size, np.uint8))  # moves what is allocated next
        found.add(structure(golden).tobytes())
    assert len(found) == 1
