from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from visiqc.errors import InputError
from visiqc.rendering.design import Look, Shape
from visiqc.rendering.families.chain import ChainPiece
from visiqc.rendering.families.drop_earrings import DropEarrings
from visiqc.rendering.families.pendant import Pendant
from visiqc.rendering.families.stud_earrings import StudEarrings
from visiqc.rendering.families.tennis_bracelet import TennisBracelet
from visiqc.rendering.piece import LinkOrigin, Piece, ProngOrigin, Role, StoneOrigin

FAMILIES: list[type[Any]] = [StudEarrings, DropEarrings, Pendant, TennisBracelet, ChainPiece]
LOOK = Look(metal="gold18", gem="ruby")


def drawn(family: type[Any], seed: int) -> Shape:
    shape: Shape = family.draw(np.random.default_rng(seed))
    return shape


def lowest(piece: Piece) -> float:
    return min(float(part.mesh.bounds[0][2]) for part in piece.parts.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_hundred_draws_can_be_made_and_no_two_are_alike(family: type[Any]) -> None:
    assert len({drawn(family, seed) for seed in range(100)}) == 100


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_drawn_piece_rests_on_the_ground_within_its_budget(family: type[Any], seed: int) -> None:
    piece = drawn(family, seed).build(LOOK)
    assert lowest(piece) == pytest.approx(0, abs=0.03)
    assert sum(len(part.mesh.faces) for part in piece.parts.values()) < 600_000
    assert set(piece.focus) <= set(piece.parts)
    assert 25 <= piece.view.elevation_deg <= 70


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_numbers_build_the_same_piece(family: type[Any]) -> None:
    one, other = (drawn(family, 3).build(LOOK) for _ in range(2))
    assert list(one.parts) == list(other.parts)
    assert all(np.array_equal(one.parts[name].mesh.vertices, other.parts[name].mesh.vertices) for name in one.parts)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_part_lies_where_its_origin_makes_it_again(family: type[Any]) -> None:
    for part in drawn(family, 2).build(LOOK).parts.values():
        if part.origin is not None:
            assert np.allclose(part.origin.mesh().vertices, part.mesh.vertices, atol=1e-6), part.name


@pytest.mark.parametrize("family", [StudEarrings, DropEarrings])
def test_the_two_of_a_pair_have_the_same_parts_and_the_same_measures(family: type[Any]) -> None:
    piece = drawn(family, 5).build(LOOK)
    left = {name.removeprefix("left."): part for name, part in piece.parts.items() if name.startswith("left.")}
    right = {name.removeprefix("right."): part for name, part in piece.parts.items() if name.startswith("right.")}
    assert set(left) == set(right)
    for name in left:
        spread = [np.linalg.norm(np.std(side[name].mesh.vertices, axis=0)) for side in (left, right)]
        assert spread[0] == pytest.approx(spread[1], rel=1e-6)


def test_a_claw_of_a_pair_names_the_stone_of_its_own_side() -> None:
    piece = StudEarrings(prongs=4).build(LOOK)
    claws = [part for part in piece.parts.values() if isinstance(part.origin, ProngOrigin)]
    assert len(claws) == 8
    assert all(claw.origin.stone == claw.name.split(".")[0] + ".head.stone" for claw in claws)  # type: ignore[union-attr]


def test_a_stud_shows_its_face_and_rests_on_its_post() -> None:
    piece = StudEarrings().build(LOOK)
    stone = piece.parts["left.head.stone"].origin
    assert isinstance(stone, StoneOrigin)
    assert stone.seat[1, 2] < -0.8  # the table looks at the camera, towards -y
    assert piece.parts["left.post"].mesh.bounds[0][2] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("upper_mm", [0.0, 4.0])
def test_a_drop_hangs_in_its_rings_without_running_through_them(upper_mm: float) -> None:
    parts = DropEarrings(upper_mm=upper_mm).build(LOOK).parts
    rings = [part for part in parts.values() if isinstance(part.origin, LinkOrigin) and part.name.startswith("left.")]
    assert len(rings) == 1 + (upper_mm > 0)
    metal = np.concatenate([part.mesh.vertices for part in parts.values() if part.name.endswith((".loop", ".wire"))])
    for ring in rings:
        wire = ring.origin.path(200) @ ring.origin.place[:3, :3].T + ring.origin.place[:3, 3]  # type: ignore[union-attr]
        nearest = cKDTree(metal).query(wire)[0].min()
        assert 0.75 * ring.origin.wire < nearest < 2.5 * ring.origin.wire  # type: ignore[union-attr]


def test_a_pendant_is_framed_without_its_chain() -> None:
    piece = Pendant().build(LOOK)
    assert "bail" in piece.focus
    assert not any(name.startswith(("link", "chain")) for name in piece.focus)
    far = max(float(np.abs(piece.parts["chain"].mesh.vertices[:, 0]).max()), 0)
    assert far > 30


def test_a_bar_hangs_by_two_jump_rings_that_can_be_opened() -> None:
    piece = Pendant(kind="bar", cut="", stone_mm=0.0, prongs=0, size_mm=30.0).build(LOOK)
    assert all(isinstance(piece.parts[f"jump_ring{k}"].origin, LinkOrigin) for k in (1, 2))
    assert not piece.of(Role.STONE)


def test_stones_of_a_bracelet_follow_one_another_at_one_pitch() -> None:
    shape = TennisBracelet(links=11)
    piece = shape.build(LOOK)
    seats = [piece.parts[f"link{k}.head.stone"].origin.seat[:3, 3] for k in range(11)]  # type: ignore[union-attr]
    pitch = [float(np.linalg.norm(there - here)) for here, there in pairwise(seats)]
    assert pitch == pytest.approx([shape.pitch_mm] * 10, rel=0.02)


@pytest.mark.parametrize(
    ("made", "change", "message"),
    [
        (StudEarrings(), {"gap_mm": 5.0}, r"6\.90 mm wide lie 5\.00 mm apart"),
        (StudEarrings(), {"cut": "pearl"}, "pearls go with pearls"),
        (DropEarrings(), {"gap_mm": 6.0}, r"mm wide lie 6\.00 mm apart"),
        (DropEarrings(), {"wire_mm": 1.5}, r"rings 2\.60 mm wide inside do not turn on a wire of 1\.50 mm"),
        (Pendant(), {"link_mm": 5.0}, r"links 3\.50 mm wide do not pass a tapered bail that is 1\.98 mm"),
        (Pendant(), {"text": "LOVE"}, "'LOVE' cannot be engraved on a prong"),
        (Pendant(), {"kind": "disc"}, "disc, heart, bar with no stone"),
        (TennisBracelet(), {"links": 5}, "5 links.*needs 9"),
        (TennisBracelet(), {"bend_mm": 8.0}, r"curve of radius 8\.0 mm"),
        (ChainPiece(), {"wire_mm": 1.2}, r"wire is 1\.20 mm thick"),
        (ChainPiece(), {"clasp_mm": 2.0}, r"clasp of 2\.00 mm cannot hold a wire of 0\.60 mm"),
        (ChainPiece(), {"clasp": "magnet"}, "'magnet'; known: spring_ring, lobster, toggle"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_numbers_that_disagree(
    made: Any, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        replace(made, **change)
