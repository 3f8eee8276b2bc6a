from __future__ import annotations

import numpy as np
import pytest

from pictures import board, shot
from visiqc.domain.defect_catalogue import CATALOGUE
from visiqc.errors import BadRecipe, ShapeMismatch
from visiqc.training.synth.damage import KINDS, damage, undamaged, visible_change
from visiqc.training.synth.scenes import scene
from visiqc.vision.types import Mask, Photo

OTHERS = tuple(scene(np.random.default_rng(n), side=96).photo for n in range(3))


def piece() -> tuple[Photo, Mask]:
    """A board with three stones of strong colour."""
    photo, product = shot(board((160, 200)), size=(160, 200))
    for x in (70, 100, 130):
        rows, columns = np.ogrid[:160, :200]
        photo[(rows - 80) ** 2 + (columns - x) ** 2 < 36] = (200, 20, 60)
    return photo, product


@pytest.mark.parametrize("kind", KINDS)
def test_the_mask_is_what_was_changed_and_nothing_else(kind: str) -> None:
    photo, product = piece()
    made = [damage(photo, product, np.random.default_rng(n), others=OTHERS, kinds=[kind]) for n in range(6)]
    found = [each for each in made if each is not None]
    assert len(found) >= 4
    for each in found:
        difference = np.abs(each.photo.astype(int) - photo).max(axis=-1)
        assert each.kind == kind
        assert each.mask.any()
        assert np.median(difference[each.mask]) > 9
        assert not (difference > 40)[~(each.mask | each.faint)].any()
        assert not (each.mask & each.faint).any()
        assert difference[~(each.mask | each.faint)].mean() < 1
        assert each.photo.dtype == np.uint8


def test_the_same_seed_gives_the_same_damage_and_the_photo_is_not_touched() -> None:
    photo, product = piece()
    before = photo.copy()
    one, other = (damage(photo, product, np.random.default_rng(7), others=OTHERS) for _ in range(2))
    assert one is not None
    assert other is not None
    assert np.array_equal(one.photo, other.photo)
    assert np.array_equal(photo, before)


def test_sizes_go_from_tiny_to_large() -> None:
    photo, product = piece()
    made = [damage(photo, product, np.random.default_rng(n), others=OTHERS) for n in range(120)]
    shares = np.array([each.mask.sum() for each in made if each is not None]) / product.sum()
    assert np.percentile(shares, 10) < 0.002
    assert np.percentile(shares, 95) > 0.02
    assert shares.max() < 0.4


def test_codes_are_in_the_catalogue_and_stones_are_lost_from_jewelry_alone() -> None:
    photo, product = piece()
    for kind in KINDS.values():
        assert {kind.code, kind.jewelry_code} - {None} <= set(CATALOGUE)
    for jewelry, code in ((True, "ST-MIS"), (False, None)):
        made = damage(photo, product, np.random.default_rng(1), kinds=["stone_lost"], jewelry=jewelry)
        assert made is not None
        assert made.code == code


def test_what_is_meant_for_metal_has_no_code_on_a_stone() -> None:
    ruby = np.full((64, 64, 3), (200, 20, 60), np.uint8)
    steel = np.full((64, 64, 3), 150, np.uint8)
    for photo, code in ((ruby, None), (steel, "ME-DNT")):
        made = damage(photo, np.ones((64, 64), bool), np.random.default_rng(1), kinds=["dent"])
        assert made is not None
        assert made.code == code


def test_a_piece_without_stones_loses_none() -> None:
    grey = np.full((64, 64, 3), 150, np.uint8)
    everything = np.ones((64, 64), bool)
    assert damage(grey, everything, np.random.default_rng(0), kinds=["stone_lost", "bitten"]) is None


def test_no_product_is_no_damage() -> None:
    photo, product = piece()
    assert damage(photo, np.zeros_like(product), np.random.default_rng(0)) is None


def test_labels_tell_ground_product_faint_and_damage() -> None:
    photo, product = piece()
    made = damage(photo, product, np.random.default_rng(2), kinds=["tarnish"])
    assert made is not None
    labels = made.labels(product)
    assert np.array_equal(labels == 255, made.mask)
    assert np.array_equal(labels == 128, made.faint)
    assert set(np.unique(labels)) == {0, 64, 128, 255}
    assert set(np.unique(undamaged(photo).labels(product))) == {0, 64}


def test_a_change_that_cannot_be_seen_is_not_labelled() -> None:
    grey = np.full((40, 40, 3), 120, np.uint8)
    slight, plain = grey.copy(), grey.copy()
    slight[10:20, 10:20] += 5
    plain[10:20, 10:20] += 30
    assert not visible_change(grey, slight)[0].any()
    assert visible_change(grey, slight)[1].sum() == pytest.approx(100, abs=20)
    assert visible_change(grey, plain)[0][10:20, 10:20].all()


def test_the_same_change_is_seen_on_a_plain_surface_and_lost_in_a_rough_one() -> None:
    rough = np.random.default_rng(0).integers(0, 256, (40, 40, 1)).repeat(3, axis=2).astype(np.uint8)
    change = np.zeros((40, 40, 3), np.int16)
    change[10:20, 10:20] = 20
    changed = np.clip(rough + change, 0, 255).astype(np.uint8)
    assert visible_change(rough, changed)[0].mean() < 0.01


def test_what_does_not_exist_is_refused_by_name() -> None:
    photo, product = piece()
    with pytest.raises(BadRecipe, match="no synthetic damage 'dents'"):
        damage(photo, product, np.random.default_rng(0), kinds=["dents"])
    with pytest.raises(ShapeMismatch, match="photo 160×200, product 80×100"):
        damage(photo, product[::2, ::2], np.random.default_rng(0))
