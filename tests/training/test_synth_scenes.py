from __future__ import annotations

import numpy as np
import pytest

from visiqc.errors import BadRecipe
from visiqc.training.synth.scenes import KINDS, scene


@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_is_a_photo_with_a_product_that_differs_from_its_ground(kind: str) -> None:
    for seed in range(4):
        drawn = scene(np.random.default_rng(seed), side=96, kind=kind)
        assert (drawn.photo.shape, drawn.photo.dtype, drawn.kind) == ((96, 96, 3), np.uint8, kind)
        assert drawn.product.shape == (96, 96)
        assert 0.05 < drawn.product.mean() <= 1
        assert drawn.photo[drawn.product].std() > 2


def test_the_same_seed_gives_the_same_scene_and_another_another() -> None:
    one, again, other = (scene(np.random.default_rng(seed), side=64) for seed in (5, 5, 6))
    assert np.array_equal(one.photo, again.photo)
    assert not np.array_equal(one.photo, other.photo)


def test_every_kind_is_drawn() -> None:
    rng = np.random.default_rng(0)
    assert {scene(rng, side=32).kind for _ in range(60)} == set(KINDS)


def test_what_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(BadRecipe, match="no scene 'boards'; known: leaves, board"):
        scene(np.random.default_rng(0), kind="boards")
    with pytest.raises(BadRecipe, match="at least 32 pixels, got 8"):
        scene(np.random.default_rng(0), side=8)
