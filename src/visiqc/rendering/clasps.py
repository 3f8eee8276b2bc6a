"""Clasps and bails: what a chain closes with and what a pendant hangs by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from visiqc.errors import InputError
from visiqc.rendering.mesh import Frame, Mesh, Points, frame_of, joined, rotation
from visiqc.rendering.piece import LinkOrigin, Part
from visiqc.rendering.surfaces import bezier, revolved, sphere, torus, tube


@dataclass(frozen=True, slots=True, kw_only=True)
class Fastening:
    """A clasp lying on z = 0, closed side up, its length along x.

    Attributes:
        body: Its metal.
        left: (3,) mm, where the chain at -x hangs in its own ring.
        right: (3,) mm, where the chain at +x hangs in what it catches.
        left_mm: Thickness of the metal there.
        right_mm: Thickness of the metal there.
    """

    body: Mesh
    left: Points
    right: Points
    left_mm: float
    right_mm: float

    def placed(self, frame: Frame) -> Fastening:
        """The clasp moved as a whole."""
        linear, shift = frame[:3, :3], frame[:3, 3]
        return replace(
            self, body=self.body.placed(frame), left=linear @ self.left + shift, right=linear @ self.right + shift
        )

    def part(self, prefix: str = "") -> Part:
        """The clasp as one part."""
        return Part(name=f"{prefix}clasp", mesh=self.body, group="clasp")


def _bare(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces, mesh.normals)


def _eye(radius: float, wire: float, at: tuple[float, float, float]) -> Mesh:
    """A small soldered ring lying flat."""
    return torus(radius, wire, steps=64, sides=18).moved(at)


def _arc(radius: float, wire: float, start_deg: float, end_deg: float, z: float) -> Mesh:
    angle = np.deg2rad(np.linspace(start_deg, end_deg, 90))
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full_like(angle, z)], axis=1)
    return tube(path, wire, sides=24)


def spring_ring(size_mm: float) -> Fastening:
    """A tube bent to a ring of outer diameter `size_mm`, a thinner bolt in its gap, and the bolt's knob."""
    wall = 0.105 * size_mm
    radius, z = size_mm / 2 - wall, wall
    eye, thin = 0.11 * size_mm, 0.045 * size_mm
    middle = -(size_mm / 2 + eye - 0.3 * thin)
    knob_at = np.deg2rad(28)
    way = np.array([np.cos(knob_at), np.sin(knob_at), 0.0])
    knob = tube(
        [way * (radius + wall * 0.4) + [0, 0, z], way * (radius + 2.5 * wall) + [0, 0, z]], 0.5 * wall, sides=20
    )
    body = joined(
        _bare(part)
        for part in (
            _arc(radius, wall, 80, 385, z),
            _arc(radius, 0.62 * wall, 20, 84, z),
            _eye(eye, thin, (middle, 0, z)),
            sphere(1.25 * thin, steps=16).moved([-size_mm / 2 + 0.1 * thin, 0, z]),
            knob,
        )
    )
    left, right = np.array([middle - eye + thin, 0, z]), np.array([radius - wall, 0, z])
    return Fastening(body=body, left=left, right=right, left_mm=2 * thin, right_mm=2 * wall)


def lobster(size_mm: float) -> Fastening:
    """A claw of length `size_mm` whose lever closes on its tip, with a swivel ring behind."""
    unit_mm, z = size_mm, 0.105 * size_mm
    outline = [(-0.30, 0.02), (-0.26, 0.26), (0.14, 0.34), (0.44, 0.22), (0.44, -0.06), (0.28, -0.17)]
    hook = bezier([[x * unit_mm, y * unit_mm, z] for x, y in outline], 70)
    swell = np.interp(np.linspace(0, 1, 70), [0, 0.25, 0.6, 0.85, 1], [0.105, 0.095, 0.075, 0.055, 0.04]) * unit_mm
    nose = int(hook[:, 0].argmax())
    lever = bezier(
        [[x * unit_mm, y * unit_mm, z] for x, y in ((-0.3, -0.02), (-0.12, -0.20), (0.1, -0.22), (0.28, -0.19))]
    )
    thin = np.interp(np.linspace(0, 1, 40), [0, 0.4, 1], [0.085, 0.06, 0.04]) * unit_mm
    trigger = tube(
        [[x * unit_mm, y * unit_mm, z] for x, y in ((-0.14, -0.14), (-0.19, -0.22), (-0.26, -0.27))],
        np.array([0.045, 0.042, 0.05]) * unit_mm,
        sides=20,
    )
    eye, wire = 0.1 * unit_mm, 0.034 * unit_mm
    middle = -0.40 * unit_mm - eye
    neck = tube([[-0.27 * unit_mm, 0, z], [-0.41 * unit_mm, 0, z]], np.array([0.10, 0.055]) * unit_mm, sides=24)
    pieces = (tube(hook, swell, sides=26), tube(lever, thin, sides=24), trigger, neck, _eye(eye, wire, (middle, 0, z)))
    flat = frame_of(np.diag([1.0, 1.0, 0.9]))
    return Fastening(
        body=joined(_bare(part) for part in pieces).placed(flat),
        left=np.array([middle - eye + wire, 0, 0.9 * z]),
        right=np.array([hook[nose, 0] - swell[nose], hook[nose, 1], 0.9 * z]),
        left_mm=2 * wire,
        right_mm=2 * float(swell[nose]),
    )


