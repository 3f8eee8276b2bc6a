"""Results on paper and for programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from visiqc.domain.outcome import Outcome
from visiqc.errors import Unavailable
from visiqc.evaluation.datasets import read_folder
from visiqc.evaluation.protocol import run_protocol
from visiqc.evaluation.summary import ProtocolResult
from visiqc.evaluation.tables import as_csv, as_json, as_text, write_results


@pytest.fixture
def result(dataset_folder: Path, scorer_type) -> ProtocolResult:
    make = partial(scorer_type, answers={"good/001.png": Outcome.RETAKE}, broken=frozenset({"dent/001.png"}))
    return run_protocol(read_folder(dataset_folder), make, k=2, seeds=(0, 1), resamples=100)


def test_the_text_names_the_set_the_figures_and_what_was_left_out(result: ProtocolResult) -> None:
    text = as_text(result)
    assert text.startswith("plates: k = 2, seeds 0, 1; 5 good and 6 defective photos\n")
    assert "| image AUROC" in text
    assert "| TPR" in text
    assert "good 2 RETAKE, 0 WRONG_SAMPLE; defective 0 RETAKE, 0 WRONG_SAMPLE" in text
    assert "Not scored and left out: test/dent/001.png (seed 0): UnreadablePhoto" in text
    assert "Note: test/scratch: 3 photos without a mask" in text
    assert "median 0.250 s" in text


def test_table_rows_are_as_wide_as_their_head(result: ProtocolResult) -> None:
    tables = as_text(result).split("\n\n")
    for table in (tables[2], tables[4]):
        assert len({len(line) for line in table.splitlines()}) == 1


def test_the_json_holds_every_figure_and_seed(result: ProtocolResult) -> None:
    content = json.loads(as_json(result))
    by_name = {(one["kind"], one["metric"]): one for one in content["figures"]}
    assert by_name["all", "fpr"]["mean"] == pytest.approx(0.2)
    assert len(by_name["all", "fpr"]["interval"]) == 2
    assert [seed["seed"] for seed in content["seeds"]] == [0, 1]
    assert content["seeds"][0]["metrics"]["dent"]["tpr"]["total"] == 3
    assert content["not_compared"]["good"] == {"RETAKE": 2, "WRONG_SAMPLE": 0}
    assert len(content["failed_photos"]) == 2


def test_json_has_no_numbers_that_json_does_not_know(dataset_folder: Path, scorer_type) -> None:
    class Endless(scorer_type):
        def score(self, photo_path: Path):
            return replace(super().score(photo_path), score=float("inf"))

    result = run_protocol(read_folder(dataset_folder), Endless, k=1, seeds=(0,), resamples=100)
    assert json.loads(as_json(result))["seeds"][0]["metrics"]["all"]["f1_max"]["threshold"] is None


def test_the_csv_has_a_row_a_photo_and_seed(result: ProtocolResult) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(result))))
    assert len(rows) == 24
    retaken = next(row for row in rows if row["name"] == "test/good/001.png")
    assert (retaken["outcome"], retaken["score"], retaken["defective"]) == ("RETAKE", "", "0")
    failed = next(row for row in rows if row["failure"])
    assert (failed["name"], failed["outcome"]) == ("test/dent/001.png", "")


def test_no_file_names_the_machine(result: ProtocolResult, dataset_folder: Path) -> None:
    for content in (as_text(result), as_json(result), as_csv(result)):
        assert str(dataset_folder.parent) not in content


def test_the_three_files_are_written(result: ProtocolResult, tmp_path: Path) -> None:
    files = write_results(result, tmp_path / "new" / "folder")
    assert [file.name for file in files] == ["summary.txt", "summary.json", "photos.csv"]
    assert files[0].read_text(encoding="utf-8") == as_text(result)


def test_a_folder_that_cannot_be_written_is_reported(result: ProtocolResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be written"):
        write_results(result, tmp_path / "file")
