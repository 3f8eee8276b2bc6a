"""Outlines of drawn products."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.training.synth.masks import perlin
from visiqc.vision.types import FloatArray

Cover = NDArray[np.uint8]
"""(H, W) uint8, 255 = the product, soft at its rim."""


def plate(rng: Generator, side: int, *, round_corners: bool) -> Cover:
    """A rectangle, turned a little."""
    cover = np.zeros((side, side), np.uint8)
    w, h = rng.uniform(0.5, 0.92, 2) * side
    corners = cv2.boxPoints(((side / 2, side / 2), (float(w), float(h)), float(rng.normal(0, 5))))
    cv2.fillConvexPoly(cover, corners.astype(np.int32), 255, cv2.LINE_AA)
    if round_corners:
        soft = softened(cover, float(rng.uniform(0.02, 0.06)) * side)
        cover = np.clip(255 * (20 * (soft - 0.5) + 0.5), 0, 255).astype(np.uint8)
    return cover


def disc(rng: Generator, side: int) -> Cover:
    """A disc, often with a bore."""
    cover = np.zeros((side, side), np.uint8)
    radius = rng.uniform(0.28, 0.45) * side
    cv2.circle(cover, (side // 2, side // 2), round(radius), 255, -1, cv2.LINE_AA)
    if rng.random() < 0.5:
        cv2.circle(cover, (side // 2, side // 2), round(radius * rng.uniform(0.15, 0.7)), 0, -1, cv2.LINE_AA)
    return cover


def outline(rng: Generator, side: int) -> Cover:
    """Any closed form: a plate, a disc, or a cloud."""
    form = int(rng.integers(3))
    if form == 0:
        return plate(rng, side, round_corners=True)
    if form == 1:
        return disc(rng, side)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    inside = 0.75 + 0.25 * perlin((side, side), 0.3 * side, rng) - np.hypot(x, y)
    return np.where(inside > 0, 255, 0).astype(np.uint8)


def softened(cover: NDArray[Any], sigma: float) -> FloatArray:
    """(H, W) float32, 0 to 1, of a cover blurred widely: a quarter of the size does, and is fast."""
    side = cover.shape[0]
    small = cv2.resize(cover, (side // 4, side // 4), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), max(sigma / 4, 0.3)).astype(np.float32) / 255
    return np.asarray(cv2.resize(blurred, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
