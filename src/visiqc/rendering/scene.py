"""From a piece, a light, a ground and a camera to a loaded Mitsuba scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visiqc.rendering.camera import Camera
from visiqc.rendering.decals import Decal
from visiqc.rendering.design import Look
from visiqc.rendering.engine import MAX_DEPTH, ROULETTE_DEPTH, mitsuba
from visiqc.rendering.ground import CARD_MM, Ground, scale_card
from visiqc.rendering.hits import CARD, GROUND, STAND
from visiqc.rendering.materials import (
    Bsdf,
    crack_bsdf,
    foreign_bsdf,
    gem_bsdf,
    metal_bsdf,
    overlay_bsdf,
    play_of_colour,
    rgb,
)
from visiqc.rendering.mesh import Frame, Mesh
from visiqc.rendering.piece import Part, Piece, Role
from visiqc.rendering.window import Window
from visiqc.vision.types import FloatArray

_GROUND_MM = 800.0
"""Half the side of the ground, so that no horizon is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What surrounds the piece.

    Attributes:
        environment: (H, W, 3) float32 radiance by direction.
        ground: Under it.
        stand: What holds it; None = nothing.
        card: Where the scale card lies, (4, 4); None = no card.
    """

    environment: FloatArray
    ground: Ground
    stand: Mesh | None = None
    card: Frame | None = field(default=None)


def load_scene(
    piece: Piece, look: Look, setting: Setting, camera: Camera, *, side_px: int, window: Window | None = None
) -> Any:
    """A Mitsuba scene ready to render, its shapes named as the parts are.

    Args:
        piece: What is photographed.
        look: What its metal is.
        setting: What surrounds it.
        camera: From where.
        side_px: Width and height of the picture.
        window: What of it is rendered; None = all.
    """
    mi = mitsuba()
    scene: dict[str, Any] = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": MAX_DEPTH, "rr_depth": ROULETTE_DEPTH},
        "light": {
            "type": "envmap",
            "bitmap": mi.Bitmap(setting.environment),
            "to_world": mi.ScalarTransform4f().rotate([1, 0, 0], 90),
        },
        "sensor": sensor(camera, side_px, window),
        GROUND: _ground(setting.ground),
    }
    shared: dict[str, Any] = {}
    for name, part in piece.parts.items():
        scene[shape_key(name)] = _shape(part, look, shared)
    if setting.stand is not None:
        scene[STAND] = _mesh(STAND, setting.stand, mi.load_dict(_matte(setting.ground)))
    if setting.card is not None:
        scene[CARD] = _card(setting.card)
    return mi.load_dict(scene)


def sensor(camera: Camera, side_px: int, window: Window | None = None) -> dict[str, Any]:
    """The camera as Mitsuba's: a pinhole when its aperture is 0, its film no larger than the window."""
    mi = mitsuba()
    look_at = mi.ScalarTransform4f().look_at(
        origin=[float(value) for value in camera.origin], target=list(camera.target), up=[0, 0, 1]
    )
    made: dict[str, Any] = {
        "type": "perspective",
        "fov": camera.field_deg,
        "to_world": look_at @ mi.ScalarTransform4f().rotate([0, 0, 1], camera.roll_deg),
        "near_clip": 1.0,
        "far_clip": 5000.0,
        "film": {
            "type": "hdrfilm",
            "width": side_px,
            "height": side_px,
            "rfilter": {"type": "box"},  # the denoiser needs pixels whose noise is their own
            "pixel_format": "rgb",
            "component_format": "float32",
        },
        "sampler": {"type": "independent"},
    }
    if window is not None and not window.is_whole:
        made["film"] |= {
            "crop_offset_x": window.x,
            "crop_offset_y": window.y,
            "crop_width": window.width,
            "crop_height": window.height,
        }
    if camera.aperture_mm > 0:
        made |= {"type": "thinlens", "aperture_radius": camera.aperture_mm, "focus_distance": camera.focus_mm}
    return made


def shape_key(name: str) -> str:
    """A part's name as Mitsuba takes it: a dot would be read as a path."""
    return name.replace(".", "__")


def part_name(key: str) -> str:
    """The part's name of a shape's."""
    return key.replace("__", ".")


def _shape(part: Part, look: Look, shared: dict[str, Any]) -> Any:
    mi = mitsuba()
    if part.role is Role.METAL and part.decal is not None:
        return _mesh(part.name, part.mesh, mi.load_dict(_decal_bsdf(part.decal, part, look)))
    described = _bsdf(part, look)
    key = repr(described)
    if key not in shared:
        shared[key] = mi.load_dict(described)
    return _mesh(part.name, part.mesh, shared[key], gem=part.gem)


def _bsdf(part: Part, look: Look) -> Bsdf:
    if part.role in {Role.STONE, Role.PEARL}:
        return gem_bsdf(part.gem or look.gem, tint=part.tint)
    if part.role is Role.FOREIGN:
        return foreign_bsdf(part.colour)
    if part.role is Role.AIR:
        return crack_bsdf(part.gem or look.gem)
    return _metal(part, look)


