"""Solids cut from solids (manifold3d), for seats that stones sit in."""

from __future__ import annotations

from collections.abc import Sequence

import manifold3d
import numpy as np

from visiqc.errors import InputError
from visiqc.rendering.mesh import Mesh, smoothed, welded


def drilled(body: Mesh, cutters: Sequence[Mesh], *, crease_deg: float = 35.0) -> Mesh:
    """`body` without what lies in any of `cutters`.

    Raises:
        InputError: The body or a cutter does not close, so it has no inside.
    """
    if not cutters:
        return body
    holes = manifold3d.Manifold.batch_boolean([_solid(cutter) for cutter in cutters], manifold3d.OpType.Add)
    left = (_solid(body) - holes).to_mesh()
    vertices = np.asarray(left.vert_properties[:, :3], float)
    return smoothed(vertices, np.asarray(left.tri_verts, np.int64), crease_deg=crease_deg)


def _solid(mesh: Mesh) -> manifold3d.Manifold:
    first, place = welded(mesh.vertices)
    faces = place[mesh.faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
    vertices, triangles = mesh.vertices[first].astype(np.float32), faces[whole].astype(np.uint32)
    solid = manifold3d.Manifold(manifold3d.Mesh(vertices, triangles))
    if solid.status() != manifold3d.Error.NoError:
        raise InputError(f"impossible geometry: a surface that must close does not ({solid.status().name})")
    return solid
