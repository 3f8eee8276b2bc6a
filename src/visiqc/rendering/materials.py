"""Metals, gems and coatings as Mitsuba BSDF descriptions: plain dictionaries, no Mitsuba.

A metal is given by the colour its polished surface has, because a jeweller names it by that and a plating drifts in it;
from the reflectance at normal incidence and a realistic refractive index n follows the extinction k:
k² = (r(n+1)² − (n−1)²)/(1−r), from the Fresnel equation of a conductor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from visiqc.errors import BadRecipe
from visiqc.rendering.decals import Overlay
from visiqc.rendering.mesh import Points

Triple = tuple[float, float, float]
Bsdf = dict[str, Any]

_WHITENING = 1.12
"""Published gold colours are measured with the specular part dimmed; scaled so that silver reaches 0.98."""
_BRIGHTEST = 0.985
_XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
_WHITE = np.array([0.95047, 1.0, 1.08883])
_GOLDEN_N, _WHITE_N, _SILVER_N = (0.20, 0.45, 1.25), (1.9, 1.75, 1.5), (0.16, 0.15, 0.16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metal:
    """A metal or plating.

    Attributes:
        lab: CIE L*a*b* (D65/2°) of its polished surface; gold alloys near ISO 8654's scale.
        index: Refractive index n for R, G, B.
    """

    lab: Triple
    index: Triple


METALS: Mapping[str, Metal] = {
    "gold24": Metal(lab=(88, 5, 36), index=_GOLDEN_N),
    "gold18": Metal(lab=(88, 4.4, 27.5), index=_GOLDEN_N),
    "gold14": Metal(lab=(87, 2.6, 20.5), index=_GOLDEN_N),
    "gold9": Metal(lab=(86.5, 1.2, 16), index=_GOLDEN_N),
    "vermeil": Metal(lab=(88.5, 5.0, 32), index=_GOLDEN_N),
    "rose18": Metal(lab=(86, 7.5, 19), index=_GOLDEN_N),
    "rose14": Metal(lab=(85, 10.5, 18.5), index=_GOLDEN_N),
    "white_gold": Metal(lab=(84, 1.0, 7.5), index=_WHITE_N),
    "silver": Metal(lab=(95.5, -0.4, 3.5), index=_SILVER_N),
    "rhodium": Metal(lab=(90, 0.6, 2.2), index=_WHITE_N),
    "platinum": Metal(lab=(86, 0.6, 3.6), index=_WHITE_N),
    "steel": Metal(lab=(78, 0.2, 1.5), index=_WHITE_N),
    "brass": Metal(lab=(85, -1.5, 28), index=_GOLDEN_N),
    "copper": Metal(lab=(82, 17, 20), index=(0.25, 0.75, 1.2)),
}
"""Metals and platings by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gem:
    """A gem.

    Attributes:
        index: Refractive index at 589 nm.
        dispersion: n at 431 nm less n at 687 nm.
        crossing: Linear RGB kept each time light crosses its surface.
        bounce: Linear RGB kept at each reflection inside, which stands for the length of the path.
        opaque: Linear RGB of the body of an opaque gem; None = transparent.
    """

    index: float
    dispersion: float = 0.014
    crossing: Triple = (1.0, 1.0, 1.0)
    bounce: Triple = (1.0, 1.0, 1.0)
    opaque: Triple | None = None


