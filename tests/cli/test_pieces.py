from __future__ import annotations

from pathlib import Path

import pytest

from visiqc.cli.pieces import readable_pieces


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "piece-7").mkdir()
    for name in ("piece-7/left.jpg", "piece-7/right.jpg", "single.jpg", "huge.jpg"):
        (tmp_path / name).write_bytes(b"x" * (1000 if name == "huge.jpg" else 10))


def test_a_file_is_a_piece_and_a_folder_is_one_piece_of_several_photos() -> None:
    pieces, unread = readable_pieces(["single.jpg", "piece-7"], max_bytes=100)
    assert [(piece.name, [photo.name for photo in piece.photos]) for piece in pieces] == [
        ("single.jpg", ["single.jpg"]),
        ("piece-7", ["left.jpg", "right.jpg"]),
    ]
    assert unread == []


def test_a_piece_that_cannot_be_read_is_named_and_the_others_stay() -> None:
    pieces, unread = readable_pieces(["gone.jpg", "huge.jpg", "single.jpg"], max_bytes=100)
    assert len(pieces) == 1
    assert [name for name, _ in unread] == ["gone.jpg", "huge.jpg"]


def test_photos_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    pieces, _ = readable_pieces(["single.jpg"], max_bytes=100)
    (tmp_path / "single.jpg").write_bytes(b"y")
    assert pieces[0].photos[0].content == b"y"
    assert len(pieces[:1]) == 1
