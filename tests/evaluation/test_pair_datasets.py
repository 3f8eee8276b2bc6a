"""Pairs, items and variants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visiqc.errors import InputError, NotFound
from visiqc.evaluation.pair_datasets import near_variants, read_items, read_pairs, read_ring_variants

SHARED = Path(__file__).parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the evaluation photos beside the project are absent")
GREY = np.full((8, 8, 3), 128, np.uint8)


@pytest.fixture
def pairs_folder(tmp_path: Path, draw_photo) -> Path:
    for name in ("001", "002"):
        draw_photo(tmp_path / f"{name}_temp.jpg", GREY)
        draw_photo(tmp_path / f"{name}_test.jpg", GREY)
        (tmp_path / f"{name}.txt").write_text("1 2 3 4 open\n\n0 0 8 8 3\n")
    return tmp_path


def test_a_pair_has_a_golden_a_test_photo_and_its_boxes(pairs_folder: Path) -> None:
    first, second = read_pairs(pairs_folder)
    assert (first.name, first.golden.name, first.test.name) == ("001", "001_temp.jpg", "001_test.jpg")
    assert [(truth.box, truth.kind) for truth in second.truth] == [((1, 2, 3, 4), "open"), ((0, 0, 8, 8), "3")]


@pytest.mark.parametrize("missing", ["001_temp.jpg", "001_test.jpg", "001.txt"])
def test_an_incomplete_pair_is_named(pairs_folder: Path, missing: str) -> None:
    (pairs_folder / missing).unlink()
    with pytest.raises(InputError, match="pair 001 is incomplete"):
        read_pairs(pairs_folder)


@pytest.mark.parametrize("line", ["1 2 3", "1 2 3 4", "1 2 3 four 5", "1 2 3 4 5 6", "3 2 1 4 5"])
def test_a_line_that_is_no_box_is_named(pairs_folder: Path, line: str) -> None:
    (pairs_folder / "002.txt").write_text(f"1 2 3 4 5\n{line}\n")
    with pytest.raises(InputError, match=r"002\.txt, line 2"):
        read_pairs(pairs_folder)


def test_a_folder_without_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pair"):
        read_pairs(tmp_path)
    with pytest.raises(NotFound):
        read_pairs(tmp_path / "absent")


def test_every_folder_is_an_item(tmp_path: Path, draw_photo) -> None:
    for name in ("ring/a.png", "ring/b.png", "bead/c.png"):
        draw_photo(tmp_path / name, GREY)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    assert [(photo.item, photo.path.name) for photo in read_items(tmp_path)] == [
        ("bead", "c.png"),
        ("ring", "a.png"),
        ("ring", "b.png"),
    ]


@pytest.mark.parametrize("names", [[], ["a/1.png", "a/2.png"], ["a/1.png", "b/1.png"]])
def test_items_that_make_no_pairs_of_both_kinds_are_refused(tmp_path: Path, draw_photo, names: list[str]) -> None:
    for name in names:
        draw_photo(tmp_path / name, GREY)
    with pytest.raises(InputError, match="two items"):
        read_items(tmp_path)
    with pytest.raises(NotFound):
        read_items(tmp_path / "absent")


def test_a_variant_is_told_by_its_name(tmp_path: Path, draw_photo) -> None:
    for name in ("oval-3.5-rose-white-gold-bi-1-silk-sand-v-seam", "oval-4-rose-single-silk"):
        draw_photo(tmp_path / f"{name}.jpg", GREY)
    two_tone, plain = read_ring_variants(tmp_path)
    assert (two_tone.width, two_tone.metals, two_tone.split) == ("3.5", "rose-white", "bi-1")
    assert (two_tone.finish, two_tone.seam) == ("silk-sand", "v")
    assert (plain.metals, plain.split, plain.finish, plain.seam) == ("rose", "single", "silk", "none")


def test_one_finish_in_a_two_tone_name_stands_for_both_halves(tmp_path: Path, draw_photo) -> None:
    draw_photo(tmp_path / "oval-3-white-yellow-gold-bi-1-rock-u-seam.jpg", GREY)
    assert read_ring_variants(tmp_path)[0].finish == "rock-rock"


def test_near_variants_differ_in_one_attribute(tmp_path: Path, draw_photo) -> None:
    for name in ("oval-4-rose-single-silk", "oval-4-white-single-silk", "oval-5-white-single-silk"):
        draw_photo(tmp_path / f"{name}.jpg", GREY)
    found = near_variants(read_ring_variants(tmp_path))
    assert [attribute for _, _, attribute in found] == ["metals", "width"]


@pytest.mark.parametrize("name", ["ring", "oval-4-rose-double-silk", "oval-4-rose-white-gold-bi-1-a-b-c-v-seam"])
def test_another_name_is_refused(tmp_path: Path, draw_photo, name: str) -> None:
    draw_photo(tmp_path / f"{name}.jpg", GREY)
    with pytest.raises(InputError, match=name):
        read_ring_variants(tmp_path)


def test_an_empty_folder_holds_no_variant(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no photo"):
        read_ring_variants(tmp_path)


@needs_shared
def test_the_evaluation_sets_are_read() -> None:
    pairs = read_pairs(SHARED / "deeppcb")
    assert (len(pairs), sum(len(pair.truth) for pair in pairs)) == (60, 391)
    assert len({photo.item for photo in read_items(SHARED / "dreambooth")}) == 21
    assert len({photo.item for photo in read_items(SHARED / "jewelry_ringfir")}) == 23
    variants = read_ring_variants(SHARED / "jewelry_ring_variants")
    assert len(variants) == 300
    assert {attribute for _, _, attribute in near_variants(variants)} >= {"width", "metals", "finish", "seam", "split"}