GEMS: Mapping[str, Gem] = {
    "diamond": Gem(index=2.417, dispersion=0.044),
    "moissanite": Gem(index=2.65, dispersion=0.104),
    "zirconia": Gem(index=2.17, dispersion=0.060),
    "ruby": Gem(index=1.766, dispersion=0.018, crossing=(0.93, 0.26, 0.36), bounce=(0.96, 0.45, 0.55)),
    "sapphire": Gem(index=1.766, dispersion=0.018, crossing=(0.20, 0.32, 0.86), bounce=(0.45, 0.58, 0.95)),
    "pink_sapphire": Gem(index=1.766, dispersion=0.018, crossing=(0.96, 0.55, 0.75), bounce=(0.97, 0.70, 0.84)),
    "yellow_sapphire": Gem(index=1.766, dispersion=0.018, crossing=(0.97, 0.88, 0.40), bounce=(0.98, 0.92, 0.60)),
    "emerald": Gem(index=1.577, crossing=(0.22, 0.78, 0.45), bounce=(0.45, 0.90, 0.62)),
    "amethyst": Gem(index=1.549, dispersion=0.013, crossing=(0.70, 0.42, 0.88), bounce=(0.80, 0.62, 0.95)),
    "peridot": Gem(index=1.67, dispersion=0.020, crossing=(0.74, 0.88, 0.32), bounce=(0.85, 0.95, 0.55)),
    "topaz": Gem(index=1.62, crossing=(0.62, 0.88, 0.95), bounce=(0.80, 0.95, 1.0)),
    "citrine": Gem(index=1.549, dispersion=0.013, crossing=(0.97, 0.76, 0.24), bounce=(0.98, 0.86, 0.50)),
    "garnet": Gem(index=1.76, dispersion=0.022, crossing=(0.72, 0.12, 0.12), bounce=(0.85, 0.35, 0.35)),
    "aquamarine": Gem(index=1.577, crossing=(0.74, 0.93, 0.95), bounce=(0.90, 0.98, 1.0)),
    "opal": Gem(index=1.45, opaque=(0.78, 0.80, 0.82)),
    "pearl": Gem(index=1.60, opaque=(0.88, 0.845, 0.79)),
}
"""Gems by name."""

_NACRE = (0.93, 0.86, 0.83)
_ROUGHNESS = {"polished": 0.025, "satin": 0.12, "hammered": 0.035}
FINISHES: tuple[str, ...] = tuple(_ROUGHNESS)
"""Finishes of metal."""


def metal_bsdf(name: str, finish: str = "polished", *, lab_shift: Triple = (0.0, 0.0, 0.0)) -> Bsdf:
    """A metal's BSDF. Satin is rough alike in all directions, as blasting leaves it, so that it looks the same whatever
    texture coordinates a part has.

    Args:
        name: Key in `METALS`.
        finish: One of `FINISHES`.
        lab_shift: Added to its colour.

    Raises:
        BadRecipe: No such metal or finish.
    """
    if name not in METALS:
        raise BadRecipe(f"no metal {name!r}; known are {', '.join(METALS)}")
    if finish not in _ROUGHNESS:
        raise BadRecipe(f"no finish {finish!r}; known are {', '.join(FINISHES)}")
    return _of_metal(METALS[name], _ROUGHNESS[finish], lab_shift)


def reflectance(metal: str, lab_shift: Triple = (0.0, 0.0, 0.0)) -> NDArray[np.float64]:
    """(3,) linear RGB reflectance of a polished metal at normal incidence."""
    return _reflectance(METALS[metal].lab, lab_shift)


def gem_bsdf(name: str, *, tint: float = 0.0) -> Bsdf:
    """A gem's BSDF.

    Args:
        name: Key in `GEMS`.
        tint: How much paler than its usual colour, 0 to 1; 1 = colourless.
    """
    if name not in GEMS:
        raise BadRecipe(f"no gem {name!r}; known are {', '.join(GEMS)}")
    gem = GEMS[name]
    if gem.opaque is not None:
        return _opaque(name, gem.opaque, gem.index)
    paler = 1 - tint
    return {
        "type": "dielectric",
        "int_ior": float(gem.index),
        "ext_ior": 1.0,
        "specular_transmittance": rgb(np.power(gem.crossing, paler)),
        "specular_reflectance": rgb(np.power(gem.bounce, paler)),
    }


def crack_bsdf(gem: str) -> Bsdf:
    """The surface of a thin film of air inside a gem."""
    return {"type": "dielectric", "int_ior": 1.0, "ext_ior": float(GEMS[gem].index)}


def foreign_bsdf(colour: Triple) -> Bsdf:
    """Dust and fibres."""
    return {"type": "twosided", "nested": {"type": "diffuse", "reflectance": rgb(colour)}}


