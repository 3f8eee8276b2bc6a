"""A pair of stud earrings, lying on the rims of their settings and the ends of their posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.cuts import PROPORTION
from visiqc.rendering.design import Look
from visiqc.rendering.heads import bezel, halo, prong_head, stone_part
from visiqc.rendering.laying import MIRROR, carried, leaning, lowest, rested
from visiqc.rendering.mesh import Frame, Points, frame_of, joined, rotation
from visiqc.rendering.piece import Part, Piece, View, piece_of
from visiqc.rendering.surfaces import revolved, tube

SETTINGS = ("prong", "bezel", "halo", "pearl")
_UPRIGHT: Frame = frame_of(rotation((0, 0, 1), 90))
"""A long stone stands on its end, a pear on its round side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudEarrings:
    """Two studs.

    Attributes:
        setting: One of `SETTINGS`.
        cut: Of the stone; `pearl` with the setting of that name.
        stone_mm: Its length.
        proportion: Its length over its width.
        prongs: Claws; 0 = none.
        prong_mm: Thickness of a claw.
        wall_mm: Of a bezel.
        halo_mm: Width of a halo's stones.
        post_mm: Length of the posts.
        gap_mm: From the middle of one to the middle of the other.
        lie: Seed of how they happen to lie.

    Raises:
        InputError: The two lie in one another, or there is no such setting.
    """

    setting: str = "prong"
    cut: str = "round"
    stone_mm: float = 5.5
    proportion: float = 1.0
    prongs: int = 4
    prong_mm: float = 0.7
    wall_mm: float = 0.5
    halo_mm: float = 1.2
    post_mm: float = 9.5
    gap_mm: float = 12.0
    lie: int = 0

    def __post_init__(self) -> None:
        if self.setting not in SETTINGS:
            raise InputError(f"no stud setting is called {self.setting!r}; known: {', '.join(SETTINGS)}")
        if (self.setting == "pearl") != (self.cut == "pearl"):
            raise InputError(f"impossible geometry: a {self.cut} stone in a {self.setting} stud; pearls go with pearls")
        if self.across_mm > 0.95 * self.gap_mm:
            raise InputError(
                f"impossible geometry: studs {self.across_mm:.2f} mm wide lie {self.gap_mm:.2f} mm apart; move them "
                "apart"
            )

    @property
    def stone_width(self) -> float:
        """Width of the stone, mm."""
        return self.stone_mm / self.proportion

    @property
    def across_mm(self) -> float:
        """Width of a stud, mm."""
        edge = {"prong": self.prong_mm, "bezel": self.wall_mm, "halo": self.halo_mm + 0.35, "pearl": 0.0}
        return self.stone_width + 2 * edge[self.setting]

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """Studs from small daily ones to large."""
        setting = str(rng.choice(SETTINGS, p=[0.38, 0.22, 0.22, 0.18]))
        cut = "pearl" if setting == "pearl" else str(rng.choice(_CUTS[setting]))
        ratio = PROPORTION.get(cut, 1.0) * float(rng.uniform(0.95, 1.06)) if PROPORTION.get(cut) else 1.0
        size = float(rng.uniform(5.5, 10.5) if setting == "pearl" else rng.uniform(3.6, 7.5)) * ratio**0.5
        halo_mm = float(rng.uniform(1.0, 1.5))
        widest = size / ratio + 2 * (halo_mm + 0.35)
        return cls(
            setting=setting,
            cut=cut,
            stone_mm=size,
            proportion=ratio,
            prongs=_drawn_prongs(cut, rng) if setting in ("prong", "halo") else 0,
            prong_mm=float(rng.uniform(0.11, 0.15) * size / ratio),
            wall_mm=float(rng.uniform(0.35, 0.75)),
            halo_mm=halo_mm,
            post_mm=float(rng.uniform(8.5, 10.5)),
            gap_mm=max(widest, size) * float(rng.uniform(1.35, 1.9)),
            lie=int(rng.integers(1 << 31)),
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        rng = np.random.default_rng(self.lie)
        front = self._front(look)
        post = _post(lowest(front), self.post_mm)
        lean = leaning(front, [post])
        lying = rested([carried(part, frame_of(lean)) for part in [*front, post]])
        parts: list[Part] = []
        for prefix, way, mirror in (("left.", -1.0, np.eye(4)), ("right.", 1.0, MIRROR)):
            yaw = way * rng.uniform(6, 20)
            place = frame_of(rotation((0, 0, 1), yaw), (way * self.gap_mm / 2, rng.normal(0, 0.25), 0.0)) @ mirror
            parts += [carried(part, place, prefix=prefix) for part in lying]
        view = View(elevation_deg=float(rng.uniform(27, 42)), yaw_deg=float(rng.uniform(-9, 9)), fill=0.7)
        return piece_of(parts, view=view)

    def _front(self, look: Look) -> list[Part]:
        """The setting with its face along +z."""
        length, width = self.stone_mm, self.stone_width
        if self.setting == "pearl":
            return _pearl(length, gem=look.gem)
        if self.setting == "bezel":
            made = bezel(
                "head", cut=self.cut, length=length, width=width, place=_UPRIGHT, gem=look.gem, wall=self.wall_mm
            )
            return [*made, _plate(lowest(made), 0.36 * width)]
        made = prong_head(
            "head",
            cut=self.cut,
            length=length,
            width=width,
            prongs=self.prongs,
            prong_radius=self.prong_mm / 2,
            place=_UPRIGHT,
            gem=look.gem,
        )
        if self.setting == "halo":
            made += halo(
                "halo",
                length=length,
                width=width,
                stone_mm=self.halo_mm,
                place=_UPRIGHT,
                gem=look.side_gem,
                cut=self.cut,
            )
        return made


_CUTS = {
    "prong": ("round", "round", "princess", "oval", "emerald", "pear", "cushion"),
    "bezel": ("round", "round", "oval", "princess", "pear", "emerald", "cabochon"),
    "halo": ("round", "round", "oval", "cushion", "pear"),
}


def _drawn_prongs(cut: str, rng: Generator) -> int:
    if cut == "round":
        return int(rng.choice([3, 4, 4, 6]))
    return int(rng.choice([3, 5])) if cut == "pear" else int(rng.choice([4, 4, 6])) if cut == "oval" else 4


def _pearl(diameter: float, *, gem: str) -> list[Part]:
    """A pearl on the cup it is glued in."""
    radius = diameter / 2
    pearl = stone_part(
        "head.stone", cut="pearl", length=diameter, width=diameter, place=np.eye(4), gem=gem, group="centre"
    )
    wide, rise = 0.52 * radius, radius * (1 - np.sqrt(1 - 0.52**2))
    cup = revolved(
        [
            [0, -radius - 0.35],
            [0.35 * wide, -radius - 0.33],
            [0.8 * wide, -radius + 0.4 * rise - 0.22],
            [wide + 0.12, -radius + rise - 0.05],
            [wide + 0.04, -radius + rise + 0.06],
            [0, -radius + rise - 0.1],
        ],
        sides=96,
    )
    return [pearl, Part(name="head.cup", mesh=cup, group="setting")]


def _plate(back: float, radius: float) -> Part:
    """The disc behind a bezel that the post is soldered to."""
    mesh = revolved(
        [[0, back - 0.5], [radius - 0.15, back - 0.5], [radius, back - 0.35], [radius, back + 0.2], [0, back + 0.2]]
    )
    return Part(name="head.plate", mesh=mesh, group="setting")


def _post(back: float, length: float) -> Part:
    """A post with the notches that its clutch catches in."""
    wire, notch = 0.42, length - 2.2
    along = np.array([0, 0.2, notch - 0.35, notch - 0.12, notch + 0.12, notch + 0.35, length - 0.6, length])
    radii = np.array([wire, wire, wire, 0.74 * wire, 0.74 * wire, wire, 0.95 * wire, 0.7 * wire])
    dense = np.unique(np.concatenate([np.linspace(0, length, 80), along]))
    path: Points = np.stack([0 * dense, 0 * dense, back + 0.2 - dense], axis=1)
    collar = revolved([[0, back - 0.4], [0.7, back - 0.4], [0.9, back + 0.1], [0, back + 0.1]], sides=48)
    wire_mesh = tube(path, np.interp(dense, along, radii), sides=24)
    bare = [type(mesh)(mesh.vertices, mesh.faces, mesh.normals) for mesh in (wire_mesh, collar)]
    return Part(name="post", mesh=joined(bare), group="post")
