"""Rays from the camera into a loaded scene: exact first hits, what is seen through a stone, guides for the denoiser.

With LLVM the rays of a whole picture are one vector; the scalar variant gets the same answers from Mitsuba's `aov`
integrator, except what is seen through a stone, which it traces ray by ray.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visiqc.rendering.decals import Decal
from visiqc.rendering.engine import is_fast, mitsuba
from visiqc.rendering.hits import GROUND, FirstHits
from visiqc.rendering.scene import part_name, texture
from visiqc.vision.types import FloatArray, Mask

_PASSES = 4
"""Jittered rays a pixel for the denoiser's guides."""
_BOUNCES = 7
_AOVS = "shape:shape_index,where:position,face:geo_normal,chart:uv"


def first_hits(scene: Any, sensor: Mapping[str, Any], *, side_px: int, per_pixel: int = 2) -> FirstHits:
    """What a pinhole at the camera's place sees first.

    Args:
        scene: A loaded scene.
        sensor: `scene.sensor(…)` of a camera without aperture.
        side_px: Width and height of the photo.
        per_pixel: Rays along a pixel's side.
    """
    side = side_px * per_pixel
    found = _vector_hits(scene, sensor, side) if is_fast() else _scalar_hits(scene, sensor, side)
    shape, point, normal, uv, origin = found
    towards = origin - point
    towards /= np.maximum(np.linalg.norm(towards, axis=-1, keepdims=True), 1e-9)
    names = tuple(part_name(str(one.id())) for one in scene.shapes())
    facing = np.where(shape >= 0, np.einsum("ijk,ijk->ij", normal, towards), 0)
    return FirstHits(
        names=names,
        shape=shape,
        point=point,
        normal=normal,
        facing=np.abs(facing).astype(np.float32),
        uv=uv,
        per_pixel=per_pixel,
    )


Found = tuple[NDArray[np.int32], FloatArray, FloatArray, FloatArray, NDArray[np.float64]]


