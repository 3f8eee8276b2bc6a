"""The colour report of drawn pieces: light is forgiven, a plating shift and another stone are not."""

from __future__ import annotations

import numpy as np
import pytest

from colour_scenes import CLEAR, GOLD, ROSE, SAPPHIRE, WOOD, masks, ring
from visiqc.domain.colour import BalanceBasis, ColourPart, ColourReport, PartColour
from visiqc.errors import InputError, ShapeMismatch
from visiqc.vision.colour_card import CardReading
from visiqc.vision.colour_measure import Cards, measure_colour
from visiqc.vision.types import Photo

PRODUCT = masks()[0] | masks()[1]
GOLDENS = [ring(seed=1), ring(light=(1, 0.95, 0.88), seed=2), ring(light=(0.95, 1, 1.05), seed=3)]
WARM = (1.0, 0.90, 0.74)


def _measured(upload: Photo, cards: Cards | None = None) -> ColourReport:
    return measure_colour(GOLDENS, upload, product=PRODUCT, cards=cards)


def _metal(report: ColourReport) -> PartColour:
    found = report.of(ColourPart.METAL)
    assert found is not None
    return found


def test_the_same_piece_under_warmer_light_is_the_same_colour() -> None:
    metal = _metal(_measured(ring(light=WARM, seed=9)))
    assert metal.delta_e00 < 1.5
    assert metal.evidence < 0


def test_rose_plating_under_warmer_light_is_another_colour_and_redder() -> None:
    metal = _metal(_measured(ring(ROSE, light=WARM, seed=9)))
    assert metal.evidence > 1
    assert metal.delta_e00 > 4
    assert metal.delta_b < -4


def test_gold_that_mirrors_wood_is_less_surprising_than_on_its_own_ground() -> None:
    mirroring = _measured(ring(ground=WOOD, mirrored=0.35, seed=9))
    assert mirroring.shared_ground is not None
    assert mirroring.shared_ground < 0.1
    assert _metal(mirroring).evidence < 0
    assert _metal(mirroring).uncertainty > _metal(_measured(ring(seed=9))).uncertainty


def test_another_stone_is_the_spot_that_differs_and_the_metal_is_not_blamed() -> None:
    good, wrong = _measured(ring(light=WARM, seed=9)), _measured(ring(stone=SAPPHIRE, light=WARM, seed=9))
    assert good.spot is not None
    assert wrong.spot is not None
    assert wrong.spot.delta > 3 * good.spot.delta
    left, top, right, bottom = wrong.spot.box
    assert left < 96
    assert right > 64
    assert top < 48
    assert bottom > 16
    assert _metal(wrong).evidence < 0
    stones = wrong.of(ColourPart.STONES)
    assert stones is not None
    assert stones.evidence > 1


def test_a_card_is_named_as_the_basis_and_stands_in_for_ground() -> None:
    none = np.zeros_like(PRODUCT)
    cards = Cards((CardReading(np.zeros(2), 0.01, 4),), CardReading(np.log([1 / 0.9, 0.74 / 0.9]), 0.01, 4))
    warm, golden = ring(light=WARM, seed=9), GOLDENS[:1]
    carded = measure_colour(golden, warm, product=PRODUCT, surroundings=none, cards=cards)
    bare = measure_colour(golden, warm, product=PRODUCT, surroundings=none)
    assert (carded.basis, bare.basis) == (BalanceBasis.CARD, BalanceBasis.NONE)
    assert _metal(carded).delta_e00 < 1.5 < _metal(bare).delta_e00
    assert _metal(carded).uncertainty <= _metal(bare).uncertainty


def test_without_ground_the_report_says_that_nothing_told_the_light() -> None:
    report = measure_colour(GOLDENS, ring(light=WARM, seed=9), product=PRODUCT, surroundings=np.zeros_like(PRODUCT))
    assert report.basis is BalanceBasis.NONE
    assert report.shared_ground is None
    assert _metal(report).uncertainty > _metal(_measured(ring(light=WARM, seed=9))).uncertainty


def test_a_clear_stone_in_white_metal_is_no_part_of_its_own() -> None:
    white = (0.97, 0.96, 0.94)
    report = measure_colour([ring(white, CLEAR)], ring(white, CLEAR, seed=4), product=PRODUCT)
    assert report.of(ColourPart.STONES) is None
    assert report.of(ColourPart.METAL) is not None


def test_a_photo_that_is_black_has_no_colour_to_tell() -> None:
    report = _measured(np.zeros((160, 160, 3), np.uint8))
    assert report.parts == ()


def test_sizes_that_differ_are_refused_by_name() -> None:
    with pytest.raises(ShapeMismatch, match="golden 160×160, upload 80×80"):
        measure_colour(GOLDENS, ring()[::2, ::2], product=PRODUCT[::2, ::2])


def test_no_golden_is_refused() -> None:
    with pytest.raises(InputError, match="at least one golden frame"):
        measure_colour([], ring(), product=PRODUCT)


def test_the_result_is_the_same_for_gold_named_by_its_own_colour() -> None:
    again = measure_colour(GOLDENS, ring(GOLD, seed=1), product=PRODUCT)
    assert again == measure_colour(GOLDENS, GOLDENS[0], product=PRODUCT)


def test_a_painted_part_without_metal_is_judged_by_no_colour() -> None:
    rng = np.random.default_rng(0)
    product = np.zeros((120, 160), bool)
    product[20:100, 20:140] = True

    def painted(blue: float) -> Photo:
        photo = np.full((120, 160, 3), 190.0)
        photo[product] = (20, 60, blue)
        photo[30:50, 70:74] = 120  # the hook it hangs by
        return np.asarray(np.clip(photo + rng.normal(0, 2, photo.shape), 0, 255), np.uint8)

    report = measure_colour([painted(150), painted(160)], painted(110), product=product)
    assert report.parts == ()
    assert report.spot is None
