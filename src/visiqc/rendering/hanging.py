"""Bodies that hang by a loop, lying face up: set stones and pearls with the loop soldered to their upper edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visiqc.rendering.heads import bezel, halo, prong_head, stone_part
from visiqc.rendering.laying import MIRROR, carried, carried_point, propped, rested
from visiqc.rendering.mesh import Frame, Mesh, Points, frame_of, joined, rotation
from visiqc.rendering.piece import Part
from visiqc.rendering.slabs import slab
from visiqc.rendering.surfaces import revolved, torus, tube

UPRIGHT: Frame = frame_of(rotation((0, 0, 1), 90))
"""A long stone's length along y; a pear's point at +y."""
_PEARL_DIP = 20.0
"""A pearl rolls until its loop nears the ground; degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStone:
    """A stone and its setting.

    Attributes:
        setting: `prong`, `bezel` or `pearl`.
        cut: Of the stone.
        length: Along y, mm.
        width: mm.
        gem: Key in `materials.GEMS`.
        prongs: Claws.
        prong_mm: Thickness of a claw.
        wall_mm: Of a bezel.
        halo_mm: Width of the stones around it; 0 = none.
        side_gem: Of those.
    """

    setting: str
    cut: str
    length: float
    width: float
    gem: str
    prongs: int = 4
    prong_mm: float = 0.7
    wall_mm: float = 0.5
    halo_mm: float = 0.0
    side_gem: str = "diamond"

    @property
    def edge_mm(self) -> float:
        """How far metal stands outside the stone, mm."""
        if self.halo_mm:
            return self.halo_mm + 0.33
        return {"prong": 0.6 * self.prong_mm, "bezel": self.wall_mm, "pearl": 0.0}[self.setting]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """A body on z = 0, face up.

    Attributes:
        parts: It and its loops.
        hang: (3,) mm, where a ring hangs it by its upper loop.
        foot: (3,) mm, where a further drop hangs in its lower loop; None = no such loop.
        face: The middle of a plain metal face, z out of it; None = it has none.
    """

    parts: Sequence[Part]
    hang: Points
    foot: Points | None = None
    face: Frame | None = None

    def lifted(self, level: float) -> Hanging:
        """The body held up level until its loop is at a height, mm, or higher."""
        return self._moved(frame_of(shift=(0.0, 0.0, max(0.0, level - float(self.hang[2])))))

    def raised(self, level: float) -> Hanging:
        """The body with its upper end lifted until its loop is at a level, mm, its lower edge still on the ground."""
        points = np.concatenate([part.mesh.vertices for part in self.parts])
        return self._moved(propped(points, self.hang, level))

    def _moved(self, frame: Frame) -> Hanging:
        return Hanging(
            parts=[carried(part, frame) for part in self.parts],
            hang=carried_point(self.hang, frame),
            foot=None if self.foot is None else carried_point(self.foot, frame),
            face=None if self.face is None else frame @ self.face,
        )


def metal_body(
    outline: Points, *, thickness: float, dome: float, loop_mm: float, wire_mm: float, ends: bool = False
) -> Hanging:
    """A slab with a loop at its upper edge, or one at each end.

    Args:
        outline: (N, 2) mm.
        thickness: At its edge, mm.
        dome: How far its middle stands above that, mm.
        loop_mm: Inner width of the loops.
        wire_mm: Thickness of their wire.
        ends: Whether it hangs by its two ends along x; `hang` is then the right one.
    """
    plate = Part(
        name="plate", mesh=slab(outline, thickness=thickness, rounding=0.28 * thickness, dome=dome), group="setting"
    )
    radius = (loop_mm + wire_mm) / 2
    above = outline[np.abs(outline[:, 0]) < 0.05 * float(np.ptp(outline[:, 0]))]
    edge = float(outline[:, 0].max() if ends else above[:, 1].max())
    middle, level = edge + radius - 0.35 * wire_mm, max(wire_mm / 2, 0.5 * thickness)
    loop = torus(radius, wire_mm / 2, steps=72, sides=18).moved((middle, 0, level) if ends else (0, middle, level))
    loops = [loop, loop.placed(MIRROR)] if ends else [loop]
    made = Part(name="loop", mesh=joined(Mesh(m.vertices, m.faces, m.normals) for m in loops), group="setting")
    reach = middle + loop_mm / 2
    hang = np.array([reach, 0.0, level]) if ends else np.array([0.0, reach, level])
    return Hanging(parts=[plate, made], hang=hang, face=frame_of(shift=(0.0, 0.0, thickness + dome)))


