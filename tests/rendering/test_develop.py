from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from visiqc.rendering.develop import Phone, develop, draw_phone, metered, plain
from visiqc.rendering.light import blackbody
from visiqc.rendering.shots import PoseLevel

GREY = np.full((64, 64, 3), 0.18, np.float32)


def test_grey_comes_out_as_srgb_says() -> None:
    assert develop(GREY, Phone(), gain_ev=0.0, rng=None)[32, 32] == pytest.approx([118, 118, 118], abs=1)


def test_the_meter_brings_the_median_to_the_grey_asked_for() -> None:
    gain = metered(GREY * 0.01, 0.5)
    assert (GREY[0, 0, 0] * 0.01 * 2**gain) == pytest.approx(0.5)


def test_a_camera_that_balances_for_the_light_sees_grey_as_grey() -> None:
    warm = (GREY * blackbody(3500)).astype(np.float32)
    balanced = develop(warm, Phone(balance_k=3500), gain_ev=0.0, rng=None)[32, 32].astype(int)
    unbalanced = develop(warm, Phone(balance_k=5500), gain_ev=0.0, rng=None)[32, 32].astype(int)
    assert np.ptp(balanced) <= 1
    assert np.ptp(unbalanced) > 25


def test_highlights_roll_off_before_they_clip() -> None:
    values = [develop(GREY / 0.18 * level, Phone(), gain_ev=0.0, rng=None)[32, 32, 0] for level in (0.8, 1.0, 1.5, 9)]
    assert values == sorted(values)
    assert values[1] < values[2] < 255
    assert values[3] == 255


def test_noise_is_drawn_and_repeats_with_its_seed() -> None:
    shots = [develop(GREY, Phone(noise=0.02), gain_ev=0.0, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert (shots[0] == shots[1]).all()
    assert (shots[0] != shots[2]).any()
    assert 1 < shots[0].std() < 12


def test_a_shaken_phone_smears_along_its_way() -> None:
    dot = np.zeros((512, 512, 3), np.float32)
    dot[256, 256] = 1
    shaken = develop(dot, Phone(shake_px=9, shake_deg=0), gain_ev=0.0, rng=None)
    assert (shaken[256, :, 0] > 0).sum() >= 9
    assert (shaken[:, 256, 0] > 0).sum() <= 3


def test_only_a_phone_in_a_hand_shakes() -> None:
    drawn = {level: draw_phone(np.random.default_rng(7), kelvin=5000, level=level) for level in PoseLevel}
    assert drawn[PoseLevel.JIG].shake_px == 0 < drawn[PoseLevel.HANDHELD].shake_px


def test_the_plain_phone_hides_nothing() -> None:
    phone = replace(draw_phone(np.random.default_rng(1), kelvin=5000, level=PoseLevel.HANDHELD), noise=0.02)
    assert (plain(phone).noise, plain(phone).shake_px, plain(phone).sharpening) == (0, 0, 0)
