from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator

from small_pieces import a_design, a_stone, a_subject
from visiqc.rendering.decals import CHART
from visiqc.rendering.defects.body import dent, hollow, incomplete_fill, pitted, porosity, solder_mark
from visiqc.rendering.defects.damage import Damage, Maker, Rule, Subject
from visiqc.rendering.defects.flash import flash
from visiqc.rendering.defects.plating import blistered, plating_blister, plating_colour, plating_worn, worn
from visiqc.rendering.defects.spots import at_stones, find, least_curved
from visiqc.rendering.defects.surface import (
    bitten,
    contamination,
    filed,
    polishing_residue,
    ringed,
    scratch,
    scratched,
    tarnish,
    tool_mark,
    water_spots,
)
from visiqc.rendering.defects.textures import Texture
from visiqc.rendering.mesh import face_normals
from visiqc.rendering.piece import Part, Role, View, piece_of
from visiqc.rendering.surfaces import BandShape, band

LAID: tuple[Maker, ...] = (
    scratch, tool_mark, tarnish, water_spots, polishing_residue, porosity, incomplete_fill, solder_mark, dent,
    plating_worn, plating_blister,
)  # fmt: skip
DRAWN: tuple[Callable[[float, Generator], Texture], ...] = (
    lambda severity, rng: scratched(6.0, 1 + 3 * severity, severity, rng),
    lambda severity, rng: filed(5.0, 1 + severity, severity, rng),
    lambda severity, rng: bitten(5.0, 1 + severity, severity, rng),
    lambda severity, rng: ringed(6.0, 0.4 + 0.5 * severity, severity, rng),
    lambda severity, rng: pitted(4.0, 0.3 + 0.4 * severity, severity, rng),
    lambda severity, rng: worn(5.0, 0.4 + severity, severity, rng),
    lambda severity, rng: blistered(4.0, 0.3 + 0.4 * severity, severity, rng),
)


@pytest.fixture(scope="module")
def ring() -> Subject:
    shape = BandShape(width=5.0, squareness=3.0, steps=180, sides=48)
    shank = Part(name="shank", mesh=band(shape), group="shank")
    stone = a_stone(radius=1.5, at=(0, 0, 10.5))
    return a_subject(piece_of([shank, stone], view=View()), side=256)


def made(maker: Maker, subject: Subject, severity: float, seed: int = 0) -> Damage:
    damage = maker(subject, severity, np.random.default_rng(seed))
    assert damage is not None
    return damage


@pytest.mark.parametrize("maker", LAID, ids=lambda maker: maker.__name__)
def test_a_mark_is_a_decal_of_its_kind_on_the_parts_it_names(maker: Maker, ring: Subject) -> None:
    damage = made(maker, ring, 0.6)
    marked = {name for name, part in damage.piece.parts.items() if part.decal is not None}
    assert marked == set(damage.touched)
    assert damage.rule is Rule.FOOTPRINT
    assert {damage.piece.parts[name].decal.name for name in marked} == {damage.kind} == {maker.__name__}


@pytest.mark.parametrize("maker", LAID, ids=lambda maker: maker.__name__)
def test_a_marks_chart_is_untouched_at_its_border(maker: Maker, ring: Subject) -> None:
    damage = made(maker, ring, 1.0)
    decal = damage.piece.parts[min(damage.touched)].decal
    assert decal.footprint.any()
    for layer in (decal.weight, decal.footprint, decal.height if decal.height is not None else decal.weight):
        border = np.concatenate([layer[0], layer[-1], layer[:, 0], layer[:, -1]])
        assert not border.any()
    assert decal.weight.min() >= 0
    assert decal.weight.max() <= 1


@pytest.mark.parametrize("maker", LAID, ids=lambda maker: maker.__name__)
def test_a_graver_mark_is_larger(maker: Maker, ring: Subject) -> None:
    sizes = [np.mean([made(maker, ring, severity, seed).size_mm for seed in range(2)]) for severity in (0.5, 1.0)]
    assert 0.1 < sizes[0] < sizes[1] < 9.0


@pytest.mark.parametrize("draw", DRAWN)
def test_a_graver_texture_covers_more(draw: Callable[[float, Generator], Texture]) -> None:
    mild, gross = (draw(severity, np.random.default_rng(4)) for severity in (0.0, 1.0))
    assert 0 < mild.footprint.sum() < gross.footprint.sum()
    assert mild.weight.shape == (CHART, CHART)
    assert mild.weight.dtype == np.float32


@pytest.mark.parametrize("maker", [dent, scratch, flash, contamination, plating_colour], ids=lambda m: m.__name__)
def test_equal_seeds_give_equal_damage(maker: Maker, ring: Subject) -> None:
    first, second = (made(maker, ring, 0.5, seed=3) for _ in range(2))
    assert first.size_mm == second.size_mm
    for name in first.touched:
        assert np.array_equal(first.piece.parts[name].mesh.vertices, second.piece.parts[name].mesh.vertices)


