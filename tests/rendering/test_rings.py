from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from visiqc.errors import InputError
from visiqc.rendering.design import Look
from visiqc.rendering.engraving import engraved
from visiqc.rendering.families.bezel_ring import BezelRing
from visiqc.rendering.families.finger_ring import FingerRing
from visiqc.rendering.families.halo import HaloRing
from visiqc.rendering.families.pave import EternityBand, PaveBand
from visiqc.rendering.families.plain_band import PATTERNS, EngravedBand, PlainBand
from visiqc.rendering.families.signet import SignetRing
from visiqc.rendering.families.solitaire import Solitaire
from visiqc.rendering.families.three_stone import ThreeStone
from visiqc.rendering.mesh import Mesh, face_normals, unit
from visiqc.rendering.piece import Role
from visiqc.rendering.shanks import PROFILES, Sweep
from visiqc.rendering.signets import GAUGES

FAMILIES = [Solitaire, HaloRing, ThreeStone, PaveBand, EternityBand, PlainBand, EngravedBand, SignetRing, BezelRing]
GOLD = Look(metal="gold18", gem="ruby")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_drawn_ring_stands_on_the_ground_and_leaves_the_finger_free(family: type[Solitaire]) -> None:
    ring = family.draw(default_rng(6))
    piece = ring.build(GOLD)
    vertices = np.concatenate([part.mesh.vertices for part in piece.parts.values()])
    assert vertices[:, 2].min() == pytest.approx(0.0, abs=0.12)
    assert np.hypot(vertices[:, 0], vertices[:, 2] - ring.outer_radius).min() > ring.inner_radius - 0.02
    assert piece.standing
    assert any(name.partition("#")[0] == "shank" for name in piece.parts)
    assert all(bool(part.gem) == (part.role is Role.STONE) for part in piece.parts.values())
    assert sum(len(part.mesh.faces) for part in piece.parts.values()) < 600_000


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_draw_gives_the_same_ring_and_another_another(family: type[Solitaire]) -> None:
    first, again, other = (family.draw(default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("family", FAMILIES)
def test_ten_percent_more_or_less_can_still_be_made(family: type[Solitaire]) -> None:
    for seed in range(8):
        ring = family.draw(default_rng(seed))
        for name in ("width", "stone_mm", "table_mm"):
            for share in (0.9, 1.1) if hasattr(ring, name) else ():
                replace(ring, **{name: getattr(ring, name) * share})


@pytest.mark.parametrize("shoulder", ["plain", "cathedral", "split", "twist"])
def test_the_head_stands_in_the_metal_of_the_band(shoulder: str) -> None:
    ring = Solitaire(shoulder=shoulder, lift=0.5, width=2.4)
    piece = ring.build(GOLD)
    basket, shank = piece.parts["centre.basket"].mesh, piece.parts["shank"].mesh
    assert basket.bounds[0][2] < shank.bounds[1][2]
    assert basket.bounds[0][2] - ring.outer_radius > ring.inner_radius


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Solitaire(stone_mm=16.0, width=2.0), r"16\.00 mm.*2\.00 mm wide"),
        (lambda: Solitaire(prongs=2), r"2 claws"),
        (lambda: Solitaire(shoulder="bridge"), r"'bridge'.*cathedral"),
        (lambda: HaloRing(stone_mm=4.0, halo_mm=3.0), r"3\.00 mm.*4\.00 mm"),
        (lambda: HaloRing(width=1.2, stone_mm=5.0, shoulder_stones=20), r"20 stones"),
        (lambda: ThreeStone(stone_mm=14.0, width=3.0, side_mm=14.0, inner_radius=8.0), r"14\.00 mm"),
        (lambda: PaveBand(width=2.0, rows=2, stone_mm=1.5), r"2 rows of 1\.50 mm.*2\.00 mm"),
        (lambda: EternityBand(width=2.0, stone_mm=2.4), r"2\.40 mm.*2\.00 mm"),
        (lambda: PlainBand(width=40.0), r"40\.00 mm wide"),
        (lambda: PlainBand(profile="wavy"), r"'wavy'.*court"),
        (EngravedBand, r"text or a pattern"),
        (lambda: EngravedBand(text="Mia", width=2.0, letter_mm=1.9), r"1\.90 mm.*2\.00 mm"),
        (lambda: SignetRing(table_mm=25.0), r"25\.00"),
        (lambda: BezelRing(wall_mm=0.05), r"0\.05 mm.*6\.00 mm"),
    ],
)
def test_impossible_rings_are_refused_with_the_numbers_that_disagree(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_prongs_and_stone_can_be_changed_by_name() -> None:
    ring = Solitaire(prongs=6)
    four = replace(ring, prongs=4).build(GOLD)
    assert sum(".prong" in name for name in four.parts) == 4
    larger = replace(ring, stone_mm=1.1 * ring.stone_mm).build(GOLD).parts["centre.stone"].mesh
    assert np.ptp(larger.vertices[:, 0]) == pytest.approx(1.1 * ring.stone_mm, rel=0.01)


def test_shoulder_stones_lie_in_the_band_on_both_sides() -> None:
    piece = HaloRing(width=2.6, shoulder_stones=4).build(GOLD)
    middles = [
        part.mesh.vertices[:, 0].mean() for name, part in piece.parts.items() if name.startswith("shoulder.stone")
    ]
    assert sorted(np.sign(middles)) == [-1.0] * 4 + [1.0] * 4


def test_side_stones_stand_clear_of_the_main_one() -> None:
    ring = ThreeStone(stone_mm=6.0, side_mm=4.0)
    parts = ring.build(GOLD).parts
    main, side = parts["centre.stone"].mesh, parts["right.stone"].mesh
    assert side.bounds[0][0] > main.bounds[1][0]
    assert parts["right.stone"].gem == "diamond"


def test_an_eternity_band_closes_evenly() -> None:
    parts = EternityBand(width=3.0, stone_mm=2.0).build(GOLD).parts
    middles = np.array([part.mesh.vertices.mean(axis=0) for part in parts.values() if part.role is Role.STONE])
    apart = np.linalg.norm(middles - np.roll(middles, 1, axis=0), axis=1)
    assert np.ptp(apart) < 0.01
    assert 2.0 < apart[0] < 2.2


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_profile_has_the_band_measures(profile: str) -> None:
    low, high = Sweep(inner_radius=8.0, width=4.0, thickness=1.8, profile=profile, steps=90).mesh().bounds
    assert high[1] - low[1] == pytest.approx(4.0, abs=0.12)
    assert high[2] == pytest.approx(9.8, abs=0.02)


def _agreement(mesh: Mesh) -> float:
    assert mesh.normals is not None
    flat = unit(face_normals(mesh.vertices, mesh.faces))
    return float(np.median((flat * mesh.normals[mesh.faces[:, 0]]).sum(axis=1)))


def test_hammering_moves_the_outside_and_keeps_the_finger_smooth() -> None:
    ring = PlainBand(width=5.0, profile="flat")
    smooth, struck = (
        ring.build(replace(GOLD, finish=finish)).parts["shank"].mesh for finish in ("polished", "hammered")
    )
    moved = np.linalg.norm(struck.vertices - smooth.vertices, axis=1)
    inside = np.hypot(smooth.vertices[:, 0], smooth.vertices[:, 2] - ring.outer_radius) < ring.inner_radius + 0.2
    assert 0.02 < moved.max() < 0.15
    assert moved[inside].max() < 1e-9
    assert _agreement(struck) > 0.99


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_every_pattern_is_cut_into_the_band(pattern: str) -> None:
    ring = EngravedBand(width=5.0, pattern=pattern, profile="flat", pattern_mm=0.1)
    mesh = ring.build(GOLD).parts["shank"].mesh
    outside = np.hypot(mesh.vertices[:, 0], mesh.vertices[:, 2] - ring.outer_radius)[np.abs(mesh.vertices[:, 1]) < 2.0]
    cut = ring.outer_radius - outside[outside > ring.outer_radius - 0.5]
    assert 0.05 < cut.max() < 0.13
    assert 0.1 < (cut < 0.02).mean() < 0.95


@pytest.mark.parametrize("table", sorted(GAUGES))
def test_a_signet_has_a_flat_table_of_its_size(table: str) -> None:
    ring = SignetRing(table=table, table_mm=11.0, table_share=0.9)
    mesh = ring.build(GOLD).parts["shank"].mesh
    flat = mesh.vertices[np.isclose(mesh.vertices[:, 2], mesh.vertices[:, 2].max(), atol=1e-6)]
    assert np.ptp(flat[:, 1]) == pytest.approx(11.0, abs=0.3)
    assert np.ptp(flat[:, 0]) == pytest.approx(9.9, abs=0.3)
    assert _agreement(mesh) > 0.99


def test_letters_read_from_outside_and_are_no_defect() -> None:
    up = {"centre": np.zeros(3), "normal": np.array([0.0, 0, 1]), "across": np.array([1.0, 0, 0])}
    decal = engraved("L", **up, size_mm=4.0, height_mm=2.0)
    assert decal.height is not None
    cut = decal.height < -0.02
    rows, columns = np.nonzero(cut)
    assert cut[:, columns.min() : columns.min() + 8].sum() > 3 * cut[:, columns.max() - 8 : columns.max()].sum()
    assert cut[rows.min() : rows.min() + 8].sum() > 3 * cut[rows.max() - 8 : rows.max()].sum()
    assert np.ptp(rows) * 4.0 / len(cut) == pytest.approx(2.0, abs=0.15)
    assert not decal.footprint.any()
    assert -0.12 < decal.height.min() < -0.05


def test_a_long_line_of_letters_is_made_to_fit() -> None:
    up = {"centre": np.zeros(3), "normal": np.array([0.0, 0, 1]), "across": np.array([1.0, 0, 0])}
    decal = engraved("for ever and a day", **up, size_mm=5.0, height_mm=3.0, rng=default_rng(0))
    assert decal.height is not None
    assert not (decal.height[:, :8] < 0).any()
    assert 0.8 < np.ptp(np.nonzero(decal.height < -0.01)[1]) / 1024 < 0.98


def test_letters_no_typeface_has_are_refused() -> None:
    up = {"centre": np.zeros(3), "normal": np.array([0.0, 0, 1]), "across": np.array([1.0, 0, 0])}
    with pytest.raises(InputError, match="cannot engrave"):
        engraved("愛", **up, size_mm=4.0, height_mm=2.0)


def test_an_engraving_lies_where_the_photo_looks() -> None:
    ring = EngravedBand(text="Mia", width=5.0, profile="flat")
    piece = ring.build(GOLD)
    decal = piece.parts["shank#engraving"].decal
    assert decal is not None
    elevation, azimuth = np.deg2rad(ring.elevation_deg), np.deg2rad(-90 - ring.yaw_deg)
    eye = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    assert decal.normal @ eye > 0.5
    assert decal.across @ np.cross([0, 0, 1], eye) > 0


def test_a_frame_on_a_round_profile_leans_outwards() -> None:
    frame = FingerRing(width=4.0, thickness=1.8, profile="half_round").on_surface(0.0, 1.2)
    assert frame[1, 2] > 0.3
    assert frame[:3, :3].T @ frame[:3, :3] == pytest.approx(np.eye(3), abs=1e-9)
