"""Solitaire: one stone in claws on a band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from numpy.random import Generator

from visiqc.rendering.design import Look
from visiqc.rendering.families.claw_ring import SHOULDERS, ClawRing, drawn_head
from visiqc.rendering.families.finger_ring import drawn_band
from visiqc.rendering.piece import Piece

_CUTS = ("round", "round", "round", "oval", "oval", "princess", "pear", "emerald", "cushion", "marquise", "asscher")


@dataclass(frozen=True, slots=True, kw_only=True)
class Solitaire(ClawRing):
    """One stone in claws; its numbers are those of `ClawRing`."""

    def __post_init__(self) -> None:
        self.check_head()

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """From a slight engagement ring to a cocktail ring."""
        band = drawn_band(
            rng, width=(1.7, 3.4), thickness=(1.4, 2.1), profiles=("court", "court", "half_round", "flat", "knife")
        )
        shoulder = str(rng.choice(SHOULDERS, p=(0.45, 0.25, 0.18, 0.12)))
        if shoulder == "twist":
            band["width"] = round(1.8 + 0.25 * band["width"], 2)
        return cls(
            **band,
            **drawn_head(rng, _CUTS, longest=min(6.5 * band["width"], 10.5)),
            shoulder=shoulder,
            top_share=round(float(rng.uniform(0.62, 1.15)), 2),
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        return self.photographed([*self.shank_parts(look), *self.head(look)])
