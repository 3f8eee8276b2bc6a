"""Photos laid over their golden and kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import real_models
from small_sets import drawn_set, laid_boards
from visiqc.errors import InputError
from visiqc.training.datasets.pairs import DEFECT, OWN, PairSet
from visiqc.training.laid import GOLDEN, Pictures, lay_set
from visiqc.vision.types import FeatureMaps


def test_every_photo_lies_in_the_golden_frame_with_what_is_known_of_it() -> None:
    product = laid_boards()[0]
    assert [photo.role for photo in product.photos] == [GOLDEN, GOLDEN, "same", "same"]
    assert len(product.frames) == len(product.labels) == 4
    assert {product.frames[n].shape for n in range(4)} == {(*product.product.shape, 3)}
    assert {product.labels[n].shape for n in range(4)} == {product.product.shape}
    assert [photo.good for photo in product.photos] == [True, True, True, False]
    assert product.photos[3].codes == ("FI-CON",)


def test_pictures_are_read_one_by_one_and_their_file_is_closed(tmp_path: Path) -> None:
    stack = np.arange(24, dtype=np.uint8).reshape(3, 2, 4)
    np.save(tmp_path / "stack.npy", stack)
    pictures = Pictures(tmp_path / "stack.npy")
    assert (len(pictures), pictures[1].tolist()) == (3, stack[1].tolist())
    pictures[1][:] = 0  # a copy
    assert np.array_equal(np.asarray(pictures), stack)
    with pytest.raises(IndexError):
        pictures[3]
    (tmp_path / "stack.npy").unlink()
    assert not [link for link in Path("/proc/self/fd").glob("*") if "stack.npy" in str(link.resolve())]


def test_a_label_image_goes_where_its_photo_goes() -> None:
    product = laid_boards()[1]
    dirty = product.frames[3].astype(int)
    marked = dirty[product.labels[3] == DEFECT]
    assert len(marked) > 60
    assert np.median(np.abs(marked - (250, 40, 200)).max(axis=1)) < 40


def test_what_lies_in_the_cache_is_not_laid_again(tmp_path: Path) -> None:
    pairs = drawn_set(tmp_path, products=1)
    models = real_models()
    first = lay_set(pairs, models, tmp_path / "cache", long_side=256)

    class Never:
        digest = models.trunk.digest

        def features(self, photos: object) -> FeatureMaps:
            raise AssertionError("the trunk was asked again")

    again = lay_set(pairs, replace(models, trunk=Never()), tmp_path / "cache", long_side=256)
    assert np.array_equal(again[0].frames, first[0].frames)
    assert again[0].photos == first[0].photos


def test_a_photo_that_cannot_be_read_is_left_out_and_a_set_of_them_is_refused(tmp_path: Path) -> None:
    pairs = drawn_set(tmp_path, products=1)
    pairs.pairs[0].upload.write_bytes(b"\xff\xd8 not a photo")
    (product,) = lay_set(pairs, real_models(), tmp_path / "cache", long_side=256)
    assert [photo.name for photo in product.photos] == ["golden-0.jpg", "golden-1.jpg", "dirty.jpg"]
    for path in pairs.pairs[0].goldens:
        path.write_bytes(b"nothing")
    broken = PairSet(name="broken", licence=OWN, digest="1" * 64, pairs=pairs.pairs)
    with pytest.raises(InputError, match="no product of broken could be laid"):
        lay_set(broken, real_models(), tmp_path / "cache", long_side=256)