def _metal(part: Part, look: Look) -> Bsdf:
    plain = part.group in {"shank", "plate"}
    finish = look.finish if plain else "polished"  # only broad faces are brushed or hammered
    return metal_bsdf(part.metal or look.metal, finish, lab_shift=part.lab_shift)


def _decal_bsdf(decal: Decal, part: Part, look: Look) -> Bsdf:
    made: Bsdf = _metal(part, look)
    if decal.weight.any():
        made = {
            "type": "blendbsdf",
            "weight": texture(_bordered(decal.weight), wrap="clamp"),
            "bsdf_0": made,
            "bsdf_1": overlay_bsdf(decal.overlay, part.metal or look.metal, part.lab_shift),
        }
    if decal.height is not None:
        made = {
            "type": "bumpmap",
            "nested": made,
            "arbitrary": texture(_bordered(decal.height), wrap="clamp"),
            "scale": 1.0,
        }
    return made


def _bordered(values: FloatArray) -> FloatArray:
    """With zeros on the border, which clamping repeats beyond the chart."""
    values = values.copy()
    values[[0, -1]] = 0
    values[:, [0, -1]] = 0
    return values


def texture(values: NDArray[Any], *, wrap: str = "repeat", repeats: float = 1.0) -> dict[str, Any]:
    """A bitmap texture of linear values, (H, W) or (H, W, 3)."""
    mi = mitsuba()
    values = np.ascontiguousarray(values, np.float32)
    return {
        "type": "bitmap",
        "bitmap": mi.Bitmap(values if values.ndim == 3 else values[..., None]),
        "raw": True,
        "wrap_mode": wrap,
        "filter_type": "bilinear",
        "to_uv": mi.ScalarTransform4f().scale([repeats, repeats, 1]),
    }


def _mesh(name: str, mesh: Mesh, bsdf: Any, *, gem: str = "") -> Any:
    mi = mitsuba()
    flat = mesh.normals is None
    properties = mi.Properties()
    properties["bsdf"] = bsdf
    if flat:
        properties["face_normals"] = True
    made = mi.Mesh(
        shape_key(name),
        vertex_count=len(mesh.vertices),
        face_count=len(mesh.faces),
        has_vertex_normals=not flat,
        has_vertex_texcoords=mesh.uv is not None,
        props=properties,
    )
    if gem == "opal":
        made.add_attribute("vertex_color", 3, play_of_colour(mesh.vertices).astype(np.float32).ravel())
    filled = mi.traverse(made)
    filled["vertex_positions"] = np.ascontiguousarray(mesh.vertices, np.float32).ravel()
    filled["faces"] = np.ascontiguousarray(mesh.faces, np.uint32).ravel()
    if mesh.normals is not None:
        filled["vertex_normals"] = np.ascontiguousarray(mesh.normals, np.float32).ravel()
    if mesh.uv is not None:
        filled["vertex_texcoords"] = np.ascontiguousarray(mesh.uv, np.float32).ravel()
    filled.update()
    return made


def _ground(ground: Ground) -> Mapping[str, Any]:
    mi = mitsuba()
    repeats = 2 * _GROUND_MM / ground.tile_mm
    colour = texture(ground.colour, repeats=repeats)
    bsdf: dict[str, Any] = {"type": "diffuse", "reflectance": colour}
    if ground.gloss is not None:
        bsdf = {
            "type": "roughplastic",
            "distribution": "ggx",
            "diffuse_reflectance": colour,
            "alpha": ground.gloss,
            "int_ior": 1.49,
        }
    if ground.height is not None:
        bump = texture(ground.height, repeats=repeats)
        bsdf = {"type": "bumpmap", "nested": bsdf, "arbitrary": bump, "scale": 1.0}
    scale = mi.ScalarTransform4f().scale([_GROUND_MM, _GROUND_MM, 1])
    return {"type": "rectangle", "to_world": scale, "bsdf": {"type": "twosided", "nested": bsdf}}


def _matte(ground: Ground) -> Bsdf:
    """Leatherette of the ground's own shade, a little darker."""
    shade = np.clip(ground.colour.reshape(-1, 3).mean(axis=0) * 0.8, 0.02, 0.8)
    return {"type": "roughplastic", "diffuse_reflectance": rgb(shade), "alpha": 0.35, "int_ior": 1.45}


def _card(place: Frame) -> dict[str, Any]:
    mi = mitsuba()
    size = mi.ScalarTransform4f().scale([CARD_MM[0] / 2, CARD_MM[1] / 2, 1])
    printed = texture(scale_card()[::-1], wrap="clamp")  # row 0 of a texture is the rectangle's lower edge
    return {
        "type": "rectangle",
        "to_world": mi.ScalarTransform4f(place) @ size,
        "bsdf": {"type": "twosided", "nested": {"type": "diffuse", "reflectance": printed}},
    }
