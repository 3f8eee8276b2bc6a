"""Outlines keep their place through any warp a camera could have made."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visiqc.vision.outlines import box_outline, moved
from visiqc.vision.warp import between_sizes, similarity

CORNER = st.tuples(st.floats(0, 1024), st.floats(0, 768))


@given(
    st.lists(CORNER, min_size=3, max_size=12),
    st.floats(-3.1, 3.1),
    st.floats(0.3, 3.3),
    st.floats(-1e-4, 1e-4),
    st.floats(-1e-4, 1e-4),
)
def test_there_and_back_is_within_half_a_pixel(
    outline: list[tuple[float, float]], angle: float, scale: float, tilt: float, lean: float
) -> None:
    warp = similarity(angle=angle, scale=scale, source=(2000, 1500), target=(512, 384))
    warp = np.array([[1, 0, 0], [0, 1, 0], [tilt, lean, 1]]) @ warp
    back = moved(moved(outline, np.linalg.inv(warp)), warp)
    assert np.abs(np.array(back) - np.array(outline)).max() < 0.5


def test_the_whole_of_a_picture_is_the_whole_of_it_at_another_size() -> None:
    whole = moved(box_outline((0, 0, 100, 50)), between_sizes((50, 100), (200, 400)))
    assert np.allclose(whole, box_outline((0, 0, 400, 200)))
