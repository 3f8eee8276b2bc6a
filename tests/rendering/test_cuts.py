from __future__ import annotations

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.rendering.cuts import CUTS, SMOOTH, crown_height, cut_stone, evenly, outline
from visiqc.rendering.mesh import Mesh, face_normals, unit


def edges(mesh: Mesh) -> int:
    return len({tuple(sorted(pair)) for a, b, c in mesh.faces.tolist() for pair in ((a, b), (b, c), (c, a))})


@pytest.mark.parametrize("cut", sorted(CUTS))
def test_a_faceted_stone_closes(cut: str) -> None:
    stone = cut_stone(cut)
    assert len(stone.vertices) - edges(stone) + len(stone.faces) == 2


@pytest.mark.parametrize("cut", sorted(CUTS))
def test_a_faceted_stone_is_convex_and_faces_outward(cut: str) -> None:
    stone = cut_stone(cut)
    normals = unit(face_normals(stone.vertices, stone.faces))
    reach = (normals * stone.vertices[stone.faces[:, 0]]).sum(axis=1)
    assert (normals @ stone.vertices.T - reach[:, None]).max() < 1e-5
    assert reach.min() > 0


@pytest.mark.parametrize("cut", sorted([*CUTS, *SMOOTH]))
def test_every_cut_fills_the_square_and_no_more(cut: str) -> None:
    low, high = cut_stone(cut).bounds
    assert np.concatenate([-low[:2], high[:2]]) == pytest.approx(1.0, abs=0.012)


@pytest.mark.parametrize("cut", sorted(CUTS))
def test_the_table_is_the_highest_facet_and_level(cut: str) -> None:
    stone = cut_stone(cut)
    top = stone.vertices[:, 2].max()
    table = stone.vertices[np.isclose(stone.vertices[:, 2], top, atol=1e-5)]
    assert len(table) >= 4
    assert 0.4 < np.ptp(table[:, 1]) / 2 < 0.8


def test_the_brilliant_has_the_published_angles_and_table() -> None:
    stone = cut_stone("round")
    normals = unit(face_normals(stone.vertices, stone.faces))
    tilts = np.rad2deg(np.arccos(np.abs(normals[:, 2])))
    main = (np.abs(np.arctan2(normals[:, 1], normals[:, 0])) < 1e-3) & (tilts > 5)
    assert tilts[main & (normals[:, 2] > 0.1)] == pytest.approx(34.5, abs=0.05)
    assert tilts[main & (normals[:, 2] < -0.1)] == pytest.approx(40.8, abs=0.05)
    table = stone.vertices[np.isclose(stone.vertices[:, 2], stone.vertices[:, 2].max(), atol=1e-5)]
    assert table[:, 0].max() == pytest.approx(0.57, abs=0.005)


@pytest.mark.parametrize("cut", sorted([*CUTS, *SMOOTH]))
def test_the_outline_is_the_girdle_at_even_steps(cut: str) -> None:
    around = outline(cut)
    steps = np.linalg.norm(np.roll(around, -1, axis=0) - around, axis=1)
    assert around[0] == pytest.approx((1.0, 0.0), abs=0.01)
    assert steps.max() < 1.6 * np.median(steps)
    x, y = around.T
    assert (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0
    girdle = cut_stone(cut).vertices[:, :2]
    for way in ((1, 0), (0, 1), (1, 1), (1, -1), (-1, 2)):
        assert (around @ way).max() == pytest.approx((girdle @ way).max(), rel=0.02)


def test_the_pear_has_its_point_on_x_and_its_culet_in_the_round_end() -> None:
    stone = cut_stone("pear")
    deepest = stone.vertices[stone.vertices[:, 2] < stone.vertices[:, 2].min() + 1e-3].mean(axis=0)
    assert deepest[0] == pytest.approx(-1 / 3, abs=0.02)
    tip = stone.vertices[np.argmax(stone.vertices[:, 0])]
    assert tip[:2] == pytest.approx((1.0, 0.0), abs=1e-3)


def test_the_crown_is_highest_on_the_table_and_low_at_the_girdle() -> None:
    assert crown_height("round", 0.0, 0.0) == pytest.approx(0.03 + 0.43 * np.tan(np.deg2rad(34.5)))
    assert 0.0 < crown_height("round", 0.97, 0.0) < 0.1


def test_smooth_stones_have_normals_and_faceted_ones_none() -> None:
    assert cut_stone("pearl").normals is not None
    assert cut_stone("cabochon").normals is not None
    assert cut_stone("round").normals is None


def test_an_unknown_cut_is_refused_with_the_known_ones_named() -> None:
    with pytest.raises(InputError, match=r"'heart'.*asscher"):
        cut_stone("heart")


def test_even_steps_go_once_round_a_loop() -> None:
    square = np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]])
    assert evenly(square, 8)[:4] == pytest.approx(np.array([[0, 0], [1, 0], [2, 0], [2, 1]]))
