"""Maps that are computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench import png, real_models
from pictures import ring, shot
from visiqc.errors import InputError
from visiqc.training.datasets.reading import Unreadable
from visiqc.training.mismatch_colours import Recolouring
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_features import FeatureStore, Frozen, scaled_product
from visiqc.vision.types import FeatureMaps, FloatArray, Photo


class CountingTrunk:
    """Means of 16 × 16 pixels for maps; says how often it was asked."""

    digest = "d" * 64

    def __init__(self) -> None:
        self.asked = 0

    def features(self, photos: Sequence[Photo]) -> FeatureMaps:
        self.asked += 1
        cells = np.stack(photos).reshape(len(photos), 16, 16, 16, 16, 3).mean(axis=(2, 4))
        maps = np.ascontiguousarray(cells.transpose(0, 3, 1, 2), np.float32)
        return FeatureMaps(maps, maps, maps)


def halved(maps: FloatArray) -> FloatArray:
    return maps[..., ::2, ::2]


def store(folder: Path, *, limit: int = 10, name: str = "f") -> tuple[FeatureStore, CountingTrunk]:
    trunk = CountingTrunk()
    unreadable = Unreadable(limit=limit)
    return FeatureStore(
        folder=folder / "features",
        models=replace(real_models(), trunk=trunk),
        frozen=Frozen(name, halved),
        seed=0,
        unreadable=unreadable,
    ), trunk


@pytest.fixture(name="shown")
def a_shown_ring(tmp_path: Path) -> Shown:
    photo, mask = shot(ring())
    (tmp_path / "ring.png").write_bytes(png(photo))
    (tmp_path / "mask.png").write_bytes(png(np.where(mask, 64, 0).astype(np.uint8)))
    return Shown(photo=tmp_path / "ring.png", mask=tmp_path / "mask.png", sku="ring", identity="ring", role="same")


def test_a_photo_is_computed_once(tmp_path: Path, shown: Shown) -> None:
    kept, trunk = store(tmp_path)
    first = kept.served(shown, turns=2)
    again = kept.served(shown, turns=2)
    assert first is not None
    assert again is not None
    assert trunk.asked == 1
    assert first.stride16.shape == (2, 3, 16, 16)
    assert np.array_equal(first.deep, first.stride16[..., ::2, ::2])
    assert np.array_equal(first.stride16, again.stride16)


def test_other_frozen_blocks_keep_the_trunk_s_maps(tmp_path: Path, shown: Shown) -> None:
    store(tmp_path)[0].served(shown, turns=1)
    other, trunk = store(tmp_path, name="g")
    assert other.served(shown, turns=1) is not None
    assert trunk.asked == 0


def test_recolouring_gives_other_maps_and_needs_a_mask(tmp_path: Path, shown: Shown) -> None:
    kept, _ = store(tmp_path)
    change = Recolouring("metal", (1.3, 1.0, 0.6), 0)
    plain, changed = kept.varied(shown, count=1), kept.varied(shown, count=1, change=change)
    assert plain is not None
    assert changed is not None
    assert not np.array_equal(plain.stride16, changed.stride16)


def test_a_file_that_was_cut_off_is_made_again(tmp_path: Path, shown: Shown) -> None:
    kept, _ = store(tmp_path)
    kept.served(shown, turns=1)
    for path in (tmp_path / "features").iterdir():
        path.write_bytes(path.read_bytes()[:200])
    again, trunk = store(tmp_path)
    made = again.served(shown, turns=1)
    assert made is not None
    assert made.stride16.shape == (1, 3, 16, 16)
    assert trunk.asked == 1


def test_broken_photos_are_skipped_and_counted_until_there_are_too_many(tmp_path: Path, shown: Shown) -> None:
    shown.photo.write_bytes(b"no photo")
    kept, _ = store(tmp_path)
    assert kept.served(shown, turns=1) is None
    assert list(kept.unreadable.files) == [shown.photo]
    strict, _ = store(tmp_path, limit=0)
    with pytest.raises(InputError, match="max_unreadable"):
        strict.served(shown, turns=1)


def test_a_mask_at_another_scale_is_brought_to_its_photo(tmp_path: Path, shown: Shown) -> None:
    kept, trunk = store(tmp_path)
    change = Recolouring("metal", (1.3, 1.0, 0.6), 0)
    whole = kept.varied(shown, count=2, change=change)
    photo, mask = shot(ring())
    large = cv2.resize(np.where(mask, 64, 0).astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    (tmp_path / "mask.png").write_bytes(png(large))
    scaled = kept.varied(shown, count=2, change=change)
    assert whole is not None
    assert scaled is not None
    assert trunk.asked == 2
    assert np.abs(whole.stride16 - scaled.stride16).max() < 8
    product = scaled_product(large, photo, name="ring")
    assert product.shape == mask.shape
    assert (product == mask).mean() > 0.99


def test_a_photo_of_a_kind_nobody_reads_and_a_mask_of_another_shape_are_skipped_too(
    tmp_path: Path, shown: Shown
) -> None:
    kept, _ = store(tmp_path)
    (tmp_path / "mask.png").write_bytes(png(np.zeros((5, 20), np.uint8)))
    assert kept.varied(shown, count=1) is None
    assert "its mask 5×20" in kept.unreadable.files[shown.photo].why
    shown.photo.write_bytes(b"%PDF-1.7")
    assert kept.served(shown, turns=1) is None
