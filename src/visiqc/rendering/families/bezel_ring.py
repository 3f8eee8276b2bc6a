"""Bezel ring: a stone in a collet on a band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.cuts import PROPORTION, culet, depth
from visiqc.rendering.design import Look
from visiqc.rendering.families.claw_ring import post
from visiqc.rendering.families.finger_ring import FingerRing, check_carried, drawn_band
from visiqc.rendering.heads import bezel
from visiqc.rendering.mesh import joined
from visiqc.rendering.piece import Part, Piece
from visiqc.rendering.shanks import split_strands, tapered

_CUTS = ("round", "round", "oval", "oval", "cabochon", "cabochon", "cushion", "emerald", "pear", "marquise", "princess")
_SHOULDERS = ("plain", "split")


@dataclass(frozen=True, slots=True, kw_only=True)
class BezelRing(FingerRing):
    """A stone whose whole edge is rubbed over.

    Attributes:
        cut: A name in `cuts.CUTS` or `cuts.SMOOTH`.
        stone_mm: Its length.
        proportion: Its length over its width.
        wall_mm: Thickness of the collet.
        collet_taper: The collet's outline at the bottom, share of that at the girdle.
        shoulder: `plain` or `split`.
        top_share: Width of the band at the top over that at the bottom.
        along_finger: Whether the stone's length lies along the finger or across it.
        lift: How far the collet stands out of the band beyond what it needs, mm.

    Raises:
        InputError: The band cannot carry the stone, or there is no such shoulder.
    """

    cut: str = "round"
    stone_mm: float = 6.0
    proportion: float = 1.0
    wall_mm: float = 0.5
    collet_taper: float = 0.82
    shoulder: str = "plain"
    top_share: float = 1.0
    along_finger: bool = True
    lift: float = 0.0

    def __post_init__(self) -> None:
        self.check_band()
        check_carried(self.stone_mm, self)
        if self.shoulder not in _SHOULDERS:
            raise InputError(f"unknown shoulder {self.shoulder!r}; known are {', '.join(_SHOULDERS)}")
        if not 0.15 <= self.wall_mm <= self.stone_width / 2:
            raise InputError(
                f"impossible geometry: a wall of {self.wall_mm:.2f} mm round a stone {self.stone_width:.2f} mm wide; "
                f"it takes 0.15 to {self.stone_width / 2:.2f} mm"
            )

    @property
    def stone_width(self) -> float:
        """Of the stone, mm."""
        return self.stone_mm / self.proportion

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """From a small diamond to a large cabochon."""
        cut = str(rng.choice(_CUTS))
        band = drawn_band(
            rng, width=(1.8, 4.2), thickness=(1.4, 2.2), profiles=("court", "half_round", "flat", "knife", "concave")
        )
        usual = PROPORTION.get(cut, float(rng.choice([1.0, 1.35])) if cut == "cabochon" else 1.0)
        proportion = round(usual * float(rng.uniform(0.93, 1.1)), 3) if usual > 1 else 1.0
        stone = min(float(rng.uniform(4.0, 8.5)) * (1 + 0.7 * (proportion - 1)), 6 * band["width"], 12.0)
        return cls(
            **band,
            cut=cut,
            proportion=proportion,
            stone_mm=round(stone, 2),
            wall_mm=round(float(rng.uniform(0.38, 0.8)), 2),
            collet_taper=round(float(rng.uniform(0.72, 0.97)), 2),
            shoulder="split" if rng.random() < 0.22 else "plain",
            top_share=round(float(rng.uniform(0.7, 1.6)), 2),
            along_finger=bool(rng.random() < 0.75),
            lift=round(float(rng.uniform(0, 0.8)), 2),
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        half = min(self.stone_mm, self.stone_width) / 2
        deep = half * max(0.7, depth(self.cut)) + 0.15
        low = self.inner_radius + 0.42 * self.thickness
        girdle = low + deep + self.lift
        place = self.at_top(girdle, along_finger=self.along_finger, shift=-culet(self.cut) * self.stone_mm / 2)
        collet = bezel(
            "centre",
            cut=self.cut,
            length=self.stone_mm,
            width=self.stone_width,
            place=place,
            gem=look.gem,
            wall=self.wall_mm,
            height=deep + self.lift,
            taper=self.collet_taper,
        )
        return self.photographed([self._shank(look, low), *collet])

    def _shank(self, look: Look, low: float) -> Part:
        """The band, and the floor of the collet."""
        if self.shoulder == "split":
            spread = max(0.75 * self.collet_taper * self.stone_width, 1.15 * self.width)
            band = self.forged(split_strands(self.sweep(), spread, from_deg=60), look)
        else:
            band = self.forged([self.sweep(width_at=tapered(self.width, self.width * self.top_share, power=3))], look)
        reach = 0.5 * self.collet_taper * min(self.stone_mm, self.stone_width)
        floor = post(reach, low, low + 0.35)
        return self.shank(joined([band, floor]))
