"""Dense features, their basis, and what packing costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import picture
from visiqc.vision import dense
from visiqc.vision.dense import Basis, fit_basis, frame_maps, pack
from visiqc.vision.rotation import Embed
from visiqc.vision.types import FloatArray, Mask, Photo


def dense_features(frame: Photo, embed: Embed, *, needed: Mask | None = None) -> FloatArray:
    return dense.dense_features(frame_maps(frame, embed, needed=needed))


@pytest.mark.parametrize("size", [(64, 64), (65, 71), (72, 200), (127, 90), (600, 33)])
def test_every_size_gives_one_cell_for_eight_pixels_rounded_up(embed: Embed, size: tuple[int, int]) -> None:
    found = dense_features(picture(*size), embed)
    assert found.shape[:2] == (-(-size[0] // 8), -(-size[1] // 8))
    assert np.isfinite(found).all()


def test_each_level_has_unit_length(embed: Embed) -> None:
    found = dense_features(picture(128, 128), embed)
    assert np.linalg.norm(found, axis=-1) == pytest.approx(np.full(found.shape[:2], np.sqrt(2)), abs=1e-3)


@pytest.mark.parametrize("size", [(640, 96), (100, 651)])
def test_tiles_change_little_at_their_seam_and_nothing_away_from_it(
    embed: Embed, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    frame = picture(*size)
    tiled = dense_features(frame, embed)
    monkeypatch.setattr(dense, "TILE", 2048)
    apart = np.linalg.norm(tiled - dense_features(frame, embed), axis=-1)
    along = apart.max(axis=int(size[0] > size[1]))
    seam = along.size // 2
    assert apart.mean() < 0.12
    assert apart.max() < 0.7
    assert max(along[: seam - 18].max(), along[seam + 18 :].max()) < 0.02


@given(st.integers(1, 400))
def test_tiles_cover_every_cell_once_and_start_on_the_coarse_grid(cells: int) -> None:
    spans = dense._spans(cells)
    assert [cell for start, end in spans for cell in range(start, end)] == list(range(cells))
    assert all(start % 2 == 0 for start, _ in spans)
    assert all((end - start) * dense.CELL <= dense.TILE + 2 * dense.CELL for start, end in spans)


def test_tiles_that_nothing_needs_stay_zero(embed: Embed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "TILE", 128)
    frame = picture(128, 256)
    needed = np.zeros((16, 32), bool)
    needed[3, 20] = True
    found, whole = dense_features(frame, embed, needed=needed), dense_features(frame, embed)
    assert not found[:, :12].any()
    assert np.array_equal(found[:, 20:], whole[:, 20:])  # beside the seam, means take in the zeros
    assert np.array_equal(dense_features(frame, embed, needed=np.zeros((16, 32), bool)), whole)


def test_coarse_cells_lie_over_their_own_pixels_at_odd_sizes(embed: Embed) -> None:
    frame = picture(264, 264)  # 33 cells: 17 coarse ones stand for 34
    cut, whole = dense_features(frame[:248, :248], embed), dense_features(frame[:256, :256], embed)
    inside = (slice(4, 24), slice(4, 24))
    assert np.linalg.norm(cut[inside] - whole[inside], axis=-1).mean() < 0.1


def vectors(seed: int, count: int = 200, channels: int = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, channels)) * np.linspace(3, 0.1, channels) + 5).astype(np.float32)


@given(st.integers(0, 50), st.integers(1, 12))
def test_directions_are_orthonormal_and_the_largest_first(seed: int, dimensions: int) -> None:
    features = vectors(seed)
    basis = fit_basis([features], dimensions)
    assert basis.directions.T @ basis.directions == pytest.approx(np.eye(dimensions), abs=1e-4)
    spread = ((features - basis.mean) @ basis.directions).std(axis=0)
    assert (np.diff(spread) <= 1e-3).all()


@given(st.integers(0, 50))
def test_the_basis_of_blocks_is_that_of_all_of_them(seed: int) -> None:
    features = vectors(seed)
    whole, parts = fit_basis([features], 4), fit_basis([features[:30], features[30:31], features[31:]], 4)
    assert parts.mean == pytest.approx(whole.mean, abs=1e-4)
    assert np.abs(whole.directions.T @ parts.directions) == pytest.approx(np.eye(4), abs=2e-2)


@given(st.integers(0, 50), st.integers(1, 12))
def test_a_projected_distance_lies_between_what_the_directions_see_and_the_longest_possible(
    seed: int, dimensions: int
) -> None:
    features = vectors(seed)
    basis = fit_basis([features], dimensions)
    golden, upload = features[:100], features[100:]
    found = np.linalg.norm(basis.project_golden(golden) - basis.project_upload(upload), axis=-1)
    difference = golden - upload
    inside = np.linalg.norm(difference @ basis.directions, axis=-1)
    missed = [np.linalg.norm(v - basis.mean, axis=-1) ** 2 for v in (golden, upload)]
    kept = [np.linalg.norm((v - basis.mean) @ basis.directions, axis=-1) ** 2 for v in (golden, upload)]
    orthogonal = np.sqrt(inside**2 + sum(m - k for m, k in zip(missed, kept, strict=True)))
    assert (found >= inside - 1e-3).all()
    assert found == pytest.approx(orthogonal, abs=2e-2)
    assert np.linalg.norm(difference, axis=-1) == pytest.approx(found, abs=0.02) if dimensions == 12 else True


def test_projection_is_close_to_the_true_distance_on_real_features(embed: Embed) -> None:
    golden, upload = (dense_features(picture(256, 256, seed=seed), embed) for seed in (0, 1))
    basis = fit_basis([golden.reshape(-1, golden.shape[-1])])
    found = np.linalg.norm(basis.project_golden(golden) - basis.project_upload(upload), axis=-1)
    true = np.linalg.norm(golden - upload, axis=-1)
    assert np.median(found / true) == pytest.approx(1, abs=0.1)


def test_fewer_vectors_than_directions_are_no_error() -> None:
    basis = fit_basis([vectors(0, count=3)], 8)
    assert np.isfinite(basis.directions).all()
    assert basis.directions.T @ basis.directions == pytest.approx(np.eye(8), abs=1e-4)


def test_a_vector_equal_to_the_mean_misses_nothing() -> None:
    basis = Basis(np.ones(4, np.float32), np.eye(4, 2, dtype=np.float32))
    assert not basis.project_upload(np.ones((2, 3, 4), np.float32)).any()


@given(st.integers(0, 100), st.floats(1e-6, 1e4))
def test_packing_is_exact_to_half_a_step(seed: int, size: float) -> None:
    projected = (np.random.default_rng(seed).normal(size=(5, 7, 6)) * size).astype(np.float32)
    projected[..., 3] = 0
    packed = pack(projected)
    assert packed.values.dtype == np.int8
    assert (np.abs(packed.unpacked() - projected) <= 0.5001 * packed.scale + 1e-6 * size).all()
    assert not packed.unpacked()[..., 3].any()
