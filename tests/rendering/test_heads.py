from __future__ import annotations

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.rendering.booleans import drilled
from visiqc.rendering.claws import head_depth, prong_places
from visiqc.rendering.cuts import CUTS, PROPORTION, crown_height, outline
from visiqc.rendering.heads import bezel, halo, prong_head
from visiqc.rendering.mesh import frame_of, rotation
from visiqc.rendering.piece import Part, ProngOrigin, Role, StoneOrigin
from visiqc.rendering.rims import fanned
from visiqc.rendering.seats import check_spacing, set_rows
from visiqc.rendering.surfaces import torus

PLACE = frame_of(rotation((1, 0, 0), 20), (1.0, 2.0, 9.0))


def head(cut: str = "round", prongs: int = 4, **changes: object) -> dict[str, Part]:
    given = {"length": 5.0 * PROPORTION.get(cut, 1.0), "width": 5.0, "prong_radius": 0.3, "place": PLACE}
    made = prong_head("centre", cut=cut, prongs=prongs, gem="ruby", **{**given, **changes})  # type: ignore[arg-type]
    return {part.name: part for part in made}


def test_a_head_is_a_stone_its_claws_and_a_basket() -> None:
    parts = head(prongs=6)
    assert set(parts) == {"centre.stone", "centre.basket", *(f"centre.prong{k}" for k in range(6))}
    assert parts["centre.stone"].role is Role.STONE
    assert isinstance(parts["centre.stone"].origin, StoneOrigin)


@pytest.mark.parametrize("cut", sorted(set(CUTS) - {"melee"}))
def test_every_claw_reaches_over_the_girdle_and_ends_on_the_crown(cut: str) -> None:
    half = np.array([2.5 * PROPORTION.get(cut, 1.0), 2.5])
    for part in head(cut, prongs=5).values():
        if isinstance(claw := part.origin, ProngOrigin):
            path = (claw.path - PLACE[:3, 3]) @ PLACE[:3, :3]
            tip, girdle = path[-1], path[claw.girdle]
            assert np.hypot(*(girdle[:2] / half)) > np.hypot(*(tip[:2] / half))
            crown = 2.5 * crown_height(cut, *(tip[:2] / half))
            assert 0 < tip[2] - crown < 0.3
            assert claw.stone == "centre.stone"
            assert part.mesh.vertices == pytest.approx(claw.mesh().vertices)


@pytest.mark.parametrize("cut", ["princess", "emerald", "asscher", "pear", "marquise"])
def test_every_corner_has_a_claw(cut: str) -> None:
    around = outline(cut)
    held = around[prong_places(cut, 4)]
    corners = {"pear": [(1, 0)], "marquise": [(1, 0), (-1, 0)]}.get(cut, [(1, 1), (-1, 1), (-1, -1), (1, -1)])
    for corner in corners:
        reach = around @ np.array(corner)
        assert (held @ np.array(corner)).max() > 0.97 * reach.max()


