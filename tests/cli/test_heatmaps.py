from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_verdict
from visiqc.cli import heatmaps
from visiqc.cli.heatmaps import HeatmapFolder, safe_stem
from visiqc.domain.outcome import Outcome

NO_PARTS: Any = SimpleNamespace()


@pytest.fixture(autouse=True)
def any_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visiqc.inspection.pictures.heatmap_image", lambda verdict, parts: verdict.id.encode())


@given(st.text())
def test_any_name_gives_one_file_inside_the_folder(name: str) -> None:
    stem = safe_stem(name)
    assert stem
    assert not set(stem) & set('/\\:*?"<>|\0\n')
    assert not stem.startswith(".")
    assert len(f"{stem}-1000.heatmap.jpg".encode()) <= 255


def test_two_photos_of_one_name_get_two_files(tmp_path: Path) -> None:
    folder = HeatmapFolder(tmp_path)
    for name in ("ring.jpg", "RING.png", "ring.jpg"):
        folder.write(a_verdict(photo_name=name), NO_PARTS)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "RING-2.heatmap.jpg",
        "ring-3.heatmap.jpg",
        "ring.heatmap.jpg",
    ]


def test_a_link_in_the_folder_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "precious.txt"
    victim.write_text("keep me")
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "ring.heatmap.jpg").symlink_to(victim)
    written = HeatmapFolder(tmp_path / "maps").write(a_verdict(photo_name="ring.jpg", id="pixels"), NO_PARTS)
    assert victim.read_text() == "keep me"
    assert written is not None
    assert written.read_bytes() == b"pixels"


def test_a_photo_that_was_not_compared_has_no_heatmap(tmp_path: Path) -> None:
    retake = a_verdict(outcome=Outcome.RETAKE, score_map_digest=None)
    assert HeatmapFolder(tmp_path / "maps").write(retake, NO_PARTS) is None
    assert not (tmp_path / "maps").exists()


def test_the_longest_stem_leaves_room_for_the_ending() -> None:
    assert len(safe_stem("戒" * 300 + ".jpg").encode()) <= heatmaps._LONGEST
