"""Uploads laid over a golden view: every pose a hand makes is undone, and no warp is kept that does not help."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from corpus import picture
from pictures import SIZE, corner_error, random_pose, shot
from visiqc.vision.align import Alignment, align, judge_warps, make_target
from visiqc.vision.rotation import Embed
from visiqc.vision.seen import see
from visiqc.vision.types import Matrix, Photo
from visiqc.vision.warp import between_sizes, scaling

PRODUCTS = ("board", "ring", "plate")
ALLOWED = 0.03
"""Largest error of the product's corners, share of the align frame's long side."""


def laid(golden: Any, upload: Photo, embed: Embed) -> tuple[Alignment, Matrix]:
    """The alignment, and the warp from upload pixels to the align frame."""
    seen = see(upload)
    resized = between_sizes(seen.size, golden.target.photo_size)
    straight = golden.target.photo_to_align @ resized @ np.linalg.inv(seen.to_picture)
    found = align(seen.picture, seen.picture_mask, straight, golden.target, embed)
    return found, found.warp @ seen.to_picture


def error(golden: Any, seed: int, embed: Embed) -> float:
    """Error of one seeded pose under other light, share of the align frame; every third one with a shadow."""
    rng = np.random.default_rng(seed)
    pose = random_pose(rng)
    light = {"gain": rng.uniform(0.7, 1.25), "gamma": rng.uniform(0.8, 1.2)}
    upload, _ = shot(golden.product, pose, noise_seed=seed + 1, shadow=seed % 3 == 0, **light)
    _, found = laid(golden, upload, embed)
    return corner_error(found @ pose, golden.target.photo_to_align, golden.box) / max(golden.target.size)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_known_pose_under_other_light_is_undone(drawn: dict[str, Any], embed: Embed, name: str, seed: int) -> None:
    assert error(drawn[name], seed, embed) <= ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize("name", PRODUCTS)
def test_of_a_hundred_poses_at_least_95_are_undone(drawn: dict[str, Any], embed: Embed, name: str) -> None:
    errors = np.array([error(drawn[name], seed, embed) for seed in range(100, 200)])
    print(f"{name}: {(errors <= ALLOWED).mean():.0%} undone, median {np.median(errors):.2%}")  # noqa: T201
    assert (errors <= ALLOWED).mean() >= 0.95


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_golden_photo_itself_stays_where_it_is(drawn: dict[str, Any], embed: Embed, name: str) -> None:
    golden = drawn[name]
    alignment, found = laid(golden, golden.photo, embed)
    assert corner_error(found, golden.target.photo_to_align, golden.box) < 0.5
    assert alignment.similarity >= alignment.similarity_before > 0.9


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("other", ["plate", "texture", "grey"])
def test_a_warp_is_kept_only_if_the_similarity_rises(
    drawn: dict[str, Any], embed: Embed, name: str, other: str
) -> None:
    upload = {
        "texture": picture(*SIZE),
        "grey": np.full((*SIZE, 3), 128, np.uint8),
    }.get(other)
    if upload is None:
        upload = drawn[other].photo
    alignment, _ = laid(drawn[name], upload, embed)
    assert alignment.similarity >= alignment.similarity_before
    assert (alignment.method == "identity") == (alignment.similarity == alignment.similarity_before)
    assert -1 <= alignment.similarity <= 1


def test_inliers_and_residual_are_reported_for_texture_only(drawn: dict[str, Any], embed: Embed) -> None:
    pose = random_pose(np.random.default_rng(3))
    by_texture, _ = laid(drawn["board"], shot(drawn["board"].product, pose)[0], embed)
    by_form, _ = laid(drawn["plate"], shot(drawn["plate"].product, pose)[0], embed)
    assert by_texture.method.startswith("texture")
    assert by_texture.inliers >= 40
    assert by_texture.residual_px is not None
    assert by_texture.residual_px < 1
    assert by_form.method.startswith("rotation-bank")
    assert (by_form.inliers, by_form.residual_px) == (0, None)


def test_what_the_upload_does_not_reach_lowers_the_similarity(drawn: dict[str, Any], embed: Embed) -> None:
    golden = drawn["board"]
    picture_, size = golden.target.picture, golden.target.size
    part, sliver = (picture_[:, : int(share * size[1])] for share in (0.8, 0.3))
    whole, cut, little = (
        judge_warps(shown, [("identity", np.eye(3))], golden.target, embed)[0].similarity
        for shown in (picture_, part, sliver)
    )
    assert whole == pytest.approx(1, abs=1e-3)
    assert cut < 0.95 * whole
    assert little == -1


def test_no_warps_are_judged_to_nothing(drawn: dict[str, Any], embed: Embed) -> None:
    assert judge_warps(drawn["ring"].photo, [], drawn["ring"].target, embed) == []


@pytest.mark.parametrize("size", [(1, 448), (448, 1), (2, 2), (7, 300)])
def test_uploads_of_a_few_rows_are_answered(drawn: dict[str, Any], embed: Embed, size: tuple[int, int]) -> None:
    upload = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    alignment, found = laid(drawn["ring"], upload, embed)
    assert np.isfinite(found).all()
    assert alignment.similarity <= 1


def test_the_smallest_align_frame_works(embed: Embed) -> None:
    photo = picture(32, 320)
    target = make_target(photo, np.ones((32, 320), bool), photo_size=(32, 320), photo_to_align=np.eye(3), embed=embed)
    found = align(photo, np.ones((32, 320), bool), np.eye(3), target, embed)
    assert corner_error(found.warp, np.eye(3), np.array([[0, 0], [319, 31]], np.float32)) < 1


def test_an_enlarged_photo_is_laid_where_the_original_is(drawn: dict[str, Any], embed: Embed) -> None:
    golden = drawn["ring"]
    large, _ = shot(golden.product, scaling(2), size=(2 * SIZE[0], 2 * SIZE[1]))
    _, found = laid(golden, large, embed)
    assert corner_error(found @ scaling(2), golden.target.photo_to_align, golden.box) < 1.5


def test_threads_and_repeats_give_the_same_warp_to_the_last_bit(drawn: dict[str, Any], embed: Embed) -> None:
    uploads = [shot(drawn[name].product, random_pose(np.random.default_rng(21)), noise_seed=4)[0] for name in PRODUCTS]
    alone = [laid(drawn[name], upload, embed)[1].tobytes() for name, upload in zip(PRODUCTS, uploads, strict=True)]
    with ThreadPoolExecutor(3) as pool:
        jobs = [(drawn[name], upload, embed) for name, upload in zip(PRODUCTS, uploads, strict=True)] * 2
        together = [warp.tobytes() for _, warp in pool.map(lambda job: laid(*job), jobs)]
    assert together == alone * 2
