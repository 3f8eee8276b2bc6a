"""The photos that went worst, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rendered_answers import a_defect, a_row
from small_renders import small_set
from visiqc.domain.outcome import Outcome
from visiqc.evaluation.rendered_photos import read_known
from visiqc.evaluation.rendered_protocol import RenderedRun
from visiqc.evaluation.rendered_report import MeasuredRun, measured
from visiqc.evaluation.rendered_rows import FoundRegion, PhotoRow, RowStore
from visiqc.evaluation.rendered_scoring import RunKey
from visiqc.training import plots
from visiqc.training.evaluation_pictures import label_of, pictures_of, square, worst_photos


def a_run(tmp_path: Path, rows: list[PhotoRow]) -> MeasuredRun:
    key = RunKey(data="d", photos="", models=("m",), goldens=3, long_side=1024, code="c")
    known = read_known(small_set(tmp_path / "set"))
    run = RenderedRun(key=key, rows=tuple(rows), left_out=(), store=RowStore(tmp_path / "run"), known=known)
    return measured(run, maps=False)


def test_the_worst_come_first_and_only_what_was_compared() -> None:
    rows = [a_row("a/1.jpg", score=1.5), a_row("a/2.jpg", score=3.0), a_row("a/3.jpg", score=0.2)]
    rows += [a_row("a/4.jpg", score=None, outcome=Outcome.RETAKE), a_row("a/5.jpg", failure="broken")]
    rows += [a_defect("a/6.jpg", score=0.4), a_defect("a/7.jpg", score=0.1), a_defect("a/8.jpg", score=2.0)]
    found = worst_photos(rows, 5)
    assert [row.name for row in found.false_alarms] == ["a/2.jpg", "a/1.jpg"]
    assert [row.name for row in found.misses] == ["a/7.jpg", "a/6.jpg"]
    assert [row.name for row in worst_photos(rows, 1).misses] == ["a/7.jpg"]
    assert worst_photos(rows, 0) == ([], [])


def test_the_confusion_matrix_is_square_with_unknown_in_it(tmp_path: Path) -> None:
    region = FoundRegion(peak=1.0, type="unknown", on_defect=True)
    rows = [a_row("a/1.jpg"), a_defect("a/2.jpg", regions=(region,))]
    rows += [a_defect("b/2.jpg", regions=(replace(region, type="ME-DNT"),))]
    matrix, names = square(a_run(tmp_path, rows))
    assert names == ("ME-DNT", "unknown")
    assert matrix.tolist() == [[1, 1], [0, 0]]


def test_a_label_says_what_it_is_and_how_it_was_taken() -> None:
    assert label_of(a_defect("ring/2.jpg")) == "ME-DNT, jig"
    assert label_of(a_row("ring/2.jpg", pose="guided")) == "good, guided"


def test_curves_types_and_grids_are_pictures(tmp_path: Path) -> None:
    region = FoundRegion(peak=1.0, type="ME-DNT", probability=0.8, on_defect=True)
    sku = "luna-pendant"
    rows = [a_row(f"{sku}/uploads/guided-good-8.jpg", score=2.0), a_row(f"{sku}/uploads/guided-good-11.jpg")]
    rows += [a_defect(f"{sku}/uploads/jig-defective-6.jpg", score=0.7, regions=(region,))]
    pictures = dict(pictures_of(a_run(tmp_path, rows), examples=2))
    assert set(pictures) == {
        f"3-goldens-1024-px-{name}.png"
        for name in (
            "jig-roc",
            "jig-pr",
            "jig-scores",
            "types-confusion",
            "types-reliability",
            "worst-false-alarms",
            "worst-misses",
        )
    }
    assert all(png.startswith(b"\x89PNG") for png in pictures.values())


def test_the_reliability_picture_shows_the_likeliest_codes_named_or_not(tmp_path: Path) -> None:
    region = FoundRegion(peak=1.0, type="unknown", likeliest="ME-DNT", likeliest_probability=0.4, on_defect=True)
    pictures = dict(pictures_of(a_run(tmp_path, [a_defect("a/1.jpg", regions=(region,))]), examples=0))
    drawn = plots.reliability([0.4], [True], name="likeliest codes")
    assert pictures["3-goldens-1024-px-types-reliability.png"] == drawn


def test_photos_of_one_kind_alone_have_no_curves(tmp_path: Path) -> None:
    assert dict(pictures_of(a_run(tmp_path, [a_row("luna-pendant/uploads/guided-good-8.jpg")]), examples=0)) == {}
