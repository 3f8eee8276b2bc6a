"""One photo from its shot, with the renderer that runs here, small."""

from __future__ import annotations

import functools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from visiqc.errors import BadRecipe, InputError
from visiqc.rendering.approval import approvable
from visiqc.rendering.catalogue import draw_design
from visiqc.rendering.circumstances import specimen_numbers
from visiqc.rendering.photograph import Photograph, photograph
from visiqc.rendering.session import Session
from visiqc.rendering.shots import PoseLevel, Shot, ShotRole
from visiqc.rendering.window import Window

SIDE = 96
GOOD = Shot(
    sku="test-ring",
    name="uploads/1",
    role=ShotRole.GOOD,
    design=draw_design("halo_ring", np.random.default_rng(4)),
    pose=PoseLevel.GUIDED,
    seed=11,
    side_px=SIDE,
    samples=8,
    light="soft_boxes",
    ground="white",
)


def defective(kind: str, severity: float = 0.8) -> Shot:
    return replace(GOOD, role=ShotRole.DEFECTIVE, defect=kind, severity=severity)


def unusable(fault: str) -> Shot:
    return replace(GOOD, role=ShotRole.UNUSABLE, attribute=fault)


@functools.cache
def taken(kind: str = "") -> Photograph:
    return photograph(defective(kind) if kind else GOOD)


def sharpness(photo: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def test_equal_shots_give_equal_photos_and_records() -> None:
    again = photograph(GOOD)
    assert (again.photo == taken().photo).all()
    assert (again.label == taken().label).all()
    assert again.record == taken().record


def test_a_good_piece_has_product_and_no_defect() -> None:
    good = taken()
    assert good.photo.shape == (SIDE, SIDE, 3)
    assert good.photo.dtype == np.uint8
    assert set(np.unique(good.label)) == {0, 64}
    assert good.record["measured"]["product_px"] == (good.label == 64).sum() > 0.03 * SIDE**2
    assert "defect" not in good.record["measured"]


def test_the_product_is_where_the_photo_differs_from_the_white_ground() -> None:
    good = taken()
    colourful = np.ptp(good.photo.astype(int), axis=-1)
    assert colourful[good.label == 64].mean() > 2 * colourful[good.label == 0].mean()


@pytest.mark.parametrize("kind", ["missing_stone", "dent", "plating_colour"])
def test_the_record_of_a_defect_is_what_its_label_image_shows(kind: str) -> None:
    made = taken(kind)
    measured, defect = made.record["measured"], made.label == 255
    assert measured["defect"] == kind
    assert measured["area_px"] == defect.sum()
    assert measured["visible"] == (measured["contrast"] >= max(3, 1.4 * measured["contrast_noise"]))
    x0, y0, x1, y1 = measured["box"]
    assert defect[y0:y1, x0:x1].sum() == defect.sum()
    assert set(np.unique(made.label)) <= {0, 64, 128, 255}


def test_outside_of_mask_and_band_the_defect_changes_next_to_nothing() -> None:
    made = taken("missing_stone")
    difference = np.abs(made.photo.astype(int) - taken().photo).max(axis=-1)
    elsewhere = made.label < 128
    assert np.quantile(difference[elsewhere], 0.9) <= 12
    assert difference[made.label == 255].mean() > difference[elsewhere].mean() + 8


def test_a_plating_that_drifts_is_masked_on_all_metal_and_on_no_stone() -> None:
    share = taken("plating_colour").record["measured"]["area_share"]
    assert 0.4 < share < 1


def test_what_is_planned_does_not_depend_on_what_is_traced() -> None:
    planned = taken("dent").record["planned"]
    assert planned["camera"] == taken().record["planned"]["camera"]
    assert planned["light"]["name"] == "soft_boxes"
    assert "size_mm" not in planned


def test_a_blurred_photo_is_blurred_and_a_dark_one_dark() -> None:
    assert sharpness(photograph(unusable("blurred")).photo) < 0.5 * sharpness(taken().photo)
    assert photograph(unusable("too_dark")).photo.mean() < 0.5 * taken().photo.mean()


def test_a_cut_off_piece_meets_the_edge() -> None:
    product = photograph(unusable("cut_off")).label == 64
    assert product[[0, -1]].any() or product[:, [0, -1]].any()
    assert not (taken().label[[0, -1]] == 64).any()


def test_golden_photos_of_a_product_show_one_and_the_same_piece() -> None:
    goldens = [replace(GOOD, role=ShotRole.GOLDEN, name=f"golden/{n}", seed=n, pose=PoseLevel.JIG) for n in (1, 2)]
    drawn = [specimen_numbers(shot).random() for shot in goldens]
    assert drawn[0] == drawn[1] != specimen_numbers(GOOD).random()


def test_a_golden_photo_with_glare_is_not_approved() -> None:
    piece, product = cv2.resize(taken().photo, (512, 512)), cv2.resize(taken().label, (512, 512)) == 64
    sharp = cv2.addWeighted(piece, 1.5, cv2.GaussianBlur(piece, (0, 0), 3), -0.5, 0)
    assert approvable(sharp, product)
    burnt = sharp.copy()
    burnt[product] = 255
    assert not approvable(burnt, product)


def test_an_unknown_defect_is_refused_with_those_that_exist() -> None:
    with pytest.raises(BadRecipe, match="no defect 'rust'"):
        photograph(defective("rust"))


def test_a_photo_that_shares_a_view_differs_from_it_where_its_defect_is_and_in_its_phone() -> None:
    view = photograph(replace(GOOD, view_seed=GOOD.seed))
    assert (view.photo == taken().photo).all()
    shared = replace(defective("missing_stone"), seed=GOOD.seed + 1, view_seed=GOOD.seed)
    made = photograph(shared)
    assert made.record["planned"]["camera"] == view.record["planned"]["camera"]
    assert made.record["planned"]["light"] == view.record["planned"]["light"]
    assert made.record["planned"]["phone"] != view.record["planned"]["phone"]
    assert (made.label == 255).any()


def test_only_good_and_defective_photos_share_a_view() -> None:
    with pytest.raises(InputError, match="a golden photo shares its view with no other"):
        replace(GOOD, role=ShotRole.GOLDEN, view_seed=3)


def test_a_window_shows_what_the_whole_photo_shows_there() -> None:
    session = Session(GOOD)
    view = session.view()
    window = Window(x=30, y=20, width=40, height=50, side_px=SIDE)
    part = session.rendered(session.good, view.sight, window)
    assert part.light.shape == (50, 40, 3)
    whole, moved = view.taken.normal[window.place], np.roll(view.taken.normal, 3, axis=1)[window.place]
    assert np.abs(part.normal - whole).mean() < 0.3 * np.abs(part.normal - moved).mean()
    bright = view.taken.light[window.place].mean(axis=-1)
    assert np.corrcoef(part.light.mean(axis=-1).ravel(), bright.ravel())[0, 1] > 0.8


@pytest.mark.parametrize("kind", ["dent", "missing_stone"])
def test_a_defect_in_a_shared_view_is_the_one_a_photo_of_its_own_would_show(kind: str) -> None:
    shared, own = photograph(replace(defective(kind), view_seed=GOOD.seed)), taken(kind)
    defect = own.label == 255
    assert defect.any()
    assert ((shared.label == 255) == defect).all()
    window = Window.around(defect)
    outside = np.ones_like(defect)
    outside[window.place] = False
    assert (shared.photo == taken().photo)[outside].all()
