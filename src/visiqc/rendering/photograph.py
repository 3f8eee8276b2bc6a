"""One photo from nothing but its `Shot`: piece, specimen, defect, dirt, light, camera, picture, ground truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visiqc.rendering import masks
from visiqc.rendering.approval import approvable
from visiqc.rendering.catalogue import to_dict
from visiqc.rendering.circumstances import numbers
from visiqc.rendering.defects.catalogue import KINDS
from visiqc.rendering.develop import develop, metered
from visiqc.rendering.engine import variant
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.lights import STUDIO_LIGHTS
from visiqc.rendering.session import Compared, Made, Session, Taken, shared_view
from visiqc.rendering.shots import Shot, ShotRole
from visiqc.rendering.window import Window
from visiqc.vision.types import FloatArray, Photo

_LOWEST_CONTRAST, _OVER_NOISE = 3.0, 1.4
"""Grey levels by which a visible defect differs from the good piece on average, and how many times as much as two
renderings of the good piece differ there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """A photo and its ground truth.

    Attributes:
        photo: (H, W, 3) uint8 sRGB, before JPEG.
        label: (H, W) uint8: 0 ground, 64 product, 128 changed by the defect elsewhere, 255 defect.
        record: `planned`: what the shot and its seed decided; `measured`: what the picture shows.
        jpeg_quality: Of the phone.
        seconds: CPU seconds by stage.
    """

    photo: Photo
    label: NDArray[np.uint8]
    record: dict[str, Any]
    jpeg_quality: int
    seconds: Mapping[str, float]


def photograph(shot: Shot) -> Photograph:
    """Take one photo.

    Raises:
        InputError: The design cannot be made.
        BadRecipe: The shot names a light, ground or defect that does not exist.
        Unavailable: Mitsuba is not installed.
    """
    if shot.role is not ShotRole.GOLDEN:
        return _taken(shot)
    # A brand looks at a golden photo before it approves it, and takes it again under another lamp.
    lights = [shot.light, *(name for name in STUDIO_LIGHTS if name != shot.light)]
    for attempt, light in enumerate(lights):
        taken = _taken(replace(shot, light=light, seed=shot.seed + attempt))
        if approvable(taken.photo, taken.label == masks.PRODUCT_LABEL):
            break
    return taken


def _taken(shot: Shot) -> Photograph:
    session = Session(shot)
    traced = _whole(session) if shot.view_seed is None else _within_view(session, shot.view_seed)
    with session.timed("develop"):
        noise = numbers(shot, "noise")
        photo = develop(traced.light, session.around.phone, gain_ev=traced.gain, rng=noise)
    measured, label = _truth(session, traced.sight, traced.made, traced.compared)
    return Photograph(
        photo=photo,
        label=label,
        record={"planned": _planned(session), "measured": measured | {"renderer": variant()}},
        jpeg_quality=session.around.phone.jpeg_quality,
        seconds=dict(session.seconds),
    )


@dataclass(frozen=True, slots=True)
class _Traced:
    """All of a photo but what the phone makes of it. `gain` is the meter's exposure, in stops."""

    sight: FirstHits
    light: FloatArray
    gain: float
    made: Made | None = None
    compared: Compared | None = None


def _whole(session: Session) -> _Traced:
    sight = session.sight()
    made = session.damaged(sight) if session.shot.role is ShotRole.DEFECTIVE else None
    window = Window.whole(session.shot.side_px)
    taken = session.rendered(made.damage.piece if made else session.good, sight, window)
    gain = _gain(session, taken)
    compared = session.compared(made, sight, taken, gain, window) if made else None
    return _Traced(sight, taken.light, gain, made, compared)


def _within_view(session: Session, view_seed: int) -> _Traced:
    """The shared view of the good piece, with what a defect changes rendered anew and laid into it."""
    shared = replace(session.shot, name="", role=ShotRole.GOOD, seed=view_seed, view_seed=None, defect="", severity=0.0)
    view, seconds = shared_view(shared)
    for stage, spent in seconds.items():
        session.seconds[stage] += spent
    gain = _gain(session, view.taken)
    made = session.damaged(view.sight) if session.shot.role is ShotRole.DEFECTIVE else None
    if made is None:
        return _Traced(view.sight, view.taken.light, gain)
    window = Window.around(made.mask)
    taken = session.rendered(made.damage.piece, view.sight, window)
    compared = session.compared(made, view.sight, taken, gain, window)
    light = window.inserted(taken.light, into=view.taken.light, changed=made.mask | compared.band)
    return _Traced(view.sight, light, gain, made, compared)


def _gain(session: Session, taken: Taken) -> float:
    return metered(taken.light, session.around.ground.grey)


def _truth(
    session: Session, sight: FirstHits, made: Made | None, compared: Compared | None
) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """What the photo shows, and its label image."""
    before = masks.product_mask(sight, session.good)
    if made is None or compared is None:
        nothing = np.zeros_like(before)
        return {"product_px": int(before.sum())}, masks.label_image(before, nothing, nothing)
    product = masks.product_mask(made.hits, made.damage.piece) | (before & made.mask)
    area = int(made.mask.sum())
    damage = made.damage
    shown = compared.contrast >= max(_LOWEST_CONTRAST, _OVER_NOISE * compared.noise)
    measured = {
        "defect": damage.kind,
        "code": KINDS[damage.kind].code,
        "severity": round(damage.severity, 3),
        "size_mm": round(float(damage.size_mm), 3),
        "parts": sorted(damage.touched),
        "visible": bool(area >= session.fewest_px and shown),
        "area_px": area,
        "product_px": int(product.sum()),
        "area_share": round(area / max(1, int(product.sum())), 6),
        "box": masks.box_of(made.mask),
        "contrast": round(compared.contrast, 2),
        "contrast_noise": round(compared.noise, 2),
        "ignore_px": int(compared.band.sum()),
    }
    return measured, masks.label_image(product, compared.band, made.mask)


def _planned(session: Session) -> dict[str, Any]:
    """What the shot and its seed decided."""
    shot, around = session.shot, session.around
    return {
        "sku": shot.sku,
        "name": shot.name,
        "role": str(shot.role),
        "design": to_dict(shot.design),
        "pose": str(shot.pose),
        "turn_deg": round(shot.turn_deg, 3),
        "seed": shot.seed,
        "side_px": shot.side_px,
        "samples": shot.samples,
        "defect": shot.defect or None,
        "severity": round(shot.severity, 4),
        "attribute": shot.attribute or None,
        "camera": around.camera.record(),
        "light": around.light.record(),
        "ground": around.ground.name,
        "stand": around.setting.stand is not None,
        "card": around.setting.card is not None,
        "phone": around.phone.record(),
    }