def _vector_hits(scene: Any, sensor: Mapping[str, Any], side: int) -> Found:
    mi = mitsuba()
    import drjit as dr

    eye = mi.load_dict(dict(sensor))
    index = dr.arange(mi.UInt32, side * side)
    place = mi.Point2f((mi.Float(index % side) + 0.5) / side, (mi.Float(index // side) + 0.5) / side)
    ray, _ = eye.sample_ray(0.0, 0.5, place, mi.Point2f(0.5, 0.5), True)  # noqa: FBT003
    hit = scene.ray_intersect(ray)
    numbers = np.array(dr.reinterpret_array(mi.UInt32, hit.shape))
    shapes: list[Any] = [dr.reinterpret_array(mi.UInt32, mi.ShapePtr(one)) for one in scene.shapes()]
    pointers = [int(pointer[0]) for pointer in shapes]
    values, inverse = np.unique(numbers, return_inverse=True)
    table = np.array([pointers.index(int(value)) if int(value) in pointers else -1 for value in values], np.int32)

    def grid(array: Any, channels: int) -> FloatArray:
        return np.array(array, np.float32).T.reshape(side, side, channels)

    origin = np.asarray(np.array(ray.o, np.float64).T.reshape(-1, 3)[0])
    return table[inverse].reshape(side, side), grid(hit.p, 3), grid(hit.n, 3), grid(hit.uv, 2), origin


def _scalar_hits(scene: Any, sensor: Mapping[str, Any], side: int) -> Found:
    mi = mitsuba()
    film = dict(sensor["film"]) | {"width": side, "height": side}
    centred = dict(sensor) | {"film": film, "sampler": {"type": "stratified", "sample_count": 1, "jitter": False}}
    eye = mi.load_dict(centred)
    picture = np.array(mi.render(scene, sensor=eye, integrator=mi.load_dict({"type": "aov", "aovs": _AOVS}), spp=1))
    shape = np.round(picture[..., 0]).astype(np.int32) - 1
    point, normal, uv = picture[..., 1:4], picture[..., 4:7], picture[..., 7:9]
    origin = np.array(eye.world_transform().matrix, np.float64)[:3, 3]
    return shape, point.astype(np.float32), normal.astype(np.float32), uv.astype(np.float32), origin


def guides(scene: Any, *, seed: int, decals: Mapping[str, Decal]) -> tuple[FloatArray, FloatArray]:
    """Albedo and normal for the denoiser, (H, W, 3) float32 each, through the scene's own lens.

    Args:
        scene: A loaded scene.
        seed: Of the jitter.
        decals: What lies on a shape, by its key: its marks must survive the denoiser.
    """
    if not is_fast():
        return _scalar_guides(scene, seed)
    mi = mitsuba()
    import drjit as dr

    eye = scene.sensors()[0]
    width, height = (int(size) for size in eye.film().crop_size())
    index = dr.arange(mi.UInt32, width * height)
    sampler = mi.load_dict({"type": "independent"})
    total: Any = 0.0
    marks = [
        (mi.ShapePtr(one), mi.load_dict(texture(_mark(decals[one.id()]), wrap="clamp")))
        for one in scene.shapes()
        if one.id() in decals
    ]
    for number in range(_PASSES):
        sampler.seed((seed * 131 + number) % 2**31, width * height)
        x = (mi.Float(index % width) + sampler.next_1d()) / width
        y = (mi.Float(index // width) + sampler.next_1d()) / height
        ray, _ = eye.sample_ray(0.0, 0.5, mi.Point2f(x, y), sampler.next_2d(), True)  # noqa: FBT003
        hit = scene.ray_intersect(ray)
        bsdf = hit.bsdf()
        diffuse = mi.has_flag(bsdf.flags(), mi.BSDFFlags.DiffuseReflection)
        albedo = dr.select(diffuse, bsdf.eval_diffuse_reflectance(hit), 1.0)
        for shape, weight in marks:
            albedo = dr.select(hit.shape == shape, 1.0 - 0.8 * weight.eval_1(hit), albedo)
        albedo = dr.select(hit.is_valid(), albedo, 0.0)
        normal = dr.select(hit.is_valid(), hit.sh_frame.n, 0.0)
        dr.eval(albedo, normal)  # one small kernel a pass; unrolled it compiles for seconds
        total = total + np.concatenate([np.array(albedo).T, np.array(normal).T], axis=1)
    both = (total / _PASSES).reshape(height, width, 6).astype(np.float32)
    return both[..., :3], both[..., 3:]


def _mark(decal: Decal) -> FloatArray:
    """How much a decal changes the look of the surface, (CHART, CHART) float32 in 0..1."""
    mark = decal.weight
    if decal.height is not None:
        mark = np.maximum(mark, 0.6 * (np.abs(decal.height) > 0.004))
    return np.asarray(mark, np.float32)


def _scalar_guides(scene: Any, seed: int) -> tuple[FloatArray, FloatArray]:
    mi = mitsuba()
    integrator = mi.load_dict({"type": "aov", "aovs": "albedo:albedo,normal:sh_normal,shape:shape_index"})
    picture = np.array(mi.render(scene, integrator=integrator, spp=_PASSES, seed=seed % 2**31), np.float32)
    ground = 1 + [str(one.id()) for one in scene.shapes()].index(GROUND)
    share = 1 - np.clip(np.abs(picture[..., 6:7] - ground), 0, 1)
    return picture[..., :3] * share + (1 - share), picture[..., 3:6]


def seen_through(
    scene: Any, sensor: Mapping[str, Any], target: str, glass: Mapping[str, float], *, side_px: int, per_pixel: int = 2
) -> Mask:
    """Rays whose main path through glass, refracted or totally reflected, reaches a shape: a crack inside a stone.

    Args:
        scene: A loaded scene.
        sensor: A pinhole sensor.
        target: The shape's key.
        glass: Refractive index by shape key.
        side_px: Width and height of the photo.
        per_pixel: Rays along a pixel's side.

    Returns:
        (side_px · per_pixel, same) bool.
    """
    side = side_px * per_pixel
    if not is_fast():
        return _scalar_seen_through(scene, sensor, target, glass, side)
    mi = mitsuba()
    import drjit as dr

    eye = mi.load_dict(dict(sensor))
    index = dr.arange(mi.UInt32, side * side)
    place = mi.Point2f((mi.Float(index % side) + 0.5) / side, (mi.Float(index // side) + 0.5) / side)
    ray, _ = eye.sample_ray(0.0, 0.5, place, mi.Point2f(0.5, 0.5), True)  # noqa: FBT003
    shapes = {str(one.id()): mi.ShapePtr(one) for one in scene.shapes()}
    reached, going = mi.Bool(False), mi.Bool(True)  # noqa: FBT003
    for _ in range(_BOUNCES):
        hit = scene.ray_intersect(ray, going)
        reached |= going & hit.is_valid() & (hit.shape == shapes[target])
        index_of = mi.Float(0.0)
        for key, refraction in glass.items():
            index_of = dr.select(hit.is_valid() & (hit.shape == shapes[key]), refraction, index_of)
        going &= hit.is_valid() & (index_of > 0) & ~reached
        reflected, cosine, _, inside_out = mi.fresnel(mi.Frame3f.cos_theta(hit.wi), dr.maximum(index_of, 1.01))
        total = reflected > 0.999
        outgoing = dr.select(total, mi.reflect(hit.wi), mi.refract(hit.wi, cosine, inside_out))
        ray = hit.spawn_ray(hit.to_world(outgoing))
        dr.eval(ray, reached, going)
    return np.asarray(np.array(reached), bool).reshape(side, side)


def _scalar_seen_through(
    scene: Any, sensor: Mapping[str, Any], target: str, glass: Mapping[str, float], side: int
) -> Mask:
    mi = mitsuba()
    eye = mi.load_dict(dict(sensor))
    reached = np.zeros((side, side), bool)
    first = first_hits(scene, sensor, side_px=side, per_pixel=1)
    keys = [str(one.id()) for one in scene.shapes()]
    inside = np.isin(first.shape, [number for number, key in enumerate(keys) if key in glass])
    for row, column in zip(*np.nonzero(inside), strict=True):
        place = mi.Point2f((column + 0.5) / side, (row + 0.5) / side)
        ray, _ = eye.sample_ray(0.0, 0.5, place, mi.Point2f(0.5, 0.5))
        reached[row, column] = _reaches(scene, ray, target, glass)
    return reached


def _reaches(scene: Any, ray: Any, target: str, glass: Mapping[str, float]) -> bool:
    mi = mitsuba()
    for _ in range(_BOUNCES):
        hit = scene.ray_intersect(ray)
        key = str(hit.shape.id()) if hit.is_valid() else ""
        if key == target:
            return True
        if key not in glass:
            return False
        reflected, cosine, _, inside_out = mi.fresnel(hit.wi.z, glass[key])
        outgoing = mi.reflect(hit.wi) if reflected > 0.999 else mi.refract(hit.wi, cosine, inside_out)
        ray = hit.spawn_ray(hit.to_world(outgoing))
    return False
