from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import png
from pair_sets import SIDE, photo, square
from visiqc.errors import ShapeMismatch, UnreadablePhoto
from visiqc.training.datasets.labels import labels_of, polygon_mask, resized_labels
from visiqc.training.datasets.pairs import LabelledRegion, Pair
from visiqc.training.defect_targets import NOT_TYPED, coded, targets_of

FULL = (SIDE, SIDE)


def pair(folder: Path, **changes: object) -> Pair:
    for name in ("golden", "upload"):
        (folder / f"{name}.png").write_bytes(png(photo(len(name))))
    values = {"goldens": (folder / "golden.png",), "upload": folder / "upload.png", "defective": True}
    return Pair(sku="a", **(values | changes))  # type: ignore[arg-type]


def test_a_box_drawn_as_a_polygon_covers_its_pixels() -> None:
    area = polygon_mask([((10, 20), (14, 20), (14, 23), (10, 23))], FULL, full_size=FULL)
    assert [len(set(found.tolist())) for found in np.nonzero(area)] == [3, 4]
    assert area[20:23, 10:14].all()


def test_polygons_follow_the_photo_to_another_size() -> None:
    area = polygon_mask([((10, 20), (20, 20), (20, 40), (10, 40))], (24, 24), full_size=FULL)
    assert area[10:20, 5:10].all()
    assert area.sum() == 50


def test_a_region_drawn_by_hand_is_a_defect_in_a_rim_that_is_not_judged(tmp_path: Path) -> None:
    region = LabelledRegion(polygon=((10, 10), (30, 10), (30, 30), (10, 30)))
    labels = labels_of(pair(tmp_path, regions=(region,)), FULL, full_size=FULL)
    assert labels is not None
    assert labels[20].tolist() == [64] * 9 + [128] * 2 + [255] * 18 + [128] * 2 + [64] * 17


def test_regions_of_several_codes_are_told_apart_where_that_is_asked(tmp_path: Path) -> None:
    left = LabelledRegion(polygon=((5, 10), (15, 10), (15, 30), (5, 30)), code="ST-MIS")
    right = LabelledRegion(polygon=((25, 10), (40, 10), (40, 30), (25, 30)), code="FI-CON")
    both = pair(tmp_path, regions=(left, right))
    labels = labels_of(both, FULL, full_size=FULL, apart=("FI-CON", "ST-MIS"))
    assert labels is not None
    assert (labels[20, 10], labels[20, 32]) == (254, 255)
    together = labels_of(both, FULL, full_size=FULL)
    assert together is not None
    assert (np.minimum(labels, 254) == np.minimum(together, 254)).all()
    targets = targets_of(coded(labels, 7, 3))
    assert set(np.unique(targets.types).tolist()) == {NOT_TYPED, 3, 7}


def test_a_region_too_small_for_a_rim_keeps_its_pixels(tmp_path: Path) -> None:
    region = LabelledRegion(polygon=((10, 10), (11, 10), (11, 11), (10, 11)))
    labels = labels_of(pair(tmp_path, regions=(region,)), FULL, full_size=FULL)
    assert labels is not None
    assert (labels == 255).sum() == 1


def test_a_good_photo_is_product_all_over_and_a_defect_without_a_place_has_no_labels(tmp_path: Path) -> None:
    good = labels_of(pair(tmp_path, defective=False), FULL, full_size=FULL)
    assert good is not None
    assert (good == 64).all()
    assert labels_of(pair(tmp_path), FULL, full_size=FULL) is None


@pytest.mark.parametrize("high", [1, 255])
def test_a_binary_mask_may_be_written_with_one_or_255(tmp_path: Path, high: int) -> None:
    (tmp_path / "mask.png").write_bytes(square((2 * SIDE, 2 * SIDE), high))
    labels = labels_of(pair(tmp_path, mask=tmp_path / "mask.png", binary_mask=True), FULL, full_size=FULL)
    assert labels is not None
    assert (labels == 255).sum() == (SIDE // 4) ** 2
    assert (labels == 64).sum() == SIDE**2 - (SIDE // 4) ** 2


def test_a_thin_defect_survives_being_made_smaller() -> None:
    labels = np.full((64, 64), 64, np.uint8)
    labels[:, 30] = 255
    assert (resized_labels(labels, (32, 32)) == 255).any(axis=1).all()


def test_a_mask_of_another_shape_is_refused_when_read(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(square((SIDE, SIDE + 5)))
    with pytest.raises(ShapeMismatch, match=r"a/upload\.png 48×48, its mask 48×53"):
        labels_of(pair(tmp_path, mask=tmp_path / "mask.png"), FULL, full_size=FULL)


@pytest.mark.parametrize("content", [b"", b"no picture", square(FULL)[:60]])
def test_a_mask_that_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mask.png").write_bytes(content)
    with pytest.raises(UnreadablePhoto, match=r"the mask mask\.png cannot be decoded"):
        labels_of(pair(tmp_path, mask=tmp_path / "mask.png"), FULL, full_size=FULL)


def test_a_label_image_with_values_that_say_nothing_is_refused_with_them_named(tmp_path: Path) -> None:
    labels = np.full(FULL, 64, np.uint8)
    labels[10:20, 10:20] = 255
    labels[10:20, 9] = 160  # half a defect, half product: read as a type class
    (tmp_path / "mask.png").write_bytes(png(labels))
    with pytest.raises(
        UnreadablePhoto,
        match=r"^the label image mask\.png may hold 0, 64, 128, 255 and has 160 in 10 pixels; save it as PNG without",
    ):
        labels_of(pair(tmp_path, mask=tmp_path / "mask.png"), FULL, full_size=FULL)


def test_a_label_image_may_tell_as_many_codes_apart_as_its_photo_has(tmp_path: Path) -> None:
    stored = np.array([[0, 64], [128, 253]], np.uint8).repeat(SIDE // 2, 0).repeat(SIDE // 2, 1)
    (tmp_path / "mask.png").write_bytes(png(stored))
    masked, codes = pair(tmp_path, mask=tmp_path / "mask.png"), ("FI-CON", "ME-SCR", "ST-MIS")
    labels = labels_of(masked, FULL, full_size=FULL, apart=codes)
    assert labels is not None
    assert np.array_equal(labels, stored)
    with pytest.raises(UnreadablePhoto, match=r"may hold 0, 64, 128, 254, 255 and has 253"):
        labels_of(masked, FULL, full_size=FULL, apart=codes[:2])


def test_labels_come_in_the_size_of_the_photo_that_was_read(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(square(FULL))
    labels = labels_of(pair(tmp_path, mask=tmp_path / "mask.png", binary_mask=True), (32, 32), full_size=FULL)
    assert labels is not None
    assert labels.shape == (32, 32)
