"""What an import folder says, line by line, without a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from visiqc.cli.lot_lines import COLUMNS, BrokenLine, LotLine, lot_lines
from visiqc.errors import InputError

HEADER = ",".join(COLUMNS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty import folder with a photo beside it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "1-front.jpg").write_bytes(b"secret")
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def of_csv(folder: Path, *lines: str) -> list[LotLine | BrokenLine]:
    (folder / "lot.csv").write_text("\n".join(lines))
    return list(lot_lines(folder))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_header_may_be_quoted(folder: Path, delimiter: str) -> None:
    header = delimiter.join(f'"{name}"' for name in COLUMNS)
    (line,) = of_csv(folder, header, delimiter.join(["PO-7", "L1", "ring", "final", "1", "front", "a.jpg"]))
    assert isinstance(line, LotLine)


def test_a_header_that_is_no_csv_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="must name the columns"):
        of_csv(folder, '"order')


@pytest.mark.parametrize("photo", ["a\0.jpg", "a\x1f.jpg"])
def test_a_control_character_in_a_path_breaks_its_line_only(folder: Path, photo: str) -> None:
    broken, fine = of_csv(folder, HEADER, f"PO-7,L1,ring,final,1,front,{photo}", "PO-7,L1,ring,final,1,back,b.jpg")
    assert isinstance(broken, BrokenLine)
    assert isinstance(fine, LotLine)


def test_a_link_in_the_list_never_leads_out(folder: Path) -> None:
    (folder / "photo.jpg").symlink_to(folder.parent / "outside" / "1-front.jpg")
    (folder / "all").symlink_to(folder.parent / "outside")
    for photo in ("photo.jpg", "all/1-front.jpg"):
        (line,) = of_csv(folder, HEADER, f"PO-7,L1,ring,final,1,front,{photo}")
        assert isinstance(line, BrokenLine)
        assert "leads out of the import folder" in line.why


def test_linked_folders_and_photos_are_named_and_not_followed(folder: Path) -> None:
    outside = folder.parent / "outside"
    milestone = folder / "PO-7" / "L1" / "final"
    milestone.mkdir(parents=True)
    (milestone / "2-front.jpg").symlink_to(outside / "1-front.jpg")
    (folder / "PO-7" / "L1" / "linked").symlink_to(outside)
    lines = list(lot_lines(folder))
    assert all(isinstance(line, BrokenLine) for line in lines)
    assert [line.where for line in lines] == ["PO-7/L1/final/2-front.jpg", "PO-7/L1/linked"]


def test_a_list_that_is_a_link_to_nowhere_or_outside_is_not_passed_over(folder: Path) -> None:
    (folder / "lot.csv").symlink_to(folder / "gone.csv")
    with pytest.raises(InputError, match="is not a file"):
        lot_lines(folder)
    (folder / "lot.csv").unlink()
    (folder / "lot.csv").symlink_to(folder.parent / "outside" / "1-front.jpg")
    with pytest.raises(InputError, match="leads out"):
        lot_lines(folder)
