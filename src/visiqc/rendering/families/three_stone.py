"""Three-stone ring: a stone in claws between two smaller ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.random import Generator
from scipy.optimize import brentq

from visiqc.errors import InputError
from visiqc.rendering.claws import base_height, check_prongs, head_depth, neck_radius
from visiqc.rendering.cuts import PROPORTION, culet
from visiqc.rendering.design import Look
from visiqc.rendering.families.claw_ring import ClawRing, drawn_head, post
from visiqc.rendering.families.finger_ring import drawn_band
from visiqc.rendering.heads import prong_head
from visiqc.rendering.mesh import Frame, Mesh, facing, frame_of, joined
from visiqc.rendering.piece import Piece

_CUTS = ("round", "round", "oval", "oval", "cushion", "princess", "emerald", "pear", "asscher")
_BESIDE = {
    "emerald": ("emerald", "princess", "pear"),
    "princess": ("princess", "round"),
    "asscher": ("asscher", "round"),
}
_OUTERMOST = np.deg2rad(42)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeStone(ClawRing):
    """A main stone and one at either side of it.

    Attributes:
        side_cut: Of the side stones; a pear points away from the main stone.
        side_mm: Their length.
        side_prongs: How many claws hold each.
        side_rise: How far they are raised towards the main stone's height, 0 to 1.
        shoulder_stones: How many small stones stand on the band beyond each.
    """

    side_cut: str = "round"
    side_mm: float = 3.8
    side_prongs: int = 4
    side_rise: float = 0.5
    shoulder_stones: int = 0

    def __post_init__(self) -> None:
        self.check_head()
        check_prongs(
            self.side_cut, self.side_prongs, self.side_prong_mm / 2, length=self.side_mm, width=self.side_width
        )
        if not 0.3 * self.stone_width <= self.side_mm <= 1.1 * self.stone_mm:
            raise InputError(
                f"impossible geometry: side stones of {self.side_mm:.2f} mm beside one of {self.stone_mm:.2f} × "
                f"{self.stone_width:.2f} mm; they take a third to the whole of its size"
            )
        if self._clearance(_OUTERMOST) < 0:
            raise InputError(
                f"impossible geometry: a stone of {self.stone_mm:.2f} mm and two of {self.side_mm:.2f} mm reach round "
                f"more than a quarter of a finger of {2 * self.inner_radius:.2f} mm; make them smaller"
            )
        self.check_shoulder_stones(self.shoulder_stones, self.beyond)

    @property
    def beyond(self) -> float:
        """Angle from the top at which the side stones end, radians."""
        return self._side_angle() + self._side_reach() / self.band_height

    @property
    def side_width(self) -> float:
        """Of a side stone, mm."""
        return self.side_mm / PROPORTION.get(self.side_cut, 1.0)

    @property
    def side_prong_mm(self) -> float:
        """Thickness of a side stone's claw, mm."""
        return max(0.42, 0.8 * self.prong_mm)

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """Side stones from accents to nearly the main one's size."""
        band = drawn_band(rng, width=(1.9, 3.2), thickness=(1.5, 2.1), profiles=("court", "flat", "half_round"))
        head = drawn_head(rng, _CUTS, longest=min(5.5 * band["width"], 8.5))
        head |= {"along_finger": True, "lift": 0.0}
        side_cut = str(rng.choice(_BESIDE.get(head["cut"], ("round", "round", "pear", "oval"))))
        across = head["stone_mm"] / head["proportion"]
        side = across * float(rng.uniform(0.5, 0.8)) * PROPORTION.get(side_cut, 1.0) ** 0.7
        ring = cls(
            **band,
            **head,
            shoulder="plain",
            top_share=round(float(rng.uniform(0.75, 1.05)), 2),
            side_cut=side_cut,
            side_mm=round(side, 2),
            side_prongs=int(rng.choice((3, 5) if side_cut == "pear" else (4, 4, 6) if side_cut == "round" else (4,))),
            side_rise=round(float(rng.uniform(0.25, 0.85)), 2),
        )
        wanted, room = int(rng.choice([0, 0, 0, 4, 5, 6])), ring.shoulder_room(ring.beyond)
        return replace(ring, shoulder_stones=min(wanted, int(0.7 * room)))

    def build(self, look: Look) -> Piece:
        """The piece."""
        shank, *small = self.shank_parts(look, self.beyond, count=self.shoulder_stones)
        parts = [*small, *self.head(look)]
        posts = [shank.mesh]
        for name, way in (("left", -1.0), ("right", 1.0)):
            place = self._side_place(way)
            parts += prong_head(
                name,
                cut=self.side_cut,
                length=self.side_mm,
                width=self.side_width,
                prongs=self.side_prongs,
                prong_radius=self.side_prong_mm / 2,
                place=place,
                gem=look.side_gem,
                group="side",
            )
            posts.append(self._side_post(place))
        return self.photographed([replace(shank, mesh=joined(posts)), *parts])

    def _side_depth(self) -> float:
        size = {"length": self.side_mm, "width": self.side_width}
        return head_depth(self.side_cut, **size) + base_height(**size)

    def _side_height(self) -> float:
        """Of a side stone's girdle above the finger's axis, along its own axis, mm."""
        low = self.band_height - self._sunk + self._side_depth()
        return low + self.side_rise * max(self.girdle_height - low, 0.0)

    def _side_reach(self) -> float:
        """Half a side stone's size round the finger, mm."""
        return (self.side_mm if self.side_cut == "pear" else self.side_width) / 2

    def _clearance(self, angle: float) -> float:
        """Between the stones' girdles with the side stones' axis at an angle from the top, mm; claws need half one."""
        main = self.stone_width / 2 if self.along_finger else self.stone_mm / 2
        inner = self._side_height() * np.sin(angle) - self._side_reach() * np.cos(angle)
        return float(inner - main - 0.45 * (self.prong_mm + self.side_prong_mm))

    def _side_angle(self) -> float:
        return float(brentq(self._clearance, 0.0, _OUTERMOST))

    def _side_place(self, way: float) -> Frame:
        angle = way * self._side_angle()
        out = np.array([np.sin(angle), 0, np.cos(angle)])
        away = way * np.array([np.cos(angle), 0, -np.sin(angle)])
        linear = facing(out, away if self.side_cut == "pear" else (0, 1, 0))
        return frame_of(linear, out * self._side_height() + (0, 0, self.outer_radius))

    def _side_post(self, place: Frame) -> Mesh:
        """What carries a side head: from the band, under its deepest point, up to its foot."""
        neck = neck_radius(length=self.side_mm, width=self.side_width, prong_radius=self.side_prong_mm / 2)
        top = -self._side_depth() + 0.15
        low = self.band_height - self._sunk - self._side_height()
        shift = culet(self.side_cut) * self.side_mm / 2
        return post(neck, min(low, top - 0.3), top).placed(place @ frame_of(None, (shift, 0, 0)))
