"""What the mask model learns from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench import png
from pictures import ring, shot
from visiqc.errors import BadRecipe, InputError, ShapeMismatch
from visiqc.training.augment import AugmentSettings
from visiqc.training.mask_samples import MaskSample, MaskSampleMaker, MaskSampleSettings, known_product
from visiqc.training.mismatch_data import Shown

PLAIN = AugmentSettings(photometric=0.0)


def shown_ring(folder: Path, *, ignored: bool = False) -> Shown:
    photo, mask = shot(ring())
    labels = np.where(mask, 64, 0).astype(np.uint8)
    if ignored:
        labels[:, : labels.shape[1] // 2] = 128
    (folder / "ring.png").write_bytes(png(photo))
    (folder / "mask.png").write_bytes(png(labels))
    return Shown(photo=folder / "ring.png", mask=folder / "mask.png", sku="ring", identity="ring", role="same")


def maker(shown: Shown, **settings: object) -> MaskSampleMaker:
    chosen: dict[str, object] = {"scenes": 0.0, "other_ground": 0.0, "things": 0.0, "augment": PLAIN} | settings
    return MaskSampleMaker([shown], MaskSampleSettings(**chosen), side=128)  # type: ignore[arg-type]


def drawn(making: MaskSampleMaker, seed: int = 0) -> MaskSample:
    return making.draw(np.random.default_rng(seed))


def test_a_sample_has_the_product_at_half_its_size(tmp_path: Path) -> None:
    sample = drawn(maker(shown_ring(tmp_path)))
    assert (sample.photo.shape, sample.product.shape, sample.weight.shape) == ((128, 128, 3), (64, 64), (64, 64))
    small = cv2.resize(sample.photo, (64, 64), interpolation=cv2.INTER_AREA).astype(float).mean(axis=2)
    product = sample.product > 0.9
    assert product.sum() > 60
    assert abs(small[product].mean() - small[sample.product < 0.1].mean()) > 15  # the ring stands out where it is said


def test_the_same_state_gives_the_same_pixels_and_another_state_others(tmp_path: Path) -> None:
    making = maker(shown_ring(tmp_path), scenes=0.3, other_ground=0.5, things=0.5, augment=AugmentSettings())
    first, again, other = drawn(making, 5), drawn(making, 5), drawn(making, 6)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first.photo, other.photo)


def test_on_another_ground_the_product_stays_what_it_was(tmp_path: Path) -> None:
    shown = shown_ring(tmp_path)
    for seed in range(6):
        before, after = drawn(maker(shown), seed), drawn(maker(shown, other_ground=1.0), seed)
        # The draws differ from there on; what a lone ring looks like does not: its own brightness is kept.
        ring_before = before.photo[::2, ::2][before.product > 0.99].mean()
        ring_after = after.photo[::2, ::2][after.product > 0.99].mean()
        assert abs(ring_before - ring_after) < 12


def test_things_lie_beside_the_product_and_are_ground(tmp_path: Path) -> None:
    making = maker(shown_ring(tmp_path), things=1.0)
    plain = maker(shown_ring(tmp_path))
    spread = [float(s.photo[::2, ::2][s.product < 0.01].std()) for s in (drawn(making, n) for n in range(12))]
    calm = [float(s.photo[::2, ::2][s.product < 0.01].std()) for s in (drawn(plain, n) for n in range(12))]
    assert np.mean(spread) > np.mean(calm) + 5


def test_what_nobody_knows_does_not_count(tmp_path: Path) -> None:
    known = known_product(shown_ring(tmp_path, ignored=True)).known
    assert not known[:, : known.shape[1] // 2].any()
    sample = drawn(maker(shown_ring(tmp_path, ignored=True)))
    assert 0 < sample.weight.mean() < 0.9


def test_a_mask_at_another_scale_is_brought_to_its_photo(tmp_path: Path) -> None:
    shown = shown_ring(tmp_path, ignored=True)
    whole = known_product(shown)
    labels = cv2.imread(str(tmp_path / "mask.png"), cv2.IMREAD_GRAYSCALE)
    assert labels is not None
    for scale in (0.5, 2.0):
        scaled = cv2.resize(labels, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        (tmp_path / "mask.png").write_bytes(png(scaled))
        found = known_product(shown)
        assert found.product.shape == found.known.shape == whole.photo.shape[:2]
        assert (found.product == whole.product).mean() > 0.97
        assert (found.known == whole.known).mean() > 0.97


def test_a_mask_of_another_shape_is_refused_with_both_sizes_named(tmp_path: Path) -> None:
    shown = shown_ring(tmp_path)
    (tmp_path / "mask.png").write_bytes(png(np.zeros((5, 20), np.uint8)))
    with pytest.raises(ShapeMismatch, match=r"ring\.png \d+×\d+, its mask 5×20"):
        known_product(shown)


@pytest.mark.parametrize("file", ["ring.png", "mask.png"])
@pytest.mark.parametrize("damage", ["cut", "emptied", "gone"])
def test_a_photo_that_breaks_in_the_middle_of_an_epoch_is_named_and_another_drawn(
    tmp_path: Path, file: str, damage: str
) -> None:
    making = maker(shown_ring(tmp_path))
    drawn(making)
    assert not making.broken
    path = tmp_path / file
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(content[: len(content) // 2 if damage == "cut" else 0])
    assert drawn(making).photo.shape == (128, 128, 3)
    assert list(making.broken) == [tmp_path / "ring.png"]


def test_a_photo_without_a_mask_teaches_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it has no mask"):
        known_product(replace(shown_ring(tmp_path), mask=None))


@pytest.mark.parametrize("changes", [{"scenes": 1.5}, {"things": -0.1}, {"zoom": (2.0, 1.0)}])
def test_settings_that_cannot_be_are_refused_by_name(changes: dict[str, object]) -> None:
    with pytest.raises(BadRecipe, match=next(iter(changes))):
        MaskSampleSettings(**changes)  # type: ignore[arg-type]
