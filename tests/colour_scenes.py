"""Drawn pieces in linear light, under any light, on any ground: a plain ring with a stone."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.vision.types import Mask, Photo

GOLD, ROSE, WHITE_METAL = (1.0, 0.78, 0.47), (1.0, 0.72, 0.60), (0.97, 0.96, 0.94)
RUBY, SAPPHIRE, CLEAR = (0.45, 0.05, 0.08), (0.05, 0.08, 0.40), (0.60, 0.60, 0.60)
WHITE_GROUND, WOOD = (0.5, 0.5, 0.5), (0.30, 0.17, 0.08)
SIDE = 160
Colour = Sequence[float]


def masks() -> tuple[Mask, Mask]:
    """Metal and stone, (SIDE, SIDE) bool."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    away = np.hypot(x - 80, y - 90)
    stone = np.hypot(x - 80, y - 32) < 16
    return (away < 58) & (away > 38) & ~stone, stone


def ring(
    metal: Colour = GOLD,
    stone: Colour = RUBY,
    ground: Colour = WHITE_GROUND,
    *,
    light: Colour = (1, 1, 1),
    mirrored: float = 0.0,
    seed: int = 0,
) -> Photo:
    """A photo of the ring; `light` multiplies all of it, `mirrored` is the share of the ground that the metal shows."""
    rng = np.random.default_rng(seed)
    in_metal, in_stone = masks()
    shine = cv2.GaussianBlur(rng.uniform(-1, 1, (SIDE, SIDE)), (0, 0), 5)
    shine = np.exp(0.5 * shine / shine.std())[..., None]
    room = (1 - mirrored) + mirrored * np.asarray(ground) / np.mean(ground)
    scene = np.broadcast_to(np.asarray(ground), (SIDE, SIDE, 3)).copy()
    scene = np.where(in_metal[..., None], 0.33 * np.asarray(metal) * room * shine, scene)
    facets = np.exp(0.5 * rng.standard_normal((SIDE // 4, SIDE // 4))).repeat(4, 0).repeat(4, 1)[..., None]
    scene = np.where(in_stone[..., None], np.asarray(stone) * facets, scene)
    scene = scene * np.asarray(light) * (1 + 0.01 * rng.standard_normal(scene.shape))
    return shown(cv2.GaussianBlur(scene, (0, 0), 0.6))


def shown(linear: NDArray[np.float64]) -> Photo:
    """Linear light as 8-bit sRGB."""
    light = np.clip(linear, 0, 1)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(255 * code), np.uint8)


def card_photo(light: Colour = (1, 1, 1), *, width: int = 340, turn_deg: float = 0.0) -> Photo:
    """The printed scale card on grey, its width in pixels chosen."""
    from visiqc.rendering.ground import scale_card  # needs SciPy, which the core does without

    card = scale_card()
    height = round(width * card.shape[0] / card.shape[1])
    small = cv2.resize(card, (width, height), interpolation=cv2.INTER_AREA)
    scene = np.full((height + 120, width + 120, 3), 0.2)
    scene[60 : 60 + height, 60 : 60 + width] = small
    turn = cv2.getRotationMatrix2D((scene.shape[1] / 2, scene.shape[0] / 2), turn_deg, 1.0)
    turned = cv2.warpAffine(scene, turn, scene.shape[1::-1], borderValue=(0.2, 0.2, 0.2))
    return shown(turned * np.asarray(light) * 0.9)
