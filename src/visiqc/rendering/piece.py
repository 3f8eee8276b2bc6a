"""A piece of jewelry as parts.

A part keeps the few numbers it was made from, so that a defect can make it again, wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from visiqc.errors import InputError
from visiqc.rendering.cuts import cut_stone
from visiqc.rendering.decals import Decal, charted, under
from visiqc.rendering.mesh import Frame, Mesh, Points, frame_of, rotation
from visiqc.rendering.surfaces import tube


class Role(StrEnum):
    """What a part is made of."""

    METAL = "metal"
    STONE = "stone"
    PEARL = "pearl"
    FOREIGN = "foreign"
    """Not of the piece: dust, fibres, a crumb of compound."""
    AIR = "air"
    """A void inside a stone: a crack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoneOrigin:
    """A set stone.

    Attributes:
        cut: A name in `cuts.CUTS`, or `pearl` or `cabochon`.
        size: Half length (x), half width (y) and the scale of its height (z), mm.
        seat: Its place: girdle centre, table along +z.
    """

    cut: str
    size: tuple[float, float, float]
    seat: Frame

    def mesh(self) -> Mesh:
        """The stone in its seat."""
        return cut_stone(self.cut).placed(self.seat @ frame_of(np.diag(self.size)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProngOrigin:
    """A claw.

    Attributes:
        path: (N, 3) centre line from its foot to its tip, in the piece's frame.
        radii: (N,) mm.
        girdle: Number of the path's point beside the stone's girdle, where it bends and breaks.
        outward: (3,) unit vector away from its stone.
        stone: Name of the stone it holds.
    """

    path: Points
    radii: Points
    girdle: int
    outward: Points
    stone: str

    def mesh(self) -> Mesh:
        """The claw with rounded ends."""
        return tube(self.path, self.radii, sides=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOrigin:
    """A link of wire: a stretched ring that a gap may open.

    Attributes:
        radius: Of its centre line before stretching, mm.
        wire: Radius of the wire, mm.
        stretch: Length over width.
        place: Its frame: the link lies in xy, its length along x.
        gap_deg: How far it stands open, of its circle.
        gap_at_deg: Where.
        flatness: Second axis of the wire's section over the first.
        straight: Length of the straight piece between its two bows, mm.
        twist_deg: How far each end is turned about the length, one way at +x and the other at -x, as a curb link's is.
    """

    radius: float
    wire: float
    stretch: float
    place: Frame
    gap_deg: float = 0.0
    gap_at_deg: float = 40.0
    flatness: float = 1.0
    straight: float = 0.0
    twist_deg: float = 0.0

    def path(self, steps: int = 73) -> Points:
        """(steps, 3) centre line of the wire in the link's own frame."""
        half = np.deg2rad(self.gap_deg) / 2
        start = np.deg2rad(self.gap_at_deg)
        angle = np.linspace(start + half, start + 2 * np.pi - half, steps)
        x = self.radius * self.stretch * np.cos(angle) + self.straight / 2 * np.clip(3 * np.cos(angle), -1, 1)
        y, turn = self.radius * np.sin(angle), np.deg2rad(self.twist_deg) * np.cos(angle)
        return np.stack([x, y * np.cos(turn), y * np.sin(turn)], axis=1)

    def mesh(self, *, steps: int = 73, sides: int = 18) -> Mesh:
        """The link in its place."""
        made = tube(self.path(steps), self.wire, sides=sides, closed=not self.gap_deg, flatness=self.flatness)
        return made.placed(self.place)


Origin = StoneOrigin | ProngOrigin | LinkOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One body of a piece.

    Attributes:
        name: Unique in the piece, such as `centre.stone`, `centre.prong2`, `shank`; a part split off by a decal
            is named `shank#scratch`.
        mesh: In the piece's frame, mm.
        role: What it is made of.
        group: What it belongs to: `shank`, `centre`, `side`, `halo`, `setting`, `chain`, `clasp`, `bail`, `post`.
        gem: Of a stone or pearl: its key in `materials.GEMS`; empty for metal.
        tint: Of a stone: how much paler than its gem's usual colour; 1 = colourless, below 0 = deeper.
        metal: Its key in `materials.METALS`; empty = the design's metal.
        lab_shift: CIE L*a*b* added to the metal's colour, for plating that came out otherwise.
        colour: Of what is foreign: linear RGB reflectance.
        origin: What it was made from, where a defect can remake it.
        decal: What lies on it.
    """

    name: str
    mesh: Mesh
    role: Role = Role.METAL
    group: str = "setting"
    gem: str = ""
    tint: float = 0.0
    colour: tuple[float, float, float] = (0.42, 0.40, 0.37)
    metal: str = ""
    lab_shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    origin: Origin | None = None
    decal: Decal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """From where the golden photo looks.

    Attributes:
        elevation_deg: Of the camera above the ground.
        yaw_deg: How far the piece is turned about z.
        fill: Share of the frame that the piece's larger side takes.
    """

    elevation_deg: float = 28.0
    yaw_deg: float = 25.0
    fill: float = 0.62


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Parts by name, resting on z = 0, and the view they are photographed from.

    Attributes:
        parts: By name.
        view: Of the golden photo.
        standing: Whether it is a finger ring on its edge, which a stand may hold.
        focus: Names of the parts the photo is framed on; empty = all. A chain that leaves the frame is not among them.
    """

    parts: Mapping[str, Part]
    view: View = field(default_factory=View)
    standing: bool = False
    focus: tuple[str, ...] = ()

    def with_part(self, part: Part) -> Piece:
        """The piece with a part added or put in the place of the one of its name."""
        return replace(self, parts={**self.parts, part.name: part})

    def without(self, *names: str) -> Piece:
        """The piece without the named parts."""
        return replace(self, parts={name: part for name, part in self.parts.items() if name not in names})

    def of(self, *roles: Role) -> tuple[Part, ...]:
        """The parts of these roles."""
        return tuple(part for part in self.parts.values() if part.role in roles)

    def placed(self, frame: Frame) -> Piece:
        """The piece moved as a whole. Origins are not moved: make defects before placing."""
        moved = {name: replace(part, mesh=part.mesh.placed(frame)) for name, part in self.parts.items()}
        return replace(self, parts=moved)


def piece_of(parts: list[Part], *, view: View, standing: bool = False, focus: tuple[str, ...] = ()) -> Piece:
    """A piece whose lowest point rests on z = 0.

    Raises:
        InputError: It has no parts, or two share a name.
    """
    names = [part.name for part in parts]
    if not parts or len(set(names)) != len(names):
        raise InputError(f"a piece needs parts with names of their own, got {', '.join(sorted(names)) or 'none'}")
    return Piece(parts={part.name: part for part in parts}, view=view, standing=standing, focus=focus)


def laid(piece: Piece, decal: Decal, *, only: tuple[str, ...] = ()) -> Piece:
    """The piece with a decal on the metal under it: the faces it covers become parts named `shank#scratch`.

    Args:
        piece: The piece.
        decal: What to lay on.
        only: Names of the parts that may take it; empty = every metal part without a decal of its own.
    """
    parts: dict[str, Part] = {}
    for name, part in piece.parts.items():
        free = part.role is Role.METAL and part.decal is None and (not only or name in only)
        covered = under(part.mesh, decal) if free else np.zeros(0, bool)
        if not covered.any():
            parts[name] = part
            continue
        split = f"{name}#{decal.name}"
        parts[split] = replace(part, name=split, mesh=charted(part.mesh.taking(covered), decal), decal=decal)
        if not covered.all():
            parts[name] = replace(part, mesh=part.mesh.taking(~covered))
    return replace(piece, parts=parts)


def base_name(name: str) -> str:
    """The part's name before decals split it: `shank#scratch` is `shank`."""
    return name.partition("#")[0]


def turned(frame: Frame, axis: tuple[float, float, float], degrees: float) -> Frame:
    """A seat turned about an axis of its own frame."""
    return np.asarray(frame @ frame_of(rotation(axis, degrees)))
