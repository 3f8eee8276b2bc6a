from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

from builders import a_calibration_report, a_verdict
from visiqc.cli.photos import PhotoFile
from visiqc.cli.score import Scored
from visiqc.cli.score_json import score_document
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Verdict
from visiqc.errors import UnreadablePhoto

GOOD = Scored(PhotoFile(Path("lot/a.jpg")), a_verdict(outcome=Outcome.PASS))
BAD = Scored(PhotoFile(Path("lot/戒\udcff.jpg")), a_verdict(photo_name="戒.jpg"), Path("maps/a.heatmap.jpg"))
BROKEN = Scored(PhotoFile(Path("lot/c.jpg")), UnreadablePhoto("c.jpg: not a picture"))


def document(*done: Scored) -> dict:
    return json.loads(score_document("halo-1", 3, done, exit_code=11), parse_constant=lambda name: 1 / 0)


def test_everything_in_a_verdict_is_there_in_its_order() -> None:
    assert list(document(GOOD)["photos"][0]["verdict"]) == [field.name for field in dataclasses.fields(Verdict)]


def test_the_outcome_is_the_worst_of_the_photos_that_could_be_read() -> None:
    assert document(GOOD, BAD, BROKEN)["outcome"] == "REJECT"
    assert document(BROKEN)["outcome"] is None


def test_an_unreadable_photo_stands_among_the_others_with_its_error() -> None:
    first, _, last = document(GOOD, BAD, BROKEN)["photos"]
    assert first["error"] is None
    assert last == {
        "file": "lot/c.jpg",
        "error": {"code": "UnreadablePhoto", "message": "c.jpg: not a picture"},
        "heatmap": None,
        "verdict": None,
    }


def test_numbers_that_are_not_finite_are_null() -> None:
    endless = a_verdict(calibration=a_calibration_report(review_threshold=math.inf))
    assert document(Scored(GOOD.photo, endless))["photos"][0]["verdict"]["calibration"]["review_threshold"] is None


def test_a_name_that_was_never_unicode_survives() -> None:
    text = score_document("halo-1", 3, [BAD], exit_code=11)
    assert text.isascii()
    assert json.loads(text)["photos"][0]["file"] == "lot/戒\udcff.jpg"
