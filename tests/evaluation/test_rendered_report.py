"""Tables for people, values for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rendered_answers import a_defect, a_row, answers
from small_renders import small_set
from visiqc.errors import Unavailable
from visiqc.evaluation.clustered import Estimate
from visiqc.evaluation.intervals import Interval
from visiqc.evaluation.rendered_photos import read_known
from visiqc.evaluation.rendered_protocol import RenderedRun
from visiqc.evaluation.rendered_report import (
    DISCLAIMER,
    MeasuredRun,
    as_text,
    as_values,
    measured,
    overview,
    shown,
    write_report,
)
from visiqc.evaluation.rendered_rows import FoundRegion, RowStore
from visiqc.evaluation.rendered_scoring import RunKey


def a_run(tmp_path: Path, *, goldens: int = 3) -> MeasuredRun:
    pair = {"likeliest": "ME-DNT", "likeliest_probability": 0.4}
    named = FoundRegion(peak=2.0, type="unknown", on_defect=True, **pair)
    rows = [*answers(designs=12), a_defect("d0/n.jpg", regions=(named,)), a_row("d1/x.jpg", failure="broken")]
    key = RunKey(data="d", photos="", models=("m",), goldens=goldens, long_side=1024, code="c")
    known = read_known(small_set(tmp_path / "set"))
    run = RenderedRun(key=key, rows=tuple(rows), left_out=("ring",), store=RowStore(tmp_path), known=known)
    return measured(run, maps=False)


@pytest.fixture
def one(tmp_path: Path) -> MeasuredRun:
    return a_run(tmp_path)


def test_every_table_says_what_renders_do_not_prove(one: MeasuredRun) -> None:
    text = as_text(one)
    tables = list(dict.fromkeys(cell.table for cell in one.cells))
    assert len(tables) >= 6
    assert all(f"{table}. {DISCLAIMER}" in text for table in [*tables, "Types of found defects"])


def test_the_text_names_what_was_measured_and_what_was_left_out(one: MeasuredRun) -> None:
    text = as_text(one)
    assert text.startswith("samples: 3 goldens, 1024 px; 12 designs, 72 good photos, 49 with a visible defect")
    assert "Left out, with fewer than 3 goldens, or no upload of a side they show: ring." in text
    assert "Not scored and left out: d1/x.jpg: broken" in text
    assert "48 visible defects have no named region" in text
    first_table = [line for line in text.partition("Good from defective")[2].splitlines() if line[:1] == "|"][:4]
    assert len({len(line) for line in first_table}) == 1


def test_values_are_json_without_numbers_it_does_not_have(one: MeasuredRun) -> None:
    values = json.loads(json.dumps(as_values(one), allow_nan=False))
    assert values["types"]["macro_f1"] is None  # one named defect is too few
    assert values["failed"] == {"d1/x.jpg": "broken"}
    assert values["run"]["goldens"] == 3
    auroc = next(cell for cell in values["figures"] if cell["column"] == "image AUROC")
    assert 0 <= auroc["low"] <= auroc["value"] <= auroc["high"] <= 1


def test_types_are_held_against_the_likeliest_code_even_where_it_was_not_named(one: MeasuredRun) -> None:
    (bin_,) = as_values(one)["types"]["reliability"]
    assert (bin_["said"], bin_["right"]) == (pytest.approx(0.4), 1.0)
    text = as_text(one)
    assert "Expected calibration error of the likeliest code, named or not: 0.600." in text
    assert "| ME-DNT | 1     | 0.000 | unknown 1 |" in text


def test_several_runs_are_laid_side_by_side(tmp_path: Path) -> None:
    runs = [a_run(tmp_path / str(goldens), goldens=goldens) for goldens in (1, 3)]
    files = {file.name for file in write_report(runs, tmp_path / "out")}
    assert files == {"summary.txt", "summary.json", "photos-1-goldens-1024-px.csv", "photos-3-goldens-1024-px.csv"}
    assert "1 golden, 1024 px: jig" in overview(runs)
    assert (tmp_path / "out" / "summary.txt").read_text().startswith("By goldens and resolution")


def test_a_folder_that_cannot_be_written_is_said(one: MeasuredRun, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="the results cannot be written"):
        write_report([one], tmp_path / "file")


@pytest.mark.parametrize(
    ("value", "low", "text"),
    [(0.5, 0.4, "0.500 [0.400–0.900] 7"), (0.5, float("nan"), "0.500 7"), (float("nan"), 0.4, "–")],
)
def test_a_figure_is_shown_with_what_is_known_of_it(value: float, low: float, text: str) -> None:
    assert shown(Estimate(value=value, interval=Interval(low, 0.9), n=7, designs=3)) == text
    assert shown(None) == "–"
