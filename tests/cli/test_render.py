from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from commands import Run
from photographer import a_shot, photograph
from visiqc.cli.render import render_into, summary, usable_cores
from visiqc.errors import Conflict
from visiqc.evaluation.rendered_sets import read_manifest
from visiqc.rendering.folder import claimed
from visiqc.rendering.recipe import RenderRecipe
from visiqc.rendering.shots import Shot, ShotRole

CONFIGS = Path(__file__).parents[2] / "configs"
SMOKE = CONFIGS / "render_smoke.yaml"
RECIPE = RenderRecipe(name="discs", split="none", seed=1, designs=2)
SHOTS = [
    *(a_shot(f"disc-{sku}", f"golden/{number}") for sku in range(2) for number in range(2)),
    a_shot("disc-0", "uploads/1", role=ShotRole.DEFECTIVE, defect="scratch", severity=0.5),
]


def rendered(folder: Path, shots: list[Shot] = SHOTS, chosen: list[Shot] | None = None) -> int:
    return render_into(folder, RECIPE, shots, chosen=chosen or shots, workers=1, photographer=photograph)


def test_a_set_is_rendered_listed_and_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rendered(tmp_path / "set") == 0
    said = capsys.readouterr()
    assert "photos:    5, 0 done already, 5 to do\n" in said.out
    assert "5 photos in" in said.out
    assert "manifest:  manifest.json of 5 photos\n" in said.out
    assert said.err.startswith("render: 5/5, ")
    assert len(read_manifest(tmp_path / "set").items) == 5


def test_a_finished_set_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rendered(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")}
    capsys.readouterr()
    assert rendered(tmp_path) == 0
    assert "5 done already, 0 to do\n" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")} == before


def test_a_photo_that_fails_is_named_and_there_is_no_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIQC_DEBUG", "0")
    bad = [replace(SHOTS[0], attribute="refuse"), replace(SHOTS[1], attribute="mistake"), *SHOTS[2:]]
    assert rendered(tmp_path, bad) == 3
    said = capsys.readouterr().err.splitlines()
    assert "visiqc: disc-0/golden/0: stone 7.0 mm is larger than its setting 6.5 mm" in said
    assert "visiqc: disc-0/golden/1: ZeroDivisionError: division by zero" in said
    assert said[-1] == "visiqc: 2 photos could not be rendered; the others are kept"
    assert not (tmp_path / "manifest.json").exists()
    assert rendered(tmp_path) == 0


def test_one_product_alone_leaves_the_manifest_for_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rendered(tmp_path, chosen=[shot for shot in SHOTS if shot.sku == "disc-1"]) == 0
    assert "manifest:  not yet, 3 photos of the set are still to do\n" in capsys.readouterr().out
    assert not (tmp_path / "disc-0").exists()


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(Conflict, match="another run is rendering into this folder"):
        rendered(tmp_path)


def test_without_mitsuba_the_command_says_what_to_install(visiqc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    ran = visiqc("render", SMOKE)
    assert ran.code == 5
    assert 'Mitsuba is not installed; run: pip install "visiqc[render]"' in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "sampels=4"], "RenderRecipe has no key 'sampels'; its keys are name, split, seed"),
        (["--set", "families={tiara: 1}"], "there is no family 'tiara'; known: "),
        (["--set", "side_px=9000"], "RenderRecipe: side_px must be 16 to 4096, got 9000"),
        (["--only", "tiara"], "the recipe has no product 'tiara'; --dry-run lists its 2"),
    ],
)
def test_what_cannot_be_rendered_is_refused(visiqc: Run, arguments: list[str], said: str) -> None:
    ran = visiqc("render", SMOKE, "--dry-run", *arguments)
    assert ran.code == 3
    assert f"visiqc: {said}" in ran.err


def test_a_dry_run_counts_and_writes_nothing(visiqc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    ran = visiqc("render", SMOKE, "--dry-run", "--set", "designs=1")
    assert ran.code == 0
    assert "14 photos of 1 products, 64 px, 4 samples" in ran.out
    assert [line for line in ran.out.splitlines() if line.startswith(("  golden ", "  defective "))] == [
        f"  {'defective':<20} {4:>6}",
        f"  {'golden':<20} {4:>6}",
    ]
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_cannot_be_written_is_said_before_any_work(visiqc: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = visiqc("render", SMOKE, "--out", tmp_path / "file" / "set")
    assert ran.code == 5
    assert "\nvisiqc: the folder for the photos cannot be written: " in ran.err


def test_the_summary_counts_each_product_under_its_own_family() -> None:
    stranger = replace(SHOTS[0], name="uploads/2", role=ShotRole.WRONG_SAMPLE)
    stranger = replace(stranger, design=replace(stranger.design, family="cube"))
    lines = summary(RECIPE, [*SHOTS, stranger]).splitlines()
    assert f"  {'disc':<20} {2:>6}" in lines
    assert "cube" not in " ".join(lines)
    assert f"  {'scratch':<20} {1:>6}" in lines


def test_there_is_a_core_to_use() -> None:
    assert usable_cores() >= 1


@pytest.mark.slow
def test_real_photos_are_rendered_resumed_and_listed(visiqc: Run, tmp_path: Path) -> None:
    pytest.importorskip("mitsuba", reason="Mitsuba is not installed; it comes with visiqc[render]")
    tiny = ["--set", "designs=1", "--set", "turntable_designs=0", "--set", "uploads=1", "--set", "side_px=32"]
    ran = visiqc("render", SMOKE, *tiny, "--out", tmp_path / "set", "--workers", 1)
    assert ran.code == 0, ran.err
    assert "renderer:  Mitsuba " in ran.out
    manifest = read_manifest(tmp_path / "set")
    assert [item.role for item in manifest.items].count("golden") == 2
    again = visiqc("render", SMOKE, *tiny, "--out", tmp_path / "set")
    assert "4 done already, 0 to do" in again.out
    assert read_manifest(tmp_path / "set") == manifest
