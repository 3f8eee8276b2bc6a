"""Pixel-level metrics against brute force."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visiqc.errors import InputError, ShapeMismatch
from visiqc.evaluation.image_metrics import auroc
from visiqc.evaluation.pixel_metrics import RANK_LEVELS, au_pro, count_all, count_pixels, pixel_auroc, score_levels


def regions_of(mask: np.ndarray) -> list[set[tuple[int, int]]]:
    """8-connected regions by flood fill."""
    todo, found = set(zip(*map(np.ndarray.tolist, np.nonzero(mask)), strict=True)), []
    while todo:
        region, edge = set(), [todo.pop()]
        while edge:
            y, x = edge.pop()
            region.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & todo
            todo -= near
            edge += near
        found.append(region)
    return found


def brute_au_pro(maps: list[np.ndarray], masks: list[np.ndarray], limit: float) -> float:
    """Every distinct score is a threshold; the curve is cut at the limit by a straight line."""
    good = np.concatenate([m[~k] for m, k in zip(maps, masks, strict=True)])
    regions = [[m[p] for p in region] for m, k in zip(maps, masks, strict=True) for region in regions_of(k)]
    thresholds = np.unique(np.concatenate([m.ravel() for m in maps]))[::-1]
    points = [(np.mean(good >= t), np.mean([np.mean(np.array(r) >= t) for r in regions])) for t in thresholds]
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise([(0.0, 0.0), *points]):
        end = min(x1, limit)
        if x1 > x0 and x0 < limit:
            area += (end - x0) * (y0 + y0 + (y1 - y0) * (end - x0) / (x1 - x0)) / 2
    return area / limit


def blobs(rng: np.random.Generator, size: int = 24, spots: int = 3) -> np.ndarray:
    mask = np.zeros((size, size), bool)
    for _ in range(spots):
        y, x = rng.integers(0, size - 4, 2)
        mask[y : y + rng.integers(1, 5), x : x + rng.integers(1, 5)] = True
    return mask


def some_maps(seed: int, *, count: int = 3, size: int = 24, tied: bool = False) -> tuple[list, list]:
    rng = np.random.default_rng(seed)
    masks = [blobs(rng, size) for _ in range(count)]
    maps = [(rng.normal(size=(size, size)) + 1.2 * mask).astype("f4") for mask in masks]
    return [np.round(m) if tied else m for m in maps], masks


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([0.05, 0.3, 1.0]))
def test_au_pro_equals_brute_force(seed: int, tied: bool, limit: float) -> None:
    maps, masks = some_maps(seed, tied=tied)
    assert au_pro(maps, masks, limit=limit) == pytest.approx(brute_au_pro(maps, masks, limit), abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_pixel_auroc_equals_the_auroc_of_all_pixels(seed: int, tied: bool) -> None:
    maps, masks = some_maps(seed, tied=tied)
    assert pixel_auroc(maps, masks) == pytest.approx(auroc(np.ravel(maps), np.ravel(masks)), abs=1e-9)


@pytest.mark.parametrize("shape", [lambda s: s, np.exp, lambda s: 1 / (1 + np.exp(-9 * s)), lambda s: np.maximum(s, 0)])
def test_levels_are_fine_enough_for_many_pixels_of_any_distribution(shape) -> None:
    maps, masks = some_maps(1, count=4, size=200)
    maps = [shape(m).astype("f4") for m in maps]
    counts = count_all(maps, masks)
    assert counts.good.size > 2 * RANK_LEVELS / 3
    assert counts.auroc() == pytest.approx(auroc(np.ravel(maps), np.ravel(masks)), abs=1e-4)
    for limit in (0.05, 0.3):
        assert counts.au_pro(limit) == pytest.approx(brute_sorted_au_pro(maps, masks, limit), abs=1e-3)


def brute_sorted_au_pro(maps: list[np.ndarray], masks: list[np.ndarray], limit: float) -> float:
    """As `brute_au_pro`, for many pixels: one step per distinct score, sorted once."""
    weight = [np.zeros(k.shape) for k in masks]
    regions = 0
    for slot, mask in zip(weight, masks, strict=True):
        for region in regions_of(mask):
            regions += 1
            for p in region:
                slot[p] = 1 / len(region)
    scores, good = np.ravel(maps), ~np.ravel(masks)
    order = np.argsort(-scores, kind="stable")
    last = np.r_[np.diff(scores[order]) != 0, True]
    x = np.r_[0, (np.cumsum(good[order]) / good.sum())[last]]
    y = np.r_[0, (np.cumsum(np.ravel(weight)[order]) / regions)[last]]
    keep = x <= limit
    at = np.interp(limit, x, y)
    return float(np.trapezoid(np.r_[y[keep], max(at, y[keep][-1])], np.r_[x[keep], limit]) / limit)


def test_a_sample_stands_for_more_pixels_than_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    maps, masks = some_maps(2, count=4, size=200)
    exact = pixel_auroc(maps, masks), au_pro(maps, masks)
    monkeypatch.setattr("visiqc.evaluation.pixel_metrics.SAMPLE", 20_000)
    assert (pixel_auroc(maps, masks), au_pro(maps, masks)) == pytest.approx(exact, abs=1e-3)


def test_small_regions_count_as_much_as_large_ones() -> None:
    mask = np.zeros((20, 20), bool)
    mask[0, 0] = mask[10:20, 10:20] = True
    found_large_only = np.where(mask, 1.0, 0.0).astype("f4")
    found_large_only[0, 0] = 0.0
    assert au_pro([np.where(mask, 1.0, 0.0).astype("f4")], [mask]) == 1.0
    # The missed pixel only comes with all good ones: the line from (0, 1/2) to (1, 1), cut at 0.3.
    assert au_pro([found_large_only], [mask]) == pytest.approx(0.5 + 0.5 * 0.3 / 2)
    assert pixel_auroc([found_large_only], [mask]) > 0.99


def test_a_blind_map_scores_as_chance() -> None:
    maps, masks = some_maps(5)
    blind = [np.ones_like(m) for m in maps]
    assert pixel_auroc(blind, masks) == 0.5
    assert au_pro(blind, masks) == pytest.approx(0.15)


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_turning_the_maps_round_turns_auroc_round(seed: int) -> None:
    maps, masks = some_maps(seed, tied=True)
    assert pixel_auroc([-m for m in maps], masks) == pytest.approx(1 - pixel_auroc(maps, masks))


def test_nan_pixels_are_left_out() -> None:
    maps, masks = some_maps(7)
    with_nan = [m.copy() for m in maps]
    for m in with_nan:
        m[:, 12:] = np.nan
    halves = [m[:, :12] for m in maps], [k[:, :12] for k in masks]
    assert pixel_auroc(with_nan, masks) == pytest.approx(pixel_auroc(*halves))


def test_a_region_nobody_judged_is_no_region() -> None:
    mask = np.zeros((8, 8), bool)
    mask[1, 1] = mask[6, 6] = True
    score_map = np.where(mask, 1.0, 0.0).astype("f4")
    score_map[6, 6] = np.nan
    assert count_all([score_map], [mask]).regions == 1
    assert au_pro([score_map], [mask]) == 1.0


def test_types_can_be_counted_apart_and_joined() -> None:
    maps, masks = some_maps(8)
    levels = score_levels(maps, masks)
    first, *others = (count_pixels(m, k, levels) for m, k in zip(maps, masks, strict=True))
    joined = sum(others, start=first)
    assert joined.au_pro() == pytest.approx(au_pro(maps, masks))
    assert joined.regions == sum(len(regions_of(k)) for k in masks)


def test_touching_corners_join_a_region() -> None:
    mask = np.eye(5, dtype=bool)
    assert count_all([mask.astype("f4")], [mask]).regions == 1


def test_empty_cases_are_refused() -> None:
    good = np.zeros((4, 4), bool)
    flat = np.zeros((4, 4), "f4")
    with pytest.raises(InputError, match="at least one map"):
        pixel_auroc([], [])
    with pytest.raises(InputError, match="only one kind"):
        pixel_auroc([flat], [good])
    with pytest.raises(InputError, match="no defective region"):
        au_pro([flat], [good])
    with pytest.raises(InputError, match="limit"):
        au_pro([flat], [~good], limit=0.0)
    with pytest.raises(InputError, match="only one kind"):
        au_pro([flat], [~good])


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ShapeMismatch, match=r"4×4.*5×4"):
        pixel_auroc([np.zeros((4, 4), "f4")], [np.zeros((5, 4), bool)])
