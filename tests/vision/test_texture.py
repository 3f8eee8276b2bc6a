"""Alignment by matched keypoints."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pictures import SIZE, board, corner_error, plate, random_pose, shot
from visiqc.vision.texture import MAX_KEYPOINTS, Keypoints, keypoints, match_texture
from visiqc.vision.types import FloatArray, Matrix
from visiqc.vision.warp import corners, similarity

BOARD, MASK = shot(board())


def box_of(mask: np.ndarray) -> FloatArray:
    ys, xs = np.nonzero(mask)
    return corners((np.ptp(ys) + 1, np.ptp(xs) + 1)) + np.array([xs.min(), ys.min()], np.float32)


@pytest.mark.parametrize("degrees", [0, 40, 130, 290])
def test_a_known_homography_is_recovered_within_half_a_pixel(degrees: int) -> None:
    bent = corners(SIZE) + np.array([[12, 8], [-9, 14], [10, -9], [-14, 6]], np.float32)
    turn = similarity(angle=np.radians(degrees), scale=1, source=(256, 192), target=(250, 200))
    pose = turn @ cv2.getPerspectiveTransform(corners(SIZE), bent)
    upload, mask = shot(board(), pose, gain=0.8, noise_seed=degrees + 1)
    match = match_texture(keypoints(BOARD, MASK), keypoints(upload, mask), upload_size=SIZE)
    assert match is not None
    assert match.inliers >= 40
    assert match.residual_px < 1
    assert corner_error(match.warp @ pose, np.eye(3), box_of(MASK)) < 0.5


def test_a_blank_photo_has_no_keypoints_and_no_match() -> None:
    blank = keypoints(np.full((*SIZE, 3), 128, np.uint8))
    assert blank.points.shape == (0, 2)
    assert blank.descriptors.shape == (0, 128)
    assert match_texture(keypoints(BOARD), blank, upload_size=SIZE) is None
    assert match_texture(blank, keypoints(BOARD), upload_size=SIZE) is None


def test_too_few_keypoints_are_no_match() -> None:
    keys = keypoints(BOARD)
    few = Keypoints(keys.points[:7], keys.descriptors[:7])
    assert match_texture(keys, few, upload_size=SIZE) is None


def test_another_board_is_no_match() -> None:
    other, mask = shot(board(seed=5))
    match = match_texture(keypoints(BOARD, MASK), keypoints(other, mask), upload_size=SIZE)
    assert match is None or match.inliers < 15


def test_points_on_one_line_are_no_homography() -> None:
    rng = np.random.default_rng(0)
    points = np.stack([np.linspace(0, 500, 60), np.full(60, 100.0)], axis=1).astype(np.float32)
    keys = Keypoints(points, rng.integers(0, 256, (60, 128)).astype(np.uint8))
    match = match_texture(keys, keys, upload_size=SIZE)
    assert match is None or corner_error(match.warp, np.eye(3), points) < 0.5


def test_few_matches_are_trusted_with_four_parameters_only() -> None:
    keys, turn = keypoints(BOARD, MASK), similarity(angle=0.3, scale=1.2, source=(250, 190), target=(240, 200))
    chosen = np.random.default_rng(0).choice(len(keys.points), 15, replace=False)
    moved = cv2.perspectiveTransform(keys.points[chosen][None].astype(np.float64), turn)[0].astype(np.float32)
    match = match_texture(keys, Keypoints(moved, keys.descriptors[chosen]), upload_size=SIZE)
    assert match is not None
    assert is_similarity(match.warp)
    assert corner_error(match.warp @ turn, np.eye(3), box_of(MASK)) < 0.5


def is_similarity(warp: Matrix) -> bool:
    return bool(warp[2, 0] == warp[2, 1] == 0 and np.allclose(warp[0, 0], warp[1, 1]))


def test_keypoints_stay_on_the_product_and_within_their_number() -> None:
    keys = keypoints(BOARD, MASK)
    near = cv2.dilate(MASK.astype(np.uint8), np.ones((11, 11), np.uint8)) > 0
    columns, rows = np.rint(keys.points).astype(int).T
    assert near[rows, columns].all()
    assert 40 <= len(keys.points) <= MAX_KEYPOINTS
    assert len(keypoints(shot(plate())[0], shot(plate())[1]).points) < len(keys.points)


def test_an_empty_mask_means_the_whole_photo() -> None:
    assert np.array_equal(keypoints(BOARD, np.zeros(SIZE, bool)).points, keypoints(BOARD).points)


@pytest.mark.parametrize("size", [(1, 448), (448, 1), (2, 2), (5, 300), (16, 16)])
def test_tiny_photos_have_keypoints_or_none_but_never_an_error(size: tuple[int, int]) -> None:
    keys = keypoints(np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8), np.ones(size, bool))
    assert len(keys.points) == len(keys.descriptors)


def test_the_same_photos_give_the_same_warp_to_the_last_bit() -> None:
    upload, mask = shot(board(), random_pose(np.random.default_rng(9)), noise_seed=3)
    warps = {
        match.warp.tobytes()
        for _ in range(4)
        if (match := match_texture(keypoints(BOARD, MASK), keypoints(upload, mask), upload_size=SIZE))
    }
    assert len(warps) == 1
