"""Triangle meshes: arrays in millimetres, z up, with the operations every other module builds on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
"""(N, 3) or (N, 2) coordinates, or one point (3,)."""
Faces = NDArray[np.int64]
"""(K, 3) vertex numbers, counter-clockwise seen from outside."""
Frame = NDArray[np.float64]
"""(4, 4) affine transform of column vectors: a local frame's place in the piece."""

_WELD = 1e5
"""Vertices closer than 1/_WELD mm are one."""
_OFFSET = 0.0123456789
"""Added before rounding, so that coordinates on round numbers do not fall on both sides of a rounding step."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """A triangle mesh.

    Attributes:
        vertices: (N, 3) float64, mm.
        faces: (K, 3) int64, counter-clockwise from outside.
        normals: (N, 3) float64 of unit length; None = flat facets, as a cut stone has.
        uv: (N, 2) float64 texture coordinates; None = none.
    """

    vertices: Points
    faces: Faces
    normals: Points | None = None
    uv: Points | None = None

    def placed(self, frame: Frame) -> Mesh:
        """The mesh under an affine transform; normals by the inverse transpose, faces turned under a mirror."""
        linear, shift = frame[:3, :3], frame[:3, 3]
        normals = None if self.normals is None else unit(self.normals @ np.linalg.inv(linear))
        faces = self.faces[:, ::-1] if np.linalg.det(linear) < 0 else self.faces
        return Mesh(self.vertices @ linear.T + shift, faces, normals, self.uv)

    def moved(self, shift: ArrayLike) -> Mesh:
        """The mesh shifted by (3,) mm."""
        return replace(self, vertices=self.vertices + np.asarray(shift, float))

    def taking(self, chosen: NDArray[np.bool_]) -> Mesh:
        """The faces where `chosen`, (K,) bool, holds, with the vertices they use."""
        faces = self.faces[chosen]
        used, numbers = np.unique(faces, return_inverse=True)
        normals = None if self.normals is None else self.normals[used]
        uv = None if self.uv is None else self.uv[used]
        return Mesh(self.vertices[used], numbers.reshape(-1, 3), normals, uv)

    @property
    def bounds(self) -> tuple[Points, Points]:
        """Lowest and highest corner, (3,) each."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)


def unit(vectors: Points) -> Points:
    """Vectors, (…, 3), at length 1; zero vectors stay zero."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-15))


def joined(meshes: Iterable[Mesh]) -> Mesh:
    """One mesh of many; normals and uv are kept where all have them."""
    given = [mesh for mesh in meshes if len(mesh.faces)]
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in given[:-1])])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(given, starts, strict=True)])
    normals = [mesh.normals for mesh in given if mesh.normals is not None]
    uv = [mesh.uv for mesh in given if mesh.uv is not None]
    return Mesh(
        np.concatenate([mesh.vertices for mesh in given]),
        faces,
        np.concatenate(normals) if len(normals) == len(given) else None,
        np.concatenate(uv) if len(uv) == len(given) else None,
    )


def rotation(axis: ArrayLike, degrees: float) -> Points:
    """(3, 3) rotation about `axis` by Rodrigues' formula."""
    x, y, z = unit(np.asarray(axis, float))
    angle = np.deg2rad(degrees)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def frame_of(linear: ArrayLike | None = None, shift: ArrayLike = (0.0, 0.0, 0.0)) -> Frame:
    """(4, 4) transform from a (3, 3) linear part (identity when None) and a (3,) shift."""
    frame = np.eye(4)
    if linear is not None:
        frame[:3, :3] = np.asarray(linear, float)
    frame[:3, 3] = np.asarray(shift, float)
    return frame


def facing(direction: ArrayLike, hint: ArrayLike = (0.0, 1.0, 0.0)) -> Points:
    """(3, 3) rotation whose third column is `direction` and whose first lies as near to `hint` as it can."""
    z = unit(np.asarray(direction, float))
    x = np.asarray(hint, float) - z * (z @ np.asarray(hint, float))
    if np.linalg.norm(x) < 1e-6:
        x = np.array([1.0, 0.0, 0.0]) - z * z[0]
    x = unit(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def face_normals(vertices: Points, faces: Faces) -> Points:
    """(K, 3) normals whose length is twice the face's area."""
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    return np.cross(second - first, third - first)


def welded(vertices: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Vertices that lie on one another taken as one.

    Returns:
        The first vertex of each place, (M,), and each vertex's place, (N,).
    """
    keys = np.round((vertices + _OFFSET) * _WELD).astype(np.int64)
    _, first, place = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return first, place.ravel()


def smoothed(vertices: Points, faces: Faces, *, crease_deg: float = 40.0) -> Mesh:
    """A mesh with area-weighted normals that stay sharp at creases.

    Args:
        vertices: (N, 3); those on one another are taken as one.
        faces: (K, 3).
        crease_deg: Faces whose normals differ by more do not share a normal.

    Returns:
        A mesh with three vertices of its own for each face.
    """
    weighted = face_normals(vertices, faces)
    normals = unit(weighted)
    _, place = welded(vertices)
    corner_place = place[faces].ravel()
    corner_face = np.repeat(np.arange(len(faces)), 3)
    order = np.argsort(corner_place, kind="stable")
    by_place = corner_face[order]
    start = np.searchsorted(corner_place[order], np.arange(corner_place.max() + 2))
    base, count = start[corner_place], np.diff(start)[corner_place]
    total, limit = np.zeros((len(corner_face), 3)), np.cos(np.deg2rad(crease_deg))
    for step in range(int(count.max())):
        inside = step < count
        other = by_place[np.where(inside, base + step, 0)]
        near = inside & (np.einsum("ij,ij->i", normals[other], normals[corner_face]) > limit)
        total[near] += weighted[other[near]]
    return Mesh(vertices[faces.ravel()], np.arange(3 * len(faces)).reshape(-1, 3), unit(total))


def grid_faces(rows: int, columns: int) -> Faces:
    """Faces of a grid of rows × columns vertices, numbered row by row."""
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = (i * columns + j).ravel()
    b, c, d = a + 1, a + columns, a + columns + 1
    return np.concatenate([np.stack([a, c, b], axis=1), np.stack([b, c, d], axis=1)])


def grid_normals(grid: Points, *, closed_rows: bool = True, closed_columns: bool = True) -> Points:
    """(R, C, 3) unit normals of a grid of points by central differences; a closed grid repeats its first line last."""
    normals = np.cross(_slope(grid, 0, closed=closed_rows), _slope(grid, 1, closed=closed_columns))
    return unit(normals)


def _slope(grid: Points, axis: int, *, closed: bool) -> Points:
    slope = np.asarray(np.gradient(grid, axis=axis))
    if closed:
        across = (np.take(grid, 1, axis=axis) - np.take(grid, -2, axis=axis)) / 2
        for end in (0, -1):
            np.moveaxis(slope, axis, 0)[end] = across
    return slope


def outward(mesh: Mesh) -> Mesh:
    """The mesh with faces turned so that they agree with its vertex normals."""
    if mesh.normals is None:
        return mesh
    agreement = (face_normals(mesh.vertices, mesh.faces) * mesh.normals[mesh.faces[:, 0]]).sum()
    return replace(mesh, faces=mesh.faces[:, ::-1]) if agreement < 0 else mesh
