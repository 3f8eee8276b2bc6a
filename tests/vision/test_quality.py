"""The quality gate: what it complains about, what it lets pass, and how goldens move its limits."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import picture
from visiqc.domain.reasons import ReasonCode
from visiqc.errors import InputError, ShapeMismatch
from visiqc.vision.quality import QualityLimits, QualityReport, limits_from, measure_quality
from visiqc.vision.quality_measures import measure_photo

CODES = ReasonCode


def ring(
    side: int = 512,
    *,
    at: tuple[float, float] = (0.5, 0.5),
    radius: float = 0.3,
    background: int = 200,
    metal: int = 120,
) -> tuple[np.ndarray, np.ndarray]:
    """A polished ring, smoothly shaded, in focus on an even background; and its mask."""
    y, x = np.mgrid[: 2 * side, : 2 * side].astype(np.float32) / (2 * side)
    distance, angle = np.hypot(x - at[0], y - at[1]), np.arctan2(y - at[1], x - at[0])
    inside = (distance < radius) & (distance > 0.6 * radius)
    shade = metal + 45 * np.cos(2 * angle) + 20 * np.cos((distance - 0.8 * radius) / radius * 12)
    grey = np.where(inside, shade, background).astype(np.float32)
    colour = np.stack([grey, grey * np.where(inside, 0.85, 1), grey * np.where(inside, 0.6, 1)], axis=-1)
    small = cv2.resize(colour, (side, side), interpolation=cv2.INTER_AREA)
    noisy = small + np.random.default_rng(0).normal(size=small.shape)
    mask = cv2.resize(inside.astype(np.uint8), (side, side), interpolation=cv2.INTER_AREA) > 0
    return np.clip(noisy, 0, 255).astype(np.uint8), mask


RING, MASK = ring()
WHOLE = np.ones_like(MASK)


def codes(photo: np.ndarray, mask: np.ndarray = MASK, limits: QualityLimits | None = None, **more: object) -> set[str]:
    return {reason.code.value for reason in measure_quality(photo, mask, limits, **more).reasons}  # type: ignore[arg-type]


def blurred(photo: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(photo, (0, 0), sigma)


def shaken(photo: np.ndarray, length: int) -> np.ndarray:
    return cv2.filter2D(photo, -1, np.full((1, length), 1 / length, np.float32))


def with_spot(photo: np.ndarray, radius: int, at: tuple[int, int] = (256 - 120, 256)) -> np.ndarray:
    return cv2.circle(photo.copy(), at, radius, (255, 255, 255), -1)


RING_REPORT = measure_quality(RING, MASK)


def with_figures(**figures: float) -> QualityReport:
    """The ring's report with some of its figures replaced."""
    changed = (replace(m, value=figures.get(m.name, m.value)) for m in RING_REPORT.measurements)
    return QualityReport(measurements=tuple(changed))


OWN = limits_from([RING_REPORT])


def test_a_good_photo_passes_with_every_figure_reported() -> None:
    report = measure_quality(RING, MASK)
    assert report.passed
    assert all(measurement.passed for measurement in report.measurements)
    assert {"edge_width", "brightness", "glare_share", "border_share"} <= {m.name for m in report.measurements}


def test_a_smooth_polished_ring_in_focus_is_not_called_blurred_but_the_blurred_one_is() -> None:
    assert codes(RING) == set()
    assert codes(blurred(RING, 3.2)) == {CODES.BLURRED}


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0, 3.0])
def test_the_edge_width_is_the_blur_that_was_applied(sigma: float) -> None:
    measured = measure_photo(blurred(RING, sigma), MASK).edge_width
    own = measure_photo(RING, MASK).edge_width
    assert measured == pytest.approx(np.hypot(sigma, own), rel=0.2)


@pytest.mark.parametrize("side", [400, 512, 1024, 1500])
def test_figures_do_not_depend_on_the_resolution(side: int) -> None:
    photo, mask = ring(side)
    figures, standard = (
        asdict(measure_photo(blurred(photo, 2 * side / 512), mask)),
        asdict(measure_photo(blurred(RING, 2), MASK)),
    )
    for name in ("product_share", "brightness", "product_brightness", "contrast", "edge_width", "motion_width"):
        assert figures[name] == pytest.approx(standard[name], rel=0.2), name


def test_noise_does_not_pass_for_sharpness() -> None:
    noisy = blurred(RING, 5) + np.random.default_rng(1).normal(scale=3, size=RING.shape)
    assert CODES.BLURRED in codes(np.clip(noisy, 0, 255).astype(np.uint8), limits=OWN)


def test_a_shaken_photo_is_blurred_though_the_edges_along_the_movement_are_sharp() -> None:
    report = measure_quality(shaken(RING, 15), MASK, OWN)
    assert [reason.code for reason in report.reasons] == [CODES.BLURRED]
    assert measure_photo(shaken(RING, 15), MASK).motion_width > 2 * measure_photo(RING, MASK).motion_width


