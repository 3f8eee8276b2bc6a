"""Homographies: the pixel-centre convention, round trips, and what no camera could have made."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import picture
from visiqc.vision.types import Matrix
from visiqc.vision.warp import (
    anisotropy,
    between_sizes,
    corners,
    covered,
    local_scale,
    plausible,
    scaling,
    similarity,
    transform,
    translation,
    warp_photo,
)

SIZE = (120, 160)
places = st.floats(-300, 300)
angles = st.floats(-np.pi, np.pi)
scales = st.floats(0.3, 3.0)


def points_of(values: list[tuple[float, float]]) -> np.ndarray:
    return np.array(values, np.float32).reshape(-1, 2)


@st.composite
def moves(draw: st.DrawFn) -> Matrix:
    source, target = (draw(places), draw(places)), (draw(places), draw(places))
    return similarity(angle=draw(angles), scale=draw(scales), source=source, target=target)


@given(moves(), moves(), st.lists(st.tuples(places, places), min_size=1, max_size=5))
def test_warps_compose_as_matrices_and_undo_each_other(first: Matrix, second: Matrix, values: list) -> None:
    points = points_of(values)
    assert transform(second @ first, points) == pytest.approx(transform(second, transform(first, points)), abs=0.02)
    assert transform(np.linalg.inv(first), transform(first, points)) == pytest.approx(points, abs=0.02)


@given(st.tuples(places, places), st.tuples(places, places), angles, scales)
def test_a_similarity_sends_its_source_to_its_target(
    source: tuple[float, float], target: tuple[float, float], angle: float, scale: float
) -> None:
    warp = similarity(angle=angle, scale=scale, source=source, target=target)
    assert transform(warp, points_of([source]))[0] == pytest.approx(target, abs=1e-3)


def test_a_positive_angle_turns_x_towards_y() -> None:
    quarter = similarity(angle=np.pi / 2, scale=2, source=(0, 0), target=(0, 0))
    assert transform(quarter, points_of([(1, 0)]))[0] == pytest.approx([0, 2], abs=1e-5)


@given(scales, scales)
def test_scaling_keeps_the_outer_corner_of_the_first_pixel(x: float, y: float) -> None:
    assert transform(scaling(x, y), points_of([(-0.5, -0.5)]))[0] == pytest.approx([-0.5, -0.5], abs=1e-4)


@given(st.tuples(st.integers(1, 400), st.integers(1, 400)), st.tuples(st.integers(1, 400), st.integers(1, 400)))
def test_between_sizes_sends_outer_corners_to_outer_corners(source: tuple[int, int], target: tuple[int, int]) -> None:
    ends = transform(between_sizes(source, target), points_of([(-0.5, -0.5), (source[1] - 0.5, source[0] - 0.5)]))
    assert ends == pytest.approx(np.array([[-0.5, -0.5], [target[1] - 0.5, target[0] - 0.5]]), abs=1e-2)


@pytest.mark.parametrize("target", [(240, 320), (90, 144), (100, 133)])
def test_warping_to_a_size_agrees_with_resizing_to_it(target: tuple[int, int]) -> None:
    photo = cv2.GaussianBlur(picture(*SIZE), (0, 0), 2)
    resized = cv2.resize(photo, target[::-1], interpolation=cv2.INTER_LINEAR)
    warped = warp_photo(photo, between_sizes(SIZE, target), target)
    assert np.abs(resized.astype(int) - warped)[2:-2, 2:-2].max() <= 2


def test_strong_reduction_averages_instead_of_aliasing() -> None:
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    small = warp_photo(stripes, between_sizes((512, 512), (64, 64)), (64, 64))
    assert small.std() < 0.1 * stripes.std()


def test_outside_the_photo_stands_the_fill_or_the_repeated_edge() -> None:
    photo = np.full((20, 20, 3), 200, np.uint8)
    moved = translation(10, 0)
    assert (warp_photo(photo, moved, (20, 20), fill=(0, 0, 0))[:, :9] == 0).all()
    assert (warp_photo(photo, moved, (20, 20)) == 200).all()


def test_covered_tells_what_the_source_reaches() -> None:
    reached = covered((20, 20), translation(5, 0), (20, 30))
    assert not reached[:, :5].any()
    assert reached[:, 5:25].all()
    assert not reached[:, 25:].any()


@given(angles, st.floats(0.2, 5), st.tuples(places, places))
def test_local_scale_and_anisotropy_of_a_similarity(angle: float, scale: float, target: tuple[float, float]) -> None:
    warp = similarity(angle=angle, scale=scale, source=(10, 10), target=target)
    assert local_scale(warp, SIZE) == pytest.approx(scale, rel=1e-2)
    assert anisotropy(warp, SIZE) == pytest.approx(1, abs=1e-2)


@given(st.floats(0.2, 5), st.floats(0.2, 5))
def test_local_scale_is_the_root_of_the_area_and_anisotropy_the_ratio_of_axes(x: float, y: float) -> None:
    assert local_scale(scaling(x, y), SIZE) == pytest.approx(np.sqrt(x * y), rel=1e-3)
    assert anisotropy(scaling(x, y), SIZE) == pytest.approx(max(x / y, y / x), rel=1e-3)


@given(angles, st.floats(0.35, 3.0), st.tuples(places, places))
def test_every_move_of_a_camera_over_the_table_is_plausible(
    angle: float, scale: float, target: tuple[float, float]
) -> None:
    assert plausible(similarity(angle=angle, scale=scale, source=(80, 60), target=target), SIZE)


def test_moderate_perspective_is_plausible() -> None:
    bent = corners(SIZE) + np.array([[8, 5], [-6, 9], [7, -6], [-9, 4]], np.float32)
    assert plausible(cv2.getPerspectiveTransform(corners(SIZE), bent.astype(np.float32)), SIZE)


IMPOSSIBLE = {
    "mirror": np.diag([-1.0, 1, 1]),
    "fold": cv2.getPerspectiveTransform(corners(SIZE), corners(SIZE)[[0, 2, 1, 3]]),
    "too small": scaling(0.2),
    "too large": scaling(4),
    "stretched": scaling(2, 1),
    "converging": np.array([[1, 0, 0], [0, 1, 0], [0.02, 0, 1.0]]),
    "horizon in the picture": np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]]),
    "zero": np.zeros((3, 3)),
    "at infinity": np.diag([1.0, 1, 0]),
    "not a number": np.full((3, 3), np.nan),
    "infinite": np.diag([np.inf, 1, 1]),
    "a point": np.diag([0.0, 0, 1]),
}


@pytest.mark.parametrize("warp", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_no_camera_makes_is_implausible(warp: Matrix) -> None:
    assert not plausible(warp, SIZE)


@pytest.mark.parametrize("size", [(1, 1), (1, 448), (448, 1)])
def test_nothing_is_said_of_a_single_row_of_pixels(size: tuple[int, int]) -> None:
    assert not plausible(np.eye(3), size)
