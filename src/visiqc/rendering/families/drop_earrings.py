"""A pair of drop earrings, laid flat: ear wires on their sides, drops face up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.chains import height, hung, jump_ring, reach, ring_part
from visiqc.rendering.cuts import PROPORTION
from visiqc.rendering.design import Look
from visiqc.rendering.earwires import EAR_WIRES
from visiqc.rendering.hanging import Hanging, SetStone, hanging
from visiqc.rendering.laying import MIRROR, carried, carried_point, propped
from visiqc.rendering.mesh import frame_of, rotation
from visiqc.rendering.piece import Part, Piece, View, piece_of

SETTINGS = ("prong", "bezel", "pearl")
_RING_SLACK = 0.94
_RING_WIRE = 0.8
"""Thickness of the rings, of the ear wire's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropEarrings:
    """Two drops on ear wires.

    Attributes:
        ear_wire: Key in `earwires.EAR_WIRES`.
        ear_wire_mm: Its height.
        wire_mm: Thickness of its wire.
        setting: Of the main drop, one of `SETTINGS`.
        cut: Of its stone; `pearl` with the setting of that name.
        stone_mm: Length of its stone.
        proportion: That over its width.
        prongs: Claws; 0 = none.
        prong_mm: Thickness of a claw.
        wall_mm: Of a bezel.
        upper_mm: Width of a small bezel-set stone above it; 0 = none.
        ring_mm: Inner width of the rings.
        gap_mm: From one to the other.
        lie: Seed of how they happen to lie.

    Raises:
        InputError: A drop is wider than the gap, the wire too thick for the rings, or there is no such setting.
    """

    ear_wire: str = "hook"
    ear_wire_mm: float = 18.0
    wire_mm: float = 0.8
    setting: str = "bezel"
    cut: str = "pear"
    stone_mm: float = 9.0
    proportion: float = 1.5
    prongs: int = 0
    prong_mm: float = 0.8
    wall_mm: float = 0.5
    upper_mm: float = 0.0
    ring_mm: float = 2.6
    gap_mm: float = 22.0
    lie: int = 0

    def __post_init__(self) -> None:
        if self.ear_wire not in EAR_WIRES or self.setting not in SETTINGS:
            known = ", ".join([*EAR_WIRES, *SETTINGS])
            raise InputError(f"no drop earring has {self.ear_wire!r} with {self.setting!r}; known: {known}")
        if (self.setting == "pearl") != (self.cut == "pearl"):
            raise InputError(f"impossible geometry: a {self.cut} stone in a {self.setting} drop; pearls go with pearls")
        if self.across_mm > 0.95 * self.gap_mm:
            raise InputError(
                f"impossible geometry: drops {self.across_mm:.2f} mm wide lie {self.gap_mm:.2f} mm apart; move "
                "them apart"
            )
        if self.ring_mm < 2 * self.wire_mm:
            raise InputError(
                f"impossible geometry: rings {self.ring_mm:.2f} mm wide inside do not turn on a wire of "
                f"{self.wire_mm:.2f} mm; they need {2 * self.wire_mm:.2f} mm"
            )

    @property
    def across_mm(self) -> float:
        """Width of the widest of a drop and its ear wire, mm."""
        return max(
            self._stone("diamond").width + 2 * self._stone("diamond").edge_mm, 0.62 * self.ear_wire_mm, self.upper_mm
        )

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """Drops from a small pearl on a hook to two stones below one another."""
        setting = str(rng.choice(SETTINGS, p=[0.35, 0.4, 0.25]))
        cut = "pearl" if setting == "pearl" else str(rng.choice(_CUTS[setting]))
        ratio = PROPORTION.get(cut, 1.0)
        if ratio != 1.0:
            ratio *= float(rng.uniform(0.94, 1.08))
        wire = float(rng.uniform(0.65, 0.95))
        size = float(rng.uniform(6.0, 10.0)) * ratio**0.6
        height = float(rng.uniform(14.0, 21.0))
        made = {
            "ear_wire": str(rng.choice(list(EAR_WIRES))),
            "ear_wire_mm": height,
            "wire_mm": wire,
            "setting": setting,
            "cut": cut,
            "stone_mm": size,
            "proportion": ratio,
            "prongs": 0 if setting != "prong" else int(rng.choice([3, 5])) if cut == "pear" else 4,
            "prong_mm": float(rng.uniform(0.10, 0.13) * size / ratio),
            "wall_mm": float(rng.uniform(0.4, 0.9)),
            "upper_mm": float(rng.uniform(3.4, 5.2)) if rng.random() < 0.45 else 0.0,
            "ring_mm": wire * float(rng.uniform(2.1, 2.9)),
            "lie": int(rng.integers(1 << 31)),
        }
        widest = max(size / ratio + 2.0, 0.62 * height)
        return cls(gap_mm=widest * float(rng.uniform(1.25, 1.7)), **made)

    def build(self, look: Look) -> Piece:
        """The piece."""
        rng = np.random.default_rng(self.lie)
        parts: list[Part] = []
        for prefix, way, mirror in (("left.", -1.0, np.eye(4)), ("right.", 1.0, MIRROR)):
            sway = way * rng.uniform(-3, 7)
            place = frame_of(rotation((0, 0, 1), sway), (way * self.gap_mm / 2, rng.normal(0, 0.6), 0.0)) @ mirror
            parts += [carried(part, place, prefix=prefix) for part in self._one(look)]
        view = View(elevation_deg=float(rng.uniform(52, 70)), yaw_deg=float(rng.uniform(-14, 14)), fill=0.74)
        return piece_of(parts, view=view)

    def _one(self, look: Look) -> list[Part]:
        """The left earring, its eye at the origin; every ring stands as high as what hangs in it."""
        ring = jump_ring(self.ring_mm, _RING_WIRE * self.wire_mm)
        level, step = height(ring), 2 * reach(ring) * _RING_SLACK
        wire = EAR_WIRES[self.ear_wire](self.ear_wire_mm, self.wire_mm)
        aside = wire.body.placed(MIRROR)
        lying = propped(aside.vertices, wire.hang, level, way=-1.0)
        parts, at = [Part(name="wire", mesh=aside.placed(lying), group="post")], carried_point(wire.hang, lying)
        for number, flat in enumerate(self._bodies(look), start=1):
            body = flat.lifted(level) if flat.foot is not None else flat.raised(level)
            end = np.array([at[0], at[1] - step, body.hang[2]])
            place = frame_of(shift=(end - body.hang) * (1, 1, 0))
            parts += [
                ring_part(f"jump_ring{number}", hung(ring, at, end)),
                *(carried(part, place) for part in body.parts),
            ]
            if body.foot is not None:
                at = carried_point(body.foot, place)
        return parts

    def _bodies(self, look: Look) -> list[Hanging]:
        loop, wire = 0.85 * self.ring_mm, _RING_WIRE * self.wire_mm
        drop = hanging("drop", self._stone(look.gem), loop_mm=loop, wire_mm=wire)
        if not self.upper_mm:
            return [drop]
        small = SetStone(
            setting="bezel", cut="round", length=self.upper_mm, width=self.upper_mm, gem=look.side_gem, wall_mm=0.45
        )
        return [hanging("upper", small, loop_mm=loop, wire_mm=wire, foot=True), drop]

    def _stone(self, gem: str) -> SetStone:
        return SetStone(
            setting=self.setting,
            cut=self.cut,
            length=self.stone_mm,
            width=self.stone_mm / self.proportion,
            gem=gem,
            prongs=self.prongs,
            prong_mm=self.prong_mm,
            wall_mm=self.wall_mm,
        )


_CUTS = {
    "prong": ("round", "pear", "pear", "oval", "emerald", "marquise", "princess"),
    "bezel": ("round", "pear", "oval", "emerald", "cushion", "cabochon"),
}
