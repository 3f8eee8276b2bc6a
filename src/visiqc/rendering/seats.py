"""Small stones set into metal: a drilled seat for each, the stones, and the grains that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from visiqc.errors import InputError
from visiqc.rendering.booleans import drilled
from visiqc.rendering.mesh import Frame, Mesh, Points, frame_of, joined
from visiqc.rendering.piece import Part, Role, StoneOrigin
from visiqc.rendering.surfaces import revolved, sphere

CUT = "melee"
"""The cut of small stones."""


@cache
def _bead(steps: int) -> Mesh:
    ball = sphere(1.0, steps=steps)
    return Mesh(ball.vertices, ball.faces, ball.normals)


def seat_cutter(radius: float, *, through: float, rise: float = 0.6) -> Mesh:
    """What a setting bur and the drill before it take out for one small stone.

    Args:
        radius: Of the stone, mm.
        through: How deep the drill goes below the girdle, mm; past the metal's back for an open seat.
        rise: How far the bur reaches above the girdle, mm.
    """
    deep = max(through, 0.9 * radius)
    return revolved(
        [
            [0, rise],
            [1.03 * radius, rise],
            [1.03 * radius, -0.03 * radius],
            [0.42 * radius, -0.86 * radius],
            [0.38 * radius, -deep],
            [0, -deep],
        ],
        sides=32,
    )


def beads(centres: Points, radius: float, *, steps: int = 12) -> Mesh:
    """Grains raised at points, (N, 3) mm, as one mesh; `steps` from pole to pole of each."""
    ball = _bead(steps)
    return joined(Mesh(ball.vertices * radius + centre, ball.faces, ball.normals) for centre in centres)


def small_stone(name: str, *, radius: float, frame: Frame, gem: str, group: str) -> Part:
    """A small round stone of `radius` mm in its frame: girdle centre, table along +z."""
    origin = StoneOrigin(cut=CUT, size=(radius, radius, radius), seat=frame)
    return Part(name=name, mesh=origin.mesh(), role=Role.STONE, group=group, gem=gem, origin=origin)


def set_rows(
    body: Mesh,
    rows: Sequence[Sequence[Frame]],
    *,
    prefix: str,
    radius: float,
    gem: str,
    group: str,
    through: float,
    rise: float = 0.6,
    grain: float | None = None,
    closed: bool = False,
    crease_deg: float = 32.0,
) -> tuple[Mesh, list[Part]]:
    """Rows of small stones set into a body: `{prefix}.stone{k}` numbered row by row, and `{prefix}.beads`.

    Args:
        body: Closed metal.
        rows: Frames of each row's stones in order: girdle centre a little below the surface, table along +z, and the
            row running along x.
        prefix: Of the parts' names.
        radius: Of the stones, mm.
        gem: Key in `materials.GEMS`.
        group: Of the parts.
        through: How deep the drill goes below the girdle, mm.
        rise: How far the setting bur reaches above the girdle, mm.
        grain: Radius of the grains, mm; None = by the stones, 0 = none.
        closed: Whether each row's last stone stands beside its first.
        crease_deg: Edges sharper than this stay sharp on the drilled body.

    Returns:
        The drilled body, and the stones and grains.

    Raises:
        InputError: Two seats overlap, or the body does not close.
    """
    frames = [frame for row in rows for frame in row]
    check_spacing(np.array([frame[:3, 3] for frame in frames]), radius)
    cutter = seat_cutter(radius, through=through, rise=rise)
    left = drilled(body, [cutter.placed(frame) for frame in frames], crease_deg=crease_deg)
    parts = [
        small_stone(f"{prefix}.stone{k}", radius=radius, frame=frame, gem=gem, group=group)
        for k, frame in enumerate(frames)
    ]
    size = 0.3 * radius if grain is None else grain
    if size > 0:
        centres = np.concatenate([_grain_places(row, radius, closed=closed) for row in rows])
        parts.append(Part(name=f"{prefix}.beads", mesh=beads(centres, size), group=group))
    return left, parts


def _grain_places(row: Sequence[Frame], radius: float, *, closed: bool) -> Points:
    """Two grains in each gap between neighbours, and two beyond each end of an open row."""
    frames = np.array(row)
    pairs = [(here, there) for here, there in zip(frames, np.roll(frames, -1, axis=0), strict=True)]
    between = [(here + there) / 2 for here, there in (pairs if closed else pairs[:-1])]
    if not closed:
        reach = radius * 1.12
        between += [frame @ frame_of(None, (way * reach, 0, 0)) for frame, way in ((frames[0], -1), (frames[-1], 1))]
    return np.array(
        [
            frame[:3, 3] + way * 0.62 * radius * _direction(frame, 1) + 0.08 * radius * _direction(frame, 2)
            for frame in between
            for way in (-1, 1)
        ]
    )


def _direction(frame: Frame, column: int) -> Points:
    return np.asarray(frame[:3, column] / np.linalg.norm(frame[:3, column]))


def check_spacing(centres: Points, radius: float) -> None:
    """Refuse stones that would lie in one another.

    Raises:
        InputError: Two centres, (N, 3), are nearer than a stone's width.
    """
    if len(centres) < 2:
        return
    gap = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    nearest = float(gap[np.triu_indices(len(centres), 1)].min())
    if nearest < 2 * radius:
        raise InputError(
            f"impossible geometry: stones of {2 * radius:.2f} mm stand {nearest:.2f} mm apart; use smaller or fewer"
        )
