"""The product told from its background, and honesty where it cannot be told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from corpus import picture
from pictures import background, board, plate, ring, shot
from visiqc.vision.foreground import foreground_mask
from visiqc.vision.types import Mask
from visiqc.vision.warp import scaling, translation

CLOSER = translation(-120, -90) @ scaling(1.5)
"""Products at half the frame's height."""


def overlap(found: Mask, true: Mask) -> float:
    return float((found & true).sum() / (found | true).sum())


@pytest.mark.parametrize(("product", "least"), [(board(), 0.9), (ring(), 0.75), (plate(), 0.8)])
def test_a_product_on_a_gradient_is_found(product: object, least: float) -> None:
    photo, mask = shot(product, CLOSER)  # type: ignore[arg-type]
    found = foreground_mask(photo)
    assert overlap(found, mask) > least
    assert found[mask].mean() > 0.995


def test_a_ring_keeps_its_hole() -> None:
    photo, mask = shot(ring(), CLOSER)
    ys, xs = np.nonzero(mask)
    middle = foreground_mask(photo)[int(np.mean(ys)) - 5 : int(np.mean(ys)) + 25, int(np.mean(xs)) - 15 :][:, :30]
    assert not middle.any()


def test_the_middle_of_a_plain_grey_part_is_product_though_it_looks_like_a_shadow() -> None:
    photo, mask = shot(plate(), CLOSER)
    middle = cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert foreground_mask(photo)[middle].all()


@pytest.mark.parametrize("product", [board(), ring(), plate()])
def test_a_soft_shadow_is_left_out_but_for_a_rim_around_the_product(product: object) -> None:
    lit, mask = shot(product, CLOSER)  # type: ignore[arg-type]
    shaded, _ = shot(product, CLOSER, shadow=True)  # type: ignore[arg-type]
    rim = cv2.dilate(mask.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    shadow = (lit.mean(axis=2) - shaded.mean(axis=2) > 12) & ~rim
    assert shadow.sum() > 5000
    assert foreground_mask(shaded)[shadow].mean() < 0.2


@pytest.mark.parametrize(
    "photo",
    [
        picture(240, 320),
        np.full((240, 320, 3), 128, np.uint8),
        np.zeros((64, 48, 3), np.uint8),
        np.full((40, 40, 3), 255, np.uint8),
        background((200, 300)),
    ],
    ids=["texture", "grey", "black", "white", "empty table"],
)
def test_a_frame_without_background_or_without_product_is_all_product(photo: np.ndarray) -> None:
    assert foreground_mask(photo).all()


def test_the_mask_does_not_depend_on_resolution() -> None:
    photo, _ = shot(ring((768, 1024)), scaling(1.0), size=(768, 1024))
    half = cv2.resize(photo, (512, 384), interpolation=cv2.INTER_AREA)
    large = cv2.resize(foreground_mask(photo).astype(np.uint8), (512, 384), interpolation=cv2.INTER_NEAREST) > 0
    assert overlap(foreground_mask(half), large) > 0.93


def test_brightness_moves_the_mask_little() -> None:
    bright, dim = (foreground_mask(shot(ring(), CLOSER, gain=gain)[0]) for gain in (1.0, 0.6))
    assert overlap(bright, dim) > 0.85


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 9), (32, 32), (4, 2048), (2048, 5), (33, 700)])
def test_any_size_gets_a_mask_of_its_own_size_that_is_never_empty(size: tuple[int, int]) -> None:
    for photo in (np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8), np.zeros((*size, 3), "u1")):
        mask = foreground_mask(photo)
        assert (mask.shape, mask.dtype) == (size, np.dtype(bool))
        assert mask.any()


def test_a_line_in_a_frame_of_a_few_rows_does_not_vanish() -> None:
    photo = np.full((4, 2048, 3), 220, np.uint8)
    photo[0, 300:1700] = 20
    assert foreground_mask(photo).any()


def test_the_photo_is_not_changed() -> None:
    photo, _ = shot(ring())
    before = photo.copy()
    foreground_mask(photo)
    assert np.array_equal(photo, before)
