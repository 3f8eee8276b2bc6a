"""Masks from first hits: each rule, thin defects, the ignore band and what is measured of a mask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from small_pieces import a_design, a_stone, an_engraving
from visiqc.errors import InputError, ShapeMismatch
from visiqc.rendering.defects.damage import Damage, Rule
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.masks import (
    box_of,
    contrast,
    coverage,
    defect_mask,
    ignore_band,
    label_image,
    moved,
    product_mask,
)
from visiqc.rendering.piece import Part, Piece, Role, View, piece_of

NAMES = ("ground", "stone", "prong", "shank#scratch", "shank")
shapes = arrays(np.int32, (8, 8), elements=st.integers(-1, len(NAMES) - 1))
depths = arrays(np.float32, (8, 8), elements=st.sampled_from([0.0, 0.004, 0.02, 1.0]))


def some_hits(
    shape: np.ndarray | int = 0, *, z: np.ndarray | float = 0.0, names: tuple[str, ...] = NAMES, per_pixel: int = 2
) -> FirstHits:
    """8 × 8 rays straight down on level surfaces."""
    number = np.broadcast_to(np.asarray(shape, np.int32), (8, 8)).copy()
    point = np.zeros((8, 8, 3), np.float32)
    point[..., 2] = z
    normal = np.zeros((8, 8, 3), np.float32)
    normal[..., 2] = 1
    uv = np.stack(np.meshgrid(np.linspace(0.06, 0.94, 8), np.linspace(0.06, 0.94, 8)), axis=-1)
    return FirstHits(
        names=names,
        shape=number,
        point=point,
        normal=normal,
        facing=np.ones((8, 8), np.float32),
        uv=uv.astype(np.float32),
        per_pixel=per_pixel,
    )


def a_damage(rule: Rule, *touched: str, piece: Piece | None = None) -> Damage:
    return Damage(
        kind="scratch",
        severity=0.5,
        size_mm=1.0,
        piece=piece or piece_of([a_stone()], view=View()),
        touched=frozenset(touched),
        rule=rule,
    )


def a_block(rows: slice, columns: slice, inside: int, outside: int = 0) -> np.ndarray:
    shape = np.full((8, 8), outside, np.int32)
    shape[rows, columns] = inside
    return shape


def test_a_stone_that_is_gone_is_masked_where_it_was() -> None:
    good, damaged = some_hits(a_block(slice(2, 6), slice(2, 6), 1)), some_hits(0)
    mask = defect_mask(a_damage(Rule.MOVED, "stone"), good, damaged)
    assert box_of(mask) == (1, 1, 3, 3)
    assert mask.sum() == 4


def test_a_part_that_moved_by_less_than_a_hundredth_of_a_millimetre_stands_where_it_stood() -> None:
    good = some_hits(1)
    assert not defect_mask(a_damage(Rule.MOVED, "stone"), good, some_hits(1, z=0.009)).any()
    assert defect_mask(a_damage(Rule.MOVED, "stone"), good, some_hits(1, z=0.011)).all()


def test_a_surface_seen_edge_on_has_not_moved_because_the_ray_meets_it_later() -> None:
    good, damaged = some_hits(1), some_hits(1)
    damaged.point[..., 0] += 0.05  # along the level surface
    assert not moved(good, damaged).any()


def test_a_move_of_an_untouched_part_is_no_defect() -> None:
    assert not defect_mask(a_damage(Rule.MOVED, "stone"), some_hits(2), some_hits(2, z=1.0)).any()


def test_parts_are_compared_by_name_whatever_their_numbers() -> None:
    good = some_hits(1, names=("ground", "stone"))
    damaged = some_hits(0, names=("stone", "ground"))
    assert not moved(good, damaged).any()


def test_a_part_split_by_a_decal_is_still_the_same_part() -> None:
    assert not moved(some_hits(4), some_hits(3)).any()


@given(shape=shapes, z=depths, rule=st.sampled_from([Rule.MOVED, Rule.FOOTPRINT]))
def test_equal_hits_give_an_empty_mask(shape: np.ndarray, z: np.ndarray, rule: Rule) -> None:
    hits = some_hits(shape, z=z)
    assert not defect_mask(a_damage(rule, "stone", "shank"), hits, hits).any()


@given(before=shapes, after=shapes, z=depths, touched=st.sampled_from(["stone", "prong", "shank"]))
def test_a_moved_mask_lies_on_rays_of_touched_parts(
    before: np.ndarray, after: np.ndarray, z: np.ndarray, touched: str
) -> None:
    good, damaged = some_hits(before, per_pixel=1), some_hits(after, z=z, per_pixel=1)
    mask = defect_mask(a_damage(Rule.MOVED, touched), good, damaged)
    on = [hits.on(*(name for name in NAMES if name.partition("#")[0] == touched)) for hits in (good, damaged)]
    assert not (mask & ~(on[0] | on[1])).any()


@given(before=shapes, after=shapes)
def test_a_moved_mask_is_the_same_when_good_and_damaged_change_places(before: np.ndarray, after: np.ndarray) -> None:
    damage, one, other = a_damage(Rule.MOVED, "stone"), some_hits(before), some_hits(after)
    assert np.array_equal(defect_mask(damage, one, other), defect_mask(damage, other, one))


def test_a_wholly_wrong_part_is_masked_before_and_after() -> None:
    good, damaged = some_hits(a_block(slice(0, 4), slice(0, 4), 1)), some_hits(a_block(slice(4, 8), slice(4, 8), 1))
    mask = defect_mask(a_damage(Rule.WHOLE, "stone"), good, damaged)
    assert mask[:2, :2].all()
    assert mask[2:, 2:].all()
    assert mask.sum() == 8


def test_touching_a_split_part_does_not_touch_the_rest_of_it() -> None:
    shape = a_block(slice(0, 8), slice(0, 4), 3, outside=4)
    mask = defect_mask(a_damage(Rule.WHOLE, "shank#scratch"), some_hits(0), some_hits(shape))
    assert mask[:, :2].all()
    assert not mask[:, 2:].any()


def test_a_footprint_is_looked_up_by_column_and_row() -> None:
    decal = an_engraving("A")
    footprint = decal.footprint.copy()
    footprint[:512, 512:] = True  # the upper rows' right half: small v, large u
    piece = a_design(text="A").build()
    part = next(part for part in piece.parts.values() if part.decal is not None)
    marked = piece.with_part(_with_footprint(part, footprint))
    hits = some_hits(0, names=(part.name,))
    mask = defect_mask(a_damage(Rule.FOOTPRINT, part.name, piece=marked), hits, hits)
    assert box_of(mask) == (2, 0, 4, 2)


def test_a_harmless_decal_has_no_mask() -> None:
    piece = a_design(text="A").build()
    name = next(part.name for part in piece.parts.values() if part.decal is not None)
    hits = some_hits(0, names=(name,))
    assert not defect_mask(a_damage(Rule.FOOTPRINT, name, piece=piece), hits, hits).any()


def test_a_line_thinner_than_a_pixel_is_masked_by_a_quarter_of_its_rays() -> None:
    shape = np.zeros((8, 8), np.int32)
    shape[3, np.arange(0, 8, 2)] = 2
    mask = defect_mask(a_damage(Rule.MOVED, "prong"), some_hits(0), some_hits(shape))
    assert mask.sum() == 4
    assert mask[1].all()


def test_the_edge_of_a_large_defect_needs_half_of_a_pixel() -> None:
    shape = a_block(slice(0, 8), slice(0, 4), 1)
    shape[0, 4] = 1  # a quarter of the next pixel
    mask = defect_mask(a_damage(Rule.MOVED, "stone"), some_hits(0), some_hits(shape))
    assert not mask[0, 2]
    assert mask[:, :2].all()


def test_a_crack_is_masked_where_it_is_seen_through_the_stone() -> None:
    seen = np.zeros((8, 8), bool)
    seen[:2, :2] = True
    mask = defect_mask(a_damage(Rule.SEEN_THROUGH, "crack"), some_hits(1), some_hits(1), seen=seen)
    assert box_of(mask) == (0, 0, 1, 1)


def test_a_crack_without_the_rays_that_see_it_is_refused() -> None:
    with pytest.raises(InputError, match="rays that see it"):
        defect_mask(a_damage(Rule.SEEN_THROUGH, "crack"), some_hits(1), some_hits(1))


def test_hits_of_other_rays_are_refused() -> None:
    other = some_hits(1)
    smaller = FirstHits(
        names=NAMES,
        shape=other.shape[:4],
        point=other.point[:4],
        normal=other.normal[:4],
        facing=other.facing[:4],
        uv=other.uv[:4],
        per_pixel=2,
    )
    with pytest.raises(ShapeMismatch, match=r"8×8.*4×8"):
        defect_mask(a_damage(Rule.MOVED, "stone"), other, smaller)


def test_dust_and_ground_are_not_the_product() -> None:
    dust = Part(name="dust", mesh=a_stone().mesh, role=Role.FOREIGN)
    piece = piece_of([a_stone("stone"), dust], view=View())
    shape = np.repeat(np.array([[0, 0, 1, 1, 2, 2, -1, -1]], np.int32), 8, axis=0)
    mask = product_mask(some_hits(shape, names=("ground", "stone", "dust")), piece)
    assert mask.all(axis=0).tolist() == [False, True, False, False]


@given(rays=arrays(bool, (6, 9)))
def test_coverage_keeps_the_share_of_rays(rays: np.ndarray) -> None:
    assert coverage(rays, 3).mean() == pytest.approx(rays.mean())
    assert coverage(rays, 3).shape == (2, 3)


def test_equal_light_leaves_no_ignore_band() -> None:
    light = np.random.default_rng(0).uniform(0, 2, (24, 24, 3)).astype(np.float32)
    assert not ignore_band(light, light, np.zeros((24, 24), bool)).any()


def test_a_changed_reflection_is_ignored_and_the_defect_itself_is_not() -> None:
    good = np.full((32, 32, 3), 0.5, np.float32)
    damaged, mask = good.copy(), np.zeros((32, 32), bool)
    damaged[6:14, 4:12] = 0.2
    damaged[20:28, 20:28] = 0.2
    mask[20:28, 20:28] = True
    band = ignore_band(good, damaged, mask)
    assert band[6:14, 4:12].all()
    assert not (band & mask).any()
    assert not band[:2].any()


def test_one_stray_path_is_no_ignore_band() -> None:
    good = np.full((32, 32, 3), 0.5, np.float32)
    damaged = good.copy()
    damaged[10, 10] = 5.0
    assert not ignore_band(good, damaged, np.zeros((32, 32), bool)).any()


@given(mask=arrays(bool, (5, 7)))
def test_the_box_is_the_smallest_that_holds_the_mask(mask: np.ndarray) -> None:
    box = box_of(mask)
    if box is None:
        assert not mask.any()
        return
    x0, y0, x1, y1 = box
    assert mask[y0:y1, x0:x1].sum() == mask.sum()
    assert all(line.any() for line in (mask[y0], mask[y1 - 1], mask[:, x0], mask[:, x1 - 1]))


def test_a_label_image_shows_the_defect_over_all_else() -> None:
    product, ignore, mask = (np.array([[flag]] * 1, bool) for flag in ([0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]))
    labels = label_image(product.reshape(1, 4), ignore.reshape(1, 4), mask.reshape(1, 4))
    assert labels.tolist() == [[0, 64, 128, 255]]
    assert labels.dtype == np.uint8


def test_contrast_is_the_mean_difference_in_grey_levels_inside_the_mask() -> None:
    good = np.full((20, 20, 3), 100, np.uint8)
    mask = np.zeros((20, 20), bool)
    mask[5:9, 5:9] = True
    assert contrast(good, good + np.uint8(30), mask) == pytest.approx(30.0)
    assert contrast(good, good, mask) == 0.0
    assert contrast(good, good + np.uint8(30), np.zeros((20, 20), bool)) == 0.0


def _with_footprint(part: Part, footprint: np.ndarray) -> Part:
    assert part.decal is not None
    return replace(part, decal=replace(part.decal, footprint=footprint))
