"""What drawn products are made of and lie on: colours, surfaces, grounds, and the light on a relief."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.training.synth.masks import perlin
from visiqc.vision.types import FloatArray

_METALS = ((196, 194, 190), (214, 178, 96), (206, 140, 104), (120, 122, 126), (70, 70, 74), (172, 160, 130))


def varied(rng: Generator) -> tuple[int, int, int]:
    """A colour: often grey, sometimes strong."""
    tone = rng.uniform(20, 240)
    tint = rng.normal(0, 1, 3) * rng.choice([4, 25, 60])
    red, green, blue = (int(v) for v in np.clip(tone + tint, 4, 250))
    return red, green, blue


def matter(rng: Generator, side: int) -> FloatArray:
    """(side, side, 3) float32 of a surface: brushed, cast, mottled or plain; metal or not."""
    base = np.array(_METALS[rng.integers(len(_METALS))] if rng.random() < 0.6 else varied(rng), np.float32)
    how = int(rng.integers(4))
    grain: NDArray[Any]
    if how == 0:  # brushed: noise drawn out in one direction
        lines = cv2.blur(rng.standard_normal((side, side), np.float32), (max(9, side // 8), 1))
        grain = lines / max(float(lines.std()), 1e-6) * rng.uniform(0.02, 0.09)
    elif how == 1:  # cast or sanded: fine grain
        fine = cv2.GaussianBlur(rng.standard_normal((side, side), np.float32), (0, 0), float(rng.uniform(0.5, 1.5)))
        grain = fine / max(float(fine.std()), 1e-6) * rng.uniform(0.02, 0.1)
    elif how == 2:  # mottled: clouds of several sizes
        grain = rng.uniform(0.1, 0.35) * perlin((side, side), rng.uniform(0.04, 0.3) * side, rng, octaves=3)
    else:  # plain, with the light's slope
        grain = rng.uniform(0, 0.25) * perlin((side, side), side, rng)
    if rng.random() < 0.5:
        grain = np.rot90(grain)
    return np.asarray(base * (1 + grain[..., None]), np.float32)


def ground(rng: Generator, side: int) -> FloatArray:
    """(side, side, 3) float32 of what a product lies on: paper, cloth, wood, a black mat; lit unevenly."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    slope = 1 + rng.normal(0, 0.1) * x + rng.normal(0, 0.1) * y
    if rng.random() < 0.5:
        tone = rng.choice([rng.uniform(190, 245), rng.uniform(20, 120)])
        base = np.full((side, side, 3), tone * (1 + rng.normal(0, 0.03, 3)), np.float32)
        noise = rng.uniform(0, 0.03) * perlin((side, side), rng.uniform(2, 20), rng)
    else:
        base = matter(rng, side)
        noise = np.zeros((side, side), np.float32)
    return np.asarray(base * (slope + noise)[..., None], np.float32)


def relief(heights: FloatArray, rng: Generator) -> FloatArray:
    """Light on a relief from one side.

    Args:
        heights: (H, W) float32, 1 = a step that casts a plain edge.
        rng: Draws the lamp.

    Returns:
        (H, W) float32 of gains around 1.
    """
    soft = cv2.GaussianBlur(heights, (0, 0), float(rng.uniform(0.7, 1.6)))
    angle = rng.uniform(0, 2 * np.pi)
    slope = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=0.25) * np.cos(angle)
    slope += cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=0.25) * np.sin(angle)
    level = 1 + rng.uniform(0.02, 0.12) * (soft - float(soft.mean()))
    return np.asarray(np.clip(level + rng.uniform(0.5, 1.3) * slope, 0.15, 2.2), np.float32)
