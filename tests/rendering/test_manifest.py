from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from photographer import a_shot, photograph
from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import MANIFEST, Item, read_manifest
from visiqc.rendering.folder import keep
from visiqc.rendering.manifest import write_manifest
from visiqc.rendering.recipe import RenderRecipe
from visiqc.rendering.shots import Shot, ShotRole
from visiqc.training.datasets.rendered import read_rendered

RECIPE = RenderRecipe(name="discs", split="none", seed=1, designs=1)
GOLDEN = a_shot("disc-0", "golden/1")
SCRATCHED = a_shot("disc-0", "uploads/1", role=ShotRole.DEFECTIVE, defect="scratch", severity=0.5)
SHOTS = [GOLDEN, SCRATCHED]


def kept(folder: Path, shots: list[Shot] = SHOTS, **measured: object) -> None:
    for shot in shots:
        drawn = photograph(shot)
        record = {**drawn.record, "measured": drawn.record["measured"] | measured}
        keep(folder, shot, replace(drawn, record=record))


def test_a_manifest_lists_every_photo_and_reads_back(tmp_path: Path) -> None:
    kept(tmp_path)
    manifest = write_manifest(tmp_path, RECIPE, SHOTS)
    assert read_manifest(tmp_path) == manifest
    assert manifest.recipe["name"] == "discs"
    assert manifest.items[1] == Item(
        sku="disc-0",
        file="disc-0/uploads/1.jpg",
        mask="disc-0/truth/uploads/1.png",
        record="disc-0/truth/uploads/1.json",
        role="defective",
        defect="scratch",
        code="ME-SCR",
        pose="jig",
        attribute=None,
        family="disc",
        visible=True,
    )
    assert (manifest.items[0].defect, manifest.items[0].visible) == (None, None)


def test_photos_that_share_a_view_name_the_good_one(tmp_path: Path) -> None:
    good = a_shot("disc-0", "uploads/2", role=ShotRole.GOOD)
    good = replace(good, seed=7, view_seed=7)
    shots = [GOLDEN, good, replace(SCRATCHED, seed=8, view_seed=7)]
    kept(tmp_path, shots)
    manifest = write_manifest(tmp_path, RECIPE, shots)
    assert [item.view for item in manifest.items] == ["", "disc-0/uploads/2.jpg", "disc-0/uploads/2.jpg"]
    assert [pair.view for pair in read_rendered(tmp_path).pairs] == ["disc-0/uploads/2.jpg"] * 2


def test_the_defect_that_was_made_counts_and_one_out_of_sight_is_not_visible(tmp_path: Path) -> None:
    kept(tmp_path, defect="dent", visible=False)
    item = write_manifest(tmp_path, RECIPE, SHOTS).items[1]
    assert (item.defect, item.code, item.visible) == ("dent", "ME-DNT", False)


def test_the_digest_is_of_recipe_and_plan_and_not_of_measurements(tmp_path: Path) -> None:
    kept(tmp_path)
    first = write_manifest(tmp_path, RECIPE, SHOTS).digest
    kept(tmp_path, area_px=3)
    assert write_manifest(tmp_path, RECIPE, SHOTS).digest == first
    assert write_manifest(tmp_path, replace(RECIPE, seed=2), SHOTS).digest != first
    kept(tmp_path, [GOLDEN, replace(SCRATCHED, seed=5)])
    assert write_manifest(tmp_path, RECIPE, [GOLDEN, replace(SCRATCHED, seed=5)]).digest != first


def test_an_incomplete_set_gets_no_manifest(tmp_path: Path) -> None:
    kept(tmp_path, [GOLDEN])
    with pytest.raises(InputError, match=r"^disc-0/uploads/1\.jpg is not there yet; run `visiqc render`"):
        write_manifest(tmp_path, RECIPE, SHOTS)
    assert not (tmp_path / MANIFEST).exists()


def test_the_first_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    kept(tmp_path)
    write_manifest(tmp_path, RECIPE, SHOTS)
    (tmp_path / "disc-0" / "truth" / "uploads" / "1.png").unlink()
    with pytest.raises(InputError, match=r"disc-0/truth/uploads/1\.png is missing in .*same recipe and folder again"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no manifest.json in .*run `visiqc render`"),
        ("{", "is not one of ours: .*Invalid JSON"),
        ("{}", "is not one of ours: format: Field required"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(InputError, match=said):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("file", "../secret.jpg", "not inside the folder"), ("mask", "/etc/passwd", "not inside the folder")],
)
def test_a_manifest_does_not_lead_out_of_its_folder(tmp_path: Path, key: str, value: str, said: str) -> None:
    kept(tmp_path)
    write_manifest(tmp_path, RECIPE, SHOTS)
    values = json.loads((tmp_path / MANIFEST).read_text())
    values["items"][0][key] = value
    (tmp_path / MANIFEST).write_text(json.dumps(values))
    with pytest.raises(InputError, match=said):
        read_manifest(tmp_path)


def test_a_manifest_of_another_format_is_refused(tmp_path: Path) -> None:
    kept(tmp_path)
    write_manifest(tmp_path, RECIPE, SHOTS)
    values = json.loads((tmp_path / MANIFEST).read_text()) | {"format": 2}
    (tmp_path / MANIFEST).write_text(json.dumps(values))
    with pytest.raises(InputError, match="has format 2, wanted 1"):
        read_manifest(tmp_path)
