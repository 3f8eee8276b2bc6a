from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photographer import Disc, a_shot, photograph
from visiqc.errors import Conflict, Unavailable
from visiqc.rendering.folder import claimed, is_finished, keep, read_record, require_room, shot_digest

SHOT = a_shot()


def test_a_shot_is_kept_as_picture_mask_and_record(tmp_path: Path) -> None:
    picture = photograph(SHOT)
    keep(tmp_path, SHOT, picture)
    assert [path.name for path in (tmp_path / "disc" / "golden").iterdir()] == ["1.jpg"]  # a folder to score as it is
    assert sorted(path.name for path in (tmp_path / "disc" / "truth" / "golden").iterdir()) == ["1.json", "1.png"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "disc" / "truth" / "golden" / "1.png")), picture.label)
    kept = np.asarray(Image.open(tmp_path / "disc" / "golden" / "1.jpg"))
    assert np.abs(kept[8, 8].astype(int) - [212, 175, 55]).max() < 12
    assert read_record(tmp_path, SHOT)["measured"] == picture.record["measured"]


@pytest.mark.parametrize("file", ["golden/1.jpg", "truth/golden/1.png", "truth/golden/1.json"])
def test_without_one_of_its_files_a_shot_is_not_finished(tmp_path: Path, file: str) -> None:
    keep(tmp_path, SHOT, photograph(SHOT))
    assert is_finished(tmp_path, SHOT)
    (tmp_path / "disc" / file).unlink()
    assert not is_finished(tmp_path, SHOT)


@pytest.mark.parametrize("text", ["", '{"format": 1, "shot": "', "[]", '{"format": 99}', "\ud800"])
def test_a_broken_record_is_no_record(tmp_path: Path, text: str) -> None:
    keep(tmp_path, SHOT, photograph(SHOT))
    (tmp_path / "disc" / "truth" / "golden" / "1.json").write_text(text, errors="surrogatepass")
    assert read_record(tmp_path, SHOT) == {}
    assert not is_finished(tmp_path, SHOT)


@pytest.mark.parametrize("change", [{"seed": 2}, {"severity": 0.5}, {"samples": 2}, {"turn_deg": 30.0}])
def test_a_shot_whose_plan_changed_is_not_finished(tmp_path: Path, change: dict[str, float]) -> None:
    keep(tmp_path, SHOT, photograph(SHOT))
    assert not is_finished(tmp_path, replace(SHOT, **change))


def test_the_digest_sees_into_the_design() -> None:
    other = replace(SHOT, design=replace(SHOT.design, shape=Disc(radius=0.31)))
    assert shot_digest(other) != shot_digest(SHOT)
    assert shot_digest(a_shot()) == shot_digest(SHOT)


def test_the_record_of_another_shot_goes_before_its_picture_does(tmp_path: Path) -> None:
    keep(tmp_path, SHOT, photograph(SHOT))
    picture = photograph(SHOT)
    broken = replace(picture, label=np.zeros((2, 2, 2, 2), np.uint8))  # cannot be written, after the photo is
    with pytest.raises(TypeError):
        keep(tmp_path, replace(SHOT, seed=2), broken)
    assert not is_finished(tmp_path, SHOT)


def test_one_run_at_a_time_has_the_folder(tmp_path: Path) -> None:
    with claimed(tmp_path / "set"), pytest.raises(Conflict, match="another run"), claimed(tmp_path / "set"):
        pass
    with claimed(tmp_path / "set"):
        pass


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("a file")
    with (
        pytest.raises(Unavailable, match=r"^the folder for the photos cannot be written: .*file"),
        claimed(tmp_path / "set"),
    ):
        pass


def test_too_little_room_is_said_before_any_work(tmp_path: Path) -> None:
    photos = shutil.disk_usage(tmp_path).free // 1000
    with pytest.raises(Unavailable, match=rf"^{photos} photos of 512 px need about \d+ MB, but \d+ MB are free"):
        require_room(tmp_path, photos=photos, side_px=512)
    require_room(tmp_path, photos=1, side_px=16)
    assert list(tmp_path.iterdir()) == []


def test_the_record_is_json_a_person_can_read(tmp_path: Path) -> None:
    keep(tmp_path, SHOT, photograph(SHOT))
    record = json.loads((tmp_path / "disc" / "truth" / "golden" / "1.json").read_text())
    assert list(record) == ["format", "shot", "planned", "measured"]
