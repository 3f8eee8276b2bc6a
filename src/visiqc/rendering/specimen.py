"""The same design as another physical piece: what differs between two good pieces from one workshop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from visiqc.rendering.mesh import Frame, Mesh, unit
from visiqc.rendering.noise import Waves, waves
from visiqc.rendering.piece import LinkOrigin, Part, Piece, ProngOrigin, Role, StoneOrigin, turned

_WAVINESS_DEG = (0.25, 0.7)
"""Root mean square by which hand-polished metal leans off the ideal surface."""
_WAVELENGTHS = (1.5, 6.0)
_ROUND = ("round", "melee", "pearl", "cabochon")
"""Cuts that a setter puts in at any angle."""
_TURN_DEG, _TILT_DEG, _LINK_DEG = 0.7, 0.8, 3.0
_TIP_SHARE = 0.03


def specimen(piece: Piece, rng: Generator) -> Piece:
    """Another piece of the same design, not defective.

    Polished metal is faintly wavy, stones sit a little otherwise, links lie a little otherwise, no two claws' tips are
    alike: each far less than the mildest defect of that kind.

    Args:
        piece: The perfect piece.
        rng: What is drawn.

    Returns:
        A piece with the same part names.
    """
    field = _polish(rng)
    return replace(piece, parts={name: _wavy(_varied(part, rng), field) for name, part in piece.parts.items()})


def _polish(rng: Generator) -> Waves:
    # a third of a wave's slope points into the metal, where it tilts nothing
    slope = np.sqrt(1.5) * np.tan(np.deg2rad(rng.uniform(*_WAVINESS_DEG)))
    return waves(rng, wavelengths=_WAVELENGTHS, slope=float(slope))


def _wavy(part: Part, field: Waves) -> Part:
    normals = part.mesh.normals
    if part.role is not Role.METAL or normals is None:
        return part
    slope = field.gradient(part.mesh.vertices)
    across = slope - normals * np.einsum("ij,ij->i", slope, normals)[:, None]
    return replace(part, mesh=replace(part.mesh, normals=unit(normals - across)))


def _varied(part: Part, rng: Generator) -> Part:
    match part.origin:
        case StoneOrigin() as stone:
            return _reset(part, stone, rng)
        case LinkOrigin() as link:
            place = turned(link.place, (1.0, 0.0, 0.0), rng.uniform(-_LINK_DEG, _LINK_DEG))
            return replace(part, mesh=_carried(part.mesh, link.place, place), origin=replace(link, place=place))
        case ProngOrigin() as prong:
            return _worked(part, prong, rng)
        case None:
            return part


def _reset(part: Part, stone: StoneOrigin, rng: Generator) -> Part:
    """The stone set again: turned about its axis and hardly tilted."""
    free = stone.cut in _ROUND and np.isclose(stone.size[0], stone.size[1])
    turn = rng.uniform(-180, 180) if free else rng.uniform(-_TURN_DEG, _TURN_DEG)
    lean = rng.uniform(0, 2 * np.pi)
    seat = turned(stone.seat, (np.cos(lean), np.sin(lean), 0.0), rng.uniform(0, _TILT_DEG))
    seat = turned(seat, (0.0, 0.0, 1.0), turn)
    return replace(part, mesh=_carried(part.mesh, stone.seat, seat), origin=replace(stone, seat=seat))


def _carried(mesh: Mesh, before: Frame, after: Frame) -> Mesh:
    return mesh.placed(after @ np.linalg.inv(before))


def _worked(part: Part, prong: ProngOrigin, rng: Generator) -> Part:
    """The claw with its tip a little thicker or thinner, longer or shorter."""
    if not _is_made_from(part.mesh, prong):
        return part
    beyond = np.clip((np.arange(len(prong.path)) - prong.girdle) / max(len(prong.path) - 1 - prong.girdle, 1), 0, 1)
    radii = prong.radii * (1 + beyond * rng.uniform(-_TIP_SHARE, _TIP_SHARE))
    longer = (prong.path - prong.path[prong.girdle]) * (beyond * rng.uniform(-_TIP_SHARE, _TIP_SHARE))[:, None]
    other = replace(prong, path=prong.path + longer, radii=radii)
    return replace(part, mesh=other.mesh(), origin=other)


def _is_made_from(mesh: Mesh, prong: ProngOrigin) -> bool:
    """Whether the part is still the bare claw, neither cut nor split."""
    made = prong.mesh().vertices
    return made.shape == mesh.vertices.shape and bool(np.allclose(made, mesh.vertices, atol=1e-3))