@pytest.mark.parametrize(
    ("gain", "code"), [(0.15, CODES.TOO_DARK), (2.6, CODES.TOO_BRIGHT)], ids=["under-exposed", "over-exposed"]
)
def test_exposure(gain: float, code: ReasonCode) -> None:
    wrong = np.clip(RING.astype(np.float32) * gain, 0, 255).astype(np.uint8)
    assert code in codes(wrong, limits=OWN)


def test_a_black_photo_is_too_dark_and_nothing_else() -> None:
    assert codes(np.full_like(RING, 3), WHOLE) == {CODES.TOO_DARK}


def test_a_blank_photo_shows_no_product_and_nothing_else() -> None:
    assert codes(np.full_like(RING, 190), WHOLE) == {CODES.NO_PRODUCT}


def test_a_large_reflection_is_glare_and_sparkles_are_not() -> None:
    sparkling = RING
    for angle in np.linspace(0, 6, 9):
        sparkling = with_spot(sparkling, 4, (int(256 + 123 * np.cos(angle)), int(256 + 123 * np.sin(angle))))
    assert codes(sparkling, limits=OWN) == set()
    assert CODES.GLARE in codes(with_spot(RING, 26), limits=OWN)


def test_a_white_background_is_neither_glare_nor_burnt_out() -> None:
    photo, mask = ring(background=255)
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    assert codes(photo, grown) == set()
    assert codes(photo, WHOLE) == set()


def test_metal_burnt_out_in_many_places_is_clipped() -> None:
    rows, columns = np.indices(MASK.shape)
    burnt = RING.copy()
    burnt[MASK & ((rows + columns) % 3 == 0) & (columns % 12 > 0)] = 255
    assert CODES.CLIPPED_HIGHLIGHTS in codes(burnt, limits=OWN)


def test_metal_that_melts_into_the_background_is_clipped() -> None:
    photo, mask = ring(background=240)
    melted = photo.copy()
    melted[(photo[..., 0] > 120) & mask | ~mask] = 255
    limits = limits_from([measure_quality(photo, mask)])
    assert codes(melted, mask, limits) & {CODES.CLIPPED_HIGHLIGHTS, CODES.TOO_BRIGHT}


def test_a_smeared_lens_is_low_contrast() -> None:
    assert CODES.LOW_CONTRAST in codes((RING * 0.15 + 150).astype(np.uint8))


def test_a_product_cut_by_the_frame_is_complained_about_when_its_golden_is_whole() -> None:
    assert codes(RING[:, :300], MASK[:, :300], OWN) == {CODES.PRODUCT_CUT}


def test_a_close_up_that_fills_the_frame_is_not_cut() -> None:
    board = picture(384, 512)
    sharp = np.clip(board + 60.0 * (picture(384, 512, seed=5) > 140), 0, 255).astype(np.uint8)
    assert CODES.PRODUCT_CUT not in codes(sharp, np.ones((384, 512), bool))


def test_a_golden_that_runs_out_of_the_frame_allows_it() -> None:
    half = measure_quality(RING[:, :300], MASK[:, :300])
    assert half.passed
    assert codes(RING[:, :310], MASK[:, :310], limits_from([half])) == set()


def test_a_product_far_away_is_too_small() -> None:
    photo, mask = ring(radius=0.04)
    assert CODES.PRODUCT_TOO_SMALL in codes(photo, mask)
    assert CODES.TOO_SMALL in codes(photo, mask)


def test_a_thumbnail_is_too_small_and_the_size_it_was_sent_in_counts() -> None:
    thumbnail, mask = ring(128)
    assert CODES.TOO_SMALL in codes(thumbnail, mask)
    assert codes(RING, original_size=(4000, 4000)) == set()
    assert CODES.TOO_SMALL in codes(RING, original_size=(200, 200))


def test_every_complaint_says_figures_and_what_to_do() -> None:
    photo, mask = ring(128)
    for reason in measure_quality(np.clip(blurred(photo, 4) * 0.2, 0, 255).astype(np.uint8), mask, OWN).reasons:
        assert reason.value is not None
        assert reason.limit is not None
        assert any(letter.isdigit() for letter in reason.message)
        assert reason.advice.endswith(".")
        assert "{" not in reason.message


def test_each_figure_is_reported_once_and_with_the_limit_it_broke() -> None:
    bright = np.clip(RING * 2.6, 0, 255).astype(np.uint8)
    names = [m.name for m in measure_quality(bright, MASK, OWN).measurements]
    assert len(names) == len(set(names))
    broken = next(m for m in measure_quality(bright, MASK, OWN).measurements if m.name == "product_brightness")
    assert (broken.passed, broken.limit) == (False, OWN.max_product_brightness)


