"""A ring that carries one large stone in claws: what solitaire, halo and three-stone rings share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.claws import base_height, check_prongs, head_depth, neck_radius
from visiqc.rendering.cuts import PROPORTION, culet
from visiqc.rendering.design import Look
from visiqc.rendering.families.finger_ring import FingerRing, check_carried
from visiqc.rendering.heads import gallery, prong_head
from visiqc.rendering.mesh import Frame, Mesh, Points, joined
from visiqc.rendering.piece import Part
from visiqc.rendering.seats import set_rows
from visiqc.rendering.shanks import cathedral, split_strands, tapered, twisted
from visiqc.rendering.surfaces import revolved

_SHOULDER_END = 1.7
"""Angle from the top, radians, down to which shoulder stones go."""
SHOULDERS = ("plain", "cathedral", "split", "twist")
"""How the band comes up to the head."""


def post(neck: float, low: float, high: float) -> Mesh:
    """A waisted post from one height to another under a head whose foot has the radius `neck`, mm."""
    profile = [[0, low], [neck, low], [0.84 * neck, (low + high) / 2], [0.92 * neck, high], [0, high]]
    return revolved(profile, sides=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawRing(FingerRing):
    """A ring that carries one large stone in claws.

    Attributes:
        cut: Of the stone, a name in `cuts.CUTS`.
        stone_mm: Its length.
        proportion: Its length over its width.
        prongs: How many claws hold it.
        prong_mm: Thickness of a claw.
        shoulder: One of `SHOULDERS`.
        top_share: Width of the band at the top over that at the bottom.
        along_finger: Whether the stone's length lies along the finger or across it.
        lift: How far the head is raised beyond what it needs, mm.

        arms_deg: Where a cathedral's arms leave the band, from its top.

    Raises:
        InputError: The band cannot carry the stone, the claws cannot hold it, or there is no such shoulder.
    """

    cut: str = "round"
    stone_mm: float = 6.4
    proportion: float = 1.0
    prongs: int = 6
    prong_mm: float = 0.65
    shoulder: str = "plain"
    top_share: float = 0.8
    along_finger: bool = True
    lift: float = 0.0
    arms_deg: float = 42.0

    def check_head(self) -> None:
        """Refuse a head that cannot be made."""
        self.check_band()
        check_carried(self.stone_mm, self)
        check_prongs(self.cut, self.prongs, self.prong_mm / 2, length=self.stone_mm, width=self.stone_width)
        if self.shoulder not in SHOULDERS:
            raise InputError(f"unknown shoulder {self.shoulder!r}; known are {', '.join(SHOULDERS)}")

    @property
    def stone_width(self) -> float:
        """Of the main stone, mm."""
        return self.stone_mm / self.proportion

    @property
    def band_height(self) -> float:
        """Radius of the band's outside at the top, mm."""
        return self.inner_radius + (self.width if self.shoulder == "twist" else self.thickness)

    @property
    def outer_radius(self) -> float:
        """Of the band at the bottom, mm; the finger's axis lies that high above the ground."""
        return self.band_height

    @property
    def _sunk(self) -> float:
        """How deep the head's foot is let into the band, mm."""
        return min(0.55 * (self.band_height - self.inner_radius), 0.9)

    @property
    def girdle_height(self) -> float:
        """Of the main stone above the finger's axis, mm."""
        size = {"length": self.stone_mm, "width": self.stone_width}
        return self.band_height - self._sunk + base_height(**size) + head_depth(self.cut, **size) + self.lift

    @property
    def place(self) -> Frame:
        """The main stone's frame, its deepest point over the band's middle."""
        shift = -culet(self.cut) * self.stone_mm / 2
        return self.at_top(self.girdle_height, along_finger=self.along_finger, shift=shift)

    def _band(self, look: Look) -> Mesh:
        """The band without its shoulders, about the origin."""
        if self.shoulder == "twist":
            return twisted(self.inner_radius, self.width, turns=round(4.0 * self.inner_radius / self.width))
        if self.shoulder == "split":
            neck = neck_radius(length=self.stone_mm, width=self.stone_width, prong_radius=self.prong_mm / 2)
            return self.forged(split_strands(self.sweep(), max(1.9 * neck, 1.15 * self.width), from_deg=62), look)
        return self.forged([self.sweep(width_at=tapered(self.width, self.width * self.top_share, power=1.6))], look)

    def _risers(self) -> list[Mesh]:
        """What comes up from the band to the head: a cathedral's arms, the post under a raised one."""
        made = self._arms() if self.shoulder == "cathedral" else []
        if self.lift > 0.05:
            neck = neck_radius(length=self.stone_mm, width=self.stone_width, prong_radius=self.prong_mm / 2)
            low = self.band_height - self._sunk
            made.append(post(neck, low, low + self.lift + 0.15))
        return made

    @property
    def small_mm(self) -> float:
        """Width of a small stone on the shoulders: what the band's top carries."""
        return min(0.72 * self.width * min(self.top_share, 1.0), 1.8)

    def shoulder_room(self, start: float | None = None) -> int:
        """How many small stones each shoulder holds from an angle (radians) outwards; None = beside the head."""
        if self.shoulder not in {"plain", "cathedral"} or self.small_mm < 0.8:
            return 0
        return max(0, int((_SHOULDER_END - self._shoulder_start(start)) / self._shoulder_step))

    def check_shoulder_stones(self, count: int, start: float | None = None) -> None:
        """Refuse more shoulder stones than the band has room for."""
        if not 0 <= count <= self.shoulder_room(start):
            raise InputError(
                f"impossible geometry: {count} stones of {self.small_mm:.2f} mm on each shoulder of a {self.shoulder} "
                f"band {self.width:.2f} mm wide, which holds {self.shoulder_room(start)}; use fewer or a wider band"
            )

    def _shoulder_start(self, start: float | None) -> float:
        size = self.stone_width if self.along_finger else self.stone_mm
        return 0.42 * size / self.band_height if start is None else start

    @property
    def _shoulder_step(self) -> float:
        return (self.small_mm + 0.14) / self.band_height

    def _shoulder_angles(self, count: int, start: float | None) -> Points:
        """Of one shoulder's small stones, from the head outwards."""
        return np.asarray(self._shoulder_start(start) + self._shoulder_step * (np.arange(count) + 0.7))

    def shank_parts(self, look: Look, start: float | None = None, *, count: int = 0) -> list[Part]:
        """The shank, and `count` small stones on each shoulder from an angle `start` outwards."""
        up = (0, 0, self.outer_radius)
        mesh = self._band(look).moved(up)
        small: list[Part] = []
        if count:
            angles = self._shoulder_angles(count, start)
            rows = [self.along_band([way * angle for angle in angles], self.band_height - 0.1) for way in (-1, 1)]
            mesh, small = set_rows(
                mesh,
                rows,
                prefix="shoulder",
                radius=self.small_mm / 2,
                gem=look.side_gem,
                group="side",
                through=self.thickness + 0.8,
            )
        whole = joined([mesh, *(riser.moved(up) for riser in self._risers())])
        return [Part(name="shank", mesh=whole, group="shank"), *small]

    def _arms(self) -> list[Mesh]:
        reach_x, reach_y, height = gallery(self.cut, length=self.stone_mm, width=self.stone_width)
        reach = reach_y if self.along_finger else reach_x
        top = self.width * self.top_share
        return cathedral(
            self.band_height,
            0.9 * top,
            from_deg=self.arms_deg,
            top=(0.96 * reach, self.girdle_height + height),
            thick=min(0.62 * self.thickness, 0.9 * top),
        )

    def head(self, look: Look, *, outset: float = 0.4) -> list[Part]:
        """The main stone in its claws."""
        return prong_head(
            "centre",
            cut=self.cut,
            length=self.stone_mm,
            width=self.stone_width,
            prongs=self.prongs,
            prong_radius=self.prong_mm / 2,
            place=self.place,
            gem=look.gem,
            outset=outset,
        )


