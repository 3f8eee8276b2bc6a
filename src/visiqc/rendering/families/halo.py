"""Halo ring: a stone in claws inside one or two rings of small ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.design import Look
from visiqc.rendering.families.claw_ring import ClawRing, drawn_head
from visiqc.rendering.families.finger_ring import drawn_band
from visiqc.rendering.heads import halo
from visiqc.rendering.piece import Part, Piece

_CUTS = ("round", "round", "oval", "oval", "cushion", "pear", "emerald", "princess", "marquise")
_OUTSET = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class HaloRing(ClawRing):
    """A claw-set stone with a halo.

    Attributes:
        halo_mm: Width of a small stone.
        halos: How many rings of them.
        shoulder_stones: How many small stones stand on the band at either side.
    """

    halo_mm: float = 1.2
    halos: int = 1
    shoulder_stones: int = 0

    def __post_init__(self) -> None:
        self.check_head()
        self.check_shoulder_stones(self.shoulder_stones)
        if self.halos not in {1, 2} or not 0.7 <= self.halo_mm <= 0.45 * self.stone_width:
            raise InputError(
                f"impossible geometry: {self.halos} halos of {self.halo_mm:.2f} mm stones round one "
                f"{self.stone_width:.2f} mm wide; it takes 1 or 2 of 0.7 mm to {0.45 * self.stone_width:.2f} mm"
            )

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """One of the usual outlines, with or without stones on the shoulders."""
        band = drawn_band(rng, width=(1.7, 3.0), thickness=(1.5, 2.1), profiles=("court", "flat", "half_round"))
        head = drawn_head(rng, _CUTS, longest=min(6 * band["width"], 9.0))
        head |= {"prong_mm": round(0.85 * head["prong_mm"], 2), "prongs": min(head["prongs"], 6)}
        across = head["stone_mm"] / head["proportion"]
        paved = bool(rng.random() < 0.4)
        ring = cls(
            **band,
            **head,
            shoulder="plain" if paved else str(rng.choice(["plain", "cathedral", "split"])),
            top_share=round(float(rng.uniform(0.7, 1.05)), 2),
            halo_mm=round(float(np.clip(across * rng.uniform(0.18, 0.32), 0.85, 1.7)), 2),
            halos=2 if rng.random() < 0.15 else 1,
        )
        wanted = int(rng.integers(4, 9)) if paved else 0
        return replace(ring, shoulder_stones=min(wanted, int(0.8 * ring.shoulder_room())))

    def build(self, look: Look) -> Piece:
        """The piece."""
        return self.photographed(
            [*self.shank_parts(look, count=self.shoulder_stones), *self.head(look, outset=_OUTSET), *self._halos(look)]
        )

    def _halos(self, look: Look) -> list[Part]:
        gap = 0.55 * self.prong_mm + 0.06
        parts = []
        for k in range(self.halos):
            beyond = 2 * k * (gap + self.halo_mm + 0.02)
            parts += halo(
                f"halo{k}" if k else "halo",
                length=self.stone_mm + beyond,
                width=self.stone_width + beyond,
                stone_mm=self.halo_mm,
                place=self.place,
                gem=look.side_gem,
                cut=self.cut,
                gap=0.06 if k else gap,
                drop=0.12 * self.stone_width / 2 + 0.18 * k,
            )
        return parts
