from __future__ import annotations

from pathlib import Path

import pytest

from visiqc.cli.files import write_whole
from visiqc.errors import Unavailable


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b.html", b"page")
    assert (tmp_path / "a" / "b.html").read_bytes() == b"page"


def test_a_place_that_is_taken_is_unavailable_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(Unavailable, match="taken cannot be written"):
        write_whole(tmp_path / "taken", b"page")
    assert [file.name for file in tmp_path.iterdir()] == ["taken"]
