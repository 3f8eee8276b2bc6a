"""What Mitsuba traces, checked against geometry, and one variant against the other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parent / "hits_of_a_stone.py"
Traced = dict[str, np.ndarray]


def traced(out: Path, **environment: str) -> Traced:
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), str(out)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(np.load(out))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """By the variant that runs here."""
    return traced(tmp_path_factory.mktemp("traced") / "here.npz")


@pytest.fixture(scope="module")
def scalar(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """By the variant that runs where no libLLVM is found."""
    return traced(tmp_path_factory.mktemp("traced") / "scalar.npz", DRJIT_LIBLLVM_PATH="/nowhere/libLLVM.so")


def test_without_llvm_the_scalar_variant_renders_and_says_so(scalar: Traced) -> None:
    assert "scalar_rgb" in str(scalar["variant"])
    assert "no libLLVM was found" in str(scalar["variant"])


def test_both_variants_see_the_same_first_hits(here: Traced, scalar: Traced) -> None:
    assert (here["named"] == scalar["named"]).mean() > 0.999
    same = here["named"] == scalar["named"]
    assert np.abs(here["point"] - scalar["point"])[same].max() < 0.01
    assert (here["seen"] != scalar["seen"]).mean() < 0.001


def test_both_variants_give_the_same_light_on_average(here: Traced, scalar: Traced) -> None:
    assert here["clean"].mean() == pytest.approx(scalar["clean"].mean(), rel=0.03)


def test_every_hit_on_the_stone_lies_in_the_stone(here: Traced) -> None:
    on_stone = here["point"][here["named"] == "centre.stone"]
    assert len(on_stone) > 500
    assert np.abs(on_stone[:, :2]).max() <= 4.01
    assert on_stone[:, 2].max() <= 4 + 4 * 0.34


def test_hits_on_a_ball_face_the_camera_as_a_ball_does(here: Traced) -> None:
    on_ball = here["named"] == "bead"
    out = (here["point"][on_ball] - [5.5, 0, 5.5]) / 1.5
    assert np.linalg.norm(out, axis=1) == pytest.approx(np.ones(len(out)), abs=0.02)
    back = np.array([0, -np.cos(np.deg2rad(50)), np.sin(np.deg2rad(50))])
    assert here["facing"][on_ball] == pytest.approx(out @ back, abs=0.09)


def test_a_crack_is_seen_only_through_the_stone(here: Traced) -> None:
    assert here["seen"].sum() > 50
    assert set(here["named"][here["seen"]]) == {"centre.stone"}


def test_equal_seeds_give_equal_light(here: Traced, scalar: Traced) -> None:
    for one in (here, scalar):
        assert (one["light"] == one["again"]).all()


def test_the_denoised_picture_is_smoother_and_as_bright(here: Traced) -> None:
    ground = here["named"][::2, ::2] == "ground"
    raw, clean = here["light"][..., 1], here["clean"][..., 1]
    assert clean[ground].mean() == pytest.approx(raw[ground].mean(), rel=0.1)
    assert np.abs(np.diff(clean, axis=1)).mean() < np.abs(np.diff(raw, axis=1)).mean()
