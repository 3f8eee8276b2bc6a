"""What surrounds a photo and who takes it: light, ground, camera and phone, drawn from the shot's own seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from visiqc.rendering.camera import Camera, focused, golden_camera, missed
from visiqc.rendering.develop import Phone, draw_phone
from visiqc.rendering.ground import Ground, card_corners, card_place, draw_ground, ring_stand
from visiqc.rendering.light import Light, environment
from visiqc.rendering.lights import draw_light
from visiqc.rendering.mesh import Mesh
from visiqc.rendering.piece import Piece
from visiqc.rendering.scene import Setting
from visiqc.rendering.shots import Shot, ShotRole
from visiqc.rendering.spoiling import Spoiled, spoiled

_GROUND_WEIGHTS = {
    "white": 0.30,
    "white_acrylic": 0.12,
    "grey": 0.20,
    "linen": 0.12,
    "wood": 0.10,
    "black_acrylic": 0.08,
    "navy": 0.08,
}
_LIGHT_WEIGHTS = {
    "soft_boxes": 0.26,
    "light_tent": 0.18,
    "window": 0.20,
    "fluorescent": 0.16,
    "flash": 0.08,
    "desk_lamp": 0.12,
}
_HOME_GROUND = 0.7
"""Share of a product's photos that are taken on its factory's usual surface."""
_OWN = {"defect", "phone", "noise"}
"""What photos that share a view do not share."""
_STANDS = 0.15
"""Share of the ring designs that are photographed on a stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All of a photo but the piece.

    Attributes:
        camera: Where it stands and what it is focused on.
        light: The light.
        phone: Its exposure, balance, noise.
        ground: What the piece lies on.
        setting: Light, ground, stand and card as the scene takes them.
    """

    camera: Camera
    light: Light
    phone: Phone
    ground: Ground
    setting: Setting


def circumstances(shot: Shot, piece: Piece, *, framed_on: Piece) -> Circumstances:
    """What is drawn for a shot.

    Args:
        shot: The shot.
        piece: The specimen that is photographed.
        framed_on: The product as designed, which the golden pose is measured on.
    """
    spoil = spoiled(shot.attribute if shot.role is ShotRole.UNUSABLE else "", numbers(shot, "spoil"))
    camera = _posed(shot, framed_on, spoil)
    light = _lit(shot, camera, spoil)
    ground = _laid_on(shot)
    return Circumstances(
        camera=camera,
        light=light,
        phone=spoil.phone(draw_phone(numbers(shot, "phone"), kelvin=light.kelvin, level=shot.pose)),
        ground=ground,
        setting=_set_up(shot, piece, camera, light, ground),
    )


def numbers(shot: Shot, what: str) -> Generator:
    """Random numbers of one thing of one shot, so that drawing more of another changes nothing here."""
    seed = shot.seed if shot.view_seed is None or what in _OWN else shot.view_seed
    return np.random.default_rng([seed, *_seed_of(what)])


def specimen_numbers(shot: Shot) -> Generator:
    """Random numbers of the piece that is photographed: golden photos of a product show one and the same."""
    if shot.role is ShotRole.GOLDEN:
        return np.random.default_rng(_seed_of(f"golden sample {shot.sku}"))
    return numbers(shot, "specimen")


def _seed_of(text: str) -> list[int]:
    return list(hashlib.sha256(text.encode()).digest()[:8])


def _posed(shot: Shot, framed_on: Piece, spoil: Spoiled) -> Camera:
    golden = golden_camera(framed_on, turn_deg=shot.turn_deg)
    if shot.card_framed and _stand(shot, framed_on) is None:
        card = card_place(framed_on, golden.azimuth_deg, _card_numbers(shot))
        golden = golden_camera(framed_on, turn_deg=shot.turn_deg, beside=card_corners(card))
    rng = numbers(shot, "camera")
    return spoil.camera(focused(missed(golden, shot.pose, rng), shot.pose, rng))


def _lit(shot: Shot, camera: Camera, spoil: Spoiled) -> Light:
    rng = numbers(shot, "light")
    drawn = _weighed(_LIGHT_WEIGHTS, rng)
    return draw_light(spoil.light or shot.light or drawn, rng, camera_elevation_deg=camera.elevation_deg)


def _laid_on(shot: Shot) -> Ground:
    """The factory's usual surface, or another."""
    rng = numbers(shot, "ground")
    usual = _weighed(_GROUND_WEIGHTS, np.random.default_rng(_seed_of(f"home {shot.sku}")))
    other = _weighed(_GROUND_WEIGHTS, rng)
    drawn = usual if rng.random() < _HOME_GROUND else other
    return draw_ground(shot.ground or drawn, rng)


def _set_up(shot: Shot, piece: Piece, camera: Camera, light: Light, ground: Ground) -> Setting:
    stand = _stand(shot, piece)
    return Setting(
        environment=environment(light, camera_azimuth_deg=camera.azimuth_deg),
        ground=ground,
        stand=stand,
        card=card_place(piece, camera.azimuth_deg, _card_numbers(shot)) if shot.card and stand is None else None,
    )


def _card_numbers(shot: Shot) -> Generator:
    """Of the card's place: a photo that is framed on it has the piece where the product's other photos have it."""
    return np.random.default_rng(_seed_of(f"card {shot.sku}")) if shot.card_framed else numbers(shot, "card")


def _stand(shot: Shot, piece: Piece) -> Mesh | None:
    """What the product is photographed on; None = the ground. No card lies beside a stand."""
    home = np.random.default_rng(_seed_of(f"stand {shot.sku}"))
    return ring_stand(piece, home) if piece.standing and home.random() < _STANDS else None


def _weighed(weights: dict[str, float], rng: Generator) -> str:
    return str(rng.choice(list(weights), p=list(weights.values())))
