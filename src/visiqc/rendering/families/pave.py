"""Bands of small stones: over a part of the finger (pavé) or all round it (eternity)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.design import Look
from visiqc.rendering.families.finger_ring import FingerRing, drawn_band
from visiqc.rendering.mesh import Frame, Mesh, joined
from visiqc.rendering.milgrain import milgrain
from visiqc.rendering.piece import Part, Piece
from visiqc.rendering.seats import set_rows
from visiqc.rendering.shanks import Sweep
from visiqc.rendering.surfaces import tube

_GAP = 0.12
"""Between neighbouring small stones, mm."""
_EDGE = 0.14
"""Metal left beside the outermost stones, mm."""
_SETTINGS = ("grain", "channel", "claw")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaveBand(FingerRing):
    """Rows of small stones held by grains.

    Attributes:
        stone_mm: Width of a stone.
        rows: How many, side by side.
        span_deg: How far they run from the top to either side.
        milgrain_edge: Whether fine beads line the edges.

    Raises:
        InputError: The rows are wider than the band.
    """

    stone_mm: float = 1.4
    rows: int = 1
    span_deg: float = 80.0
    milgrain_edge: bool = False

    def __post_init__(self) -> None:
        self.check_band()
        needed = self.rows * self.stone_mm + (self.rows - 1) * _GAP + 2 * _EDGE
        if not 1 <= self.rows <= 4 or self.stone_mm < 0.7 or needed > self.width + 1e-6:
            raise InputError(
                f"impossible geometry: {self.rows} rows of {self.stone_mm:.2f} mm stones need a band {needed:.2f} mm "
                f"wide, this is {self.width:.2f} mm; use fewer rows or smaller stones"
            )
        if not 10 <= self.span_deg <= 172:
            raise InputError(f"impossible geometry: stones {self.span_deg:.0f}° to either side; it takes 10° to 172°")

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """From a fine single row to three."""
        rows = int(rng.choice([1, 1, 2, 3]))
        band = drawn_band(rng, width=(1.8, 3.2), thickness=(1.6, 2.2), profiles=("flat", "flat", "court"))
        band["width"] = round(band["width"] + 1.3 * (rows - 1) * float(rng.uniform(0.8, 1.2)), 2)
        most = (0.9 * band["width"] - 2 * _EDGE - (rows - 1) * _GAP) / rows
        band["elevation_deg"] = round(0.6 * band["elevation_deg"] + 15, 1)  # the stones are on the outside
        return cls(
            **band,
            rows=rows,
            stone_mm=round(float(np.clip(most * rng.uniform(0.78, 0.98), 0.75, 2.2)), 2),
            span_deg=round(float(rng.uniform(38, 115)), 1),
            milgrain_edge=bool(rng.random() < 0.3),
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        body = self.forged([self.sweep(steps=560, sides=96)], look).moved((0, 0, self.outer_radius))
        radius = self.stone_mm / 2
        mesh, stones = set_rows(
            body,
            self._rows(),
            prefix="pave",
            radius=radius,
            gem=look.side_gem,
            group="side",
            through=self.thickness + 1.0,
        )
        parts = [Part(name="shank", mesh=mesh, group="shank"), *stones]
        if self.milgrain_edge:
            parts.append(milgrain(self, bead_mm=0.2))
        return self.photographed(parts, fill=0.66)

    def _rows(self) -> list[list[Frame]]:
        """Every other row stands in the gaps of its neighbours."""
        pitch, sunk = self.stone_mm + _GAP, 0.14 * self.stone_mm / 2
        outermost = max(abs(self._aside(0)), 1e-9)
        lowest = self.on_surface(0.0, outermost if self.rows > 1 else 0.0)[2, 3] - self.outer_radius
        step = pitch / (lowest - sunk)
        half = int(np.deg2rad(self.span_deg) / step)
        rows = []
        for row in range(self.rows):
            angles = step * (np.arange(-half, half + 1 - row % 2) + 0.5 * (row % 2))
            rows.append([self.on_surface(angle, self._aside(row), sunk=sunk) for angle in angles])
        return rows

    def _aside(self, row: int) -> float:
        room = self.width - 2 * _EDGE - self.stone_mm
        apart = min(self.stone_mm + _GAP, room / max(self.rows - 1, 1))
        return (row - (self.rows - 1) / 2) * apart


@dataclass(frozen=True, slots=True, kw_only=True)
class EternityBand(FingerRing):
    """One row of stones all round the finger.

    Attributes:
        stone_mm: Width of a stone at most; as many as go round stand evenly.
        setting: `grain`, `channel` between two rails, or `claw`: claws shared by neighbours on a narrow band.

    Raises:
        InputError: The stones are wider than the band holds, or there is no such setting.
    """

    stone_mm: float = 2.0
    setting: str = "grain"

    def __post_init__(self) -> None:
        self.check_band()
        if self.setting not in _SETTINGS:
            raise InputError(f"unknown setting {self.setting!r}; known are {', '.join(_SETTINGS)}")
        least, most = (1.1, 1.9) if self.setting == "claw" else (0.3, 0.94 - 0.3 / self.width)
        if not least * self.width <= self.stone_mm <= most * self.width or self.stone_mm < 0.8:
            raise InputError(
                f"impossible geometry: stones of {self.stone_mm:.2f} mm set in {self.setting} on a band "
                f"{self.width:.2f} mm wide; it holds {least * self.width:.2f} to {most * self.width:.2f} mm"
            )

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """From a row of 1.2 mm stones to one of 3 mm."""
        setting = str(rng.choice(_SETTINGS))
        band = drawn_band(rng, width=(2.0, 3.8), thickness=(1.6, 2.2), profiles=("flat", "court"))
        share = float(rng.uniform(0.6, 0.72))
        if setting == "claw":
            band["width"], share = round(0.5 * band["width"] + 0.2, 2), float(rng.uniform(1.3, 1.65))
        return cls(**band, setting=setting, stone_mm=round(share * band["width"], 2))

    def build(self, look: Look) -> Piece:
        """The piece."""
        radius = self.stone_mm / 2
        body = self.forged([self._band()], look).moved((0, 0, self.outer_radius))
        mesh, stones = set_rows(
            body,
            [self._row()],
            prefix="eternity",
            radius=radius,
            gem=look.side_gem,
            group="side",
            through=self.thickness + 1.0,
            rise=0.02 if self.setting == "channel" else 0.6,
            grain=None if self.setting == "grain" else 0.0,
            closed=True,
        )
        parts = [Part(name="shank", mesh=mesh, group="shank"), *stones]
        if self.setting == "claw":
            parts.append(Part(name="claws", mesh=self._claws(), group="side"))
        return self.photographed(parts, fill=0.66)

    @property
    def outer_radius(self) -> float:
        """How high the finger's axis lies: the ring stands on its stones where they stand out."""
        return max(self.inner_radius + self.thickness, self._girdle + 0.36 * self.stone_mm / 2)

    @property
    def _girdle(self) -> float:
        """Distance of the girdles from the finger's axis, mm."""
        top = self.inner_radius + self.thickness
        if self.setting == "channel":
            return top - 0.34 * self.stone_mm / 2
        return top + 0.3 * self.stone_mm / 2 if self.setting == "claw" else top - 0.07 * self.stone_mm

    def _band(self) -> Sweep:
        if self.setting == "channel":
            deep = min(0.36 * self.stone_mm / 2 + 0.1, 0.5 * self.thickness)
            return self.sweep(profile="flat", grooves=((0.0, 0.95 * self.stone_mm, deep),), steps=560, sides=120)
        return self.sweep(steps=560, sides=96, soften=0.2 if self.setting == "grain" else 0.35)

    def _row(self) -> list[Frame]:
        count = int(2 * np.pi / (2 * np.arcsin((self.stone_mm + 0.08) / 2 / self._girdle)))
        return self.along_band([2 * np.pi * k / count for k in range(count)], self._girdle)

    def _claws(self) -> Mesh:
        """Two claws in each gap, each over the girdles of both neighbours."""
        radius = self.stone_mm / 2
        size = 0.15 * radius + 0.06
        count = len(self._row())
        made = []
        for angle in (np.arange(count) + 0.5) * 2 * np.pi / count:
            for way in (-1, 1):
                low, high = (
                    self.on_band(angle, self._girdle + rise * radius, way * aside * radius)[:3, 3]
                    for rise, aside in ((-0.95, 0.38), (0.12, 0.62))
                )
                made.append(tube(np.linspace(low, high, 6), np.linspace(1.1, 0.95, 6) * size, sides=14))
        return joined(Mesh(claw.vertices, claw.faces, claw.normals) for claw in made)
