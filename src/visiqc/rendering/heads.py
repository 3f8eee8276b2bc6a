"""Settings of one stone: claws on a basket, a bezel, and the halo of small stones around either.

All take the full size of the stone in mm and its place: girdle centre, table along +z, length along x.
"""

from __future__ import annotations

import numpy as np

from visiqc.errors import InputError
from visiqc.rendering.claws import RAIL, ClawSetting, check_prongs, prong_places
from visiqc.rendering.cuts import crown_height, culet, depth, evenly, outline
from visiqc.rendering.mesh import Frame, Mesh, Points, facing, frame_of
from visiqc.rendering.piece import Part, Role, StoneOrigin
from visiqc.rendering.rims import fanned, lofted
from visiqc.rendering.seats import set_rows


def stone_part(name: str, *, cut: str, length: float, width: float, place: Frame, gem: str, group: str) -> Part:
    """A stone of a cut; `length` and `width` in mm.

    Raises:
        InputError: No such cut.
    """
    origin = StoneOrigin(cut=cut, size=(length / 2, width / 2, min(length, width) / 2), seat=place)
    role = Role.PEARL if cut == "pearl" else Role.STONE
    return Part(name=name, mesh=origin.mesh(), role=role, group=group, gem=gem, origin=origin)


def gallery(cut: str, *, length: float, width: float) -> tuple[float, float, float]:
    """Where the upper rail of a claw setting runs: its reach along x and y, and its height (below 0), mm."""
    head = ClawSetting(cut=cut, length=length, width=width, prong_radius=0.3, base=True, outset=0.4)
    height = -RAIL * head.below
    reach = head.scale(height) * (length / 2, width / 2)
    return float(reach[0]), float(reach[1]), float(height)


def prong_head(
    prefix: str,
    *,
    cut: str,
    length: float,
    width: float,
    prongs: int,
    prong_radius: float,
    place: Frame,
    gem: str,
    group: str = "centre",
    base: bool = True,
    outset: float = 0.4,
) -> list[Part]:
    """A claw setting: `{prefix}.stone`, `{prefix}.prong0` …, `{prefix}.basket`.

    Args:
        prefix: Of the parts' names.
        cut: A name in `cuts.CUTS` or `cuts.SMOOTH`.
        length: Of the stone along x, mm.
        width: Of the stone along y, mm.
        prongs: How many claws; one stands at each corner of a cornered cut.
        prong_radius: Of a claw's wire, mm.
        place: Girdle centre, table along +z.
        gem: Key in `materials.GEMS`.
        group: Of the parts.
        base: Whether the claws run together into a foot to be soldered on; without, they end on the lower rail.
        outset: How far the claws' centre line lies outside the girdle, in their radii.

    Raises:
        InputError: Fewer claws than hold the cut, or more than stand beside one another.
    """
    check_prongs(cut, prongs, prong_radius, length=length, width=width)
    head = ClawSetting(cut=cut, length=length, width=width, prong_radius=prong_radius, base=base, outset=outset)
    name = f"{prefix}.stone"
    parts = [stone_part(name, cut=cut, length=length, width=width, place=place, gem=gem, group=group)]
    for k, at in enumerate(prong_places(cut, prongs)):
        origin = head.claw(at, stone=name, place=place)
        parts.append(Part(name=f"{prefix}.prong{k}", mesh=origin.mesh(), group=group, origin=origin))
    parts.append(Part(name=f"{prefix}.basket", mesh=head.basket().placed(place), group=group))
    return parts


def bezel(
    prefix: str,
    *,
    cut: str,
    length: float,
    width: float,
    place: Frame,
    gem: str,
    wall: float,
    group: str = "centre",
    height: float | None = None,
    taper: float = 0.82,
) -> list[Part]:
    """A collet that follows the stone's outline and is rubbed over its edge: `{prefix}.stone`, `{prefix}.collet`.

    Args:
        prefix: Of the parts' names.
        cut: A name in `cuts.CUTS` or `cuts.SMOOTH`.
        length: Of the stone along x, mm.
        width: Of the stone along y, mm.
        place: Girdle centre, table along +z.
        gem: Key in `materials.GEMS`.
        wall: Thickness of the collet at the girdle, mm.
        group: Of the parts.
        height: How deep the collet reaches below the girdle, mm; None = below the stone's point.
        taper: Its outline at the bottom, share of that at the girdle.

    Raises:
        InputError: A wall too thin to be rubbed over, or thicker than half the stone.
    """
    half = min(length, width) / 2
    if not 0.15 <= wall <= half:
        raise InputError(f"impossible geometry: a bezel wall of {wall:.2f} mm round a stone {2 * half:.2f} mm wide")
    deep = half * max(0.7, depth(cut)) + 0.15 if height is None else height
    lip = half * crown_height(cut, 1 - 0.35 * wall / (length / 2), 0.0)
    rim = outline(cut) * (length / 2, width / 2)
    point = (culet(cut) * length / 2, 0.0)
    collet = _collet(rim - point, wall=wall, lip=lip, deep=deep, taper=taper).moved((*point, 0.0))
    return [
        stone_part(f"{prefix}.stone", cut=cut, length=length, width=width, place=place, gem=gem, group=group),
        Part(name=f"{prefix}.collet", mesh=collet.placed(place), group=group),
    ]


