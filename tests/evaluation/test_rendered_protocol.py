"""A small rendered set through the real models: scored once, kept, and not scored again."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from commands import run_command
from small_renders import load, small_set
from visiqc.domain.outcome import Outcome
from visiqc.errors import Conflict, InputError, Unavailable
from visiqc.evaluation import rendered_scoring
from visiqc.evaluation.model_comparison import compare_models
from visiqc.evaluation.rendered_photos import KnownSet, read_known
from visiqc.evaluation.rendered_protocol import RenderedRun, run_rendered
from visiqc.evaluation.rendered_report import as_text, measured
from visiqc.evaluation.rendered_rows import FUSED

SIDE = 256


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> KnownSet:
    return read_known(small_set(tmp_path_factory.mktemp("renders")))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def run(known: KnownSet, kept: Path) -> RenderedRun:
    return run_rendered(known, load, kept, goldens=1, long_side=SIDE)


def once(work: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """`work` that is kept from it the first time it is asked."""
    errors = [error]

    def tried(*args: Any, **options: Any) -> Any:
        if errors:
            raise errors.pop()
        return work(*args, **options)

    return tried


def test_every_upload_has_a_row_with_truth_and_answer(run: RenderedRun, known: KnownSet) -> None:
    assert [row.name for row in run.rows] == [photo.name for one in known.products for photo in one.uploads]
    rows = {Path(row.name).stem: row for row in run.rows if row.sku == "luna-pendant"}
    assert [row.failure for row in run.rows] == [None] * len(run.rows)
    assert rows["jig-wrong-sample-1"].outcome is Outcome.WRONG_SAMPLE
    assert rows["jig-unusable-3"].outcome is Outcome.RETAKE
    good = rows["guided-good-8"]
    assert good.score == pytest.approx(np.nanmax(run.store.score_map(good, FUSED)), rel=1e-5)
    assert good.golden_score is not None
    assert (good.timings_ms or {}).keys() >= {"align", "trunk"}
    assert good.own_light == (good.light == known.products[0].goldens[0].light)


def test_the_same_call_scores_nothing_again(run: RenderedRun, known: KnownSet, kept: Path) -> None:
    told: list[str] = []
    again = run_rendered(
        known, load, kept, goldens=1, long_side=SIDE, progress=lambda done, total, name: told.append(name)
    )
    assert told == []
    assert again.rows == run.rows


def test_a_run_that_was_stopped_goes_on_with_what_is_missing(run: RenderedRun, known: KnownSet, kept: Path) -> None:
    file = kept / run.key.digest[:12] / "rows" / "luna-pendant.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-1]) + lines[-1][:40])
    told: list[tuple[int, int, str]] = []
    again = run_rendered(known, load, kept, goldens=1, long_side=SIDE, progress=lambda *what: told.append(what))
    last = known.products[0].uploads[-1].name
    assert told == [(len(run.rows), len(run.rows), last)]
    assert [row.name for row in again.rows] == [row.name for row in run.rows]


def test_two_calls_do_not_score_the_same_at_once(run: RenderedRun, known: KnownSet, kept: Path) -> None:
    with (kept / run.key.digest[:12] / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="another call is scoring the same photos"):
            run_rendered(known, load, kept, goldens=1, long_side=SIDE)


def test_other_goldens_or_another_resolution_are_another_run(run: RenderedRun) -> None:
    keys = {run.key.digest}
    for change in ({"goldens": 2}, {"long_side": 320}, {"models": ("other",)}, {"code": "other"}, {"data": "other"}):
        keys.add(type(run.key)(**{name: getattr(run.key, name) for name in run.key.__slots__} | change).digest)
    assert len(keys) == 6


def test_kept_rows_of_another_format_are_not_taken_for_those_of_this_one(known: KnownSet, tmp_path: Path) -> None:
    one = replace(known, products=(replace(known.products[0], uploads=known.products[0].uploads[:1]),))
    told: list[str] = []
    run = run_rendered(one, load, tmp_path, goldens=1, long_side=SIDE)
    (tmp_path / run.key.digest[:12]).rename(tmp_path / replace(run.key, row_format=1).digest[:12])
    run_rendered(one, load, tmp_path, goldens=1, long_side=SIDE, progress=lambda _, __, name: told.append(name))
    assert told == [run.rows[0].name]


def test_a_set_that_was_rendered_again_in_its_place_is_scored_anew(tmp_path: Path) -> None:
    photos = small_set(tmp_path / "set", {"gala-studs": ("jig-good-5",)})
    told: list[str] = []
    for _ in range(2):
        known = read_known(photos)
        run_rendered(known, load, tmp_path, goldens=1, long_side=SIDE, progress=lambda _, __, name: told.append(name))
        upload = photos / known.products[0].uploads[0].name
        upload.write_bytes(known.folder.joinpath(known.products[0].goldens[0].name).read_bytes())
    assert told == [known.products[0].uploads[0].name] * 2


def test_uploads_of_a_side_that_no_golden_in_use_shows_are_left_out(
    run: RenderedRun, known: KnownSet, kept: Path
) -> None:
    first, *others = known.products
    away, *rest = first.uploads
    turned = replace(known, products=(replace(first, uploads=(replace(away, turn=90.0), *rest)), *others))
    found = run_rendered(turned, load, kept, goldens=1, long_side=SIDE)
    assert [row.name for row in found.rows] == [row.name for row in run.rows if row.name != away.name]
    nowhere = replace(known, products=(replace(first, uploads=(replace(away, turn=90.0),)),))
    with pytest.raises(InputError, match=r"no upload of .* shows a side that the first 1 goldens show"):
        run_rendered(nowhere, load, kept, goldens=1, long_side=SIDE)


def test_more_goldens_than_any_design_has_are_refused(known: KnownSet, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="with 4 goldens; wanted 1 to 3"):
        run_rendered(known, load, tmp_path, goldens=4)


def test_goldens_that_cannot_be_enrolled_fail_their_design_alone(tmp_path: Path) -> None:
    folder = small_set(tmp_path / "set", {"luna-pendant": ("guided-good-8",), "gala-studs": ("guided-good-8",)})
    (folder / "gala-studs/golden/1.jpg").write_bytes(b"no picture")
    found = run_rendered(read_known(folder), load, tmp_path / "runs", goldens=1, long_side=SIDE)
    reasons = {row.sku: row.failure for row in found.rows}
    assert reasons["luna-pendant"] is None
    assert "the goldens cannot be enrolled: 1.jpg" in (reasons["gala-studs"] or "")
    assert "Not scored and left out: gala-studs" in as_text(measured(found))


def test_a_photo_that_failed_is_tried_again_by_the_next_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = read_known(small_set(tmp_path / "set", {"luna-pendant": ("guided-good-8", "guided-good-11")}))
    with monkeypatch.context() as patch:
        patch.setattr(rendered_scoring, "read_photo", once(rendered_scoring.read_photo, cv2.error("no memory")))
        first = run_rendered(known, load, tmp_path, goldens=1, long_side=SIDE)
    assert [row.failure for row in first.rows] == ["error: no memory", None]
    told: list[tuple[int, int, str]] = []
    again = run_rendered(known, load, tmp_path, goldens=1, long_side=SIDE, progress=lambda *what: told.append(what))
    assert told == [(2, 2, first.rows[0].name)]
    assert [row.failure for row in again.rows] == [None, None]


@pytest.mark.parametrize("place", ["build_bank", "compare"])
def test_a_model_without_memory_stops_the_run_and_the_same_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    known = read_known(small_set(tmp_path / "set", {"gala-studs": ("jig-good-5",)}))
    gone = Unavailable("model trunk failed on cpu: no memory; try again")
    monkeypatch.setattr(rendered_scoring, place, once(getattr(rendered_scoring, place), gone))
    with pytest.raises(Unavailable, match="no memory"):
        run_rendered(known, load, tmp_path, goldens=1, long_side=SIDE)
    (row,) = run_rendered(known, load, tmp_path, goldens=1, long_side=SIDE).rows
    assert row.failure is None


def test_models_against_themselves_are_neither_worse_nor_better(known: KnownSet, kept: Path, run: RenderedRun) -> None:
    found = compare_models(known.folder, load(), load(), goldens=1, long_side=SIDE, keep=kept)
    assert found.verdict == "no different"
    assert found.photos == len(run.rows)
    assert found.as_json()["champion"] == list(run.key.models)


@pytest.mark.slow
def test_two_processes_give_the_same_rows(run: RenderedRun, known: KnownSet, tmp_path: Path) -> None:
    told: list[int] = []
    both = run_rendered(
        known,
        partial(load),
        tmp_path,
        goldens=1,
        long_side=SIDE,
        processes=2,
        progress=lambda done, total, name: told.append(done),
    )
    assert [(row.name, row.outcome) for row in both.rows] == [(row.name, row.outcome) for row in run.rows]
    assert told[-1] == len(run.rows)
    assert told == sorted(told)


def test_the_command_knows_a_rendered_set_by_its_manifest(
    known: KnownSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VISIQC_THREADS", "1")
    options = ("--k", "1", "--long-side", SIDE, "--sku", "luna-pendant", "--out", tmp_path / "out", "--json")
    ran = run_command(monkeypatch, capsys, "evaluate", known.folder, *options)
    assert ran.code == 0
    (document,) = json.loads(ran.out)
    assert (document["set"], document["photos"]) == ("samples", 5)
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {"summary.txt", "summary.json", f"photos-1-goldens-{SIDE}-px.csv"}
    assert not (tmp_path / "home").exists()  # measuring alone leaves no database behind


def test_a_rendered_set_that_is_not_finished_is_told_how_to_finish_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rings" / "ring-1" / "truth" / "golden").mkdir(parents=True)
    ran = run_command(monkeypatch, capsys, "evaluate", tmp_path / "rings")
    assert ran.code == 3
    assert "there is no manifest.json in rings; run `visiqc render` with the same recipe" in ran.err
