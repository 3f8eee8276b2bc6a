"""Photos laid over their golden and kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench import png, real_models
from small_sets import drawn_set, laid_boards
from visiqc.errors import InputError, Unavailable
from visiqc.training.datasets.pairs import DEFECT, OWN, PairSet
from visiqc.training.datasets.reading import Broken, Unreadable
from visiqc.training.laid import lay_set
from visiqc.training.laid_product import GOLDEN, LaidProduct, Pictures, keep_product, kept_product
from visiqc.vision.types import FeatureMaps


def laid_again(pairs: PairSet, folder: Path, unreadable: Unreadable) -> list[LaidProduct]:
    return lay_set(pairs, real_models(), folder / "cache", long_side=256, unreadable=unreadable)


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
    first = laid_again(pairs, tmp_path, Unreadable())

    class Never:
        digest = models.trunk.digest

        def features(self, photos: object) -> FeatureMaps:
            raise AssertionError("the trunk was asked again")

    never = replace(models, trunk=Never())
    again = lay_set(pairs, never, tmp_path / "cache", long_side=256, unreadable=Unreadable())
    assert np.array_equal(again[0].frames, first[0].frames)
    assert again[0].photos == first[0].photos


def test_two_processes_may_lay_the_same_product_and_the_first_one_s_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, place = laid_boards()[0], tmp_path / "laid"
    files, rename = [tmp_path / "golden.jpg"], Path.rename

    def late(draft: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        keep_product(product, place, files, {})  # the other one is done between our last look and our renaming
        return rename(draft, target)

    monkeypatch.setattr(Path, "rename", late)
    keep_product(product, place, files, {})
    kept, _ = kept_product(product.sku, place, files)
    assert np.array_equal(np.asarray(kept.frames), np.asarray(product.frames))
    assert [path.name for path in tmp_path.iterdir()] == ["laid"]


def test_a_folder_that_holds_something_else_is_not_taken_for_a_laid_product(tmp_path: Path) -> None:
    (tmp_path / "laid" / "something").mkdir(parents=True)
    with pytest.raises(Unavailable, match="laid photos cannot be kept in the cache: Directory not empty"):
        keep_product(laid_boards()[0], tmp_path / "laid", [tmp_path / "golden.jpg"], {})


def test_a_photo_that_cannot_be_read_is_left_out_and_a_set_of_them_is_refused(tmp_path: Path) -> None:
    pairs = drawn_set(tmp_path, products=1)
    pairs.pairs[0].upload.write_bytes(b"\xff\xd8 not a photo")
    (product,) = laid_again(pairs, tmp_path, Unreadable())
    assert [photo.name for photo in product.photos] == ["golden-0.jpg", "golden-1.jpg", "dirty.jpg"]
    for path in pairs.pairs[0].goldens:
        path.write_bytes(b"nothing")
    broken = PairSet(name="broken", licence=OWN, digest="1" * 64, pairs=pairs.pairs)
    with pytest.raises(InputError, match="no product of broken could be laid"):
        laid_again(broken, tmp_path, Unreadable())


@pytest.mark.parametrize("mask", [b"\x89PNG cut off", b"", png(np.zeros((40, 90), np.uint8))])
def test_a_broken_or_odd_sized_mask_loses_its_photo_alone_and_is_named(tmp_path: Path, mask: bytes) -> None:
    pairs, unreadable = drawn_set(tmp_path, products=1), Unreadable()
    (tmp_path / "board-0" / "dirty.png").write_bytes(mask)
    (product,) = laid_again(pairs, tmp_path, unreadable)
    assert [photo.name for photo in product.photos] == ["golden-0.jpg", "golden-1.jpg", "good.jpg"]
    ((name, why),) = unreadable.files.values()
    assert name == "board-0/dirty.jpg"
    assert "mask" in why


def test_a_label_image_with_smooth_edges_loses_its_photo_and_is_named(tmp_path: Path) -> None:
    pairs, unreadable = drawn_set(tmp_path, products=1), Unreadable()
    path = tmp_path / "board-0" / "dirty.png"
    cv2.imwrite(str(path), cv2.GaussianBlur(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (0, 0), 1.0))
    (product,) = laid_again(pairs, tmp_path, unreadable)
    assert [photo.name for photo in product.photos] == ["golden-0.jpg", "golden-1.jpg", "good.jpg"]
    ((name, why),) = unreadable.files.values()
    assert name == "board-0/dirty.jpg"
    assert "the label image dirty.png may hold 0, 64, 128, 255 and has " in why


def test_a_product_of_the_cache_tells_which_broken_photos_it_was_laid_without(tmp_path: Path) -> None:
    pairs, first, again = drawn_set(tmp_path, products=1), Unreadable(), Unreadable()
    pairs.pairs[0].upload.unlink()
    laid_again(pairs, tmp_path, first)
    (kept,) = tmp_path.glob("cache/*/*/product.json")
    assert list(json.loads(kept.read_text())["broken"]) == ["good.jpg"]
    laid_again(pairs, tmp_path, again)
    told = Broken("board-0/good.jpg", "good.jpg cannot be read: No such file or directory")
    assert again.files == first.files == {pairs.pairs[0].upload: told}


def test_a_set_that_was_moved_finds_its_products_as_they_were_laid(tmp_path: Path) -> None:
    pairs, unreadable = drawn_set(tmp_path / "here", products=1), Unreadable()
    pairs.pairs[1].upload.write_bytes(b"nothing")
    laid_again(pairs, tmp_path, Unreadable())
    moved = drawn_set(tmp_path / "there", products=1)
    (product,) = laid_again(moved, tmp_path, unreadable)
    assert list(unreadable.files) == [moved.pairs[1].upload]  # whole over there, and not laid again
    assert product.opened == {*moved.pairs[0].goldens, moved.pairs[0].upload}


def test_a_broken_photo_takes_no_other_of_its_name_along(tmp_path: Path) -> None:
    whole, unreadable = drawn_set(tmp_path, products=1), Unreadable(limit=2)
    added = []
    for folder in ("good", "scratch"):
        photo = tmp_path / "board-0" / folder / "golden-1.jpg"
        photo.parent.mkdir()
        photo.write_bytes(b"nothing")
        added.append(replace(whole.pairs[0], upload=photo))
    (product,) = laid_again(replace(whole, pairs=(*whole.pairs, *added)), tmp_path, unreadable)
    names = [one.name for one in unreadable.files.values()]
    assert names == ["board-0/good/golden-1.jpg", "board-0/scratch/golden-1.jpg"]
    assert product.opened == {*whole.pairs[0].goldens, *(pair.upload for pair in whole.pairs)}


def test_a_broken_first_golden_loses_the_product_and_is_counted(tmp_path: Path) -> None:
    pairs, unreadable = drawn_set(tmp_path, products=2), Unreadable()
    pairs.pairs[0].goldens[0].write_bytes(b"nothing")
    assert [product.sku for product in laid_again(pairs, tmp_path, unreadable)] == ["board-1"]
    assert list(unreadable.files) == [pairs.pairs[0].goldens[0]]


def test_more_broken_photos_than_may_be_stop_the_laying_and_what_was_laid_is_kept(tmp_path: Path) -> None:
    pairs = drawn_set(tmp_path, products=1)
    pairs.pairs[0].upload.write_bytes(b"nothing")
    pairs.pairs[0].goldens[1].write_bytes(b"nothing")
    with pytest.raises(
        InputError, match=r"2 photos cannot be read \(board-0/golden-1\.jpg.* 1 are allowed.*max_unread"
    ):
        laid_again(pairs, tmp_path, Unreadable(limit=1))
    assert list(tmp_path.glob("cache/*/*/product.json"))
    assert len(laid_again(pairs, tmp_path, Unreadable(limit=2))) == 1
