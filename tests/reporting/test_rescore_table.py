from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import MOMENT, a_review, a_unit_photo, a_verdict
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreTask
from visiqc.domain.rescore_results import RescoredPhoto
from visiqc.domain.review import Decision
from visiqc.errors import Unavailable
from visiqc.reporting.rescore_table import COLUMNS, write_csv, write_parquet

DOCS = Path(__file__).parents[2] / "docs" / "rescore.md"


def a_photo(number: int = 1, **changes: object) -> RescoredPhoto:
    photo = RescoredPhoto(
        task=RescoreTask(position=number, upload_id=f"upload-{number}", sku="halo-1", golden_version=2),
        photo_name="IMG_0001.jpg",
        received_at=MOMENT,
        place=a_unit_photo(),
        in_accepted_lot=True,
        before=a_verdict(outcome=Outcome.PASS),
        now=a_verdict(golden_version=2),
        moved=2.25,
    )
    return replace(photo, **changes)  # type: ignore[arg-type]


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def test_a_row_says_what_was_and_what_is(tmp_path: Path) -> None:
    assert write_csv([a_photo()], tmp_path / "new" / "a.csv") == 1
    (row,) = rows_of(tmp_path / "new" / "a.csv")
    assert list(row) == [column.name for column in COLUMNS]
    told = {"order": "PO-7", "unit": "1", "golden_before": "1", "golden_now": "2", "outcome_before": "PASS"}
    told |= {"outcome_now": "REJECT", "changed": "yes", "moved": "2.25", "p_now": "0.004", "error": ""}
    assert told.items() <= row.items()
    assert datetime.fromisoformat(row["received_at"]) == MOMENT


def test_a_photo_that_could_not_be_scored_says_why_and_nothing_else_is_made_up(tmp_path: Path) -> None:
    write_csv([a_photo(now=None, error="no blob", place=None, moved=0.0)], tmp_path / "a.csv")
    (row,) = rows_of(tmp_path / "a.csv")
    assert row["error"] == "no blob"
    assert {row[name] for name in ("outcome_now", "p_now", "moved", "reasons_now", "lot", "unit")} == {""}
    assert row["changed"] == "no"


def test_a_row_says_what_an_inspector_decided_and_whether_it_is_contradicted(tmp_path: Path) -> None:
    write_csv([a_photo(review=a_review(decision=Decision.ACCEPT)), a_photo()], tmp_path / "a.csv")
    answered, open_ = rows_of(tmp_path / "a.csv")
    told = {"decision": "accept", "decided_by": "Ana (inspector)", "contradicts_inspector": "yes"}
    assert told.items() <= answered.items()
    assert {open_[name] for name in (*told, "decided_at")} == {""}


def test_a_name_is_never_a_formula(tmp_path: Path) -> None:
    write_csv([a_photo(photo_name='=HYPERLINK("http://x")'), a_photo(photo_name="-1.jpg")], tmp_path / "a.csv")
    assert [row["photo_name"] for row in rows_of(tmp_path / "a.csv")] == ['\'=HYPERLINK("http://x")', "'-1.jpg"]


def test_a_file_stands_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("before")

    def photos() -> object:
        yield a_photo()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_csv(photos(), tmp_path / "a.csv")  # type: ignore[arg-type]
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.csv", "before")]
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(Unavailable, match=r"b\.csv cannot be written"):
        write_csv([], tmp_path / "b.csv")


def test_parquet_has_the_same_columns_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    photos = [a_photo(number, moved=0.5 * number) for number in range(1, 1202)]
    assert write_parquet(photos, tmp_path / "a.parquet") == 1201
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == [column.name for column in COLUMNS]
    last = table.slice(1200).to_pylist()[0]
    assert (last["position"], last["moved"], last["changed"], last["error"]) == (1201, 600.5, True, None)
    assert last["received_at"].astimezone(UTC) == MOMENT


def test_every_column_is_documented() -> None:
    assert re.findall(r"^\| `([a-z_]+)` \|", DOCS.read_text(), re.MULTILINE) == [column.name for column in COLUMNS]