def test_a_close_up_golden_lets_uploads_run_out_of_the_frame() -> None:
    whole = measure_quality(RING, WHOLE)
    assert codes(RING[:, :300], MASK[:, :300], limits_from([whole])) == set()


def test_a_brushed_surface_without_firm_edges_is_not_held_to_the_sharpness_of_its_golden() -> None:
    firm, soft = with_figures(edge_width=0.5, detail=30.0), with_figures(edge_width=0.5, detail=6.0)
    assert limits_from([soft]).max_edge_width > 1.5 > limits_from([firm]).max_edge_width


def test_an_empty_mask_is_answered_not_raised() -> None:
    assert not measure_quality(RING, np.zeros_like(MASK)).passed


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ShapeMismatch, match="photo 512×512"):
        measure_quality(RING, MASK[:100])


def test_a_sharp_golden_makes_a_mild_blur_a_complaint() -> None:
    mild = blurred(RING, 1.8)
    assert codes(mild) == set()
    assert codes(mild, limits=OWN) == {CODES.BLURRED}


def test_a_low_key_golden_lowers_the_limit_for_darkness() -> None:
    photo, mask = ring(background=45, metal=55)
    dim = (photo * 0.75).astype(np.uint8)
    assert CODES.TOO_DARK in codes(dim, mask, OWN)
    assert codes(dim, mask, limits_from([measure_quality(photo, mask)])) == set()


def test_limits_are_plain_json() -> None:
    stored = json.dumps(asdict(OWN))
    assert QualityLimits(**json.loads(stored)) == OWN


def test_limits_need_a_golden() -> None:
    with pytest.raises(InputError, match="got none"):
        limits_from([])


RANGES = {
    "long_side_px": (256, 5000),
    "product_px": (96, 5000),
    "product_share": (0.01, 1),
    "border_share": (0, 0.4),
    "detail": (2.5, 100),
    "edge_width": (0.3, 2.5),
    "motion_width": (0.3, 3.6),
    "brightness": (60, 255),
    "product_brightness": (0, 252),
    "clipped_share": (0, 0.5),
    "burnt_share": (0, 0.6),
    "glare_share": (0, 0.15),
    "contrast": (30, 255),
}
FIGURES = st.fixed_dictionaries(
    {name: st.floats(low, high) | st.sampled_from((low, high)).map(float) for name, (low, high) in RANGES.items()}
)


def keeps(figures: dict[str, float], limits: QualityLimits) -> bool:
    bounds = asdict(limits)
    return all(
        figures[name.removeprefix("max_")] <= bound
        if name.startswith("max_")
        else figures[name.removeprefix("min_")] >= bound
        for name, bound in bounds.items()
    )


def test_every_limit_bounds_a_figure_of_its_name() -> None:
    assert {field.name[4:] for field in fields(QualityLimits)} == set(RANGES)


@settings(max_examples=200, deadline=None)
@given(st.lists(FIGURES, min_size=1, max_size=5))
def test_a_golden_that_passed_keeps_the_limits_it_sets(goldens: list[dict[str, float]]) -> None:
    limits = limits_from([with_figures(**golden) for golden in goldens])
    assert all(keeps(golden, limits) for golden in goldens)


@settings(max_examples=200, deadline=None)
@given(st.lists(FIGURES, min_size=3, max_size=4), FIGURES, FIGURES)
def test_from_the_third_on_one_more_golden_never_makes_a_limit_stricter(
    goldens: list[dict[str, float]], another: dict[str, float], upload: dict[str, float]
) -> None:
    few = limits_from([with_figures(**golden) for golden in goldens])
    more = limits_from([with_figures(**golden) for golden in [*goldens, another]])
    assert keeps(upload, more) or not keeps(upload, few)


@settings(max_examples=200, deadline=None)
@given(st.lists(FIGURES, min_size=1, max_size=2), FIGURES)
def test_fewer_goldens_never_make_a_limit_stricter_than_three_that_show_the_same(
    goldens: list[dict[str, float]], upload: dict[str, float]
) -> None:
    few = limits_from([with_figures(**golden) for golden in goldens])
    three = limits_from([with_figures(**golden) for golden in [*goldens, *goldens, *goldens]])
    assert keeps(upload, few) or not keeps(upload, three)


def test_one_golden_allows_for_the_light_it_does_not_show_and_a_photo_three_stops_too_dark_is_still_refused() -> None:
    dim = (RING * 0.5).astype(np.uint8)
    assert codes(dim, limits=limits_from([measure_quality(RING, MASK)] * 3)) == {CODES.TOO_DARK}
    assert codes(dim, limits=OWN) == set()
    assert codes((RING * 2 ** (-3 / 2.2)).astype(np.uint8), limits=OWN) == {CODES.TOO_DARK}
