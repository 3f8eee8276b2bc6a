"""Defects of stones, claws, links and of the design: what they change, how much, and that it is seen."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_pieces import a_prong, a_stone, a_subject, an_engraving, resighted, sight_of
from visiqc.rendering.booleans import drilled
from visiqc.rendering.cuts import CUTS
from visiqc.rendering.decals import Decal
from visiqc.rendering.defects.catalogue import make_defect
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.fractures import chipped_stone, cracked_stone
from visiqc.rendering.defects.prongs import bent, lengthened, shortened, thickened
from visiqc.rendering.defects.stones import missing_stone, other_colour, tilted_stone, wrong_size_stone
from visiqc.rendering.defects.targets import drawn_prong, in_sight, rays_by_part, remade, stone_of, towards_camera
from visiqc.rendering.masks import defect_mask
from visiqc.rendering.mesh import face_normals, unit
from visiqc.rendering.piece import LinkOrigin, Piece, ProngOrigin, Role, StoneOrigin, View, laid, piece_of

MOVED_KINDS = (
    "missing_stone",
    "chipped_stone",
    "tilted_stone",
    "wrong_size_stone",
    "bent_prong",
    "missing_prong",
    "uneven_prong",
    "open_link",
)
severities = st.floats(0, 1)


@functools.cache
def _close_up() -> Subject:
    return a_subject(side=128)


@pytest.fixture(scope="module")
def subject() -> Subject:
    return a_subject()


def made(kind: str, subject: Subject, severity: float = 0.6, seed: int = 0) -> Damage:
    damage = make_defect(kind, subject, severity, np.random.default_rng(seed))
    assert damage is not None
    return damage


def volume(piece: Piece, name: str) -> float:
    mesh = piece.parts[name].mesh
    return float((mesh.vertices[mesh.faces[:, 0]] * face_normals(mesh.vertices, mesh.faces)).sum() / 6)


@pytest.mark.parametrize("kind", MOVED_KINDS)
@pytest.mark.parametrize("severity", [0.3, 1.0])
def test_a_defect_shows_where_its_part_is_and_changes_no_other_part(
    subject: Subject, kind: str, severity: float
) -> None:
    damage = made(kind, subject, severity)
    mask = defect_mask(damage, subject.sight, resighted(subject, damage.piece))
    assert mask.any()
    assert damage.kind == kind
    assert damage.size_mm > 0
    if kind != "wrong_size_stone":  # whose claws are bent to it
        unchanged = [name for name in subject.piece.parts if name not in damage.touched]
        assert all(damage.piece.parts[name] is subject.piece.parts[name] for name in unchanged)


@pytest.mark.parametrize("kind", ["cracked_stone", "wrong_colour_stone", *MOVED_KINDS])
def test_the_same_random_numbers_make_the_same_defect(subject: Subject, kind: str) -> None:
    one, other = made(kind, subject, seed=4), made(kind, subject, seed=4)
    assert one.touched == other.touched
    assert one.size_mm == other.size_mm
    for name in one.touched & set(one.piece.parts):
        assert np.array_equal(one.piece.parts[name].mesh.vertices, other.piece.parts[name].mesh.vertices)


def test_a_missing_stone_leaves_its_claws(subject: Subject) -> None:
    damage = missing_stone(subject, 0.5, np.random.default_rng(0))
    assert damage is not None
    assert set(subject.piece.parts) - set(damage.piece.parts) == {"centre.stone"} == damage.touched


def test_small_stones_go_missing_most_often() -> None:
    melee = [a_stone(f"halo.stone{k}", radius=0.7, at=(3.2 * np.cos(k), 3.2 * np.sin(k), 2)) for k in range(6)]
    subject = a_subject(piece_of([a_stone(), *melee], view=View()))
    rng = np.random.default_rng(0)
    gone = [missing_stone(subject, 0.3, rng) for _ in range(40)]
    small = sum("halo" in next(iter(damage.touched)) for damage in gone if damage is not None)
    assert 20 < small < 40


def test_a_chip_takes_stone_away_and_more_of_it_when_severe(subject: Subject) -> None:
    left = [volume(made("chipped_stone", subject, severity).piece, "centre.stone") for severity in (0.0, 0.5, 1.0)]
    assert volume(subject.piece, "centre.stone") > left[0] > left[1] > left[2] > 0


@settings(max_examples=8, deadline=None)
@given(severity=severities, seed=st.integers(0, 1000))
def test_a_chip_is_a_hollow_in_the_stone(severity: float, seed: int) -> None:
    subject = _close_up()
    damage = chipped_stone(subject, severity, np.random.default_rng(seed))
    assert damage is not None
    broken, whole = damage.piece.parts["centre.stone"].mesh, subject.piece.parts["centre.stone"].mesh
    assert (broken.bounds[0] >= whole.bounds[0] - 1e-4).all()
    assert (broken.bounds[1] <= whole.bounds[1] + 1e-4).all()
    assert broken.normals is None  # facets stay flat
    assert volume(damage.piece, "centre.stone") < volume(subject.piece, "centre.stone")


@settings(max_examples=15, deadline=None)
@given(severity=severities, seed=st.integers(0, 1000))
def test_a_crack_is_a_closed_film_inside_its_stone(severity: float, seed: int) -> None:
    subject = _close_up()
    damage = cracked_stone(subject, severity, np.random.default_rng(seed))
    assert damage is not None
    (name,) = damage.touched
    crack = damage.piece.parts[name]
    stone = stone_of(subject.piece.parts["centre.stone"])
    inside = (crack.mesh.vertices - stone.seat[:3, 3]) @ np.linalg.inv(stone.seat[:3, :3]).T / stone.size
    assert all((inside @ normal).max() < distance for normal, distance in CUTS[stone.cut]())
    assert crack.role is Role.AIR
    assert damage.rule is Rule.SEEN_THROUGH
    assert drilled(a_stone(radius=50.0, at=(0, 0, 0)).mesh, [crack.mesh])  # only what closes has an inside


@given(severity=severities, seed=st.integers(0, 1000))
def test_a_tilted_stone_leans_by_4_to_20_degrees(severity: float, seed: int) -> None:
    damage = tilted_stone(_close_up(), severity, np.random.default_rng(seed))
    assert damage is not None
    axis = stone_of(damage.piece.parts["centre.stone"]).seat[:3, 2]
    assert np.rad2deg(np.arccos(axis[2])) == pytest.approx(4 + 16 * severity, abs=1e-6)


@given(severity=severities, seed=st.integers(0, 1000))
def test_a_wrong_size_is_8_to_20_percent_off(severity: float, seed: int) -> None:
    damage = wrong_size_stone(_close_up(), severity, np.random.default_rng(seed))
    assert damage is not None
    length = stone_of(damage.piece.parts["centre.stone"]).size[0]
    assert abs(length / 2.0 - 1) == pytest.approx(0.08 + 0.12 * severity)


def test_a_stone_without_claws_is_never_too_large() -> None:
    subject = a_subject(piece_of([a_stone()], view=View()))
    sizes = [wrong_size_stone(subject, 0.5, np.random.default_rng(seed)) for seed in range(8)]
    assert all(each is not None and stone_of(each.piece.parts["centre.stone"]).size[0] < 2 for each in sizes)


@pytest.mark.parametrize("gem", ["diamond", "ruby", "sapphire", "emerald"])
def test_a_wrong_colour_is_a_shade_when_mild_and_another_gem_when_gross(gem: str) -> None:
    rng = np.random.default_rng(0)
    mild, gross = other_colour(gem, 0.1, rng), other_colour(gem, 1.0, rng)
    assert mild[1] != 0
    assert mild[0] == gem or gem == "diamond"
    assert gross[0] != gem
    assert gross[1] == 0


def test_white_stones_are_not_taken_for_another_colour() -> None:
    gems = {
        other_colour("diamond", severity, np.random.default_rng(seed))[0] for seed in range(30) for severity in (0, 1)
    }
    assert not gems & {"diamond", "moissanite", "zirconia"}


def _claw() -> ProngOrigin:
    origin = a_prong().origin
    assert isinstance(origin, ProngOrigin)
    return origin


def _length(origin: ProngOrigin) -> float:
    return float(np.linalg.norm(np.diff(origin.path, axis=0), axis=1).sum())


@given(degrees=st.floats(5, 45))
def test_bending_a_claw_moves_its_tip_outwards_and_keeps_its_foot_and_length(degrees: float) -> None:
    claw = _claw()
    wrong = bent(claw, np.cross([0.0, 0.0, 1.0], claw.outward), degrees)
    assert (wrong.path[-1] - claw.path[-1]) @ claw.outward > 0
    assert np.array_equal(wrong.path[:6], claw.path[:6])
    assert _length(wrong) == pytest.approx(_length(claw))


@given(share=st.floats(0.05, 0.99))
def test_a_broken_claw_keeps_a_stub_of_the_share_that_is_left(share: float) -> None:
    stub = shortened(_claw(), share)
    assert _length(stub) == pytest.approx(share * _length(_claw()))
    assert len(stub.path) == len(stub.radii) >= 2
    assert stub.girdle < len(stub.path)


def test_a_claw_drawn_out_is_longer_by_that_much() -> None:
    assert _length(lengthened(_claw(), 0.5)) == pytest.approx(_length(_claw()) + 0.5)


def test_a_thick_tip_leaves_the_shaft_as_it_was() -> None:
    thick = thickened(_claw(), 1.5)
    assert thick.radii[-1] == pytest.approx(1.5 * _claw().radii[-1])
    assert np.array_equal(thick.radii[:10], _claw().radii[:10])


def test_only_claws_that_show_at_least_half_of_the_largest_are_taken(subject: Subject) -> None:
    rays = {name: count for name, count in rays_by_part(subject.sight).items() if "prong" in name}
    drawn = [drawn_prong(subject, np.random.default_rng(seed)) for seed in range(20)]
    assert all(each is not None and 2 * each.rays >= max(rays.values()) for each in drawn)


def test_an_open_link_stands_still_but_for_its_gap(subject: Subject) -> None:
    damage = made("open_link", subject, 1.0)
    link, opened = subject.piece.parts["link1"].origin, damage.piece.parts["link1"].origin
    assert isinstance(link, LinkOrigin)
    assert isinstance(opened, LinkOrigin)
    assert opened.gap_deg >= 60
    steps = round((360 - opened.gap_deg) / 5) + 1
    apart = np.linalg.norm(opened.path(steps)[:, None] - link.path()[None], axis=-1).min(axis=1)
    assert apart.max() < 1e-9


def test_an_open_link_is_open_wider_than_its_rounded_ends(subject: Subject) -> None:
    opened = made("open_link", subject, 0.0).piece.parts["link1"].origin
    assert isinstance(opened, LinkOrigin)
    assert np.deg2rad(opened.gap_deg) * opened.radius > 2 * opened.wire


def test_the_way_to_the_camera_is_found_from_the_facing_of_surfaces(subject: Subject) -> None:
    towards = unit(np.array([0.3, -0.5, 1.0]))
    sight = sight_of(subject.piece, towards=(0.3, -0.5, 1.0))
    assert towards_camera(sight, "centre.stone") == pytest.approx(towards, abs=1e-3)


def test_a_part_out_of_sight_is_no_target(subject: Subject) -> None:
    hidden = piece_of([a_stone(), a_stone("under.stone", radius=0.3, at=(0, 0, 0.4))], view=View())
    names = [seen.part.name for seen in in_sight(a_subject(hidden), StoneOrigin)]
    assert names == ["centre.stone"]


def test_a_claw_made_again_keeps_the_decal_that_lay_on_it(subject: Subject) -> None:
    whole = subject.piece.parts["centre.prong1"]
    tip = whole.mesh.vertices[:, 2].argmax()
    smudge = an_engraving("A")
    fields = {field: getattr(smudge, field) for field in smudge.__slots__}
    decal = Decal(**fields | {"centre": whole.mesh.vertices[tip], "size_mm": 0.4})
    smudged = laid(subject.piece, decal, only=("centre.prong1",))
    again = remade(smudged, whole)
    assert set(again.parts) == set(smudged.parts)
    assert again.parts["centre.prong1#engraving"].decal is decal