_PRONGS: Mapping[str, tuple[int, ...]] = {
    "round": (4, 6, 6, 8),
    "oval": (4, 4, 6, 8),
    "cushion": (4, 4, 8),
    "princess": (4,),
    "emerald": (4, 4, 4, 8),
    "asscher": (4,),
    "pear": (3, 5, 6),
    "marquise": (4, 6),
}
"""How many claws hold a cut, the usual ones more than once."""


def drawn_head(rng: Generator, cuts: Sequence[str], *, longest: float) -> dict[str, Any]:
    """Fields of `ClawRing` for a stone of one of some cuts, up to `longest` mm."""
    cut = str(rng.choice(list(cuts)))
    usual = PROPORTION.get(cut, 1.0)
    proportion = round(usual * float(rng.uniform(0.93, 1.1)), 3) if usual > 1 else 1.0
    across = float(rng.uniform(3.6, 7.4))
    stone = min(across * (1 + (proportion - 1) * 0.7), longest)
    return {
        "cut": cut,
        "proportion": proportion,
        "stone_mm": round(stone, 2),
        "prongs": int(rng.choice(_PRONGS[cut])),
        "prong_mm": round(float(rng.uniform(0.095, 0.125)) * stone / proportion**0.4, 2),
        "along_finger": proportion < 1.02 or bool(rng.random() < 0.8),
        "lift": round(float(rng.choice([0, 0, rng.uniform(0.2, 1.2)])), 2),
        "arms_deg": round(float(rng.uniform(34, 54)), 1),
    }
