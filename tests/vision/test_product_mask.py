"""The product's mask, from a model's logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from pictures import ring, shot
from visiqc.errors import IntegrityError
from visiqc.vision.foreground import foreground_mask
from visiqc.vision.product_mask import MASK_SIDE, fitted_photo, mask_of, product_mask
from visiqc.vision.seen import see
from visiqc.vision.types import FeatureMaps, FloatArray, Photo


def no_maps(photos: Sequence[Photo]) -> FeatureMaps:
    nothing = np.zeros((len(photos), 1, 1, 1), np.float32)
    return FeatureMaps(nothing, nothing, nothing)


class Answers:
    """A mask model that finds what is bright, if anything."""

    def __init__(self, *, bright: bool, sure: float = 4.0) -> None:
        self._bright, self.sure = bright, sure

    def logits(self, photo: Photo, maps: FeatureMaps) -> FloatArray:
        found = photo[::2, ::2].mean(axis=2) > 128
        return np.where(found & self._bright, self.sure, -4.0).astype(np.float32)


@pytest.mark.parametrize("size", [(512, 512), (320, 320), (480, 640), (3000, 400), (40, 900), (9, 9)])
def test_the_model_sees_the_whole_photo_in_sides_it_can_halve_four_times(size: tuple[int, int]) -> None:
    height, width, _ = fitted_photo(np.zeros((*size, 3), np.uint8)).shape
    assert max(height, width) == MASK_SIDE
    assert height % 16 == width % 16 == 0
    assert min(height, width) >= 32


def test_a_mask_has_the_size_of_its_photo_and_no_specks() -> None:
    logits = np.full((96, 128), -3.0, np.float32)
    logits[20:60, 40:100] = 3.0
    logits[80, 120] = 3.0
    mask = mask_of(logits)
    assert mask is not None
    assert mask.shape == (96, 128)
    ys, xs = np.nonzero(mask)
    assert (ys.min(), xs.min()) == (20, 40)
    assert (ys.max(), xs.max()) == (59, 99)


def test_next_to_nothing_is_no_product() -> None:
    assert mask_of(np.full((48, 64), -3.0, np.float32)) is None
    dot = np.full((100, 100), -3.0, np.float32)
    dot[50, 50] = 3.0
    assert mask_of(dot) is None


def test_the_model_finds_the_product() -> None:
    photo = np.full((300, 200, 3), 30, np.uint8)
    photo[100:200, 50:150] = 220
    mask = product_mask(photo, no_maps, Answers(bright=True))
    assert mask[100:200, 50:150].mean() > 0.99
    (top, left), (bottom, right) = np.argwhere(mask).min(0), np.argwhere(mask).max(0)
    assert 95 <= top < 100  # a rim of ground
    assert 45 <= left <= 50
    assert 200 <= bottom < 205
    assert 149 <= right < 155


def test_where_the_model_finds_nothing_colours_tell_the_product() -> None:
    photo, _ = shot(ring())
    assert np.array_equal(product_mask(photo, no_maps, Answers(bright=False)), foreground_mask(photo))


def test_a_photo_is_seen_by_the_mask_it_is_given() -> None:
    photo, _ = shot(ring())
    half = np.zeros(photo.shape[:2], bool)
    half[:, : photo.shape[1] // 2] = True
    seen = see(photo, lambda small: half[: small.shape[0], : small.shape[1]])
    assert np.array_equal(seen.mask, half)
    assert seen.picture.shape[1] < 0.7 * photo.shape[1]


class Hollow:
    """A mask model that finds the rim of a disc alone."""

    def logits(self, photo: Photo, maps: FeatureMaps) -> FloatArray:
        height, width = photo.shape[0] // 2, photo.shape[1] // 2
        y, x = np.mgrid[:height, :width]
        far = np.hypot(y - height / 2, x - width / 2)
        return np.where((far > 30) & (far < 45), 4.0, -4.0).astype(np.float32)


def test_a_dark_inside_is_product_and_a_hole_is_not() -> None:
    photo = np.full((192, 192, 3), 230, np.uint8)
    photo += np.random.default_rng(0).integers(0, 6, photo.shape).astype(np.uint8)
    y, x = np.mgrid[:192, :192]
    far = np.hypot(y - 96, x - 96)
    ring = np.where(((far > 30) & (far < 45))[..., None], (150, 60, 40), photo).astype(np.uint8)
    bottle = np.where((far <= 30)[..., None], (20, 20, 25), ring).astype(np.uint8)
    assert not product_mask(ring, no_maps, Hollow())[96, 96]
    assert product_mask(bottle, no_maps, Hollow())[96, 96]
    assert not product_mask(bottle, no_maps, Hollow())[4, 4]


def test_what_has_the_colour_of_the_ground_is_product_only_where_the_model_is_sure() -> None:
    photo, _ = shot(ring())
    bright = np.full_like(photo, 150)
    bright += np.random.default_rng(0).integers(0, 6, photo.shape).astype(np.uint8)
    height, width = photo.shape[:2]
    bright[height // 3 : height // 2, width // 3 : width // 2] = (30, 20, 90)

    def found(sure: float) -> float:
        return float(product_mask(bright, no_maps, Answers(bright=True, sure=sure)).mean())

    assert found(4.0) > 0.9
    assert found(1.0) < 0.1


def test_a_mask_model_that_answers_nan_is_an_error_and_no_empty_mask() -> None:
    class Broken:
        def logits(self, photo: Photo, maps: FeatureMaps) -> FloatArray:
            logits = np.full((photo.shape[0] // 2, photo.shape[1] // 2), 4.0, np.float32)
            logits[:, :20] = np.nan
            return logits

    with pytest.raises(IntegrityError, match="the mask model answered with numbers that are none"):
        product_mask(shot(ring())[0], no_maps, Broken())
