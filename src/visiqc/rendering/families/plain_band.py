"""Bands without stones: plain ones, and ones with letters or patterns cut into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.design import Look
from visiqc.rendering.engraving import WORDS, engraved
from visiqc.rendering.families.finger_ring import FingerRing, drawn_band
from visiqc.rendering.mesh import Mesh, Points, grid_normals
from visiqc.rendering.milgrain import milgrain
from visiqc.rendering.piece import Part, Piece, laid
from visiqc.rendering.shanks import PROFILES, gridded

EDGES = ("plain", "grooves", "milgrain")
"""How a band's edges are dressed."""
_SECOND_METAL: Mapping[str, str] = {
    "rhodium": "gold18",
    "platinum": "rose18",
    "white_gold": "rose14",
    "silver": "gold14",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainBand(FingerRing):
    """A wedding band.

    Attributes:
        edges: One of `EDGES`.
        inlay_share: Width of a strip of another metal in the middle, share of the band's; 0 = none.

    Raises:
        InputError: Measures no band has.
    """

    edges: str = "plain"
    inlay_share: float = 0.0

    def __post_init__(self) -> None:
        self.check_band()
        if self.edges not in EDGES:
            raise InputError(f"unknown edges {self.edges!r}; known are {', '.join(EDGES)}")
        if not 0 <= self.inlay_share <= 0.6:
            raise InputError(
                f"impossible geometry: an inlay over {self.inlay_share:.0%} of the width; it takes to 60 %"
            )

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """From a 2 mm court band to a wide flat one."""
        return cls(
            **drawn_band(rng, width=(2.0, 8.0), thickness=(1.3, 2.4), profiles=tuple(PROFILES)),
            edges=str(rng.choice(EDGES, p=(0.6, 0.2, 0.2))),
            inlay_share=round(float(rng.uniform(0.18, 0.42)), 2) if rng.random() < 0.15 else 0.0,
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        body = self.forged([self.sweep(grooves=self.edge_grooves(), sides=208, steps=720)], look)
        parts = [self.shank(body)]
        if self.inlay_share:
            parts.append(self._inlay(look))
        if self.edges == "milgrain":
            parts.append(milgrain(self, bead_mm=0.24, inset_mm=0.05))
        return self.photographed(parts, fill=0.66)

    def edge_grooves(self) -> tuple[tuple[float, float, float], ...]:
        """A line cut along either edge, for `Sweep.grooves`."""
        if self.edges != "grooves":
            return ()
        aside = self.width / 2 - 0.16 * self.width - 0.1
        return ((-aside, 0.24, 0.16), (aside, 0.24, 0.16))

    def _inlay(self, look: Look) -> Part:
        """A strip that stands a hair out of the band."""
        strip = self.sweep(
            width=self.inlay_share * self.width, profile="court", thickness=0.5, soften=0.12, steps=560, sides=48
        )
        height = float(self.on_surface(0.0, 0.0)[2, 3]) - self.outer_radius
        lifted = replace(strip, inner_radius=height - 0.44)
        metal = _SECOND_METAL.get(look.metal, "rhodium")
        return Part(name="inlay", mesh=lifted.mesh().moved((0, 0, self.outer_radius)), group="shank", metal=metal)


def _wave(angle: Points, y: Points, *, width: float, repeats: int) -> Points:
    lines = [0.3 * width * np.sin(repeats * angle + turn) for turn in (0, np.pi)]
    return np.asarray(np.max([np.exp(-(((y - line) / 0.11) ** 2)) for line in lines], axis=0))


def _twill(angle: Points, y: Points, *, width: float, repeats: int) -> Points:
    phase = (2 * repeats * angle / (2 * np.pi) + 0.6 * y / width) % 1
    return np.asarray(np.clip(1 - np.abs(phase - 0.5) * 7, 0, 1))


def _facets(angle: Points, y: Points, *, width: float, repeats: int) -> Points:
    turn = 2 * repeats * angle / np.pi
    lozenge = np.abs(np.sin(turn + 2.2 * y / width)) + np.abs(np.sin(turn - 2.2 * y / width))
    return np.asarray(1 - np.clip(lozenge / 1.4, 0, 1))


def _notches(angle: Points, y: Points, *, width: float, repeats: int) -> Points:
    beside = np.clip((np.abs(y) / (width / 2) - 0.45) / 0.4, 0, 1)
    phase = (2 * repeats * angle / (2 * np.pi)) % 1
    return np.asarray(beside * np.clip(1 - np.abs(phase - 0.5) * 5, 0, 1))


def _grain_lines(angle: Points, y: Points, *, width: float, repeats: int) -> Points:
    sway = 0.08 * width * np.sin(3 * angle) + 0.03 * width * np.sin(11 * angle + 3 * y / width)
    lines = np.sin(2 * np.pi * (y + sway) / (0.9 + 0.02 * repeats))
    return np.asarray(np.clip(lines - 0.5, 0, 1) * 1.6)


PATTERNS: Mapping[str, Callable[..., Points]] = {
    "wave": _wave,
    "twill": _twill,
    "facets": _facets,
    "notches": _notches,
    "bark": _grain_lines,
}
"""How deep a pattern is cut at an angle (radians) and a distance y from the middle, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngravedBand(PlainBand):
    """A band with letters, a pattern, or both.

    Attributes:
        text: What is engraved where the photo looks; empty = nothing.
        letter_mm: Height of a capital.
        lettering: Seed of typeface and weight.
        pattern: Key in `PATTERNS`; empty = none.
        repeats: How often the pattern repeats round the finger.
        pattern_mm: How deep it is cut.

    Raises:
        InputError: Nothing is engraved, no such pattern, or letters too tall for the band.
    """

    text: str = ""
    letter_mm: float = 1.6
    lettering: int = 0
    pattern: str = ""
    repeats: int = 16
    pattern_mm: float = 0.1

    def __post_init__(self) -> None:
        PlainBand.__post_init__(self)
        if not (self.text or self.pattern):
            raise InputError("an engraved band needs a text or a pattern; give one, or make a plain band")
        if self.pattern and self.pattern not in PATTERNS:
            raise InputError(f"unknown pattern {self.pattern!r}; known are {', '.join(PATTERNS)}")
        if self.text and not 0.5 <= self.letter_mm <= 0.75 * self.width:
            raise InputError(
                f"impossible geometry: letters {self.letter_mm:.2f} mm tall on a band {self.width:.2f} mm wide; "
                f"it takes 0.5 to {0.75 * self.width:.2f} mm"
            )

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """Letters on a broad band, a pattern on any."""
        lettered = bool(rng.random() < 0.55)
        profiles = ("flat", "flat", "court", "bevelled") if lettered else ("flat", "court", "half_round", "bevelled")
        band: dict[str, Any] = drawn_band(
            rng, width=(3.6, 8.0) if lettered else (2.6, 7.5), thickness=(1.5, 2.4), profiles=profiles
        )
        if lettered:
            band |= {
                "elevation_deg": round(float(rng.uniform(33, 41)), 1),
                "yaw_deg": round(float(rng.uniform(28, 42)), 1),
            }
        return cls(
            **band,
            edges=str(rng.choice(EDGES)),
            text=str(rng.choice(WORDS)) if lettered else "",
            letter_mm=round(float(min(rng.uniform(0.3, 0.5) * band["width"], 2.6)), 2),
            lettering=int(rng.integers(1 << 31)),
            pattern="" if lettered else str(rng.choice(list(PATTERNS))),
            repeats=int(rng.integers(9, 26)),
            pattern_mm=round(float(rng.uniform(0.07, 0.16)), 3),
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        body = self._patterned() if self.pattern else self._smooth(look)
        parts = [self.shank(body)]
        if self.edges == "milgrain":
            parts.append(milgrain(self, bead_mm=0.24, inset_mm=0.05))
        piece = self.photographed(parts, fill=0.68)
        if not self.text:
            return piece
        place = self.on_surface(self.seen_angle, 0.0)
        decal = engraved(
            self.text,
            centre=place[:3, 3],
            normal=place[:3, 2],
            across=place[:3, 0],
            size_mm=max(self.width, min(0.95 * self.inner_radius, 0.75 * self.letter_mm * (len(self.text) + 1))),
            height_mm=self.letter_mm,
            rng=np.random.default_rng(self.lettering),
        )
        return laid(piece, decal, only=("shank",))

    def _smooth(self, look: Look) -> Mesh:
        return self.forged([self.sweep(grooves=self.edge_grooves(), sides=208, steps=720)], look)

    def _patterned(self) -> Mesh:
        """The band with its pattern cut into the outside, short of the edges."""
        grid, height = self.sweep(sides=160, steps=1320).grid()
        angle, y = np.arctan2(grid[..., 0], grid[..., 2]), grid[..., 1]
        cut = PATTERNS[self.pattern](angle, y, width=self.width, repeats=self.repeats)
        rim = np.clip((0.44 - np.abs(y) / self.width) / 0.05, 0, 1) * (height > 0.45)[None, :]
        normals = grid_normals(grid)
        normals *= np.sign((normals * (grid - grid.mean(axis=1, keepdims=True))).sum())
        return gridded(grid - normals * (self.pattern_mm * cut * rim)[..., None])
