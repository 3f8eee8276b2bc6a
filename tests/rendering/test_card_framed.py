"""Photos that are framed on the piece and the scale card beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from visiqc.recipes import make_recipe
from visiqc.rendering.camera import Camera
from visiqc.rendering.catalogue import draw_design
from visiqc.rendering.circumstances import circumstances
from visiqc.rendering.folder import shot_digest
from visiqc.rendering.ground import CARD_MM, card_corners, card_place
from visiqc.rendering.photograph import photograph
from visiqc.rendering.plan import plan
from visiqc.rendering.recipe import RenderRecipe
from visiqc.rendering.session import Session
from visiqc.rendering.shots import PoseLevel, Shot, ShotRole
from visiqc.vision.colour_card import read_card

SMALL = {"name": "few", "split": "train", "seed": 1, "designs": 2, "side_px": 128, "samples": 8, "card_share": 1.0}


def beside(family: str, *, seed: int = 3, pose: PoseLevel = PoseLevel.HANDHELD, **other: object) -> Shot:
    design = draw_design(family, np.random.default_rng(seed))
    shot = Shot(
        sku=f"test-{family}",
        name="uploads/1",
        role=ShotRole.GOOD,
        design=design,
        pose=pose,
        seed=seed,
        side_px=128,
        samples=8,
        card=True,
        card_framed=True,
    )
    return replace(shot, **other)  # type: ignore[arg-type]


def pictured(camera: Camera, points: np.ndarray) -> np.ndarray:
    """Places in the picture, the camera's roll among them."""
    angle = np.deg2rad(camera.roll_deg)
    return camera.seen(points) @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_the_corners_are_those_of_the_card_that_is_rendered() -> None:
    session = Session(beside("halo_ring"))
    corners = card_corners(card_place(session.good, -90.0, np.random.default_rng(0)))
    assert np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1) == pytest.approx(
        [CARD_MM[1], CARD_MM[0], CARD_MM[1], CARD_MM[0]]
    )
    assert np.ptp(corners[:, 2]) == pytest.approx(0)


@pytest.mark.parametrize("family", ["halo_ring", "drop_earrings", "pendant", "tennis_bracelet", "chain"])
def test_all_of_the_card_is_in_the_picture_however_it_is_held(family: str) -> None:
    shot = beside(family)
    piece = Session(shot).good
    for seed in range(20):
        around = circumstances(replace(shot, seed=seed, sku=f"test-{seed}-{family}"), piece, framed_on=piece)
        if around.setting.card is not None:  # none lies beside a stand
            assert np.abs(pictured(around.camera, card_corners(around.setting.card))).max() < 1


def test_the_piece_lies_where_it_does_in_all_photos_of_the_product() -> None:
    shot = beside("signet", pose=PoseLevel.JIG)
    piece = Session(shot).good
    shank = np.concatenate([part.mesh.vertices for part in piece.parts.values()])
    middles = []
    for seed in range(8):
        camera = circumstances(replace(shot, seed=seed, name=f"uploads/{seed}"), piece, framed_on=piece).camera
        middles.append(pictured(camera, shank).mean(axis=0))
    assert np.ptp(middles, axis=0).max() < 0.05
    assert np.abs(middles[0]).max() > 0.2, "beside the card, not in the middle"


def test_the_product_with_its_card_is_seen_from_where_it_is_seen_without() -> None:
    with_card, without = (
        Session(replace(beside("signet"), card_framed=framed)).around.camera for framed in (True, False)
    )
    assert with_card.azimuth_deg == without.azimuth_deg
    assert with_card.elevation_deg == without.elevation_deg
    assert with_card.field_deg > 1.5 * without.field_deg


def test_a_photo_that_is_framed_on_its_card_tells_neutral_grey() -> None:
    shot = beside("signet", pose=PoseLevel.JIG, side_px=384, light="light_tent", ground="white")
    read = read_card(photograph(shot).photo)
    assert read is not None
    assert read.patches >= 3
    assert np.abs(read.chromaticity).max() < 0.3
    assert read_card(photograph(replace(shot, card_framed=False)).photo) is None  # cut off by the frame


def test_a_recipe_frames_all_its_cards_or_none() -> None:
    framed = plan(make_recipe(RenderRecipe, SMALL | {"card_framed": True}))
    assert all(shot.card and shot.card_framed for shot in framed)
    assert not any(shot.card_framed for shot in plan(make_recipe(RenderRecipe, SMALL)))
    spoiled = plan(make_recipe(RenderRecipe, SMALL | {"card_framed": True, "roles": {"unusable": 1, "good": 1}}))
    assert {shot.card_framed for shot in spoiled if shot.role is ShotRole.UNUSABLE} == {False}
    no_cards = plan(make_recipe(RenderRecipe, SMALL | {"card_framed": True, "card_share": 0.0}))
    assert not any(shot.card_framed for shot in no_cards)


def test_a_set_that_frames_its_cards_lands_in_a_folder_of_its_own() -> None:
    plain, framed = (make_recipe(RenderRecipe, SMALL | {"card_framed": each}) for each in (False, True))
    assert framed.folder_name != plain.folder_name  # where the others land, test_recipe.py says
    assert shot_digest(beside("signet")) != shot_digest(beside("signet", card_framed=False))
