"""Thin and small damage: scratches, pits, fibres, dust."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.training.synth.canvas import Canvas, mixed
from visiqc.training.synth.masks import blob, perlin
from visiqc.vision.types import FloatArray, Photo

_SHIFT = 4
"""Binary places of coordinates that OpenCV draws at."""
_FIBRES = ((20, 20, 24), (60, 60, 70), (235, 235, 235), (150, 30, 30), (40, 60, 130), (190, 180, 160))


def scratch(canvas: Canvas) -> Photo | None:
    """One stroke, or a few side by side: a bright or dark groove with its other flank lit the other way."""
    rng, length = canvas.rng, max(7.0, canvas.radius * canvas.rng.uniform(3, 6))
    where = canvas.around(0.6 * length + 6)
    product = canvas.product[where]
    centre, angle = canvas.local(where), rng.uniform(0, np.pi)
    groove = np.zeros(product.shape, np.float32)
    strokes = int(rng.integers(2, 5)) if rng.random() < 0.25 else 1
    for n in range(strokes):
        aside = (n - (strokes - 1) / 2) * rng.uniform(2, 4)
        start = (centre[0] - aside * np.sin(angle), centre[1] + aside * np.cos(angle))
        stroke = _stroke(product.shape, start, length=length * rng.uniform(0.5, 1), angle=angle, rng=rng)
        groove = np.maximum(groove, stroke)
    flank = np.roll(groove, (round(np.cos(angle)) or 1, round(-np.sin(angle))), (0, 1)) * (1 - groove)
    height = float(rng.choice([-1, 1])) * rng.uniform(35, 130)
    relief = (groove - rng.uniform(0.2, 0.8) * flank) * height * product
    return canvas.changed(where, canvas.photo[where] + relief[..., None])


def pits(canvas: Canvas) -> Photo | None:
    """A few to dozens of pinholes, dark, each with a glint on one side."""
    rng, where = canvas.rng, canvas.around(1.8 * canvas.radius + 5)
    product = canvas.product[where]
    dark, glint = np.zeros(product.shape, np.float32), np.zeros(product.shape, np.float32)
    light = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(1, 4 + round(canvas.radius)))):
        x, y = (at + rng.normal(0, 0.6 * canvas.radius) for at in canvas.local(where))
        size = rng.uniform(0.5, 0.7 + 0.09 * canvas.radius) * (canvas.photo.shape[0] / 320) ** 0.5
        _dot(dark, x, y, size)
        _dot(glint, x + size * np.cos(light), y + size * np.sin(light), 0.6 * size)
    depth = rng.uniform(0.45, 0.9)
    seen = canvas.photo[where] * (1 - depth * (dark * product)[..., None])
    return canvas.changed(where, seen + (rng.uniform(0, 70) * glint * (1 - dark) * product)[..., None])


def fibre(canvas: Canvas) -> Photo | None:
    """A hair or thread that lies on the piece and may reach over its edge."""
    rng, length = canvas.rng, max(10.0, canvas.radius * canvas.rng.uniform(3, 7))
    where = canvas.around(0.7 * length + 4)
    x, y = canvas.local(where)
    # A smooth walk whose direction drifts: hair curls, it does not zigzag.
    steps = 24
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.06, steps) + rng.normal(0, 0.08))
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], -1), 0) * length / steps
    path += np.array([x, y]) - path[steps // 2]
    cover = np.zeros(canvas.product[where].shape, np.uint8)
    _draw(cover, path, 255, 1 if rng.random() < 0.75 else 2)
    share = cover.astype(np.float32) / 255 * rng.uniform(0.55, 1.0)
    shadow = 1 - 0.3 * np.roll(cv2.GaussianBlur(share, (0, 0), 1.0), (1, 1), (0, 1))
    colour = np.array(_FIBRES[rng.integers(len(_FIBRES))], np.float32) * rng.uniform(0.8, 1.2)
    return canvas.changed(where, mixed(canvas.photo[where] * shadow[..., None], colour, share))


def dust(canvas: Canvas) -> Photo | None:
    """Specks of dust or polishing compound, light or dark, in a loose heap or a smear."""
    rng, where = canvas.rng, canvas.around(2 * canvas.radius + 5)
    product = canvas.product[where]
    cover = np.zeros(product.shape, np.float32)
    for _ in range(int(rng.integers(2, 6 + round(1.5 * canvas.radius)))):
        x, y = (at + rng.normal(0, 0.7 * canvas.radius) for at in canvas.local(where))
        _dot(cover, x, y, rng.uniform(0.4, 1.5))
    if rng.random() < 0.4:
        area = blob(product.shape, canvas.local(where), canvas.radius, rng, ragged=0.9)
        cover = np.maximum(cover, 0.6 * area * np.clip(perlin(product.shape, 3.0, rng) + 0.2, 0, 1))
    tone = float(rng.choice([rng.uniform(20, 70), rng.uniform(170, 240)]))
    colour = tone * (1 + rng.normal(0, 0.06, 3)).astype(np.float32)
    return canvas.changed(where, mixed(canvas.photo[where], colour, cover * product * rng.uniform(0.5, 0.95)))


def _stroke(
    size: tuple[int, ...], centre: tuple[float, float], *, length: float, angle: float, rng: Generator
) -> FloatArray:
    """(H, W) float32 of one stroke, deeper here than there, tapering at its ends."""
    along = np.linspace(-0.5, 0.5, 12)
    heading = np.array([np.cos(angle), np.sin(angle)])
    aside = np.array([-heading[1], heading[0]])
    bend = rng.normal(0, 0.12)
    path = np.array(centre) + length * (along[:, None] * heading + (bend * (4 * along**2 - 0.5))[:, None] * aside)
    line = np.zeros(size, np.uint8)
    wide = 1 + int(rng.random() < 0.3) + int(length > 60 and rng.random() < 0.3)
    for n, (a, b) in enumerate(pairwise(path)):
        depth = (0.55 + 0.45 * rng.random()) * min(1.0, 0.4 + 0.3 * min(n, 10 - n))
        _draw(line, np.stack([a, b]), int(255 * depth), wide)
    return np.asarray(line / np.float32(255), np.float32)


def _dot(cover: FloatArray, x: float, y: float, radius: float) -> None:
    """Draw a soft dot into `cover`, its value the share of a pixel it fills."""
    reach = int(np.ceil(radius + 1))
    y0, x0 = max(0, int(y) - reach), max(0, int(x) - reach)
    part = cover[y0 : int(y) + reach + 2, x0 : int(x) + reach + 2]
    if int(y) + reach + 2 <= 0 or int(x) + reach + 2 <= 0 or part.size == 0:
        return
    rows, columns = np.ogrid[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]]
    np.maximum(part, np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, min(1, 2 * radius)), out=part)


def _draw(cover: NDArray[np.uint8], path: NDArray[np.float64], value: int, wide: int) -> None:
    """Draw an open line through points (N, 2), (x, y), to a sixteenth of a pixel."""
    points = np.round(path * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(cover, [points], isClosed=False, color=value, thickness=wide, lineType=cv2.LINE_AA, shift=_SHIFT)
