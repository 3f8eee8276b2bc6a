"""Damage of the surface: tarnish, worn plating, dents, foreign texture, a shift of colour."""

from __future__ import annotations

import cv2
import numpy as np

from visiqc.training.synth.canvas import Canvas, mixed
from visiqc.training.synth.masks import blob, perlin
from visiqc.vision.types import FloatArray, Photo

_STAINS = ((0.30, 0.24, 0.16), (0.45, 0.33, 0.18), (0.25, 0.25, 0.28), (0.40, 0.28, 0.38), (0.30, 0.38, 0.45))
"""What tarnish lets through: brown, bronze, black, violet, blue."""
_BASES = ((0.90, 0.62, 0.48), (0.74, 0.73, 0.70), (0.92, 0.80, 0.50), (0.55, 0.54, 0.53))
"""Metals under a plating: copper, nickel silver, brass, steel."""


def tarnish(canvas: Canvas) -> Photo | None:
    """A stain with soft, cloudy borders that darkens and tints."""
    rng, where = canvas.rng, canvas.around(2.4 * canvas.radius + 6)
    size = canvas.product[where].shape
    area = blob(size, canvas.local(where), canvas.radius, rng, ragged=0.6)
    cloud = np.clip(0.75 + 0.5 * perlin(size, max(3.0, 0.5 * canvas.radius), rng, octaves=2), 0, 1)
    cover = cv2.GaussianBlur(area * cloud, (0, 0), max(0.7, rng.uniform(0.05, 0.3) * canvas.radius))
    through = np.array(_STAINS[rng.integers(len(_STAINS))], np.float32) * rng.uniform(0.8, 1.3)
    share = cover * rng.uniform(0.35, 1.0) * canvas.product[where]
    return canvas.changed(where, canvas.photo[where] * (1 - share[..., None] * (1 - through)))


def worn(canvas: Canvas) -> Photo | None:
    """Plating gone in patches with hard, ragged borders: another metal of the same brightness shows."""
    rng, where = canvas.rng, canvas.around(2.4 * canvas.radius + 4)
    area = blob(canvas.product[where].shape, canvas.local(where), canvas.radius, rng, ragged=0.9)
    below = canvas.photo[where].astype(np.float32)
    grey = below.mean(axis=-1, keepdims=True)
    metal = np.array(_BASES[rng.integers(len(_BASES))], np.float32)
    bare = grey * metal / metal.mean() * rng.uniform(0.6, 1.1)
    cover = area * rng.uniform(0.5, 1.0) * canvas.product[where]
    return canvas.changed(where, mixed(below, bare, cover))


def recoloured(canvas: Canvas) -> Photo | None:
    """A part lighter, darker or of another hue, its texture kept."""
    rng, where = canvas.rng, canvas.around(2.4 * canvas.radius + 4)
    area = blob(canvas.product[where].shape, canvas.local(where), canvas.radius, rng, ragged=rng.uniform(0, 0.8))
    cover = cv2.GaussianBlur(area, (0, 0), rng.uniform(0.4, 2.0)) * canvas.product[where]
    lab = cv2.cvtColor(canvas.photo[where], cv2.COLOR_RGB2LAB).astype(np.float32)
    shift = np.array([rng.normal(0, 28), rng.normal(0, 14), rng.normal(0, 18)], np.float32)
    moved = np.clip(lab + cover[..., None] * shift, 0, 255).astype(np.uint8)
    return canvas.changed(where, cv2.cvtColor(moved, cv2.COLOR_LAB2RGB))


def dent(canvas: Canvas) -> Photo | None:
    """A hollow or a bump: reflections are drawn together, one flank is lighter and the other darker."""
    rng, radius = canvas.rng, max(3.0, 1.2 * canvas.radius)
    where = canvas.around(2.6 * radius)
    size = canvas.product[where].shape
    x, y = np.meshgrid(np.arange(size[1], dtype=np.float32), np.arange(size[0], dtype=np.float32))
    cx, cy = canvas.local(where)
    angle, stretch = rng.uniform(0, np.pi), float(np.exp(rng.uniform(-0.4, 0.4)))
    along = ((x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)) / (radius * stretch)
    across = ((y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)) / (radius / stretch)
    bump = np.exp(-(along**2 + across**2))
    pull = float(rng.choice([-1, 1])) * rng.uniform(0.2, 0.7)
    part = canvas.photo[where]
    from_x = (x + pull * bump * (x - cx)).astype(np.float32)
    from_y = (y + pull * bump * (y - cy)).astype(np.float32)
    bent = cv2.remap(part, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    light = rng.uniform(0, 2 * np.pi)
    slope = bump * (along * np.cos(light) + across * np.sin(light))
    shade = np.exp(rng.uniform(0.5, 1.6) * slope)[..., None]
    cover = (np.clip(1.5 * bump, 0, 1) * canvas.product[where]).astype(np.float32)
    return canvas.changed(where, mixed(part, bent * shade, cover))


def texture(canvas: Canvas) -> Photo | None:
    """Foreign matter that shows through Perlin noise, from another photo, from elsewhere or made up.

    Source:
        Zavrtanik et al., DRAEM, ICCV 2021: anomalies cut out of foreign texture by Perlin noise, of any opacity.
    """
    rng, where = canvas.rng, canvas.around(2.2 * canvas.radius + 4)
    size = canvas.product[where].shape
    near = blob(size, canvas.local(where), 1.3 * canvas.radius, rng, ragged=0.6)
    noise = perlin(size, max(3.0, canvas.radius * rng.uniform(0.4, 1.0)), rng, octaves=2)
    cover = np.clip(near * np.clip(3 * (noise + 0.25), 0, 1), 0, 1) * rng.uniform(0.3, 1.0) * canvas.product[where]
    return canvas.changed(where, mixed(canvas.photo[where], foreign(canvas, (size[0], size[1])), cover))


def foreign(canvas: Canvas, size: tuple[int, int]) -> FloatArray:
    """(H, W, 3) float32 of matter that does not belong there."""
    rng = canvas.rng
    if canvas.others and rng.random() < 0.7:
        source = canvas.others[int(rng.integers(len(canvas.others)))]
    elif rng.random() < 0.5:
        source = canvas.photo
    else:
        grain = perlin(size, rng.uniform(2, 12), rng, octaves=2)[..., None]
        return np.asarray(rng.uniform(20, 235, 3) + rng.uniform(5, 50) * grain, np.float32)
    height, width = min(size[0], source.shape[0]), min(size[1], source.shape[1])
    y, x = (int(rng.integers(full - part + 1)) for full, part in zip(source.shape, (height, width), strict=False))
    cut = np.rot90(source[y : y + height, x : x + width], int(rng.integers(4)))
    if cut.shape[:2] != size:
        cut = np.asarray(cv2.resize(cut, (size[1], size[0]), interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(cut, np.float32)
