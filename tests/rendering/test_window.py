from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.rendering.window import Window

SIDE = 128


def box(x: int, y: int, width: int, height: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[y : y + height, x : x + width] = True
    return mask


@given(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1), st.integers(1, SIDE), st.integers(1, SIDE))
def test_a_window_holds_the_mask_and_lies_in_the_photo(x: int, y: int, width: int, height: int) -> None:
    mask = box(x, y, width, height)
    window = Window.around(mask)
    assert mask[window.place].sum() == mask.sum()
    assert 0 <= window.x < window.x + window.width <= SIDE
    assert 0 <= window.y < window.y + window.height <= SIDE
    assert (window.spread(mask[window.place]) == mask).all()


def test_an_empty_mask_asks_for_the_whole_photo() -> None:
    assert Window.around(np.zeros((SIDE, SIDE), bool)).is_whole
    assert Window.whole(SIDE).is_whole


def test_a_small_mask_has_room_around_it() -> None:
    window = Window.around(box(60, 60, 4, 4))
    assert (window.width, window.height) == (24, 24)
    assert not window.is_whole


def test_light_is_laid_in_where_something_changed_and_nowhere_near_the_windows_border() -> None:
    changed = box(60, 60, 8, 8)
    window = Window.around(changed)
    before = np.zeros((SIDE, SIDE, 3), np.float32)
    after = window.inserted(np.ones((window.height, window.width, 3), np.float32), before, changed)
    assert after[changed].min() > 0.9
    border = np.ones((window.height, window.width), bool)
    border[1:-1, 1:-1] = False
    assert after[window.spread(border)].max() < 0.02
    assert (after[~window.spread(np.ones_like(border))] == 0).all()
    assert (before == 0).all()


@pytest.mark.parametrize("x", [0, SIDE - 8])
def test_a_change_at_the_photos_edge_is_laid_in_up_to_the_edge(x: int) -> None:
    changed = box(x, 60, 8, 8)
    window = Window.around(changed)
    before = np.zeros((SIDE, SIDE, 3), np.float32)
    after = window.inserted(np.ones((window.height, window.width, 3), np.float32), before, changed)
    assert after[changed].min() > 0.9
