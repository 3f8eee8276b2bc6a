"""Alignment by texture: SIFT keypoints (Lowe 2004), ratio test, MAGSAC++ (Barath et al. 2020) in OpenCV's USAC."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.vision.types import FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import Size, plausible, transform

MAX_KEYPOINTS = 800
_RATIO = 0.8
_INLIER_PX = 3.0
_MIN_INLIERS = 8
_HOMOGRAPHY_INLIERS = 20  # fewer matches than this do not tie down eight parameters


@dataclass(frozen=True, slots=True)
class Keypoints:
    """SIFT keypoints of one picture.

    Attributes:
        points: (N, 2) float32 x, y in pixels of that picture.
        descriptors: (N, 128) uint8.
    """

    points: FloatArray
    descriptors: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TextureMatch:
    """A warp found from matches, with what speaks for it.

    Attributes:
        warp: From the upload's picture to the golden's.
        inliers: Matches that agree within 3 px.
        residual_px: Median distance of the inliers, pixels of the golden's picture.
    """

    warp: Matrix
    inliers: int
    residual_px: float


def keypoints(photo: Photo, mask: Mask | None = None) -> Keypoints:
    """The strongest keypoints of `photo`, on the product when a mask is given.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) bool; keypoints start inside it, grown by 4 px.
    """
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    allowed = None
    if mask is not None and mask.any() and not mask.all():
        allowed = cv2.dilate(mask.astype(np.uint8) * 255, np.ones((9, 9), np.uint8))
    # Without the precise upscale every keypoint lies a quarter of a pixel off, which a rotation does not cancel.
    sift = cv2.SIFT.create(nfeatures=MAX_KEYPOINTS, contrastThreshold=0.03, enable_precise_upscale=True)
    found, described = sift.detectAndCompute(grey, allowed)
    if described is None:
        return Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.uint8))
    points = np.array([point.pt for point in found[:MAX_KEYPOINTS]], np.float32).reshape(-1, 2)
    return Keypoints(points, np.clip(described[:MAX_KEYPOINTS], 0, 255).astype(np.uint8))


def match_texture(golden: Keypoints, upload: Keypoints, *, upload_size: Size) -> TextureMatch | None:
    """The warp from upload to golden that most matches agree with, or None where texture does not suffice."""
    if min(len(golden.points), len(upload.points)) < _MIN_INLIERS:
        return None
    source, target = _matches(golden, upload)
    if len(source) < _MIN_INLIERS:
        return None
    fits = (_homography(source, target), _similarity(source, target))
    usable = [fit for fit in fits if fit is not None and plausible(fit.warp, upload_size)]
    if not usable:
        return None
    best = max(usable, key=lambda fit: fit.inliers)
    # A homography wins only by inliers that its four extra parameters could not have bought.
    for fit in usable:
        if fit.warp[2, 0] == 0 and fit.inliers >= 0.8 * best.inliers and best.inliers < _HOMOGRAPHY_INLIERS:
            best = fit
    return best


def _matches(golden: Keypoints, upload: Keypoints) -> tuple[FloatArray, FloatArray]:
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(
        upload.descriptors.astype(np.float32), golden.descriptors.astype(np.float32), k=2
    )
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
    best: dict[int, cv2.DMatch] = {}
    for match in good:  # one upload keypoint for each golden keypoint
        if match.trainIdx not in best or match.distance < best[match.trainIdx].distance:
            best[match.trainIdx] = match
    source = np.array([upload.points[m.queryIdx] for m in best.values()], np.float32).reshape(-1, 2)
    target = np.array([golden.points[m.trainIdx] for m in best.values()], np.float32).reshape(-1, 2)
    return source, target


def _homography(source: FloatArray, target: FloatArray) -> TextureMatch | None:
    if len(source) < _HOMOGRAPHY_INLIERS:
        return None
    warp, _ = cv2.findHomography(source, target, cv2.USAC_MAGSAC, _INLIER_PX, maxIters=2000, confidence=0.999)
    if warp is None:
        return None
    return _judged(np.asarray(warp, np.float64), source, target)


def _similarity(source: FloatArray, target: FloatArray) -> TextureMatch | None:
    affine, _ = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=_INLIER_PX, maxIters=2000, confidence=0.999
    )
    if affine is None:
        return None
    return _judged(np.vstack([affine, [0.0, 0.0, 1.0]]), source, target)


def _judged(warp: Matrix, source: FloatArray, target: FloatArray) -> TextureMatch | None:
    distance = np.linalg.norm(transform(warp, source) - target, axis=1)
    inside = distance < _INLIER_PX
    inliers = int(inside.sum())
    if inliers < _MIN_INLIERS or inliers < 0.15 * len(source):
        return None
    return TextureMatch(warp, inliers, float(np.median(distance[inside])))
