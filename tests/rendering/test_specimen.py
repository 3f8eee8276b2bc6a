from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from small_pieces import PlainShape, a_stone, sight_of
from visiqc.rendering.design import Look
from visiqc.rendering.dirt import dirt
from visiqc.rendering.mesh import Mesh, frame_of
from visiqc.rendering.piece import Part, Piece, Role, StoneOrigin, View, piece_of
from visiqc.rendering.specimen import specimen
from visiqc.rendering.surfaces import BandShape, band

LOOK = Look(metal="gold18")


def a_band() -> Piece:
    shape = BandShape(width=4.0, squareness=2.3, steps=180, sides=48)
    return piece_of([Part(name="shank", mesh=band(shape), group="shank")], view=View())


def on_a_table(piece: Piece) -> Piece:
    corners = np.array([[-11.0, -11, 0], [11, -11, 0], [11, 11, 0], [-11, 11, 0]])
    return piece.with_part(Part(name="ground", mesh=Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))))


@pytest.fixture(scope="module")
def dusty() -> tuple[Piece, Piece]:
    clean = a_band()
    return clean, dirt(clean, sight_of(on_a_table(clean), side=128), np.random.default_rng(1), 1.0)


def test_a_specimen_has_the_parts_of_the_design() -> None:
    perfect = PlainShape().build(LOOK)
    assert list(specimen(perfect, np.random.default_rng(0)).parts) == list(perfect.parts)


def test_metal_leans_by_degrees_at_most_and_does_not_move() -> None:
    perfect = a_band().parts["shank"].mesh
    wavy = specimen(a_band(), np.random.default_rng(0)).parts["shank"].mesh
    cosines = np.einsum("ij,ij->i", perfect.normals, wavy.normals)
    assert np.array_equal(perfect.vertices, wavy.vertices)
    assert 0.1 < np.rad2deg(np.arccos(np.clip(cosines, -1, 1))).max() < 3.0


def test_prongs_and_links_move_less_than_a_tenth_of_a_millimetre() -> None:
    perfect = PlainShape().build(LOOK)
    other = specimen(perfect, np.random.default_rng(3))
    for name in ("centre.prong0", "link1"):
        before, after = perfect.parts[name].mesh.vertices, other.parts[name].mesh.vertices
        assert 0 < np.linalg.norm(before - after, axis=1).max() < 0.1


def test_what_moved_agrees_with_its_origin() -> None:
    other = specimen(PlainShape().build(LOOK), np.random.default_rng(3))
    for part in other.parts.values():
        assert part.origin is not None
        assert np.allclose(np.sort(part.mesh.vertices, axis=0), np.sort(part.origin.mesh().vertices, axis=0), atol=1e-6)


def test_a_round_stone_sits_at_any_angle_and_an_oval_one_does_not() -> None:
    long = StoneOrigin(cut="round", size=(2.0, 1.4, 1.4), seat=frame_of())
    oval = replace(a_stone("oval"), mesh=long.mesh(), origin=long)
    piece = specimen(piece_of([a_stone("round"), oval], view=View()), np.random.default_rng(2))
    turn = {name: np.rad2deg(np.arccos(part.origin.seat[0, 0])) for name, part in piece.parts.items()}
    assert turn["oval"] < 1.5 < turn["round"]


def test_a_claw_that_was_cut_is_left_as_it_is() -> None:
    perfect = PlainShape().build(LOOK)
    prong = perfect.parts["centre.prong0"]
    cut = replace(prong, mesh=prong.mesh.taking(prong.mesh.vertices[prong.mesh.faces[:, 0], 2] < 1.0))
    other = specimen(perfect.with_part(cut), np.random.default_rng(0))
    assert np.array_equal(other.parts["centre.prong0"].mesh.vertices, cut.mesh.vertices)


def test_equal_seeds_give_equal_specimens() -> None:
    first, second = (specimen(PlainShape().build(LOOK), np.random.default_rng(8)) for _ in range(2))
    assert all(
        np.array_equal(first.parts[name].mesh.vertices, second.parts[name].mesh.vertices) for name in first.parts
    )


def test_dirt_lies_on_the_piece_and_on_the_ground(dusty: tuple[Piece, Piece]) -> None:
    heights = dusty[1].parts["dust0"].mesh.vertices[:, 2]
    assert dusty[1].parts["dust0"].role is Role.FOREIGN
    assert heights.min() < 0.1
    assert heights.max() > 5.0


def test_specks_are_specks(dusty: tuple[Piece, Piece]) -> None:
    mesh = dusty[1].parts["dust0"].mesh
    edges = mesh.vertices[mesh.faces[:, 0]] - mesh.vertices[mesh.faces[:, 1]]
    assert np.linalg.norm(edges, axis=1).max() < 0.08


def test_dirt_is_no_defect(dusty: tuple[Piece, Piece]) -> None:
    decals = [part.decal for part in dusty[1].parts.values() if part.decal is not None]
    assert {decal.name for decal in decals} <= {"micro", "fingerprint"}
    assert decals
    assert not any(decal.footprint.any() for decal in decals)
    assert max(float(decal.weight.max()) for decal in decals) < 0.5


def test_a_cleaned_piece_has_no_dirt(dusty: tuple[Piece, Piece]) -> None:
    clean = dusty[0]
    assert dirt(clean, sight_of(clean, side=32), np.random.default_rng(0), 0.0) is clean
