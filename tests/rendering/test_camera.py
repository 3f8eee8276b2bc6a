from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import InputError
from visiqc.rendering.camera import Camera, focused, golden_camera, missed
from visiqc.rendering.piece import Part, Piece, View, piece_of
from visiqc.rendering.shots import PoseLevel
from visiqc.rendering.surfaces import BandShape, band, sphere

RING = piece_of([Part(name="shank", mesh=band(BandShape(steps=90, sides=16)).moved((0, 0, 10.2)))], view=View(fill=0.6))
REACH = {PoseLevel.JIG: (0.5, 0.005), PoseLevel.GUIDED: (3.0, 0.04), PoseLevel.HANDHELD: (10.0, 0.12)}


def seen_bounds(piece: Piece, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    points = np.concatenate([part.mesh.vertices for part in piece.parts.values()])
    seen = camera.seen(points)
    return seen.min(axis=0), seen.max(axis=0)


@pytest.mark.parametrize("turn", [0.0, 30.0, 200.0])
def test_the_golden_camera_holds_the_piece_in_the_middle_at_its_share_of_the_frame(turn: float) -> None:
    low, high = seen_bounds(RING, golden_camera(RING, turn_deg=turn))
    assert (low + high) / 2 == pytest.approx([0, 0], abs=0.01)
    assert (high - low).max() / 2 == pytest.approx(0.6, abs=0.01)


def test_the_camera_stands_before_the_piece_and_above_the_ground() -> None:
    camera = golden_camera(replace(RING, view=View(yaw_deg=0, elevation_deg=30)))
    assert camera.origin[1] < -100
    assert camera.origin[2] > 50


@given(level=st.sampled_from(PoseLevel), seed=st.integers(0, 10**6))
def test_a_pose_is_missed_by_no_more_than_its_level_allows(level: PoseLevel, seed: int) -> None:
    golden = golden_camera(RING)
    met = missed(golden, level, np.random.default_rng(seed))
    angle, distance = REACH[level]
    for axis in ("azimuth_deg", "elevation_deg", "roll_deg"):
        assert abs(getattr(met, axis) - getattr(golden, axis)) <= angle + 1e-9
    assert abs(met.distance_mm / golden.distance_mm - 1) <= distance + 1e-9


@given(level=st.sampled_from(PoseLevel), seed=st.integers(0, 10**6))
def test_the_piece_stays_in_the_frame_however_it_is_held(level: PoseLevel, seed: int) -> None:
    low, high = seen_bounds(RING, missed(golden_camera(RING), level, np.random.default_rng(seed)))
    assert np.abs([low, high]).max() < 1


def test_the_lens_is_focused_on_the_front_of_the_piece() -> None:
    camera = focused(golden_camera(RING), PoseLevel.JIG, np.random.default_rng(3))
    assert 0.3 <= camera.aperture_mm <= 0.95
    assert camera.distance_mm - 10 < camera.focus_mm < camera.distance_mm + 3


def test_a_piece_smaller_than_three_millimetres_is_refused() -> None:
    crumb = piece_of([Part(name="crumb", mesh=sphere(0.5))], view=View())
    with pytest.raises(InputError, match="smaller than 3 mm"):
        golden_camera(crumb)


def test_only_the_parts_in_focus_frame_the_photo() -> None:
    far = Part(name="chain", mesh=sphere(1.0).moved((300, 0, 1)))
    framed = replace(RING.with_part(far), focus=("shank",))
    assert golden_camera(framed) == golden_camera(RING)
