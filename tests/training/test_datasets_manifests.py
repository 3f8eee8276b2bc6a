from __future__ import annotations

from pathlib import Path

import pytest

from bench import png
from pair_sets import SIDE, photo, square
from visiqc.errors import InputError, ShapeMismatch
from visiqc.evaluation.datasets import upright_size
from visiqc.training.datasets import manifests
from visiqc.training.datasets.manifests import read_table
from visiqc.training.datasets.pairs import OWN, PairSet, Relation
from visiqc.vision.warp import Size

HEAD = "sku,lot,goldens,upload,mask,defective,codes,relation"
BAD = "R-1,L-1,g1.png|g2.png,bad.png,mask.png,yes,ME-SCR|ME-DNT,same"
GOOD = "R-1,L-2,g1.png,good.png,,no,,"


def table(folder: Path, *lines: str) -> Path:
    folder.mkdir(exist_ok=True)
    for n, name in enumerate(("g1", "g2", "good", "bad")):
        (folder / f"{name}.png").write_bytes(png(photo(n)))
    (folder / "mask.png").write_bytes(square((SIDE, SIDE)))
    (folder / "pairs.csv").write_text("\n".join(lines) + "\n")
    return folder


def read(folder: Path, **changes: int) -> PairSet:
    return read_table(folder, licence=OWN, **changes)


def test_a_line_is_a_pair(tmp_path: Path) -> None:
    bad, good = read(table(tmp_path / "set", HEAD, BAD, GOOD)).pairs
    assert (bad.defective, bad.codes, bad.lot, len(bad.goldens)) == (True, ("ME-SCR", "ME-DNT"), "L-1", 2)
    assert bad.mask is not None
    assert (good.defective, good.mask, good.relation) == (False, None, Relation.SAME)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("sku,upload", "R-1,good.png"), "no column 'goldens'"),
        ((HEAD + ",colour", BAD + ",red"), "a column 'colour'"),
        ((HEAD, "R-1,,,good.png,,,,"), "line 2: sku, goldens and upload may not be empty"),
        ((HEAD, GOOD.replace(",no,", ",maybe,")), "line 2: defective is one of yes, no, got 'maybe'"),
        ((HEAD, GOOD, BAD.replace("ME-DNT", "ME-XXX")), "line 3: .*no code 'ME-XXX'"),
        ((HEAD, GOOD.replace("good.png", "../good.png")), "line 2 names '../good.png'"),
        ((HEAD, "R-1,L-1,g1.png"), "line 2: wanted 8 values"),
        ((HEAD,), "nothing to learn from"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(table(tmp_path / "set", *lines))


def test_a_missing_photo_is_passed_over_and_too_many_are_refused(tmp_path: Path) -> None:
    folder = table(tmp_path / "set", HEAD, BAD, GOOD)
    (folder / "good.png").unlink()
    assert read(folder).notes == ("1 photos cannot be read, left out: good.png",)
    with pytest.raises(InputError, match="max_unreadable"):
        read(folder, max_unreadable=0)


def test_a_photo_that_many_lines_name_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, opened = table(tmp_path / "set", HEAD, *[BAD, GOOD] * 3), []

    def counted(path: Path) -> Size:
        opened.append(path.name)
        return upright_size(path)

    (folder / "g2.png").unlink()
    monkeypatch.setattr(manifests, "upright_size", counted)
    assert len(read(folder).pairs) == 6
    assert sorted(opened) == ["bad.png", "g1.png", "g2.png", "good.png", "mask.png"]


def test_a_mask_of_another_shape_is_refused_with_both_sizes(tmp_path: Path) -> None:
    folder = table(tmp_path / "set", HEAD, BAD)
    (folder / "mask.png").write_bytes(square((SIDE, 60)))
    with pytest.raises(ShapeMismatch, match=r"bad\.png 48×48, its mask 48×60"):
        read(folder)


def test_a_folder_without_a_table_is_told_the_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no pairs\.csv in .*its columns are sku, goldens, upload"):
        read(tmp_path)