def toggle(size_mm: float) -> Fastening:
    """A ring of outer diameter `size_mm` with its bar lying open beside it."""
    wire = 0.075 * size_mm
    radius, eye, thin = size_mm / 2 - wire, 0.12 * size_mm, 0.045 * size_mm
    ring = torus(radius, wire, sides=24).moved([0, 0, wire])
    middle = -(size_mm / 2 + eye - thin)
    bar_x, half = 0.92 * size_mm, 0.6 * size_mm
    bar = tube([[bar_x, -half, wire], [bar_x, half, wire]], 0.8 * wire, sides=24)
    ends = [sphere(1.15 * wire, steps=20).moved([bar_x, way * half, 1.15 * wire]) for way in (-1, 1)]
    bar_eye = bar_x + 0.8 * wire + eye - 0.5 * thin
    pieces = (ring, _eye(eye, thin, (middle, 0, wire)), bar, *ends, _eye(eye, thin, (bar_eye, 0, wire)))
    body = joined(_bare(part) for part in pieces)
    return Fastening(
        body=body,
        left=np.array([middle - eye + thin, 0, wire]),
        right=np.array([bar_eye + eye - thin, 0, wire]),
        left_mm=2 * thin,
        right_mm=2 * thin,
    )


CLASPS: Mapping[str, Callable[[float], Fastening]] = MappingProxyType(
    {"spring_ring": spring_ring, "lobster": lobster, "toggle": toggle}
)
"""Clasps by name, of a size in mm."""


def fastening(kind: str, size_mm: float) -> Fastening:
    """A clasp by name.

    Raises:
        InputError: There is no such clasp.
    """
    if kind not in CLASPS:
        raise InputError(f"no clasp is called {kind!r}; known: {', '.join(CLASPS)}")
    return CLASPS[kind](size_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bail:
    """What a pendant hangs by, lying on z = 0 with its passage for the chain along x.

    Attributes:
        part: Its metal.
        hang: (3,) mm, where the pendant's loop hangs in it.
        passage: (3,) mm, where the chain hangs in it.
        clear_mm: Height of its hole, which the chain must pass.
    """

    part: Part
    hang: Points
    passage: Points
    clear_mm: float


def loop_bail(size_mm: float) -> Bail:
    """A ring of round wire, `size_mm` long, standing on its side."""
    wire = 0.08 * size_mm
    tall, deep = size_mm / 2 - wire, 0.27 * size_mm
    level = deep + wire
    origin = LinkOrigin(
        radius=deep,
        wire=wire,
        stretch=tall / deep,
        place=frame_of([[0, 0, 1], [1, 0, 0], [0, 1, 0]], (0, tall + wire, level)),
    )
    part = Part(name="bail", mesh=origin.mesh(), group="bail", origin=origin)
    hang, passage = np.array([0, 2 * wire, level]), np.array([0, size_mm - 2 * wire, level])
    return Bail(part=part, hang=hang, passage=passage, clear_mm=2 * (deep - wire))


def tapered_bail(size_mm: float) -> Bail:
    """A leaf of sheet folded over the chain, `size_mm` long, broad above and narrow below."""
    tall, deep, sheet = 0.46 * size_mm, 0.24 * size_mm, 0.2
    angle = np.linspace(-np.pi / 2, 3 * np.pi / 2, 121)  # from where the path runs along z, so the sheet is wide in x
    upper = (1 + np.sin(angle)) / 2
    breadth = (0.10 + 0.17 * upper**1.5) * size_mm
    path = np.stack([0 * angle, tall * (1 + np.sin(angle)), deep * np.cos(angle) * (0.45 + 0.55 * upper)], axis=1)
    mesh = _bare(tube(path, breadth, sides=40, closed=True, flatness=sheet))
    level = -float(mesh.bounds[0][2])
    part = Part(name="bail", mesh=mesh.moved((0, 0, level)), group="bail")
    hang, passage = np.array([0, 0.02 * size_mm, level]), np.array([0, 1.55 * tall, level])
    return Bail(part=part, hang=hang, passage=passage, clear_mm=1.5 * deep)


def hidden_bail(size_mm: float) -> Bail:
    """A tube soldered behind the pendant's upper edge; from the front little of it is seen."""
    wall, radius = 0.06 * size_mm, 0.2 * size_mm
    half = 0.22 * size_mm
    inner = radius - wall
    profile = [[radius, -half], [radius, half], [inner, half], [inner, -half], [radius, -half]]
    mesh = revolved(profile, sides=64).placed(frame_of(rotation((0, 1, 0), 90), (0, 0, radius)))
    level = np.array([0, 0, radius])
    return Bail(part=Part(name="bail", mesh=mesh, group="bail"), hang=level, passage=level, clear_mm=2 * inner)


BAILS: Mapping[str, Callable[[float], Bail]] = MappingProxyType(
    {"loop": loop_bail, "tapered": tapered_bail, "hidden": hidden_bail}
)
"""Bails by name, of a length in mm."""