def set_stone(prefix: str, stone: SetStone, *, group: str = "centre") -> list[Part]:
    """A stone in its setting, face up, resting on z = 0, the middle of its girdle above the origin."""
    if stone.setting == "bezel":
        parts = bezel(
            prefix,
            cut=stone.cut,
            length=stone.length,
            width=stone.width,
            place=UPRIGHT,
            gem=stone.gem,
            wall=stone.wall_mm,
            group=group,
        )
    else:
        parts = prong_head(
            prefix,
            cut=stone.cut,
            length=stone.length,
            width=stone.width,
            prongs=stone.prongs,
            prong_radius=stone.prong_mm / 2,
            place=UPRIGHT,
            gem=stone.gem,
            group=group,
            base=False,
        )
    if stone.halo_mm:
        parts += halo(
            f"{prefix}.halo",
            cut=stone.cut,
            length=stone.length,
            width=stone.width,
            stone_mm=stone.halo_mm,
            place=UPRIGHT,
            gem=stone.side_gem,
        )
    return rested(parts)


def hanging(prefix: str, stone: SetStone, *, loop_mm: float, wire_mm: float, foot: bool = False) -> Hanging:
    """A set stone with a loop at its upper edge, and one at its lower edge if it has a `foot`.

    Args:
        prefix: Of the parts' names.
        stone: The stone and its setting.
        loop_mm: Inner width of the loops.
        wire_mm: Thickness of their wire.
        foot: Whether something hangs below.
    """
    if stone.setting == "pearl":
        return _hanging_pearl(prefix, stone, loop_mm=loop_mm, wire_mm=wire_mm)
    parts = set_stone(prefix, stone)
    girdle = float(next(part for part in parts if part.name == f"{prefix}.stone").origin.seat[2, 3])  # type: ignore[union-attr]
    height = max(wire_mm / 2, 0.5 * girdle)
    radius, edge = (loop_mm + wire_mm) / 2, stone.length / 2 + stone.edge_mm
    middle = edge + radius - 0.3 * wire_mm
    loops = [
        torus(radius, wire_mm / 2, steps=72, sides=18).moved((0, middle, height)),
        *_stay(edge, stone, height, wire_mm),
    ]
    hang, low = np.array([0.0, middle + loop_mm / 2, height]), None
    if foot:
        loops += [mesh.placed(frame_of(np.diag([1.0, -1.0, 1.0]))) for mesh in tuple(loops)]
        low = np.array([0.0, -middle - loop_mm / 2, height])
    made = Part(
        name=f"{prefix}.loop", mesh=joined(Mesh(m.vertices, m.faces, m.normals) for m in loops), group="setting"
    )
    return Hanging(parts=[*parts, made], hang=hang, foot=low)


def _stay(edge: float, stone: SetStone, height: float, wire_mm: float) -> list[Mesh]:
    """A short wire that ties the loop to the basket under the stone's edge."""
    inner = 0.27 * stone.length
    return [tube([[0, inner, height], [0, edge - 0.1 * wire_mm, height]], 0.5 * wire_mm, sides=18)]


def _hanging_pearl(prefix: str, stone: SetStone, *, loop_mm: float, wire_mm: float) -> Hanging:
    radius = stone.width / 2
    pearl = stone_part(
        f"{prefix}.stone",
        cut="pearl",
        length=stone.width,
        width=stone.width,
        place=np.eye(4),
        gem=stone.gem,
        group="centre",
    )
    wide = 0.42 * radius
    rise = radius * (1 - np.sqrt(1 - 0.42**2))
    cap = revolved(
        [
            [0, radius - rise + 0.02],
            [wide, radius - rise - 0.02],
            [wide + 0.1, radius - rise + 0.05],
            [0.7 * wide, radius - 0.3 * rise + 0.22],
            [0.3 * wide, radius + 0.3],
            [0, radius + 0.34],
        ],
        sides=72,
    )
    ring = (loop_mm + wire_mm) / 2
    loop = torus(ring, wire_mm / 2, steps=72, sides=18).placed(
        frame_of(rotation((1, 0, 0), 90), (0, 0, radius + 0.3 + ring))
    )
    body = joined(Mesh(mesh.vertices, mesh.faces, mesh.normals) for mesh in (cap, loop))
    down = frame_of(rotation((1, 0, 0), -90 - _PEARL_DIP), (0, 0, radius))
    parts = [carried(pearl, down), Part(name=f"{prefix}.loop", mesh=body.placed(down), group="setting")]
    top = radius + 0.3 + ring + loop_mm / 2
    return Hanging(parts=rested(parts), hang=carried_point((0, 0, top), down))
