"""Chains: links that hang in one another along a path, lying on the ground."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain as chained
from itertools import count, islice
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.mesh import Frame, Points, frame_of, joined, rotation, unit
from visiqc.rendering.piece import LinkOrigin, Part
from visiqc.rendering.surfaces import bezier

_SLACK = 0.95
"""How far apart links lie, of the way they could be pulled."""
_FAR_STEPS, _FAR_SIDES = 57, 14
"""Vertices of a link that only the merged chain holds."""
JUMP_ROLL = 52.0
"""A jump ring stands this steeply, degrees, between a flat loop and the first link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkKind:
    """How a chain's links are made, as shares of a short link's outer length.

    Attributes:
        width: Outer width.
        wire: Thickness of the wire that is usual.
        roll_deg: How far every other link is turned about its length, one way and the other.
        twist_deg: How far a link's own ends are turned against each other.
        flat: Height that is left after flattening.
        pattern: Straight piece of one link after another, repeating.
    """

    width: float
    wire: float
    roll_deg: float
    twist_deg: float = 0.0
    flat: float = 1.0
    pattern: tuple[float, ...] = (0.0,)


KINDS: Mapping[str, LinkKind] = MappingProxyType(
    {
        "cable": LinkKind(width=0.7, wire=0.15, roll_deg=42.0),
        "paperclip": LinkKind(width=0.75, wire=0.14, roll_deg=40.0, pattern=(1.6,)),
        "rolo": LinkKind(width=1.0, wire=0.2, roll_deg=44.0),
        "curb": LinkKind(width=0.84, wire=0.175, roll_deg=0.0, twist_deg=48.0, flat=0.68),
        "figaro": LinkKind(
            width=0.84, wire=0.175, roll_deg=0.0, twist_deg=48.0, flat=0.68, pattern=(0.0, 0.0, 0.0, 1.1)
        ),
    }
)
"""Chains by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStyle:
    """A chain to be made.

    Attributes:
        kind: Key in `KINDS`.
        link_mm: Outer length of a short link.
        wire_mm: Thickness of its wire.

    Raises:
        InputError: There is no such kind, or the next link's wire does not pass through a link.
    """

    kind: str
    link_mm: float
    wire_mm: float

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"no chain is called {self.kind!r}; known: {', '.join(KINDS)}")
        inner = KINDS[self.kind].width * self.link_mm - 2 * self.wire_mm
        if not self.wire_mm < inner:
            raise InputError(
                f"impossible geometry: {self.kind} links of {self.link_mm:.2f} mm leave {inner:.2f} mm inside, but "
                f"their wire is {self.wire_mm:.2f} mm thick; take a thinner wire or longer links"
            )

    @property
    def inner_mm(self) -> float:
        """Clear width inside a link."""
        return KINDS[self.kind].width * self.link_mm - 2 * self.wire_mm


def links_of(style: ChainStyle, rng: Generator) -> Iterator[LinkOrigin]:
    """The links of a chain one after another, without end, each in its own frame, its length along x."""
    kind, wire = KINDS[style.kind], style.wire_mm / 2
    half_width = kind.width * style.link_mm / 2 - wire
    for number in count():
        straight = kind.pattern[number % len(kind.pattern)] * style.link_mm
        roll = kind.roll_deg * (-1 if number % 2 == 0 else 1) + rng.normal(0, 3.5)
        turn = rotation((0, 0, 1), rng.normal(0, 2.0)) @ np.diag([1.0, 1.0, kind.flat]) @ rotation((1, 0, 0), roll)
        yield LinkOrigin(
            radius=half_width,
            wire=wire,
            stretch=(style.link_mm / 2 - wire) / half_width,
            place=frame_of(turn),
            straight=straight,
            twist_deg=kind.twist_deg,
        )


def jump_ring(inner_mm: float, wire_mm: float, *, roll_deg: float = JUMP_ROLL) -> LinkOrigin:
    """A round ring in its own frame, turned about the chain."""
    return LinkOrigin(
        radius=(inner_mm + wire_mm) / 2, wire=wire_mm / 2, stretch=1.0, place=frame_of(rotation((1, 0, 0), roll_deg))
    )


def reach(link: LinkOrigin) -> float:
    """From a link's middle to where the next one hangs in it, mm."""
    return link.radius * link.stretch + link.straight / 2 - link.wire


def height(link: LinkOrigin) -> float:
    """From a link's middle to its lowest point, mm, in its own frame."""
    return float(-_heights(link).min())


def _heights(link: LinkOrigin) -> Points:
    """Lower edge of the wire along the link, (N,), mm."""
    squash = float(np.linalg.norm(link.place[2, :3]))
    return np.asarray(link.path(37) @ link.place[2, :3] + link.place[2, 3] - link.wire * squash)


