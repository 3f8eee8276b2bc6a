"""Drawn products whose outline is hard to see: dark insides that are no holes, and pins thinner than all else."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.training.synth.matter import matter, varied
from visiqc.training.synth.outlines import Cover, outline, plate, softened
from visiqc.vision.types import FloatArray


def vessel(rng: Generator, side: int) -> tuple[FloatArray, Cover]:
    """A cup, bottle or lens from above: rings within rings, the inside often dark, and all of it product."""
    cover, colours = np.zeros((side, side), np.uint8), matter(rng, side)
    middle = tuple(int(v) for v in side / 2 + rng.normal(0, 0.06, 2) * side)
    radius, flat, turn = rng.uniform(0.22, 0.44) * side, rng.uniform(0.55, 1), float(rng.uniform(0, 180))
    axes = (round(radius), round(radius * flat))
    cv2.ellipse(cover, middle, axes, turn, 0, 360, 255, -1, cv2.LINE_AA)
    for share in np.sort(rng.uniform(0.25, 0.97, int(rng.integers(2, 6))))[::-1]:
        ring = np.zeros((side, side), np.uint8)
        cv2.ellipse(ring, middle, (round(share * axes[0]), round(share * axes[1])), turn, 0, 360, 255, -1, cv2.LINE_AA)
        tone = np.array(varied(rng)) * (rng.choice([0.15, 0.5, 1.0]) if share < 0.7 else 1.0)
        blend = softened(ring, 2.0)[..., None] * rng.uniform(0.5, 1.0)
        colours = colours * (1 - blend) + tone.astype(np.float32) * blend
    if rng.random() < 0.4:  # a handle
        far = tuple(int(v) for v in np.add(middle, rng.choice([-1, 1]) * np.array([1.1 * radius, 0])))
        cv2.ellipse(cover, far, (round(0.35 * radius), round(0.5 * radius)), 0, 0, 360, 255, max(2, int(0.1 * radius)))
    return np.asarray(colours, np.float32), cover


def pinned(rng: Generator, side: int) -> tuple[FloatArray, Cover]:
    """A body with rows of pins, wires or prongs that stand out of it."""
    cover = outline(rng, side) if rng.random() < 0.3 else plate(rng, side, round_corners=rng.random() < 0.5)
    small = cv2.resize(cover, None, fx=0.62, fy=0.62, interpolation=cv2.INTER_AREA)
    cover = np.zeros((side, side), np.uint8)
    top = (side - small.shape[0]) // 2
    cover[top : top + small.shape[0], top : top + small.shape[1]] = small
    colours = np.ascontiguousarray(matter(rng, side))
    _decorate(colours, rng, side)
    ys, xs = np.nonzero(cover > 127)
    left, right, low, high = (int(v) for v in (xs.min(), xs.max(), ys.min(), ys.max()))
    metal, thin = varied(rng), max(1, round(rng.uniform(0.004, 0.016) * side))
    for edge in rng.choice(4, int(rng.integers(1, 4)), replace=False):
        across = edge < 2
        start, end = (low, high) if across else (left, right)
        long = rng.uniform(0.05, 0.16) * side
        for place in np.linspace(start, end, int(rng.integers(2, 14)) + 2)[1:-1]:
            root = {0: (left + 3, place), 1: (right - 3, place), 2: (place, low + 3), 3: (place, high - 3)}[int(edge)]
            away = np.array({0: (-long, 0), 1: (long, 0), 2: (0, -long), 3: (0, long)}[int(edge)])
            tip = np.add(root, away + rng.normal(0, 0.04 * long, 2))
            line = tuple(tuple(int(v) for v in point) for point in (root, tip))
            cv2.line(cover, line[0], line[1], 255, thin, cv2.LINE_AA)
            cv2.line(colours, line[0], line[1], metal, thin + 1, cv2.LINE_AA)
    return colours, cover


def _decorate(colours: FloatArray, rng: Generator, side: int) -> None:
    """Parts and prints on the body."""
    for _ in range(int(rng.integers(2, 16))):
        x, y = (int(v) for v in rng.uniform(0.25, 0.7, 2) * side)
        w, h = (int(v) for v in rng.uniform(0.02, 0.18, 2) * side)
        if rng.random() < 0.5:
            cv2.rectangle(colours, (x, y), (x + w, y + h), varied(rng), -1)
        else:
            cv2.circle(colours, (x, y), max(2, w // 2), varied(rng), -1, cv2.LINE_AA)
