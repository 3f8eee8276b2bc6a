from __future__ import annotations

from pathlib import Path

import pytest

from bench import png
from pair_sets import SIDE, mvtec, photo, square
from visiqc.errors import BadRecipe, InputError, NotFound, ShapeMismatch
from visiqc.recipes import make_recipe
from visiqc.training.datasets.digests import files_digest
from visiqc.training.datasets.folders import FolderSource, read_folder_pairs
from visiqc.training.datasets.manifests import TableSource
from visiqc.training.datasets.pairs import Licence, PairSet

TERMS = Licence(name="CC BY 4.0", commercial=True)


def read(folder: Path, **changes: object) -> PairSet:
    return read_folder_pairs(FolderSource(folder=folder, licence=TERMS, **changes))  # type: ignore[arg-type]


def test_goldens_are_good_photos_and_are_not_held_against_themselves(tmp_path: Path) -> None:
    found = read(mvtec(tmp_path / "nut", {"good": 2, "scratch": 3}), codes={"scratch": "ME-SCR"})
    assert found.summary == "nut: 1 products, 3 defective, 3 good"
    assert all(len(pair.goldens) == 3 and pair.upload not in pair.goldens for pair in found.pairs)
    assert {pair.codes for pair in found.pairs if pair.defective} == {("ME-SCR",)}


def test_other_codes_make_it_another_set_so_that_photos_laid_before_are_laid_again(tmp_path: Path) -> None:
    folder = mvtec(tmp_path / "nut", {"good": 2, "scratch": 3})
    digests = [read(folder, codes=codes).digest for codes in ({}, {"scratch": "ME-SCR"}, {"scratch": "ME-DNT"})]
    # Photos laid by a release whose digest was that of the files alone may have any codes.
    assert len({*digests, files_digest(folder, folder.rglob("*.png"))}) == 4
    assert read(folder).digest == digests[0]


def test_a_seed_below_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="seed must be 0 or more, got -1"):
        FolderSource(folder=tmp_path, licence=TERMS, seed=-1)


def test_the_licence_cannot_be_left_out(tmp_path: Path) -> None:
    for source in (FolderSource, TableSource):
        with pytest.raises(BadRecipe, match=f"on what terms {tmp_path.name} may be learned from: licence: "):
            make_recipe(source, {"folder": str(tmp_path)})
    (tmp_path / "license.txt").write_text("Attribution-NonCommercial")
    with pytest.raises(BadRecipe, match="its licence file begins 'Attribution-NonCommercial'"):
        make_recipe(FolderSource, {"folder": str(tmp_path)})


def test_an_empty_class_is_told(tmp_path: Path) -> None:
    folder = mvtec(tmp_path / "nut", {"good": 1, "scratch": 1})
    (folder / "test/dent").mkdir()
    assert "test/dent holds no photo" in read(folder).notes


def test_a_folder_without_a_defect_is_allowed_and_told(tmp_path: Path) -> None:
    assert "no defective photo: every upload is good" in read(mvtec(tmp_path / "nut", {})).notes


def test_one_photo_is_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nut has nothing to learn from"):
        read(mvtec(tmp_path / "nut", {}, train=1))


def test_a_mask_of_another_shape_is_refused_with_both_sizes(tmp_path: Path) -> None:
    folder = mvtec(tmp_path / "nut", {"scratch": 1})
    (folder / "ground_truth/scratch/000_mask.png").write_bytes(square((SIDE, 2 * SIDE)))
    with pytest.raises(ShapeMismatch, match=r"test/scratch/000\.png 48×48, its mask 48×96"):
        read(folder)


def test_a_mask_of_another_scale_is_fine(tmp_path: Path) -> None:
    folder = mvtec(tmp_path / "nut", {"scratch": 1})
    (folder / "ground_truth/scratch/000_mask.png").write_bytes(square((2 * SIDE, 2 * SIDE)))
    assert [pair.mask is not None for pair in read(folder).pairs if pair.defective] == [True]


def test_a_broken_photo_is_passed_over_and_named_and_too_many_are_refused(tmp_path: Path) -> None:
    folder = mvtec(tmp_path / "nut", {"good": 2, "scratch": 2})
    (folder / "test/good/000.png").write_bytes(b"not a picture")
    found = read(folder, max_unreadable=1)
    assert "1 photos cannot be read, left out: test/good/000.png" in found.notes
    (folder / "test/scratch/001.png").write_bytes(png(photo(1))[:20])
    with pytest.raises(InputError, match=r"2 photos cannot be read .* 1 are allowed.*max_unreadable"):
        read(folder, max_unreadable=1)


def test_broken_photos_of_one_name_are_as_many_as_they_are(tmp_path: Path) -> None:
    folder = mvtec(tmp_path / "nut", {"good": 2, "scratch": 2})
    for part in ("train", "test"):
        (folder / part / "good/000.png").write_bytes(b"not a picture")
    assert "2 photos cannot be read, left out: train/good/000.png, test/good/000.png" in read(folder).notes
    with pytest.raises(InputError, match=r"2 photos cannot be read .* 1 are allowed"):
        read(folder, max_unreadable=1)


def test_a_code_for_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder 'scratches'"):
        read(mvtec(tmp_path / "nut", {"scratch": 1}), codes={"scratches": "ME-SCR"})


def test_a_folder_that_is_not_there_is_named_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no folder bolt;"):
        read(tmp_path / "bolt")