def _collet(rim: Points, *, wall: float, lip: float, deep: float, taper: float) -> Mesh:
    round_over = np.linspace(0, np.pi, 9)
    crest = [
        (0.5 * wall * (1.0 + np.cos(turn)) - 0.3 * wall * (turn / np.pi), 0.6 * lip + 0.5 * wall * np.sin(turn))
        for turn in round_over
    ]
    sections = [(out, height, 1.0) for out, height in crest]
    sections += [(0.0, -0.02, 1.0), (-0.25 * wall, -0.3 * deep, 0.96), (0.0, -deep, taper - 0.05)]
    sections += [(0.9 * wall, -deep, taper), (wall, -0.97 * deep, taper), (wall, -0.5 * deep, (1 + taper) / 2)]
    sections.append((wall, 0.0, 1.0))
    return lofted(rim, sections)


def halo(
    prefix: str,
    *,
    length: float,
    width: float,
    stone_mm: float,
    place: Frame,
    gem: str,
    cut: str = "round",
    group: str = "halo",
    gap: float = 0.2,
    drop: float | None = None,
) -> list[Part]:
    """Small stones round a centre stone: `{prefix}.stone0` …, `{prefix}.plate`, `{prefix}.beads`.

    Args:
        prefix: Of the parts' names.
        length: Of the centre stone along x, mm.
        width: Of the centre stone along y, mm.
        stone_mm: Full width of a small stone.
        place: The centre stone's: girdle centre, table along +z.
        gem: Key in `materials.GEMS` of the small stones.
        cut: The centre stone's, whose outline the halo follows.
        group: Of the parts.
        gap: Room between the centre stone and the small ones, mm.
        drop: How far they lie below its girdle, mm; None = by its size.
    """
    small = stone_mm / 2
    rim = outline(cut) * (length / 2, width / 2)
    plate, row = _halo_row(rim, small, gap)
    below = 0.06 * min(length, width) if drop is None else drop
    sunk = place @ frame_of(None, (0, 0, -below))
    body, parts = set_rows(
        plate.placed(sunk),
        [[sunk @ seat for seat in row]],
        prefix=prefix,
        radius=small,
        gem=gem,
        group=group,
        through=1.6 * small + 0.8,
        closed=True,
        crease_deg=30,
    )
    return [Part(name=f"{prefix}.plate", mesh=body, group=group), *parts]


def _alternating(path: Points, least: float) -> Points:
    """(2 N, 2) even steps along a loop: N stones as many as stand `least` apart, and the gaps between them."""
    around = float(np.linalg.norm(np.diff(np.concatenate([path, path[:1]]), axis=0), axis=1).sum())
    count = max(int(around / least), 3)
    while True:
        spots = evenly(path, 2 * count)
        apart = np.linalg.norm(spots[::2] - np.roll(spots[::2], 1, axis=0), axis=1).min()
        if apart >= least or count <= 3:
            return spots
        count -= 1


def _halo_row(rim: Points, small: float, gap: float) -> tuple[Mesh, list[Frame]]:
    """The plate round an outline, its surface at z = 0, and the frames of the stones in it."""
    points, normals = fanned(rim, small + gap, count=720)
    path = points + (small + gap) * normals
    spots = _alternating(path, 2 * small + 0.07)
    ahead = np.roll(spots, -1, axis=0) - np.roll(spots, 1, axis=0)
    seats = [frame_of(facing((0, 0, 1), (*ahead[k], 0)), (*spots[k], -0.03 * small)) for k in range(0, len(spots), 2)]
    inner, outer, thick = -0.02, gap + 2 * small + 0.13, 0.35 + 0.75 * small
    sections = [(inner, -0.05, 1.0), (inner + 0.05, 0.0, 1.0), (outer - 0.07, 0.0, 1.0), (outer, -0.07, 1.0)]
    sections += [(outer, -0.5 * thick, 1.0), (outer - 0.35 * small, -thick, 1.0), (inner, -thick, 1.0)]
    return lofted(rim, sections), seats
