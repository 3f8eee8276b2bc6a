"""A record is read back as it was written."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_calibration, a_calibration_report, a_golden, a_reason, a_region, a_verdict, an_upload
from visiqc.domain.calibration import Calibration
from visiqc.domain.golden import GoldenPhoto, GoldenVersion, ScoringPolicy
from visiqc.domain.outcome import Outcome
from visiqc.domain.reasons import Measurement, Reason, ReasonCode
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import AlignmentReport, CalibrationReport, IdentityReport, Region, Verdict
from visiqc.errors import InputError, IntegrityError, InvalidRecord
from visiqc.storage.database import open_database
from visiqc.storage.documents import from_document, to_document
from visiqc.storage.records import SqlRecords

TEXT = st.text(max_size=20)
NUMBER = st.floats(allow_nan=False)  # infinity is a real answer: a threshold no score reaches
COUNT = st.integers(0, 2**62)
TIME = st.datetimes(timezones=st.just(UTC))
OPTIONAL = {"value": st.none() | NUMBER, "limit": st.none() | NUMBER}
REASON = st.builds(Reason, code=st.sampled_from(ReasonCode), message=TEXT, advice=TEXT, **OPTIONAL)
MEASUREMENT = st.builds(Measurement, name=TEXT, value=NUMBER, limit=OPTIONAL["limit"], passed=st.booleans())
REGION = st.builds(Region, box=st.tuples(COUNT, COUNT, COUNT, COUNT), area_px=COUNT, peak=NUMBER, p_value=NUMBER)
ALIGNMENT = st.builds(
    AlignmentReport,
    method=TEXT,
    inliers=COUNT,
    residual_px=OPTIONAL["value"],
    similarity=NUMBER,
    similarity_before=NUMBER,
    warp=st.tuples(*[NUMBER] * 9),
)
REPORT = st.builds(
    CalibrationReport,
    source=TEXT,
    stage=COUNT,
    n=COUNT,
    provisional=st.booleans(),
    **dict.fromkeys(("score", "p_value", "alpha_review", "alpha_reject", "review_threshold"), NUMBER),
)
VERDICT = st.builds(
    a_verdict,
    golden_view=st.none() | TEXT,
    photo_name=TEXT,
    outcome=st.sampled_from(Outcome),
    reasons=st.lists(REASON, min_size=1, max_size=3).map(tuple),
    quality=st.lists(MEASUREMENT, max_size=3).map(tuple),
    identity=st.none() | st.builds(IdentityReport, similarity=NUMBER, threshold=NUMBER, accepted=st.booleans()),
    alignment=st.none() | ALIGNMENT,
    regions=st.lists(REGION, max_size=3).map(tuple),
    calibration=st.none() | REPORT,
    score_map_digest=st.none() | TEXT,
    model_digests=st.lists(TEXT, max_size=3).map(tuple),
    software=TEXT,
    timings_ms=st.dictionaries(TEXT, NUMBER, max_size=4),
    made_at=TIME,
)
PHOTO = st.builds(GoldenPhoto, name=TEXT, digest=TEXT, view=TEXT, width=COUNT, height=COUNT)
POLICY = st.builds(ScoringPolicy, alpha_review=st.floats(0.02, 0.9), alpha_reject=st.floats(1e-300, 0.02))
GOLDEN = st.builds(a_golden, photos=st.lists(PHOTO, min_size=1, max_size=20).map(tuple), policy=POLICY, made_at=TIME)
CALIBRATION = st.builds(
    Calibration,
    id=TEXT,
    sku=TEXT,
    golden_version=COUNT,
    scores=st.lists(NUMBER, max_size=9).map(sorted).map(tuple),
    photo_digests=st.lists(TEXT, max_size=9).map(tuple),
    made_at=TIME,
)
UPLOAD = st.builds(an_upload, photo_name=TEXT, received_at=TIME, request_key=st.none() | TEXT, failure=st.none() | TEXT)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlRecords]:
    records = SqlRecords(open_database(f"sqlite:///{tmp_path_factory.mktemp('database') / 'visiqc.sqlite3'}"))
    records.add_golden(a_golden())
    yield records
    records.close()


@given(record=VERDICT | GOLDEN | CALIBRATION | UPLOAD)
def test_every_record_reads_back_equal(record: Verdict | GoldenVersion | Calibration | Upload) -> None:
    read = from_document(type(record), to_document(record))
    assert read == record
    assert to_document(read) == to_document(record)  # == takes -0.0 for 0.0, text does not


@given(verdict=VERDICT)
def test_a_verdict_comes_out_of_the_database_as_it_went_in(records: SqlRecords, verdict: Verdict) -> None:
    upload_id = f"upload-{len(records.pending())}-{datetime.now(UTC).timestamp()}"
    records.accept([an_upload(id=upload_id, photo_name=verdict.photo_name)])
    numbered = a_verdict(**{name: getattr(verdict, name) for name in Verdict.__slots__} | {"id": upload_id})
    records.add_verdict(numbered)
    assert records.verdict(upload_id) == numbered


def test_a_figure_that_is_no_number_stays_none() -> None:
    read = from_document(Verdict, to_document(a_verdict(reasons=(a_reason(value=math.nan),))))
    assert math.isnan(read.reasons[0].value)


def test_a_threshold_that_no_score_reaches_stays_infinite() -> None:
    report = a_calibration_report(review_threshold=math.inf)
    assert from_document(Verdict, to_document(a_verdict(calibration=report))).calibration == report


def test_a_document_written_before_a_field_existed_takes_its_default() -> None:
    document = json.loads(to_document(an_upload()))
    del document["request_key"], document["failure"]
    assert from_document(Upload, json.dumps(document)) == an_upload()


def test_a_calibration_of_the_first_release_has_no_specimens_to_score_again() -> None:
    document = json.loads(to_document(a_calibration()))
    del document["specimens"]
    assert from_document(Calibration, json.dumps(document)).specimens == ()


@pytest.mark.parametrize(
    ("kind", "before", "now"), [("unknown", 0.42, None), ("unknown", 0.7, 0.7), ("ME-SCR", 0.8, 0.8)]
)
def test_a_verdict_of_before_gives_no_unknown_region_the_probability_of_a_type_it_did_not_name(
    kind: str, before: float, now: float | None
) -> None:
    document = json.loads(to_document(a_verdict(regions=(a_region(type=kind),))))
    (region,) = document["regions"]
    del region["likeliest_type"], region["likeliest_probability"]
    region["type_probability"] = before
    (read,) = from_document(Verdict, json.dumps(document)).regions
    assert (read.type, read.type_probability) == (kind, now)
    assert (read.likeliest_type, read.likeliest_probability) == ("", None)


@pytest.mark.parametrize("damaged", ["", "{", "null", '{"id": "upload-1"}', to_document(an_upload())[:-9]])
def test_a_damaged_document_is_reported(damaged: str) -> None:
    with pytest.raises(IntegrityError, match=r"stored Upload.*backup"):
        from_document(Upload, damaged)


def test_a_name_that_was_never_text_is_refused() -> None:
    with pytest.raises(InputError, match=r"udcff.*UTF-8"):
        to_document(an_upload(photo_name="IMG_\udcff.jpg"))


def test_a_number_of_another_kind_is_our_own_mistake() -> None:
    with pytest.raises(InvalidRecord, match="float32"):
        to_document(a_verdict(timings_ms={"decode": np.float32(1.5)}))


def test_documents_are_readable_by_people() -> None:
    assert "戒指" in to_document(an_upload(photo_name="戒指.jpg"))
