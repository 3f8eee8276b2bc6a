"""A pendant lying face up on its chain, which leaves the photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.chains import KINDS, ChainStyle, chain_parts, draped, height, jump_ring, ring_part, strand
from visiqc.rendering.clasps import BAILS
from visiqc.rendering.cuts import PROPORTION
from visiqc.rendering.design import Look
from visiqc.rendering.engraving import engraved
from visiqc.rendering.hanging import Hanging, SetStone, hanging, metal_body
from visiqc.rendering.laying import carried
from visiqc.rendering.mesh import Points, frame_of
from visiqc.rendering.piece import LinkOrigin, Part, Piece, View, laid, piece_of
from visiqc.rendering.slabs import OUTLINES

STONES = ("prong", "bezel", "pearl")
METAL = tuple(OUTLINES)
_LOOP_WIRE = 0.7
_REACH = 75.0
"""How far each side of the chain runs, mm: out of the photo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pendant:
    """A pendant.

    Attributes:
        kind: One of `STONES`: how its stone is held; or of `METAL`: a body without one.
        cut: Of the stone; `pearl` with the kind of that name, empty without a stone.
        stone_mm: Length of the stone; 0 = none.
        proportion: That over its width.
        prongs: Claws; 0 = none.
        prong_mm: Thickness of a claw.
        wall_mm: Of a bezel.
        halo_mm: Width of a halo's stones; 0 = none.
        size_mm: Width of a body without a stone.
        thickness: Of that body, mm.
        dome: How far its face bulges, mm.
        text: Engraved on it; empty = plain.
        bail: Key in `clasps.BAILS`; a bar hangs by its ends instead.
        bail_mm: Length of the bail.
        chain: Key in `chains.KINDS`.
        link_mm: Outer length of a short link.
        wire_mm: Thickness of its wire.
        lie: Seed of how chain and pendant happen to lie.

    Raises:
        InputError: The chain does not pass the bail, a halo goes with no stone, or there is no such kind or bail.
    """

    kind: str = "prong"
    cut: str = "oval"
    stone_mm: float = 7.0
    proportion: float = 1.35
    prongs: int = 4
    prong_mm: float = 0.8
    wall_mm: float = 0.5
    halo_mm: float = 0.0
    size_mm: float = 14.0
    thickness: float = 1.1
    dome: float = 0.4
    text: str = ""
    bail: str = "tapered"
    bail_mm: float = 5.5
    chain: str = "cable"
    link_mm: float = 2.2
    wire_mm: float = 0.35
    lie: int = 0

    def __post_init__(self) -> None:
        if self.kind not in (*STONES, *METAL) or self.bail not in BAILS:
            known = ", ".join([*STONES, *METAL, *BAILS])
            raise InputError(f"no pendant of kind {self.kind!r} has a bail {self.bail!r}; known: {known}")
        wanted = {"pearl": self.cut == "pearl", **dict.fromkeys(METAL, not self.cut and not self.stone_mm)}
        if not wanted.get(self.kind, self.cut not in ("", "pearl") and self.stone_mm > 0):
            raise InputError(
                f"impossible geometry: a {self.cut or 'missing'} stone of {self.stone_mm:.2f} mm in a {self.kind} "
                f"pendant; pearls go with pearls, and {', '.join(METAL)} with no stone"
            )
        if self.halo_mm and self.kind != "prong":
            raise InputError(f"impossible geometry: a halo of {self.halo_mm:.2f} mm stones round a {self.kind} pendant")
        if self.text and self.kind not in METAL:
            raise InputError(f"impossible geometry: {self.text!r} cannot be engraved on a {self.kind} pendant's stone")
        self._check_chain()

    def _check_chain(self) -> None:
        wide, clear = _width(self.style.kind, self.link_mm), BAILS[self.bail](self.bail_mm).clear_mm
        if self.kind != "bar" and wide > clear:
            raise InputError(
                f"impossible geometry: links {wide:.2f} mm wide do not pass a {self.bail} bail that is {clear:.2f} mm "
                f"high inside; take a larger bail or a finer chain"
            )

    @property
    def style(self) -> ChainStyle:
        """The chain."""
        return ChainStyle(kind=self.chain, link_mm=self.link_mm, wire_mm=self.wire_mm)

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """A pendant from a small disc to a stone in a halo."""
        kind = str(rng.choice([*STONES, *METAL], p=[0.4, 0.16, 0.1, 0.14, 0.1, 0.1]))
        stone = _drawn_stone(kind, rng) if kind in STONES else {"cut": "", "stone_mm": 0.0, "prongs": 0}
        chain = str(rng.choice(["cable", "cable", "rolo", "curb", "figaro"]))
        bail = str(rng.choice([name for name in BAILS if name != "hidden" or kind in METAL]))
        bail_mm = float(rng.uniform(5.0, 7.0))
        widest = 0.92 * BAILS[bail](bail_mm).clear_mm / KINDS[chain].width
        link = float(rng.uniform(min(1.6, 0.7 * widest), min(2.6, widest)))
        return cls(
            kind=kind,
            **stone,
            size_mm=float(rng.uniform(24, 34) if kind == "bar" else rng.uniform(10, 19)),
            thickness=float(rng.uniform(0.9, 1.5)),
            dome=float(rng.uniform(0.1, 0.7)),
            text=str(rng.choice(_WORDS[kind])) if kind in METAL and rng.random() < 0.65 else "",
            bail=bail,
            bail_mm=bail_mm,
            chain=chain,
            link_mm=link,
            wire_mm=link * KINDS[chain].wire * float(rng.uniform(0.9, 1.12)),
            lie=int(rng.integers(1 << 31)),
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        rng = np.random.default_rng(self.lie)
        body = self._body(look)
        if self.kind == "bar":
            body, holders, sides = self._by_its_ends(body, rng)
        else:
            body, bail, passage = self._on_bail(body)
            holders, sides = [bail], [self._strand(passage, way, rng) for way in (-1, 1)]
        focus = tuple(part.name for part in (*body.parts, *holders))
        links = [link for side in sides for link in side]
        parts = [*body.parts, *holders, *chain_parts(links, near=body.hang)]
        fill = 0.72 if self.kind == "bar" else float(rng.uniform(0.5, 0.62))
        view = View(elevation_deg=float(rng.uniform(54, 70)), yaw_deg=float(rng.uniform(-16, 16)), fill=fill)
        return self._engraved(piece_of(parts, view=view, focus=focus), body)

    def _body(self, look: Look) -> Hanging:
        loop = max(1.5, 0.3 * self.bail_mm)
        if self.kind in METAL:
            outline = OUTLINES[self.kind]() * (self.size_mm / 2)
            return metal_body(
                outline,
                thickness=self.thickness,
                dome=self.dome,
                loop_mm=loop,
                wire_mm=_LOOP_WIRE,
                ends=self.kind == "bar",
            )
        stone = SetStone(
            setting=self.kind,
            cut=self.cut,
            length=self.stone_mm,
            width=self.stone_mm / self.proportion,
            gem=look.gem,
            prongs=self.prongs,
            prong_mm=self.prong_mm,
            wall_mm=self.wall_mm,
            halo_mm=self.halo_mm,
            side_gem=look.side_gem,
        )
        return hanging("centre", stone, loop_mm=loop, wire_mm=_LOOP_WIRE)

    def _on_bail(self, body: Hanging) -> tuple[Hanging, Part, Points]:
        """The body lifted to its bail, the bail, and where the chain hangs in it."""
        bail = BAILS[self.bail](self.bail_mm)
        if self.bail == "hidden" and body.face is not None:
            behind = body.hang * (0, 1, 0) - (0, 0.26 * self.size_mm, 0)
            body = Hanging(parts=body.parts[:1], hang=behind, face=body.face).raised(2 * float(bail.hang[2]))
            shift = body.hang - bail.hang * (1, 1, 2)
        else:
            body = body.raised(float(bail.hang[2]))
            shift = np.maximum(body.hang - bail.hang, (-np.inf, -np.inf, 0.0))
        return (
            body,
            carried(bail.part, frame_of(shift=shift)),
            bail.passage + shift - (0, 0.45 * _width(self.chain, self.link_mm), 0),
        )

    def _by_its_ends(self, body: Hanging, rng: Generator) -> tuple[Hanging, list[Part], list[list[LinkOrigin]]]:
        """The body held by a jump ring at each end, the rings, and the chain behind each."""
        ring = jump_ring(max(2.6 * self.wire_mm, 2.2 * _LOOP_WIRE), 1.2 * self.wire_mm)
        body = body.lifted(height(ring))
        ends = [(body.hang * (way, 1, 1), way) for way in (-1, 1)]
        sides = [self._strand(at, way, rng, first=(ring,)) for at, way in ends]
        rings = [ring_part(f"jump_ring{number}", side[0]) for number, side in enumerate(sides, start=1)]
        return body, rings, [side[1:] for side in sides]

    def _strand(self, start: Points, way: int, rng: Generator, first: Sequence[LinkOrigin] = ()) -> list[LinkOrigin]:
        """One side of the chain, up and out of the photo."""
        x, y = float(start[0]), float(start[1])
        steep, far = np.deg2rad(rng.uniform(22, 58)), _REACH * rng.uniform(0.9, 1.1)
        corners = [
            (x, y),
            (x + way * 3.0, y + rng.uniform(0.2, 1.2)),
            (x + way * 7.0, y + 3.0 + 4.0 * np.sin(steep)),
            (x + way * (5.0 + 14 * np.cos(steep)), y + 20 * np.sin(steep) + rng.normal(0, 2)),
            (x + way * far * np.cos(steep), y + far * np.sin(steep)),
        ]
        path = draped(corners, rng, waver_mm=0.7)
        return strand(path, self.style, rng, first=first, start_z=float(start[2]), settle_mm=7.0)

    def _engraved(self, piece: Piece, body: Hanging) -> Piece:
        if not self.text or body.face is None:
            return piece
        outline = OUTLINES[self.kind]() * (self.size_mm / 2)
        room = {"bar": 0.8, "disc": 0.66, "heart": 0.56}[self.kind] * self.size_mm
        tall = min(0.5 * float(np.ptp(outline[:, 1])), room / (0.85 * len(self.text)), 0.42 * self.size_mm)
        decal = engraved(
            self.text,
            centre=body.face[:3, 3],
            normal=body.face[:3, 2],
            across=body.face[:3, 0],
            size_mm=room,
            height_mm=tall,
            rng=np.random.default_rng(self.lie),
        )
        return laid(piece, decal, only=("plate",))


_CUTS = {
    "prong": ("round", "oval", "oval", "pear", "pear", "princess", "emerald", "cushion", "marquise"),
    "bezel": ("round", "oval", "pear", "cushion", "cabochon"),
    "pearl": ("pearl",),
}
_HALOED = ("round", "oval", "pear", "cushion")
_WORDS = {
    "disc": ("A", "M", "S", "E", "R", "K", "J & L", "AB", "LOVE", "MUM", "1987", "12.06.21"),
    "heart": ("A", "L", "J", "MUM", "LOVE", "S + T", "ME", "23"),
    "bar": ("SOPHIE", "EMMA 2019", "LUCA", "14 MAY 2022", "FAMILY", "ALWAYS", "BE BRAVE", "52.5200 N"),
}


def _width(chain: str, link_mm: float) -> float:
    return KINDS[chain].width * link_mm


def _drawn_stone(kind: str, rng: Generator) -> dict[str, Any]:
    cut = str(rng.choice(_CUTS[kind]))
    ratio = PROPORTION.get(cut, 1.0)
    if ratio != 1.0:
        ratio *= float(rng.uniform(0.94, 1.08))
    size = float(rng.uniform(5.0, 8.5)) * ratio**0.6 * (1.15 if kind == "pearl" else 1.0)
    several = {"pear": [3, 5], "round": [4, 4, 6], "oval": [4, 4, 6]}
    haloed = kind == "prong" and cut in _HALOED and rng.random() < 0.5
    return {
        "cut": cut,
        "stone_mm": size,
        "proportion": ratio,
        "prongs": int(rng.choice(several.get(cut, [4]))) if kind == "prong" else 0,
        "prong_mm": float(rng.uniform(0.10, 0.13) * size / ratio),
        "wall_mm": float(rng.uniform(0.4, 0.9)),
        "halo_mm": float(rng.uniform(1.0, 1.6)) if haloed else 0.0,
    }