@pytest.mark.parametrize(("cut", "prongs"), [("round", 6), ("oval", 4), ("cushion", 8)])
def test_claws_of_a_curved_stone_stand_at_even_steps_and_in_pairs(cut: str, prongs: int) -> None:
    held = outline(cut)[prong_places(cut, prongs)]
    assert len(held) == prongs
    assert sorted(np.abs(held[:, 1]).round(2)) == sorted(np.repeat(np.abs(held[:, 1]).round(2)[: prongs // 2], 2))


def test_claws_stand_on_the_basket() -> None:
    parts = head("oval")
    local = (parts["centre.basket"].mesh.vertices - PLACE[:3, 3]) @ PLACE[:3, :3]
    foot = (parts["centre.prong0"].origin.path[0] - PLACE[:3, 3]) @ PLACE[:3, :3]  # type: ignore[union-attr]
    assert foot[2] == pytest.approx(-head_depth("oval", length=6.75, width=5.0))
    assert np.linalg.norm(local - foot, axis=1).min() < 0.3


@pytest.mark.parametrize(("cut", "prongs"), [("round", 2), ("princess", 3), ("round", 40)])
def test_claws_that_hold_nothing_or_do_not_fit_are_refused(cut: str, prongs: int) -> None:
    with pytest.raises(InputError, match=rf"{prongs} claws"):
        head(cut, prongs)


def test_crowded_claws_are_refused_with_both_measures() -> None:
    with pytest.raises(InputError, match=r"8 claws of 2\.00 mm .* girdle of 15"):
        head(prongs=8, prong_radius=1.0)


@pytest.mark.parametrize("cut", ["round", "pear", "emerald", "cabochon"])
def test_a_bezel_closes_and_overlaps_the_edge_of_its_stone(cut: str) -> None:
    stone, collet = bezel("c", cut=cut, length=7.0, width=5.0, place=np.eye(4), gem="opal", wall=0.5)
    drilled(collet.mesh, [torus(0.1, 0.02).moved((0, 0, 50))])
    inside = np.abs(collet.mesh.vertices[collet.mesh.vertices[:, 2] > 0][:, 1]).min()
    assert stone.mesh.bounds[1][1] == pytest.approx(2.5, abs=0.05)
    assert collet.mesh.bounds[1][1] == pytest.approx(3.0, abs=0.05)
    assert inside < 2.45


def test_a_bezel_too_thin_to_rub_over_is_refused() -> None:
    with pytest.raises(InputError, match=r"0\.05 mm.*5\.00 mm"):
        bezel("c", cut="round", length=5.0, width=5.0, place=np.eye(4), gem="ruby", wall=0.05)


@pytest.mark.parametrize("cut", ["round", "pear", "emerald"])
def test_a_halo_goes_round_the_stone_without_touching_it_or_itself(cut: str) -> None:
    parts = halo("halo", length=6.0, width=4.0, stone_mm=1.2, place=np.eye(4), gem="diamond", cut=cut)
    centres = np.array([part.mesh.vertices.mean(axis=0)[:2] for part in parts if part.role is Role.STONE])
    rim = outline(cut) * (3.0, 2.0)
    assert np.linalg.norm(centres[:, None] - rim[None], axis=2).min(axis=1) == pytest.approx(0.8, abs=0.05)
    apart = np.linalg.norm(centres - np.roll(centres, 1, axis=0), axis=1)
    assert apart.min() > 1.2
    assert apart.max() < 1.5
    assert {"halo.plate", "halo.beads"} <= {part.name for part in parts}


def test_small_stones_sit_in_drilled_seats() -> None:
    body = torus(8.0, 1.2)
    frames = [frame_of(None, (x, 8.0, 1.1)) for x in (-1.5, 0.0, 1.5)]
    left, parts = set_rows(body, [frames], prefix="row", radius=0.6, gem="ruby", group="side", through=3.0)
    assert [part.name for part in parts] == ["row.stone0", "row.stone1", "row.stone2", "row.beads"]
    beside = np.linalg.norm(left.vertices[:, :2] - (0.0, 8.0), axis=1)
    assert beside.min() == pytest.approx(0.38 * 0.6, abs=0.02)


def test_seats_that_overlap_are_refused_with_both_measures() -> None:
    with pytest.raises(InputError, match=r"1\.20 mm stand 1\.00 mm apart"):
        check_spacing(np.array([[0.0, 0, 0], [1.0, 0, 0]]), 0.6)


def test_normals_turn_evenly_round_a_corner() -> None:
    square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]])
    points, normals = fanned(square, 1.0, count=400)
    steps = np.linalg.norm(np.roll(points + normals, -1, axis=0) - points - normals, axis=1)
    assert steps == pytest.approx((8 + 2 * np.pi) / 400, rel=0.1)
    assert (points * normals).sum(axis=1).min() > 0.99
