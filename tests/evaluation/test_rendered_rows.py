"""Rows that outlive a kill."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from rendered_answers import a_defect, a_row
from visiqc.domain.outcome import Outcome
from visiqc.errors import Unavailable
from visiqc.evaluation.rendered_rows import CHANGE_MAP, FUSED, GOLDEN_MAP, FoundRegion, RowStore, as_csv, rank_scores


def test_a_row_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    likeliest = {"likeliest": "ME-DNT", "likeliest_probability": 0.4}
    region = FoundRegion(peak=1.5, type="unknown", on_defect=True, **likeliest)
    row = a_defect("ring/uploads/1.jpg", regions=(region,), timings_ms={"align": 3.5}, reasons=("DIFFERS",), score=1.5)
    store = RowStore(tmp_path)
    store.start("ring")
    store.add(row, {})
    assert RowStore(tmp_path).rows("ring") == [row]
    assert RowStore(tmp_path).rows("other") == []


def test_a_torn_line_is_no_row_and_what_follows_is_not_glued_to_it(tmp_path: Path) -> None:
    store = RowStore(tmp_path)
    store.start("ring")
    store.add(a_row("ring/1.jpg"), {})
    file = tmp_path / "rows" / "ring.jsonl"
    file.write_text(file.read_text() + '{"name": "ring/2.jpg", "sk')
    assert [row.name for row in store.start("ring")] == ["ring/1.jpg"]
    store.add(a_row("ring/3.jpg"), {})
    assert [row.name for row in store.rows("ring")] == ["ring/1.jpg", "ring/3.jpg"]


def test_a_failure_is_no_answer_and_a_later_answer_takes_its_place(tmp_path: Path) -> None:
    store = RowStore(tmp_path)
    store.start("ring")
    for row in (a_row("ring/1.jpg"), a_row("ring/2.jpg", failure="OSError: no memory")):
        store.add(row, {})
    assert [row.name for row in store.rows("ring")] == ["ring/1.jpg", "ring/2.jpg"]
    assert [row.name for row in store.start("ring")] == ["ring/1.jpg"]
    store.add(a_row("ring/2.jpg"), {})
    assert [row.failure for row in store.rows("ring")] == [None, None]


def test_maps_come_back_with_their_holes_and_those_that_are_not_there_do_not(tmp_path: Path) -> None:
    scores = np.array([[0.5, np.nan], [4e8, 1e-9]], np.float32)
    row, store = a_row("ring/uploads/1.jpg", has_map=True), RowStore(tmp_path)
    store.start("ring")
    store.add(row, {FUSED: scores, GOLDEN_MAP: scores + 1})
    np.testing.assert_array_equal(store.score_map(row, FUSED), scores)
    np.testing.assert_array_equal(store.score_map(row, GOLDEN_MAP), scores + 1)
    assert store.score_map(row, CHANGE_MAP) is None
    assert store.score_map(a_row("ring/uploads/2.jpg"), FUSED) is None


def test_a_map_that_is_gone_and_a_folder_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"the maps of ring/1\.jpg"):
        RowStore(tmp_path).score_map(a_row("ring/1.jpg", has_map=True), FUSED)
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="the rows of ring"):
        RowStore(tmp_path / "file").start("ring")


def test_what_was_not_compared_ranks_above_everything() -> None:
    rows = [a_row(score=3.0), a_row(score=None, outcome=Outcome.RETAKE), a_row(score=0.1)]
    assert rank_scores(rows) == [3.0, float("inf"), 0.1]


def test_the_table_has_a_line_a_photo_with_truth_and_answer() -> None:
    rows = [a_row("ring/1.jpg", reasons=("GLARE", "TOO_DARK")), a_defect("ring/2.jpg", score=None, failure="broken")]
    first, second = csv.DictReader(io.StringIO(as_csv(rows)))
    assert (first["outcome"], first["reasons"], first["own_light"], first["code"]) == (
        "PASS",
        "GLARE TOO_DARK",
        "0",
        "",
    )
    assert (second["code"], second["visible"], second["score"], second["failure"]) == ("ME-DNT", "1", "", "broken")
