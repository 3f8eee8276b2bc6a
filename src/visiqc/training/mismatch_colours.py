"""Variants nobody photographed: a product in another metal or with other stones, in every photo of it alike.

A data set holds few variants, each in a photo or two; recoloured, every product has some, in all of its lights.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.vision.types import FloatArray, Mask, Photo

_METALS = {
    "yellow": (1.00, 0.80, 0.44),
    "rose": (1.00, 0.75, 0.62),
    "white": (0.97, 0.96, 0.92),
}
"""Reflectance of metals at normal incidence, linear light, rounded from tables of gold alloys and silver."""
_COLOURED = 0.42  # saturation from which a pixel is a stone's; polished gold stays below it, or has gold's hue
_GOLD = (6, 32)  # hues of yellow and rose metal, of 180
_FEWEST = 0.012  # share of the product that must be coloured for it to have coloured stones


@dataclass(frozen=True, slots=True)
class Recolouring:
    """What becomes of a product's pixels.

    Attributes:
        name: `metal` or `stones`.
        gain: (3,) of its metal in linear light.
        turn: Hue its coloured stones are turned by, in units of 2°; 0 = not at all.
    """

    name: str
    gain: tuple[float, float, float]
    turn: int


def recolouring(photo: Photo, product: Mask, rng: Generator) -> Recolouring:
    """A change of colour that no light makes: its metal another, or its stones where it has coloured ones.

    Args:
        photo: (H, W, 3) uint8 RGB, any photo of the product.
        product: (H, W) bool.
        rng: Of what it becomes.
    """
    stones, metal = _parts(photo, product)
    if stones.sum() > _FEWEST * product.sum() and rng.random() < 0.5:
        return Recolouring("stones", (1.0, 1.0, 1.0), int(rng.integers(25, 156)))
    now = _nearest_metal(photo[metal] if metal.any() else photo[product])
    others = [name for name in _METALS if name != now]
    wanted = np.array(_METALS[others[int(rng.integers(len(others)))]]) * np.exp(rng.normal(0, 0.04, 3))
    gain = wanted / np.array(_METALS[now])
    return Recolouring("metal", _three(gain / gain.mean()), 0)


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = (round(float(value), 4) for value in values)
    return red, green, blue


def recoloured(photo: Photo, product: Mask, change: Recolouring) -> Photo:
    """The photo with the product's colour changed, and nothing else."""
    stones, metal = _parts(photo, product)
    if change.turn:
        coded = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV)
        coded[..., 0] = (coded[..., 0].astype(np.int32) + change.turn) % 180
        turned = cv2.cvtColor(coded, cv2.COLOR_HSV2RGB)
        return _mixed(photo, np.asarray(turned, np.float32), stones)
    linear = (photo.astype(np.float32) / 255.0) ** 2.2 * np.array(change.gain, np.float32)
    return _mixed(photo, 255.0 * np.clip(linear, 0, 1) ** np.float32(1 / 2.2), metal)


def _parts(photo: Photo, product: Mask) -> tuple[Mask, Mask]:
    """Pixels of the product that are coloured stones, and the others."""
    hue, saturation, value = cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2HSV))
    metallic = (saturation < 255 * _COLOURED) | ((hue >= _GOLD[0]) & (hue <= _GOLD[1]) & (saturation < 190))
    stones = product & ~metallic & (value > 25)
    opened = cv2.morphologyEx(stones.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    return np.asarray(opened), np.asarray(product & ~opened)


def _nearest_metal(pixels: FloatArray | Photo) -> str:
    """The metal whose colour the middle of the pixels has, highlights and shadows left out."""
    grey = pixels.mean(axis=-1)
    usual = pixels[(grey > 60) & (grey < 235)]
    if len(usual) < 8:
        return "white"
    seen = np.log(np.median((usual.astype(np.float64) / 255.0) ** 2.2, axis=0) + 1e-4)
    distances = {name: float(np.ptp(seen - np.log(np.array(colour)))) for name, colour in _METALS.items()}
    return min(distances, key=lambda name: distances[name])


def _mixed(photo: Photo, changed: FloatArray, where: Mask) -> Photo:
    share = cv2.GaussianBlur(where.astype(np.float32), (0, 0), 0.7)[..., None]
    return np.asarray(np.clip(photo + share * (changed - photo), 0, 255), np.uint8)
