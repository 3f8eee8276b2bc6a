"""A chain, or the middle of one, lying with its clasp in view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.chains import KINDS, ChainStyle, chain_parts, draped, height, jump_ring, ring_part, strand
from visiqc.rendering.clasps import CLASPS, fastening
from visiqc.rendering.design import Look
from visiqc.rendering.mesh import Points, frame_of, rotation
from visiqc.rendering.piece import LinkOrigin, Part, Piece, View, piece_of

_LENGTH = 85.0
"""How far each side runs, mm: out of the photo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPiece:
    """A chain closed by its clasp.

    Attributes:
        chain: Key in `chains.KINDS`.
        link_mm: Outer length of a short link.
        wire_mm: Thickness of its wire.
        clasp: Key in `clasps.CLASPS`.
        clasp_mm: Length or diameter of the clasp.
        bend: How the two sides fall, -1 to 1: towards the camera or away.
        lie: Seed of how the chain happens to lie.

    Raises:
        InputError: The wire is too thick for the links, or the clasp too small for the chain.
    """

    chain: str = "cable"
    link_mm: float = 4.0
    wire_mm: float = 0.6
    clasp: str = "lobster"
    clasp_mm: float = 11.0
    bend: float = 0.4
    lie: int = 0

    def __post_init__(self) -> None:
        style = self.style
        if self.clasp not in CLASPS:
            raise InputError(f"no clasp is called {self.clasp!r}; known: {', '.join(CLASPS)}")
        least = 5 * style.wire_mm
        if self.clasp_mm < least:
            raise InputError(
                f"impossible geometry: a clasp of {self.clasp_mm:.2f} mm cannot hold a wire of {self.wire_mm:.2f} mm; "
                f"it needs {least:.2f} mm"
            )

    @property
    def style(self) -> ChainStyle:
        """The chain."""
        return ChainStyle(kind=self.chain, link_mm=self.link_mm, wire_mm=self.wire_mm)

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """A chain between a fine necklace's and a heavy bracelet's."""
        kind = str(rng.choice(list(KINDS)))
        link = float(np.exp(rng.uniform(np.log(2.2), np.log(7.5))))
        wire = link * KINDS[kind].wire * float(rng.uniform(0.88, 1.12))
        clasp = str(rng.choice(["spring_ring", "lobster", "lobster", "toggle"]))
        size = float(np.clip(link * rng.uniform(2.0, 2.9), 5.5, 17.0))
        return cls(
            chain=kind,
            link_mm=link,
            wire_mm=wire,
            clasp=clasp,
            clasp_mm=max(size * (0.75 if clasp == "spring_ring" else 1.0), 5 * wire),
            bend=float(rng.uniform(-1, 1)),
            lie=int(rng.integers(1 << 31)),
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        del look
        rng = np.random.default_rng(self.lie)
        closing = fastening(self.clasp, self.clasp_mm).placed(frame_of(rotation((0, 0, 1), rng.uniform(-12, 12))))
        rings = [self._ring(closing.left_mm), self._ring(closing.right_mm)]
        lift = max(0.0, max(height(ring) for ring in rings) - float(closing.left[2]))
        closing = closing.placed(frame_of(shift=(0.0, 0.0, lift)))  # the rings stand in it and hold it up
        ends = ((closing.left, -1, rings[0]), (closing.right, 1, rings[1]))
        sides = [self._side(start, way, ring, rng) for start, way, ring in ends]
        parts: list[Part] = [closing.part()]
        parts += [ring_part(f"jump_ring{number}", side[0]) for number, side in enumerate(sides, start=1)]
        links = [link for side in sides for link in side[1:]]
        parts += chain_parts(links, near=(closing.left + closing.right) / 2, apart=6)
        focus = tuple(part.name for part in parts if part.name != "chain")
        view = View(elevation_deg=float(rng.uniform(46, 62)), yaw_deg=float(rng.uniform(-25, 25)), fill=0.78)
        return piece_of(parts, view=view, focus=focus)

    def _ring(self, held_mm: float) -> LinkOrigin:
        """The ring between the clasp, `held_mm` thick there, and the first link."""
        wire = max(0.9 * self.wire_mm, 0.065 * self.clasp_mm)
        return jump_ring(max(2.6 * self.wire_mm, 2.4 * wire, held_mm + wire), wire)

    def _side(self, start: Points, way: int, ring: LinkOrigin, rng: Generator) -> list[LinkOrigin]:
        """One side of the chain from its joint at the clasp, behind a jump ring."""
        span, fall = 2.0 * self.clasp_mm, self.bend * rng.uniform(0.7, 1.3)
        slope = rng.normal(0, 0.25)
        corners = [
            (start[0], start[1]),
            (start[0] + way * 0.7 * span, start[1] + slope * 0.7 * span),
            (start[0] + way * 1.7 * span, start[1] + (slope + 0.5 * fall) * span),
            (start[0] + way * 2.0 * span, start[1] + (slope + 1.7 * fall) * span),
            (start[0] + way * (2.3 * span + 0.6 * _LENGTH), start[1] + (slope + fall) * (span + 0.5 * _LENGTH)),
        ]
        path = draped(corners, rng, waver_mm=0.6 * self.link_mm)
        return strand(path, self.style, rng, first=(ring,), start_z=float(start[2]))
