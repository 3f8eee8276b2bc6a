"""Products in colours nobody photographed."""

from __future__ import annotations

import numpy as np
import pytest

from visiqc.training.mismatch_colours import Recolouring, recoloured, recolouring
from visiqc.vision.types import Mask, Photo

GOLD, SILVER, ROSE = (212, 178, 110), (190, 188, 184), (214, 172, 150)
RUBY = (190, 20, 50)


def piece(metal: tuple[int, int, int], stone: tuple[int, int, int] | None = None) -> tuple[Photo, Mask]:
    """A disc on a grey ground, with a stone in its middle."""
    ys, xs = np.mgrid[:64, :64]
    away = np.hypot(ys - 31.5, xs - 31.5)
    photo = np.full((64, 64, 3), 128, np.uint8)
    photo[away < 24] = metal
    if stone is not None:
        photo[away < 9] = stone
    return photo, np.asarray(away < 24)


@pytest.mark.parametrize("metal", [GOLD, SILVER, ROSE])
@pytest.mark.parametrize("seed", range(4))
def test_a_metal_becomes_another_one(metal: tuple[int, int, int], seed: int) -> None:
    photo, product = piece(metal)
    change = recolouring(photo, product, np.random.default_rng(seed))
    changed = recoloured(photo, product, change)
    before, after = photo[32, 20].astype(float), changed[32, 20].astype(float)
    assert change.name == "metal"
    assert np.abs(before / before.sum() - after / after.sum()).max() > 0.015


def test_nothing_but_the_product_changes() -> None:
    photo, product = piece(GOLD, RUBY)
    for seed in range(6):
        changed = recoloured(photo, product, recolouring(photo, product, np.random.default_rng(seed)))
        assert np.array_equal(changed[:5], photo[:5])
        assert not np.array_equal(changed, photo)


def test_stones_turn_and_the_metal_stays() -> None:
    photo, product = piece(GOLD, RUBY)
    changed = recoloured(photo, product, Recolouring("stones", (1.0, 1.0, 1.0), 60))
    assert changed[32, 32, 1] > changed[32, 32, 0]  # the ruby has become green
    assert np.array_equal(changed[32, 12], photo[32, 12])


def test_a_piece_without_coloured_stones_keeps_its_stones() -> None:
    photo, product = piece(SILVER)
    assert all(recolouring(photo, product, np.random.default_rng(n)).name == "metal" for n in range(8))


def test_the_same_change_is_the_same_in_every_light() -> None:
    photo, product = piece(SILVER)
    change = recolouring(photo, product, np.random.default_rng(0))
    dark = (photo * 0.7).astype(np.uint8)
    bright, dim = (recoloured(each, product, change)[32, 20].astype(float) for each in (photo, dark))
    assert dim / dim.sum() == pytest.approx(bright / bright.sum(), abs=0.01)