def test_a_dent_is_as_deep_as_it_says() -> None:
    relief, inside = hollow(4.0, 1.0, 0.15, np.random.default_rng(0))
    assert relief.min() == pytest.approx(-0.15, abs=1e-3)
    assert 0 < relief.max() < 0.02
    assert not relief[~inside & (relief < 0)].any()


def test_a_dent_pushes_the_metal_in_and_its_normals_follow(ring: Subject) -> None:
    damage = made(dent, ring, 1.0)
    (name,) = damage.touched
    mesh, decal = damage.piece.parts[name].mesh, damage.piece.parts[name].decal
    mean = face_normals(mesh.vertices, mesh.faces)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    smooth = mesh.normals[mesh.faces].mean(axis=1)
    smooth /= np.linalg.norm(smooth, axis=1, keepdims=True)
    facing_it = mean @ decal.normal > 0.6
    assert np.median(np.einsum("ij,ij->i", mean, smooth)[facing_it]) > 0.995
    deepest = mesh.vertices[np.argmin(np.linalg.norm(mesh.uv - 0.5, axis=1))]
    assert -0.25 < (deepest - decal.centre) @ decal.normal < -0.1


def test_metal_outside_a_dent_stays_where_it_was(ring: Subject) -> None:
    damage = made(dent, ring, 0.4)
    (name,) = damage.touched
    mesh = damage.piece.parts[name].mesh
    outside = np.abs(mesh.uv - 0.5).max(axis=1) > 0.47
    assert np.linalg.norm(mesh.vertices[outside][:, [0, 2]], axis=1).max() == pytest.approx(10.2, abs=0.1)


def test_a_defect_lies_on_metal_that_faces_the_camera(ring: Subject) -> None:
    for seed in range(20):
        spot = find(ring, 0.5, np.random.default_rng(seed))
        assert spot is not None
        assert spot.part == "shank"
        nearest = np.linalg.norm(ring.sight.point - spot.point, axis=-1).argmin()
        assert ring.sight.facing.flat[nearest] >= 0.6


def test_residue_lodges_beside_stones(ring: Subject) -> None:
    spots = [find(ring, 0.1, np.random.default_rng(seed), prefer=at_stones) for seed in range(20)]
    away = [np.hypot(spot.point[0], spot.point[1]) for spot in spots if spot is not None]
    assert np.median(away) < 2.5


def test_a_shank_curves_least_around_the_finger(ring: Subject) -> None:
    spot = find(ring, 0.5, np.random.default_rng(0))
    assert spot is not None
    along = least_curved(ring.piece.parts["shank"].mesh, spot)
    assert abs(along[1]) < 0.2
    assert abs(along @ spot.normal) < 1e-9


def test_where_no_bare_metal_is_seen_there_is_no_defect(ring: Subject) -> None:
    blind = replace(ring, sight=replace(ring.sight, facing=np.zeros_like(ring.sight.facing)))
    assert all(maker(blind, 0.5, np.random.default_rng(0)) is None for maker in (*LAID, flash))


def test_flash_is_metal_that_stands_off_the_surface(ring: Subject) -> None:
    for seed in range(6):
        part = made(flash, ring, 0.8, seed).piece.parts["flash"]
        radial = np.linalg.norm(part.mesh.vertices[:, [0, 2]], axis=1)
        assert part.role is Role.METAL
        assert radial.max() > 8.5
        outward = np.einsum(
            "ij,ij->i", face_normals(part.mesh.vertices, part.mesh.faces), part.mesh.normals[part.mesh.faces[:, 0]]
        )
        assert (outward >= -1e-9).mean() > 0.99


def test_a_fibre_is_a_part_of_its_own(ring: Subject) -> None:
    damages = [made(contamination, ring, 0.5, seed) for seed in range(8)]
    fibres = [damage for damage in damages if damage.rule is Rule.MOVED]
    assert fibres
    assert all(damage.piece.parts["contamination"].role is Role.FOREIGN for damage in fibres)
    assert all(damage.rule in {Rule.MOVED, Rule.FOOTPRINT} for damage in damages)


@pytest.mark.parametrize(("severity", "delta"), [(0.0, 2.0), (1.0, 10.0)])
def test_a_plating_is_off_by_the_difference_its_severity_says(ring: Subject, severity: float, delta: float) -> None:
    damage = made(plating_colour, ring, severity)
    assert damage.rule is Rule.WHOLE
    assert damage.touched == {"shank"}
    assert np.linalg.norm(damage.piece.parts["shank"].lab_shift) == pytest.approx(delta, rel=0.06)


def test_under_white_plating_lies_yellow_metal() -> None:
    subject = a_subject(design=a_design(), side=96)
    white = replace(subject, design=replace(subject.design, look=replace(subject.design.look, metal="rhodium")))
    damage = made(plating_worn, white, 0.8)
    red, _, blue = damage.piece.parts[min(damage.touched)].decal.overlay.colour
    assert red > 1.5 * blue
