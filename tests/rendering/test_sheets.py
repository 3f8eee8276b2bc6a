from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from photographer import a_shot, photograph
from visiqc.errors import InputError
from visiqc.rendering.folder import keep
from visiqc.rendering.sheets import rendered, write_sheets
from visiqc.rendering.shots import Shot

DEFECT = {"defect": "scratch", "severity": 0.5, "area_px": 4, "contrast": 20.0}


def kept(folder: Path, shot: Shot, *, metal: str = "gold18", **measured: object) -> None:
    look = {"metal": metal, "finish": "polished", "gem": "ruby"}
    planned = {"sku": shot.sku, "role": str(shot.role), "attribute": None, "ground": "white"}
    planned |= {"design": {"family": "disc", "look": look}, "light": {"name": "window"}}
    drawn = photograph(shot)
    label = np.zeros_like(drawn.label)
    label[4:6, 4:6] = 255 if measured else 0
    keep(folder, shot, replace(drawn, label=label, record={"planned": planned, "measured": measured}))


def width(path: Path) -> int:
    return int(cv2.imread(str(path)).shape[1])


def height(path: Path) -> int:
    return int(cv2.imread(str(path)).shape[0])


def test_there_is_a_row_for_each_metal_and_a_cell_for_each_defect(tmp_path: Path) -> None:
    kept(tmp_path, a_shot("disc-0", "golden/1"))
    kept(tmp_path, a_shot("disc-1", "golden/1"), metal="silver")
    for number in range(3):
        kept(tmp_path, a_shot("disc-0", f"uploads/{number}"), visible=number > 0, **DEFECT)
    written = {path.name: path for path in write_sheets(tmp_path, tmp_path / "sheets")}
    assert height(written["by-metal.jpg"]) == 2 * height(written["by-family.jpg"])
    assert width(written["defects-1.jpg"]) == 6 * 256
    assert height(written["defects-1.jpg"]) == 2 * height(written["by-family.jpg"])


def test_the_defect_is_outlined_in_red_where_the_label_has_it(tmp_path: Path) -> None:
    kept(tmp_path, a_shot("disc-0", "uploads/1"), visible=True, **DEFECT)
    (sheet,) = [path for path in write_sheets(tmp_path, tmp_path / "sheets") if path.name == "defects-1.jpg"]
    plain, outlined = (cv2.imread(str(sheet))[18:, left : left + 256].astype(int) for left in (256, 512))
    assert (outlined[..., 2] - plain[..., 2]).max() > 60


def test_a_half_written_photo_is_not_shown(tmp_path: Path) -> None:
    kept(tmp_path, a_shot("disc-0", "golden/1"))
    (tmp_path / "disc-0" / "uploads").mkdir()
    (tmp_path / "disc-0" / "uploads" / ".1.json.part").write_text("{")
    assert len(rendered(tmp_path)) == 1


def test_an_empty_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished photo; render a recipe into it first"):
        write_sheets(tmp_path, tmp_path / "sheets")
