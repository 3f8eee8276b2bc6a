"""A golden view: its frame, what is judged of it, and uploads laid over it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from corpus import picture
from pictures import SIZE, board, random_pose, shot
from visiqc.inspection.parts import Models
from visiqc.vision import dense, framing, golden_map, golden_view
from visiqc.vision.golden_view import TURNS, GoldenView, finish_view, lay_over, start_view
from visiqc.vision.seen import see
from visiqc.vision.types import Photo
from visiqc.vision.warp import corners, local_scale, scaling, transform, translation, warp_photo


def finished(photo: Photo, models: Models, *, long_side: int = 256, others: tuple[Photo, ...] = ()) -> GoldenView:
    embed = models.trunk.features
    seen = [see(one) for one in (photo, *others)]
    started = start_view(seen[0], long_side=long_side, embed=embed)
    laid = [lay_over(other, *started[:3], embed) for other in seen[1:]]
    return finish_view("front", seen, laid, started, embed=embed, identify=models.identity.vectors, step=lambda _: None)


def score(view: GoldenView, upload: Photo, models: Models) -> float:
    laid = lay_over(see(upload), view.target, view.frame_size, view.frame_to_align, models.trunk.features)
    judged = view.judged & laid.reached
    features = dense.dense_features(dense.frame_maps(laid.frame, models.trunk.features, needed=judged))
    goldens = [packed.unpacked() for packed in view.maps]
    distance = golden_map.nearest_distance(view.basis.project_upload(features), goldens)
    return golden_map.photo_score(golden_map.tolerated_map(distance, view.allowed, judged=judged))


def dented(photo: Photo) -> Photo:
    return cv2.circle(photo.copy(), (SIZE[1] // 2 + 70, SIZE[0] // 2 + 10), 7, (30, 20, 20), -1)


def test_the_frame_holds_the_product_with_a_margin(drawn: dict[str, Any]) -> None:
    for golden in drawn.values():
        target, size, to_align, mask = golden.started
        to_frame = np.linalg.inv(to_align) @ target.photo_to_align
        box = transform(to_frame, golden.box)
        assert (box > 2).all()
        assert (box < np.array([size[1], size[0]]) - 3).all()
        assert mask.shape == size
        assert max(size) <= 256


def test_the_frame_is_never_finer_than_the_photo(drawn: dict[str, Any], models: Models) -> None:
    target, size, to_align, _ = start_view(drawn["ring"].seen, long_side=1024, embed=models.trunk.features)
    assert local_scale(np.linalg.inv(to_align) @ target.photo_to_align, SIZE) == pytest.approx(1, rel=0.01)
    assert max(size) < max(SIZE)


def test_arrays_of_a_view_fit_together(ring_view: GoldenView) -> None:
    height, width = (-(-side // dense.CELL) for side in ring_view.frame_size)
    assert ring_view.judged.shape == ring_view.allowed.shape == (height, width)
    assert [packed.values.shape[:2] for packed in ring_view.maps] == [(height, width)]
    assert ring_view.turned.shape[:2] == (1, TURNS)
    assert ring_view.allowed.min() > 0
    assert 0.5 < ring_view.alikeness <= 1
    expected = np.linalg.inv(ring_view.frame_to_align) @ ring_view.target.photo_to_align
    assert ring_view.photo_to_frame == pytest.approx(expected)


def test_the_judged_cells_are_the_product_and_little_around_it(ring_view: GoldenView, drawn: dict[str, Any]) -> None:
    height, width = ring_view.frame_size
    cells = framing.cells_of(drawn["ring"].started[3], 0.5)
    grown = cv2.dilate(cells.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert ring_view.judged[cells].all()
    assert grown[ring_view.judged].all()
    assert not ring_view.judged[height // 16 + 3, width // 16]  # the hole


def test_a_good_upload_in_another_pose_scores_under_a_damaged_one(
    ring_view: GoldenView, drawn: dict[str, Any], models: Models
) -> None:
    product = drawn["ring"].product
    harmed = replace(product, colours=dented(product.colours))
    for seed in (2, 4):
        pose = random_pose(np.random.default_rng(seed))
        good, bad = (score(ring_view, shot(one, pose, noise_seed=seed)[0], models) for one in (product, harmed))
        assert good < bad


def test_making_a_view_twice_gives_the_same_numbers(
    drawn: dict[str, Any], models: Models, ring_view: GoldenView
) -> None:
    again = finished(drawn["ring"].photo, models)
    assert np.array_equal(again.maps[0].values, ring_view.maps[0].values)
    assert np.array_equal(again.allowed, ring_view.allowed)
    assert again.alikeness == ring_view.alikeness


def test_more_goldens_bring_maps_and_steps_of_their_own(drawn: dict[str, Any], models: Models) -> None:
    product = drawn["board"].product
    others = tuple(shot(product, translation(4 * n, -3), noise_seed=n)[0] for n in (1, 2))
    view = finished(drawn["board"].photo, models, others=others)
    assert len(view.maps) == 3
    assert score(view, shot(product, translation(2, 5), noise_seed=9)[0], models) < 1


def test_the_basis_of_many_goldens_is_fitted_to_the_first_few(drawn: dict[str, Any], models: Models) -> None:
    frames = [cv2.resize(shot(drawn["ring"].product, noise_seed=n)[0], (128, 96)) for n in range(7)]
    judged = np.ones((12, 16), bool)
    basis, maps, as_uploads = golden_view._described(frames, judged, models.trunk.features)
    few, _, _ = golden_view._described(frames[: golden_view._BASIS_PHOTOS], judged, models.trunk.features)
    assert len(maps) == len(as_uploads) == 7
    assert np.array_equal(basis.directions, few.directions)


def test_cells_beside_the_end_of_the_photo_are_not_judged(
    ring_view: GoldenView, drawn: dict[str, Any], models: Models
) -> None:
    left = float(drawn["ring"].box[:, 0].min())
    upload, _ = shot(drawn["ring"].product, translation(-left - 12, 0))
    laid = lay_over(
        see(upload), ring_view.target, ring_view.frame_size, ring_view.frame_to_align, models.trunk.features
    )
    assert np.isfinite(laid.warp).all()
    edge = transform(laid.warp, np.array([[-0.5, SIZE[0] / 2]], np.float32))[0, 0] / dense.CELL
    assert edge > 0.5
    assert not laid.reached[:, : round(edge) + 1].any()
    assert laid.reached[:, round(edge) + 2 : -2].all()


def test_a_laid_frame_lies_over_the_golden_frame(ring_view: GoldenView, drawn: dict[str, Any], models: Models) -> None:
    upload, _ = shot(drawn["ring"].product, random_pose(np.random.default_rng(6)), noise_seed=5)
    laid = lay_over(
        see(upload), ring_view.target, ring_view.frame_size, ring_view.frame_to_align, models.trunk.features
    )
    golden = warp_photo(drawn["ring"].photo, ring_view.photo_to_frame, ring_view.frame_size)
    product = drawn["ring"].started[3]
    assert np.abs(laid.frame.astype(int) - golden)[product].mean() < 12
    assert laid.warp[2, 2] == pytest.approx(1)


@pytest.mark.parametrize(("size", "scale"), [((288, 512), 1), ((512, 384), 1), ((576, 1024), 2), ((768, 1024), 2)])
def test_a_photo_of_another_format_is_not_stretched(size: tuple[int, int], scale: float) -> None:
    warp = golden_view._same_framing(size, SIZE)
    assert warp[0, 0] == pytest.approx(1 / scale) == warp[1, 1]
    middle = np.array([[(size[1] - 1) / 2, (size[0] - 1) / 2]], np.float32)
    assert transform(warp, middle)[0] == pytest.approx([(SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2], abs=1e-3)


def bar(height: int, width: int, *, thick: int) -> Photo:
    photo = np.full((height, width, 3), 225, np.uint8)
    top, left = height // 2 - thick // 2, width // 16
    photo[top : top + thick, left:-left] = picture(thick, width - 2 * left)
    return photo


@pytest.mark.parametrize("long_side", [256, 1024])
def test_a_slim_product_gets_an_align_frame_in_which_turned_uploads_stay_plausible(
    models: Models, long_side: int
) -> None:
    photo = bar(300, 1400, thick=24)
    target, size, to_align, _ = start_view(see(photo), long_side=long_side, embed=models.trunk.features)
    assert to_align[0, 0] == pytest.approx(to_align[1, 1], rel=0.05)
    assert min(target.size) >= 32
    upload = cv2.rotate(photo, cv2.ROTATE_180)
    laid = lay_over(see(upload), target, size, to_align, models.trunk.features)
    assert laid.alignment.method != "identity"
    centre = transform(laid.warp, np.array([[1399 - 100, 299 - 150]], np.float32))
    golden = transform(np.linalg.inv(to_align) @ target.photo_to_align, np.array([[100, 150]], np.float32))
    assert centre == pytest.approx(golden, abs=0.02 * max(size))


@pytest.mark.parametrize("size", [(3, 40), (32, 32), (40, 700)])
def test_photos_of_any_size_make_a_view_that_they_match(models: Models, size: tuple[int, int]) -> None:
    photo = np.full((*size, 3), 128, np.uint8) if size == (32, 32) else picture(*size)
    view = finished(photo, models)
    laid = lay_over(see(photo), view.target, view.frame_size, view.frame_to_align, models.trunk.features)
    assert view.judged.any()
    assert np.isfinite(view.allowed).all()
    assert np.isfinite(score(view, photo, models))
    if min(size) >= 32:  # smaller ones end within a cell
        assert (view.judged & laid.reached).sum() >= 0.9 * view.judged.sum()


def test_a_wire_thinner_than_a_fifth_of_a_cell_is_judged() -> None:
    frame = np.zeros((80, 96), bool)
    frame[36, 8:88] = True
    judged = framing.judged_cells(frame, np.ones((10, 12), bool))
    assert judged[4, 1:11].all()
    assert not judged[7:].any()


def test_a_warped_mask_is_never_empty() -> None:
    speck = np.zeros((400, 400), bool)
    speck[200, 200] = True
    assert framing.warped_mask(speck, scaling(0.1), (40, 40)).any()
    assert framing.warped_mask(np.zeros((40, 40), bool), np.eye(3), (40, 40)).all()


@pytest.mark.parametrize("size", [(16, 24), (17, 24), (15, 31)])
def test_a_cell_belongs_to_the_product_from_its_share_on(size: tuple[int, int]) -> None:
    cells = framing.cells_of(np.ones(size, bool), 0.99)
    assert cells.shape == (-(-size[0] // 8), -(-size[1] // 8))
    assert cells.all()
    part = np.zeros((8, 16), bool)
    part[:2, :8] = True
    assert framing.cells_of(part, 0.25).tolist() == [[True, False]]
    assert framing.cells_of(part, 0.26).tolist() == [[False, False]]


def test_the_frame_of_a_photo_smaller_than_it_is_where_the_photo_ends(models: Models) -> None:
    target, size, to_align, mask = start_view(see(picture(40, 700)), long_side=256, embed=models.trunk.features)
    ends = transform(np.linalg.inv(to_align) @ target.photo_to_align, corners((40, 700)))
    assert size[0] == 64 > ends[:, 1].max() + 8
    assert not mask[round(float(ends[:, 1].max())) + 3 :].any()


def test_without_a_search_a_photo_is_taken_as_it_lies(models: Models) -> None:
    embed = models.trunk.features
    photo, _ = shot(board())
    target, size, to_align, _ = start_view(see(photo), long_side=256, embed=embed)
    moved = see(warp_photo(photo, translation(14, 0), SIZE))
    straight = lay_over(moved, target, size, to_align, embed, search=False)
    assert straight.alignment.method == "identity"
    assert straight.alignment.similarity == straight.alignment.similarity_before
    assert lay_over(moved, target, size, to_align, embed).alignment.similarity > straight.alignment.similarity


def test_what_one_golden_photo_alone_takes_for_product_is_outvoted() -> None:
    photo = np.full((96, 96, 3), 200, np.uint8)
    ring, card, none = np.zeros((96, 96), bool), np.zeros((96, 96), bool), np.ones((96, 96), bool)
    ring[30:60, 30:60] = True
    card[70:90, 10:80] = True
    plain, with_card, untold = (see(photo, lambda _, mask=mask: mask) for mask in (ring, ring | card, none))
    still = np.eye(3)
    assert np.array_equal(framing.agreed_product(ring | card, [(plain, still), (plain, still)]), ring)
    assert np.array_equal(framing.agreed_product(ring, [(plain, still), (with_card, still)]), ring)
    assert np.array_equal(framing.agreed_product(ring | card, [(plain, still)]), ring | card)  # one against one: judged
    assert np.array_equal(framing.agreed_product(ring, [(untold, still)]), ring)
    assert np.array_equal(framing.agreed_product(none, [(plain, still)]), ring)
    assert framing.agreed_product(none, [(untold, still)]).all()
    assert np.array_equal(framing.agreed_product(ring, [(plain, translation(500, 0))]), ring)


def test_where_a_golden_photo_does_not_reach_it_has_no_vote() -> None:
    photo = np.full((96, 96, 3), 200, np.uint8)
    mask = np.zeros((96, 96), bool)
    mask[40:60, 10:90] = True
    seen = see(photo, lambda _: mask)
    reference = np.zeros((96, 96), bool)
    reference[40:60, :] = True
    moved = [(seen, translation(50, 0)), (seen, translation(50, 0))]
    assert framing.agreed_product(reference, moved)[50, :45].all()