def strung(
    path: Points, links: Iterator[LinkOrigin], *, start_z: float | None = None, settle_mm: float = 0.0
) -> list[LinkOrigin]:
    """Links hung in one another along a path, from its start until its end.

    Args:
        path: (N, 3) mm; only x and y count, links lie on z = 0.
        links: In their own frames.
        start_z: Height of what the first link hangs in; None = the first link's own.
        settle_mm: Over which the chain comes down from there to the ground.

    Returns:
        The links in their places.
    """
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path[:, :2], axis=0), axis=1))])
    chosen: list[LinkOrigin] = []
    joints = [0.0]
    for link in links:
        step = 2 * reach(link) * _SLACK
        if joints[-1] + step > along[-1]:
            break
        chosen.append(link)
        joints.append(joints[-1] + step)
    level = _levels(chosen, np.array(joints), start_z, settle_mm)
    points = np.stack([np.interp(joints, along, path[:, 0]), np.interp(joints, along, path[:, 1]), level], axis=1)
    return [hung(link, start, end) for link, start, end in zip(chosen, points, points[1:], strict=False)]


def _levels(links: Sequence[LinkOrigin], joints: Points, start_z: float | None, settle_mm: float) -> Points:
    """Heights of the joints between links, (N + 1,), mm."""
    own = np.array([height(link) for link in links])
    level = np.concatenate([own[:1], np.maximum(own[1:], own[:-1]), own[-1:]])
    if start_z is None:
        return level
    level[0] = start_z
    share = np.clip(joints / max(settle_mm, 1e-6), 0, 1)
    return np.asarray(np.maximum(level, level + (start_z - level) * (1 - share) ** 2))


def hung(link: LinkOrigin, start: Points, end: Points) -> LinkOrigin:
    """The link between two joints, lifted where it would dip below the ground."""
    placed = replace(link, place=_between(start, end) @ link.place)
    dip = min(0.0, float(_heights(placed).min()))
    return replace(placed, place=frame_of(shift=(0.0, 0.0, -dip)) @ placed.place)


def _between(start: Points, end: Points) -> Frame:
    """A frame half way between two points, x towards the second and z up."""
    x = unit(end - start)
    y = unit(np.cross([0.0, 0.0, 1.0], x))
    return frame_of(np.stack([x, y, np.cross(x, y)], axis=1), (start + end) / 2)


def strand(
    path: Points,
    style: ChainStyle,
    rng: Generator,
    *,
    first: Sequence[LinkOrigin] = (),
    start_z: float | None = None,
    settle_mm: float = 0.0,
) -> list[LinkOrigin]:
    """A chain along a path, behind some `first` links of another make, such as a jump ring; see `strung`."""
    return strung(path, chained(first, links_of(style, rng)), start_z=start_z, settle_mm=settle_mm)


def chain_parts(links: Sequence[LinkOrigin], *, near: Points, apart: int = 6, prefix: str = "") -> list[Part]:
    """Parts of a chain: the links nearest to a point on their own, so that a defect can open one, the rest as one.

    Args:
        links: In their places.
        near: (3,) mm, about the middle of the photo.
        apart: How many stay parts of their own, named `link1`, `link2`, …
        prefix: Put before the names, such as `left.`.
    """
    far = np.array([np.linalg.norm(link.place[:2, 3] - near[:2]) for link in links])
    order = list(np.argsort(far, kind="stable"))
    parts = [
        Part(name=f"{prefix}link{number}", mesh=links[at].mesh(), group="chain", origin=links[at])
        for number, at in enumerate(islice(order, apart), start=1)
    ]
    rest = [links[at].mesh(steps=_FAR_STEPS, sides=_FAR_SIDES) for at in order[apart:]]
    return [*parts, Part(name=f"{prefix}chain", mesh=joined(rest), group="chain")] if rest else parts


def ring_part(name: str, link: LinkOrigin, *, group: str = "chain") -> Part:
    """A jump ring as a part of its own."""
    return Part(name=name, mesh=link.mesh(), group=group, origin=link)


def draped(corners: Sequence[Sequence[float]], rng: Generator, *, waver_mm: float = 0.5, steps: int = 400) -> Points:
    """A path as a chain falls: a Bézier curve that wavers a little towards its far end.

    Args:
        corners: (K, 2) mm, control points; the first is met exactly, in the direction of the second.
        rng: Of the waver.
        waver_mm: How far it strays.
        steps: Points.

    Returns:
        (steps, 3) mm, z = 0.
    """
    curve = bezier([[x, y, 0.0] for x, y in corners], steps)
    share = np.linspace(0, 1, steps)
    sway = sum(
        rng.normal(0, waver_mm / wave) * np.sin(np.pi * wave * share + rng.uniform(0, 2 * np.pi)) for wave in (2, 3, 5)
    )
    across = unit(np.cross([0.0, 0.0, 1.0], np.gradient(curve, axis=0)))
    return np.asarray(curve + across * (sway * np.minimum(1, 5 * share) ** 2)[:, None])
