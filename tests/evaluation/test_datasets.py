"""MVTec-style folders, as they are and as they are broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visiqc.errors import InputError, NotFound, ShapeMismatch, UnreadablePhoto
from visiqc.evaluation.datasets import FolderDataset, read_folder, read_mask, upright_size

SHARED = Path(__file__).parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the evaluation photos beside the project are absent")


def by_name(dataset: FolderDataset, name: str):
    return next(photo for photo in dataset.test if photo.name == name)


def test_a_folder_is_read_into_training_and_labelled_test_photos(dataset_folder: Path) -> None:
    dataset = read_folder(dataset_folder)
    assert dataset.name == "plates"
    assert len(dataset.train) == 8
    assert dataset.kinds == ("dent", "scratch")
    assert [photo.defective for photo in dataset.test].count(False) == 5
    assert by_name(dataset, "test/dent/001.png").mask is not None


def test_a_type_without_ground_truth_is_judged_at_image_level_and_said_so(dataset_folder: Path) -> None:
    dataset = read_folder(dataset_folder)
    assert by_name(dataset, "test/scratch/000.png").mask is None
    assert dataset.notes == ("test/scratch: 3 photos without a mask, judged at image level only",)
    shutil.rmtree(dataset_folder / "ground_truth")
    assert not read_folder(dataset_folder).has_masks


def test_one_missing_mask_is_noted(dataset_folder: Path) -> None:
    (dataset_folder / "ground_truth/dent/002_mask.png").unlink()
    assert "test/dent: 1 photos without a mask, judged at image level only" in read_folder(dataset_folder).notes


def test_other_files_are_passed_over(dataset_folder: Path) -> None:
    (dataset_folder / "test/good/notes.txt").write_text("hello")
    (dataset_folder / "test/readme.md").write_text("hello")
    assert len(read_folder(dataset_folder).test) == 12


def test_photos_of_one_piece_can_be_told_by_their_names(dataset_folder: Path) -> None:
    dataset = read_folder(dataset_folder, specimen_of=lambda stem: stem[:2])
    assert {photo.specimen for photo in dataset.test} == {"good/00", "dent/00", "scratch/00"}
    assert len({photo.specimen for photo in read_folder(dataset_folder).test}) == 12


def test_a_mask_is_true_where_the_defect_is(dataset_folder: Path) -> None:
    mask = read_mask(by_name(read_folder(dataset_folder), "test/dent/000.png"))
    assert (mask.shape, mask.dtype, mask.sum()) == ((48, 64), bool, 8 * 12)


def test_a_mask_of_zeros_and_ones_is_read_alike(dataset_folder: Path) -> None:
    path = dataset_folder / "ground_truth/dent/000_mask.png"
    Image.fromarray(np.asarray(Image.open(path)) // 255).save(path)
    assert read_mask(by_name(read_folder(dataset_folder), "test/dent/000.png")).sum() == 8 * 12


def test_a_photo_without_a_mask_has_none_to_read(dataset_folder: Path) -> None:
    with pytest.raises(InputError, match=r"test/good/000\.png has no mask"):
        read_mask(by_name(read_folder(dataset_folder), "test/good/000.png"))


@pytest.mark.parametrize("missing", ["", "train", "train/good", "test"])
def test_a_missing_folder_is_named(dataset_folder: Path, missing: str) -> None:
    shutil.rmtree(dataset_folder / missing)
    with pytest.raises(NotFound, match=r"train/good" if missing.startswith("train") else missing or "plates"):
        read_folder(dataset_folder)


@pytest.mark.parametrize("emptied", ["train/good", "test/good"])
def test_an_empty_folder_is_refused(dataset_folder: Path, emptied: str) -> None:
    shutil.rmtree(dataset_folder / emptied)
    (dataset_folder / emptied).mkdir()
    with pytest.raises(InputError, match="good"):
        read_folder(dataset_folder)


def test_a_set_without_defects_is_refused(dataset_folder: Path) -> None:
    shutil.rmtree(dataset_folder / "test/dent")
    shutil.rmtree(dataset_folder / "test/scratch")
    with pytest.raises(InputError, match="at least one folder of defects"):
        read_folder(dataset_folder)


def test_a_mask_that_is_no_picture_is_named(dataset_folder: Path) -> None:
    (dataset_folder / "ground_truth/dent/001_mask.png").write_bytes(b"not a picture")
    with pytest.raises(UnreadablePhoto, match=r"dent/001_mask\.png"):
        read_folder(dataset_folder)


def test_a_mask_that_broke_since_is_named_when_it_is_decoded(dataset_folder: Path) -> None:
    dent = by_name(read_folder(dataset_folder), "test/dent/001.png")
    path = dataset_folder / "ground_truth/dent/001_mask.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UnreadablePhoto, match=r"test/dent/001\.png cannot be decoded"):
        read_mask(dent)
    with pytest.raises(UnreadablePhoto, match=r"dent/001_mask\.png"):
        read_folder(dataset_folder)


def test_a_mask_of_another_size_is_refused_with_both_sizes(dataset_folder: Path, draw_photo) -> None:
    draw_photo(dataset_folder / "ground_truth/dent/003_mask.png", np.zeros((10, 12), np.uint8))
    with pytest.raises(ShapeMismatch, match=r"dent/003\.png 48×64, its mask 10×12"):
        read_folder(dataset_folder)


def test_a_mask_without_a_photo_is_refused(dataset_folder: Path) -> None:
    (dataset_folder / "test/dent/003.png").unlink()
    with pytest.raises(InputError, match=r"003_mask\.png"):
        read_folder(dataset_folder)


def test_sizes_are_those_of_the_upright_photo(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 30))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert upright_size(tmp_path / "a.jpg") == (40, 30)


@needs_shared
@pytest.mark.parametrize(
    ("name", "train", "good", "types", "masked"),
    [
        ("aws_circuitboard", 20, 20, {"anomaly": 20}, 0),
        ("aws_cookies", 31, 14, {"crack": 32, "crack_no_mask": 8}, 31),
        ("mvtec_bottle", 40, 20, {"broken_large": 20, "broken_small": 22, "contamination": 21}, 63),
        ("mpdd_metal_plate_512", 54, 26, {"defect": 71}, 71),
        ("magnetic_tile", 60, 40, dict.fromkeys(("blowhole", "break", "crack", "fray", "uneven"), 20), 100),
    ],
)
def test_the_evaluation_sets_are_read_as_their_readme_counts_them(name, train, good, types, masked) -> None:
    dataset = read_folder(SHARED / name)
    assert len(dataset.train) == train
    kinds = [photo.kind for photo in dataset.test]
    assert {kind: kinds.count(kind) for kind in dataset.kinds} == types
    assert kinds.count("good") == good
    assert sum(photo.mask is not None for photo in dataset.test) == masked
