"""Ear wires that a drop hangs from, lying on their side: the eye at the origin, the wire along +y."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.interpolate import CubicSpline

from visiqc.rendering.mesh import Mesh, Points, joined
from visiqc.rendering.surfaces import sphere, torus, tube

_HOOK = (
    (0.0, 0.07),
    (-0.005, 0.3),
    (0.02, 0.62),
    (0.12, 0.87),
    (0.29, 0.96),
    (0.46, 0.87),
    (0.54, 0.62),
    (0.55, 0.3),
    (0.61, 0.04),
)
_LEVER_FRONT = ((0.0, 0.07), (-0.05, 0.35), (-0.01, 0.72), (0.16, 0.96), (0.38, 0.93), (0.49, 0.72), (0.5, 0.55))
_LEVER_BACK = ((0.03, 0.09), (0.22, 0.1), (0.4, 0.22), (0.49, 0.42), (0.5, 0.6), (0.56, 0.7))


@dataclass(frozen=True, slots=True, kw_only=True)
class EarWire:
    """An ear wire.

    Attributes:
        body: Its metal.
        hang: (3,) mm, where the drop's ring hangs in its eye.
    """

    body: Mesh
    hang: Points


def _bare(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces, mesh.normals)


def _through(points: tuple[tuple[float, float], ...], size_mm: float, z: float, steps: int = 110) -> Points:
    knots = np.array(points) * size_mm
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    curve = np.asarray(CubicSpline(along, knots)(np.linspace(0, along[-1], steps)))
    return np.concatenate([curve, np.full((steps, 1), z)], axis=1)


def _eye(size_mm: float, wire_mm: float, z: float) -> tuple[Mesh, float]:
    radius = max(0.055 * size_mm, 1.4 * wire_mm)
    return torus(radius, wire_mm / 2, steps=72, sides=18).moved((0, 0.07 * size_mm - radius, z)), radius


def hook(size_mm: float, wire_mm: float) -> EarWire:
    """A shepherd's hook with a bead above its eye, `size_mm` high."""
    z = wire_mm / 2
    eye, radius = _eye(size_mm, wire_mm, z)
    radii = np.full(110, wire_mm / 2)
    radii[-6:] *= np.linspace(1, 0.8, 6)
    bead = sphere(1.35 * wire_mm, steps=24).moved((-0.003 * size_mm, 0.16 * size_mm, 1.35 * wire_mm))
    low = 1.35 * wire_mm - z
    body = joined(
        _bare(mesh) for mesh in (tube(_through(_HOOK, size_mm, z + low), radii, sides=22), bead, eye.moved((0, 0, low)))
    )
    return EarWire(body=body, hang=np.array([0.0, 0.07 * size_mm - 2 * radius + wire_mm / 2, z + low]))


def lever_back(size_mm: float, wire_mm: float) -> EarWire:
    """A wire that a hinged lever closes behind the ear, `size_mm` high."""
    z = 0.75 * wire_mm
    eye, radius = _eye(size_mm, wire_mm, z)
    front = np.interp(np.linspace(0, 1, 110), [0, 0.3, 0.6, 1], [0.75, 0.75, 0.5, 0.42]) * wire_mm
    back = np.interp(np.linspace(0, 1, 110), [0, 0.2, 0.5, 0.85, 1], [0.7, 0.75, 0.75, 0.6, 0.4]) * wire_mm
    pivot = sphere(1.15 * wire_mm, steps=24).moved((0.02 * size_mm, 0.11 * size_mm, 1.15 * wire_mm))
    meshes = (
        tube(_through(_LEVER_FRONT, size_mm, z), front, sides=24),
        tube(_through(_LEVER_BACK, size_mm, z), back, sides=24),
        pivot,
        eye,
    )
    body = joined(_bare(mesh) for mesh in meshes)
    return EarWire(body=body, hang=np.array([0.0, 0.07 * size_mm - 2 * radius + wire_mm / 2, z]))


EAR_WIRES: Mapping[str, Callable[[float, float], EarWire]] = MappingProxyType({"hook": hook, "lever_back": lever_back})
"""Ear wires by name, of a height and a thickness in mm."""
