from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from visiqc.errors import InputError
from visiqc.training.fit_plots import learning_curves, rate_curve
from visiqc.training.grids import Example, image_grid, overlay, worst
from visiqc.training.plots import (
    alarm_limit,
    confusion,
    pr_curve,
    reliability,
    roc_curve,
    score_histogram,
)
from visiqc.training.rate_finding import propose

RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 3 == 0
SCORES = RNG.normal(size=60) + 2 * LABELS
ROWS = [{"epoch": n, "rate": 1e-3, "train/loss": 1 / (n + 1), "val/score": n / 4, "at": 0.0} for n in range(4)]
RATES = np.geomspace(1e-6, 1, 50)
PHOTO = np.full((40, 60, 3), 120, np.uint8)


def picture(png: bytes) -> Image.Image:
    shown = Image.open(io.BytesIO(png))
    shown.load()
    return shown


@pytest.mark.parametrize(
    "draw",
    [
        lambda: roc_curve(LABELS, SCORES, name="renders"),
        lambda: pr_curve(LABELS, SCORES),
        lambda: score_histogram(SCORES[~LABELS], SCORES[LABELS], 1.0),
        lambda: score_histogram(SCORES, [], None),
        lambda: confusion(np.arange(9).reshape(3, 3), ["scratch", "dent", "unknown"]),
        lambda: reliability(RNG.random(50), RNG.random(50) > 0.5),
        lambda: learning_curves(ROWS, best=2),
        lambda: rate_curve(propose(RATES, (np.log10(RATES) + 3) ** 2)),
        lambda: image_grid([Example(golden=PHOTO, upload=PHOTO, sku="a", score=0.5, code="dent")] * 3, "worst"),
    ],
    ids=["roc", "pr", "histogram", "one-class", "confusion", "reliability", "curves", "rate", "grid"],
)
def test_a_plot_is_a_picture_with_something_on_it(draw: Callable[[], bytes]) -> None:
    shown = picture(draw())
    assert min(shown.size) > 200
    assert np.asarray(shown.convert("L")).std() > 5


@pytest.mark.parametrize(
    "draw",
    [
        lambda: roc_curve([False] * 4, [1, 2, 3, 4]),
        lambda: pr_curve([True] * 4, [1, 2, 3, np.nan]),
        lambda: score_histogram([], [], None),
        lambda: reliability([], []),
        lambda: confusion(np.zeros((0, 0)), []),
        lambda: learning_curves([]),
        lambda: image_grid([], "worst"),
    ],
)
def test_where_there_is_nothing_to_draw_the_picture_says_so(draw: Callable[[], bytes]) -> None:
    assert np.asarray(picture(draw()).convert("L")).min() < 128


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert roc_curve(LABELS, SCORES) == roc_curve(LABELS, SCORES)


def test_at_the_limit_of_a_histogram_at_most_that_share_of_the_good_is_flagged() -> None:
    good = np.arange(30.0)
    limit = alarm_limit(good)
    assert limit is not None
    assert (good >= limit).sum() == 1  # 5 % of 30 are one and a half
    assert alarm_limit([1.0, 1.0, 1.0]) > 1.0
    assert alarm_limit([np.nan, -np.inf]) is None


def test_a_grid_without_maps_has_no_room_for_them() -> None:
    bare, heat = Example(golden=PHOTO, upload=PHOTO), np.zeros((2, 3), np.float32)
    with_map = Example(golden=PHOTO, upload=PHOTO, heat=heat)
    assert picture(image_grid([bare] * 3, "worst")).width < 0.7 * picture(image_grid([bare, with_map], "worst")).width


def test_no_figure_stays_open() -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    roc_curve(LABELS, SCORES)
    assert plt.get_fignums() == before


def test_scores_without_labels_are_refused() -> None:
    with pytest.raises(InputError, match="got 3 scores and 2 labels"):
        roc_curve([True, False], [1, 2, 3])


def test_a_matrix_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"wanted a 2 × 2 matrix for 2 names, got \(3, 3\)"):
        confusion(np.eye(3), ["a", "b"])


def test_the_worst_come_first() -> None:
    scores, defective = [0.9, 0.2, 0.7, 0.4, 0.1, 0.8], [False, True, False, True, False, True]
    assert worst(scores, defective, 0.5) == ([0, 2], [1, 3])
    assert worst(scores, defective, 0.5, most=1) == ([0], [1])


def test_a_map_colours_what_is_judged_and_nothing_else() -> None:
    heat = np.array([[1.0, np.nan]], np.float32)
    laid = overlay(PHOTO, heat)
    assert laid.shape == PHOTO.shape
    assert laid.dtype == np.uint8
    assert np.ptp(laid[:, :20], axis=2).min() > 10
    assert np.array_equal(laid[:, 40:], PHOTO[:, 40:])
    assert np.array_equal(overlay(PHOTO, None), PHOTO)
