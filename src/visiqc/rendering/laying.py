"""Laying pieces down: parts moved with what they were made from, pairs, and how a thing rests on the ground."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from visiqc.rendering.mesh import Frame, Points, frame_of, rotation
from visiqc.rendering.piece import LinkOrigin, Origin, Part, ProngOrigin, StoneOrigin

_HALVINGS, _STEEPEST = 30, 35.0


def carried(part: Part, frame: Frame, *, prefix: str = "") -> Part:
    """The part moved rigidly (or mirrored) with what it was made from, so that defects still can remake it.

    Args:
        part: Without a decal.
        frame: Rotation or mirror, and shift.
        prefix: Put before its name, and before its stone's where it holds one.
    """
    origin = None if part.origin is None else _moved(part.origin, frame, prefix)
    # A tube's seam depends on where it points, so a claw is made again here just as a defect will make it again.
    mesh = origin.mesh() if isinstance(origin, ProngOrigin) else part.mesh.placed(frame)
    return replace(part, name=prefix + part.name, mesh=mesh, origin=origin)


def _moved(origin: Origin, frame: Frame, prefix: str) -> Origin:
    if isinstance(origin, StoneOrigin):
        return replace(origin, seat=frame @ origin.seat)
    if isinstance(origin, LinkOrigin):
        return replace(origin, place=frame @ origin.place)
    linear = frame[:3, :3]
    return ProngOrigin(
        path=origin.path @ linear.T + frame[:3, 3],
        radii=origin.radii,
        girdle=origin.girdle,
        outward=linear @ origin.outward,
        stone=prefix + origin.stone,
    )


def carried_point(point: ArrayLike, frame: Frame) -> Points:
    """A point, (3,) mm, moved by a frame."""
    return np.asarray(frame[:3, :3] @ np.asarray(point, float) + frame[:3, 3])


def lowest(parts: Iterable[Part]) -> float:
    """Height of the lowest point of some parts, mm."""
    return min(float(part.mesh.bounds[0][2]) for part in parts)


def rested(parts: Sequence[Part]) -> list[Part]:
    """The parts lowered or lifted together until they rest on z = 0."""
    down = frame_of(shift=(0.0, 0.0, -lowest(parts)))
    return [carried(part, down) for part in parts]


def leaning(front: Sequence[Part], back: Sequence[Part]) -> Points:
    """How a stud lies: on the rim of its front and the end of its post.

    Args:
        front: Its setting, face along +z.
        back: Its post, along -z.

    Returns:
        (3, 3) rotation about x that turns the face towards -y, front and back equally low.
    """
    fore = np.concatenate([part.mesh.vertices for part in front])
    rear = np.concatenate([part.mesh.vertices for part in back])
    low, high = 40.0, 90.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        up = rotation((1, 0, 0), middle)[2]
        low, high = (low, middle) if (fore @ up).min() < (rear @ up).min() else (middle, high)
    return rotation((1, 0, 0), (low + high) / 2)


def propped(points: Points, at: Points, level: float, *, way: float = 1.0) -> Frame:
    """How a body lies when one of its ends is held up and the other stays on the ground.

    Args:
        points: (N, 3) mm, the body's.
        at: (3,) mm, the point held up.
        level: To what height, mm; the body stays flat where the point is higher already.
        way: 1 to lift its +y end, -1 its -y end.

    Returns:
        Its turn about x, and the shift that puts it down on z = 0.
    """
    low, high = 0.0, _STEEPEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        up = rotation((1, 0, 0), way * middle)[2]
        low, high = (middle, high) if at @ up - (points @ up).min() < level else (low, middle)
    turn = rotation((1, 0, 0), way * low)
    return frame_of(turn, (0.0, 0.0, -float((points @ turn[2]).min())))


MIRROR: Frame = np.diag([-1.0, 1.0, 1.0, 1.0])
"""The other of a pair."""
