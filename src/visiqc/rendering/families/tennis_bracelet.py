"""A section of a tennis bracelet: stones in a row, each setting hinged to the next, in a gentle curve."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.booleans import drilled
from visiqc.rendering.cuts import PROPORTION
from visiqc.rendering.design import Look
from visiqc.rendering.heads import prong_head, stone_part
from visiqc.rendering.laying import carried, carried_point, rested
from visiqc.rendering.mesh import Frame, Mesh, frame_of, joined, rotation
from visiqc.rendering.piece import Part, Piece, Role, View, piece_of
from visiqc.rendering.seats import beads, seat_cutter
from visiqc.rendering.slabs import slab
from visiqc.rendering.surfaces import tube

SETTINGS = ("prong", "box")
_SEEN = 9
"""Links with parts of their own; the metal of the rest, which runs out of the photo, is one part."""
_FRAMED = 6
"""Links the photo is framed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TennisBracelet:
    """A section of a tennis bracelet.

    Attributes:
        setting: One of `SETTINGS`.
        cut: Of its stones; round in a box.
        stone_mm: Length of a stone, along the bracelet.
        proportion: Width of a stone over that: long stones lie across.
        prongs: Claws of a link.
        prong_mm: Thickness of a claw.
        links: How many; at least 9.
        room_mm: Between one setting and the next.
        bend_mm: Radius of its curve.
        lie: Seed of how it happens to lie.

    Raises:
        InputError: Fewer links than 9, settings that overlap, or a curve tighter than they turn.
    """

    setting: str = "prong"
    cut: str = "round"
    stone_mm: float = 3.0
    proportion: float = 1.0
    prongs: int = 4
    prong_mm: float = 0.5
    links: int = 15
    room_mm: float = 0.25
    bend_mm: float = 45.0
    lie: int = 0

    def __post_init__(self) -> None:
        if self.setting not in SETTINGS or (self.setting == "box" and self.cut != "round"):
            raise InputError(f"no tennis link of {self.cut} stones is a {self.setting!r}; known: {', '.join(SETTINGS)}")
        if self.links < _SEEN:
            raise InputError(f"impossible geometry: {self.links} links of a tennis bracelet; the photo needs {_SEEN}")
        turn = self.proportion * self.stone_mm / 2 * self.pitch_mm / self.bend_mm
        if self.room_mm < 0.1 or turn > self.room_mm + 0.35 * self.prong_mm:
            raise InputError(
                f"impossible geometry: links {self.room_mm:.2f} mm apart meet in a curve of radius {self.bend_mm:.1f} "
                f"mm; leave {max(0.1, turn):.2f} mm between them or bend them less"
            )

    @property
    def pitch_mm(self) -> float:
        """From one stone's middle to the next's."""
        edge = 0.9 * self.prong_mm if self.setting == "prong" else 0.3 * self.stone_mm
        return self.stone_mm + edge + self.room_mm

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """A bracelet of small brilliants, of large ones, or of step cuts lying across."""
        setting = str(rng.choice(SETTINGS, p=[0.7, 0.3]))
        cut = "round" if setting == "box" else str(rng.choice(["round", "round", "princess", "oval", "emerald"]))
        ratio = PROPORTION.get(cut, 1.0) * float(rng.uniform(0.96, 1.05)) if cut in PROPORTION else 1.0
        stone = float(rng.uniform(2.4, 5.2)) / ratio**0.4
        return cls(
            setting=setting,
            cut=cut,
            stone_mm=stone,
            proportion=ratio,
            prongs=4,
            prong_mm=stone * float(rng.uniform(0.15, 0.21)),
            links=15,
            room_mm=float(rng.uniform(0.2, 0.4)) + 0.04 * stone * ratio,
            bend_mm=stone * float(rng.uniform(8, 20)) * ratio,
            lie=int(rng.integers(1 << 31)),
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        rng = np.random.default_rng(self.lie)
        link = self._boxed(look) if self.setting == "box" else self._clawed(look)
        places = self._places(rng)
        order = sorted(range(self.links), key=lambda at: abs(at - (self.links - 1) / 2))
        near, far = sorted(order[:_SEEN]), sorted(order[_SEEN:])
        parts = [carried(part, places[at], prefix=f"link{at}.") for at in near for part in link]
        focus = tuple(f"link{at}.{part.name}" for at in order[:_FRAMED] for part in link)
        parts += [
            carried(part, places[at], prefix=f"link{at}.") for at in far for part in link if part.role is Role.STONE
        ]
        metal = [part.mesh.placed(places[at]) for at in far for part in link if part.role is Role.METAL]
        parts.append(Part(name="further_links", mesh=joined(_bare(mesh) for mesh in metal), group="side"))
        parts.append(Part(name="hinges", mesh=self._hinges(places), group="chain"))
        view = View(elevation_deg=float(rng.uniform(42, 66)), yaw_deg=float(rng.uniform(-28, 28)), fill=0.78)
        return piece_of(rested(parts), view=view, focus=focus)

    def _places(self, rng: Generator) -> list[Frame]:
        """Where the links lie: on an arc whose curvature changes a little, each turned a little of its own."""
        turn = np.rad2deg(self.pitch_mm / self.bend_mm) * (1 + 0.25 * rng.normal(size=self.links))
        heading = np.cumsum(turn)
        heading -= heading[self.links // 2]
        ahead = np.stack([np.cos(np.deg2rad(heading)), np.sin(np.deg2rad(heading)), 0 * heading], axis=1)
        step = self.pitch_mm * (ahead[1:] + ahead[:-1]) / 2
        middle = np.concatenate([np.zeros((1, 3)), np.cumsum(step, axis=0)])
        middle -= middle[self.links // 2]
        roll = rng.normal(0, 1.6, self.links)
        return [
            frame_of(rotation((0, 0, 1), heading[at]) @ rotation((1, 0, 0), roll[at]), middle[at])
            for at in range(self.links)
        ]

    def _clawed(self, look: Look) -> list[Part]:
        across = frame_of(rotation((0, 0, 1), 90))
        made = prong_head(
            "head",
            cut=self.cut,
            length=self.stone_mm * self.proportion,
            width=self.stone_mm,
            prongs=self.prongs,
            prong_radius=self.prong_mm / 2,
            place=across,
            gem=look.gem,
            base=False,
        )
        return rested(made)

    def _boxed(self, look: Look) -> list[Part]:
        """A round stone in a square box, held by a grain in each corner."""
        radius, half, deep = self.stone_mm / 2, 0.64 * self.stone_mm, 0.62 * self.stone_mm
        angle = np.linspace(0, 2 * np.pi, 201)[:-1]
        c, s = np.cos(angle), np.sin(angle)
        square = half * np.stack([np.sign(c) * np.abs(c) ** 0.25, np.sign(s) * np.abs(s) ** 0.25], axis=1)
        block = slab(square, thickness=deep, rounding=0.06 * self.stone_mm, inward=4)
        level = deep - 0.02 * self.stone_mm
        seat = frame_of(shift=(0.0, 0.0, level))
        box = drilled(block, [seat_cutter(radius, through=deep + 1.0).placed(seat)])
        corners = np.array([(x, y, deep + 0.03 * radius) for x in (-1, 1) for y in (-1, 1)]) * (
            0.73 * radius,
            0.73 * radius,
            1,
        )
        stone = stone_part(
            "head.stone", cut="round", length=2 * radius, width=2 * radius, place=seat, gem=look.gem, group="centre"
        )
        grains = beads(corners, 0.24 * radius)
        return [
            stone,
            Part(name="head.box", mesh=box, group="centre"),
            Part(name="head.grains", mesh=grains, group="centre"),
        ]

    def _hinges(self, places: list[Frame]) -> Mesh:
        """Two short bars under each gap, which the next link turns on."""
        level, aside = 0.22 * self.stone_mm, 0.16 * self.stone_mm * self.proportion
        wire = 0.085 * self.stone_mm
        bars = []
        for here, there in pairwise(places):
            for way in (-1, 1):
                ends = [
                    carried_point((0.3 * self.stone_mm, way * aside, level), here),
                    carried_point((-0.3 * self.stone_mm, way * aside, level), there),
                ]
                bars.append(_bare(tube(ends, wire, sides=14)))
        return joined(bars)


def _bare(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces, mesh.normals)
