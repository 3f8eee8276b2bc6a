"""Product photos made in code, the same for the same numbers: a printed board, a shiny ring, a plain plate.

A `Product` is what lies on the table; `shot` photographs it on a softly lit background through any warp, so that
the true warp between two photos is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from visiqc.vision.types import FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import Size, corners, similarity, transform

SIZE: Size = (384, 512)
"""Height and width of a photo unless a test asks for another."""


@dataclass(frozen=True)
class Product:
    """A flat piece: its colours (H, W, 3) uint8, and where it is, (H, W) float32 from 0 to 1."""

    colours: Photo
    cover: FloatArray


def board(size: Size = SIZE, *, seed: int = 0) -> Product:
    """A circuit board: green, with pads, traces and chips at random places; plenty of texture."""
    height, width = size
    rng = np.random.default_rng(seed)
    cover = np.zeros(size, np.uint8)
    top, left, bottom, right = round(0.3 * height), round(0.28 * width), round(0.7 * height), round(0.72 * width)
    cover[top:bottom, left:right] = 255
    colours = np.full((*size, 3), (28, 92, 52), np.uint8)
    unit = max(2, round(0.012 * width))
    for _ in range(70):
        x, y = int(rng.integers(left, right)), int(rng.integers(top, bottom))
        shade = tuple(int(v) for v in rng.integers(20, 235, 3))
        if rng.random() < 0.5:
            cv2.circle(colours, (x, y), int(rng.integers(unit // 2 + 1, 2 * unit)), shade, -1, cv2.LINE_AA)
        else:
            across, down = (int(v) for v in rng.integers(unit, 5 * unit, 2))
            cv2.rectangle(colours, (x, y), (x + across, y + down), shade, -1)
    return Product(colours, cover.astype(np.float32) / 255)


def ring(size: Size = SIZE) -> Product:
    """A polished ring with a red stone: smooth bands of reflection, a hole, no texture; one way up."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius, cx, cy = 0.2 * min(size), width / 2, height / 2 + 0.03 * height
    distance, angle = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx)
    band = _inside(radius - distance) * _inside(distance - 0.72 * radius)
    shine = 150 + 70 * np.cos(2 * angle) + 30 * np.cos((distance - 0.86 * radius) / radius * 20)
    metal = shine[..., None] * np.array([1.0, 0.82, 0.5], np.float32)
    stone = _inside(0.3 * radius - np.hypot(x - cx, y - cy + 1.1 * radius))
    facets = 90 + 60 * np.cos(3 * np.arctan2(y - cy + 1.1 * radius, x - cx))
    red = facets[..., None] * np.array([1.4, 0.25, 0.4], np.float32)
    colours = metal * (1 - stone[..., None]) + red * stone[..., None]
    return Product(np.clip(colours, 0, 255).astype(np.uint8), np.maximum(band, stone))


def plate(size: Size = SIZE) -> Product:
    """A brushed plate in the form of a P with two holes: no texture, and no rotation that repeats."""
    height, width = size
    unit = 0.01 * min(size)
    cover = np.zeros(size, np.uint8)
    left, top = round(width / 2 - 17 * unit), round(height / 2 - 20 * unit)
    cv2.rectangle(cover, (left, top), (left + round(12 * unit), top + round(42 * unit)), 255, -1)
    cv2.rectangle(cover, (left, top), (left + round(34 * unit), top + round(22 * unit)), 255, -1)
    for x, y, r in ((25, 11, 5), (6, 35, 3)):
        cv2.circle(cover, (left + round(x * unit), top + round(y * unit)), round(r * unit), 0, -1)
    soft = cv2.GaussianBlur(cover, (0, 0), 0.8).astype(np.float32) / 255
    bevel = cv2.GaussianBlur(cover, (0, 0), 3 * unit).astype(np.float32) / 255
    grey = 70 + 60 * bevel
    return Product(np.repeat(grey[..., None], 3, axis=2).astype(np.uint8), soft)


def background(size: Size, *, slope: float = 40.0) -> Photo:
    """A light table whose brightness falls off by `slope` grey levels from the top left."""
    y, x = np.mgrid[0 : 1 : size[0] * 1j, 0 : 1 : size[1] * 1j]
    grey = 225 - slope * (0.7 * x + 0.3 * y)
    return np.stack([grey, 0.985 * grey, 0.96 * grey], axis=-1).astype(np.uint8)


def shot(
    product: Product,
    warp: Matrix | None = None,
    *,
    size: Size = SIZE,
    gain: float = 1.0,
    gamma: float = 1.0,
    noise_seed: int = 0,
    shadow: bool = False,
) -> tuple[Photo, Mask]:
    """A photo of the product and the product's true mask in it.

    Args:
        product: What lies on the table.
        warp: Product pixels to photo pixels; the identity when None.
        size: Height and width of the photo.
        gain: Exposure.
        gamma: Contrast.
        noise_seed: Of the sensor's noise, two grey levels.
        shadow: Whether a soft shadow falls to the right and below.
    """
    warp = np.eye(3) if warp is None else warp
    across = (size[1], size[0])
    colours = cv2.warpPerspective(product.colours, warp, across, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(product.cover, warp, across)[..., None]
    table = background(size).astype(np.float32)
    if shadow:
        reach = 0.04 * min(size)
        moved = cv2.warpAffine(cover[..., 0], np.array([[1, 0, reach], [0, 1, reach]]), across)
        table *= 1 - 0.3 * cv2.GaussianBlur(moved, (0, 0), 0.035 * min(size))[..., None]
    light = (table * (1 - cover) + colours * cover) / 255
    noise = np.random.default_rng(noise_seed).normal(0, 2.0, (*size, 3))
    seen = 255 * np.clip(gain * light**gamma, 0, 1) + noise
    return np.clip(seen, 0, 255).astype(np.uint8), cover[..., 0] > 0.5


def random_pose(rng: np.random.Generator, size: Size = SIZE, *, reach: float = 0.24) -> Matrix:
    """A camera's move: any rotation, scale 0.6 to 1.6, shift to 25 %, moderate perspective; the product stays in.

    Args:
        rng: Where the numbers come from.
        size: Height and width of both photos.
        reach: Half the product's side, share of the frame's height.
    """
    height, width = size
    middle = (width / 2, height / 2)
    half = reach * height
    around = np.array(
        [[middle[0] + dx * half, middle[1] + dy * half] for dx in (-1.2, 1.2) for dy in (-1, 1)], np.float32
    )
    while True:
        shift = rng.uniform(-0.25, 0.25, 2)
        target = (middle[0] + shift[0] * width, middle[1] + shift[1] * height)
        move = similarity(angle=rng.uniform(0, 2 * np.pi), scale=rng.uniform(0.6, 1.6), source=middle, target=target)
        quad = corners(size)
        bent = quad + rng.uniform(-0.05, 0.05, (4, 2)) * (width, height)
        pose = move @ cv2.getPerspectiveTransform(quad, bent.astype(np.float32)).astype(np.float64)
        seen = transform(pose, around)
        if (seen >= 4).all() and (seen <= np.array([width - 5, height - 5])).all():
            return pose


def corner_error(found: Matrix, truth: Matrix, box: FloatArray) -> float:
    """Largest distance, in target pixels, between where two warps send the corners `box` (4, 2)."""
    return float(np.linalg.norm(transform(found, box) - transform(truth, box), axis=1).max())


def _inside(depth: FloatArray) -> FloatArray:
    """Soft edge one pixel wide: 1 where `depth` is positive."""
    return np.clip(depth + 0.5, 0, 1).astype(np.float32)