def overlay_bsdf(overlay: Overlay, metal: str, lab_shift: Triple = (0.0, 0.0, 0.0)) -> Bsdf:
    """What a decal turns the metal into.

    Raises:
        BadRecipe: The overlay's kind is none of `metal`, `conductor`, `diffuse`.
    """
    if overlay.kind == "diffuse":
        return {"type": "diffuse", "reflectance": rgb(overlay.colour)}
    if overlay.kind == "conductor":
        return _conductor(np.asarray(overlay.colour), _WHITE_N, overlay.roughness)
    if overlay.kind == "metal":
        first, second, third = (a + b for a, b in zip(lab_shift, overlay.lab_shift, strict=True))
        return _of_metal(METALS[metal], overlay.roughness, (first, second, third))
    raise BadRecipe(f"no overlay kind {overlay.kind!r}; known are metal, conductor, diffuse")


def rgb(colour: ArrayLike) -> dict[str, Any]:
    """A colour that does not vary over the surface."""
    return {"type": "rgb", "value": [float(value) for value in np.asarray(colour).ravel()]}


def linear_rgb(lab: ArrayLike) -> NDArray[np.float64]:
    """Linear sRGB, (3,), of CIE L*a*b* under D65/2° (CIE 015:2018)."""
    lightness, a, b = np.asarray(lab, float)
    y = (lightness + 16) / 116
    f = np.array([y + a / 500, y, y - b / 200])
    knee = 6 / 29
    xyz = np.where(f > knee, f**3, 3 * knee**2 * (f - 4 / 29)) * _WHITE
    return np.asarray(_XYZ_TO_RGB @ xyz)


def play_of_colour(points: Points) -> NDArray[np.float64]:
    """(N, 3) linear RGB of an opal at (N, 3) points, mm: milky, with patches that flash green, blue or orange."""
    rng = np.random.default_rng(1507)
    low, high = points.min(axis=0) - 0.3, points.max(axis=0) + 0.3
    count = int(np.clip(np.prod((high - low) / 0.55), 8, 4000))
    _, patch = cKDTree(rng.uniform(low, high, (count, 3))).query(points)
    hues = np.array([(0.25, 0.75, 0.45), (0.20, 0.45, 0.85), (0.90, 0.50, 0.25), (0.35, 0.70, 0.80), (0.85, 0.85, 0.6)])
    strength = rng.beta(0.8, 1.6, count)[:, None]
    colours = np.array([0.74, 0.77, 0.80]) * (1 - strength) + hues[rng.integers(len(hues), size=count)] * strength
    return np.asarray(colours[patch])


def _opaque(name: str, colour: Triple, index: float) -> Bsdf:
    if name == "opal":  # the plastics take no colour by vertex
        body = {"type": "mesh_attribute", "name": "vertex_color"}
        return {"type": "principled", "base_color": body, "roughness": 0.3, "eta": index, "clearcoat": 1.0}
    glossy = {
        "type": "roughplastic",
        "distribution": "ggx",
        "alpha": 0.03,
        "int_ior": index,
        "diffuse_reflectance": rgb(colour),
        "nonlinear": True,
    }
    nacre = _conductor(np.array(_NACRE), _WHITE_N, 0.2)  # light comes back from many thin layers, softly mirrored
    return {"type": "blendbsdf", "weight": 0.38, "bsdf_0": glossy, "bsdf_1": nacre}


def _of_metal(metal: Metal, roughness: float, lab_shift: Triple) -> Bsdf:
    return _conductor(_reflectance(metal.lab, lab_shift), metal.index, roughness)


def _reflectance(lab: Triple, lab_shift: Triple) -> NDArray[np.float64]:
    return np.clip(linear_rgb(np.add(lab, lab_shift)) * _WHITENING, 0.02, _BRIGHTEST)


def _conductor(reflected: NDArray[np.float64], index: Triple, roughness: float) -> Bsdf:
    r, n = np.clip(reflected, 0.02, _BRIGHTEST), np.asarray(index)
    n = np.where((n - 1) ** 2 > r * (n + 1) ** 2, (1 + np.sqrt(r)) / (1 - np.sqrt(r)), n)  # k² would be negative
    k = np.sqrt(np.maximum((r * (n + 1) ** 2 - (n - 1) ** 2) / (1 - r), 0))
    return {"type": "roughconductor", "distribution": "ggx", "alpha": roughness, "eta": rgb(n), "k": rgb(k)}
