from __future__ import annotations

import os
from pathlib import Path

import pytest

from visiqc.cli.photos import PhotoFile, find_golden_photos, find_photos
from visiqc.errors import InputError, TooLarge, UnreadablePhoto


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.jpg", "a.PNG", "note.txt", ".hidden.jpg", "old.tif"):
        (tmp_path / "lot" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "lot" / name).write_bytes(b"x" * 10)


def test_a_folder_is_the_photos_in_it_sorted_and_nothing_else() -> None:
    assert [photo.name for photo in find_photos(["lot"])] == ["a.PNG", "b.jpg", "old.tif"]


def test_a_file_is_itself_whatever_it_is_called() -> None:
    assert [photo.name for photo in find_photos(["lot/note.txt", "gone.jpg"])] == ["note.txt", "gone.jpg"]


def test_a_folder_without_photos_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty: there is no photo"):
        find_photos(["empty"])


def test_a_view_goes_before_the_path_unless_a_file_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "side=b.jpg").write_bytes(b"")
    found = find_golden_photos(["front=lot/b.jpg", "side=b.jpg"], ["back=lot"])
    assert [(photo.view, photo.name) for photo in found] == [
        ("front", "b.jpg"),
        (None, "side=b.jpg"),
        ("back", "a.PNG"),
        ("back", "b.jpg"),
        ("back", "old.tif"),
    ]


@pytest.mark.parametrize("wrong", ["front.jpg", "=front.jpg", "front="])
def test_a_view_option_without_name_and_path_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="NAME=PATH"):
        find_golden_photos([], [wrong])


def test_a_missing_photo_is_refused_by_name() -> None:
    with pytest.raises(UnreadablePhoto, match=r"gone\.jpg: no such file"):
        find_photos(["gone.jpg"])[0].read(max_bytes=100)


def test_a_photo_over_the_limit_is_not_read_whole() -> None:
    with pytest.raises(TooLarge, match=r"b\.jpg: a photo may hold at most 9 bytes"):
        find_photos(["lot/b.jpg"])[0].read(max_bytes=9)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadablePhoto, match="not a file"):
        find_photos(["pipe.jpg"])[0].read(max_bytes=100)


def test_a_name_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePhoto, match="null"):
        PhotoFile(tmp_path / "a\0.jpg").read(max_bytes=9)


def test_a_name_that_was_never_unicode_can_be_printed() -> None:
    (photo,) = find_photos([os.fsdecode(b"\xff\x1b[2J.jpg")])
    assert photo.name == "[2J.jpg"
