"""Simulated good photos."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from corpus import picture
from visiqc.vision.jitter import jittered


def test_the_same_seed_gives_the_same_photo_and_another_seed_another() -> None:
    photo = picture(60, 80)
    assert np.array_equal(jittered(photo, 7), jittered(photo, 7))
    assert not np.array_equal(jittered(photo, 7), jittered(photo, 8))


def test_threads_do_not_disturb_each_other() -> None:
    photo = picture(120, 160)
    alone = [jittered(photo, seed).tobytes() for seed in range(12)]
    with ThreadPoolExecutor(4) as pool:
        assert [one.tobytes() for one in pool.map(lambda seed: jittered(photo, seed), range(12))] == alone


def test_opencvs_own_random_numbers_are_left_alone() -> None:
    def drawn() -> list[float]:
        return cv2.randu(np.empty((4, 4), np.float32), 0, 1).ravel().tolist()

    cv2.setRNGSeed(3)
    expected = [drawn(), drawn()]
    cv2.setRNGSeed(3)
    first = drawn()
    jittered(picture(20, 20), 1)
    assert [first, drawn()] == expected


def test_every_channel_gets_sensor_noise() -> None:
    flat = np.full((200, 200, 3), 120, np.uint8)
    spread = np.array([jittered(flat, seed).reshape(-1, 3).std(axis=0) for seed in range(10)])
    assert (spread > 0.6).all()
    assert (spread < 4.6).all()
    assert spread.max(axis=1) == pytest.approx(spread.min(axis=1), rel=0.35)


def test_it_stays_a_good_photo_of_the_same_thing() -> None:
    photo = cv2.GaussianBlur(picture(200, 260), (0, 0), 3)
    for seed in range(20):
        found = jittered(photo, seed)
        assert (found.shape, found.dtype) == (photo.shape, np.dtype(np.uint8))
        assert np.corrcoef(found[20:-20, 20:-20].ravel(), photo[20:-20, 20:-20].ravel())[0, 1] > 0.9
        assert 0.7 < found.mean() / photo.mean() < 1.35


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_do_not_wrap_around(level: int) -> None:
    found = jittered(np.full((64, 64, 3), level, np.uint8), 5)
    assert np.abs(found.astype(int) - level).max() < 80


@pytest.mark.parametrize("size", [(1, 1), (1, 64), (64, 3)])
def test_photos_of_a_few_pixels_are_no_error(size: tuple[int, int]) -> None:
    assert jittered(np.full((*size, 3), 90, np.uint8), 0).shape == (*size, 3)


def test_the_photo_itself_is_not_changed() -> None:
    photo = picture(40, 50)
    before = photo.copy()
    jittered(photo, 0)
    assert np.array_equal(photo, before)
