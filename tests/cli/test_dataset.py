"""`visiqc dataset export` as a person runs it; what stands in an export is tested where it is made."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from commands import Run
from visiqc.bootstrap import build_parts
from visiqc.domain.review import Decision
from visiqc.inspection.inspect import accept_photos, score_upload
from visiqc.inspection.parts import SentPhoto
from visiqc.inspection.reviewing import Author, review_photo
from visiqc.settings import Settings
from visiqc.storage.records import SqlRecords


def test_an_export_of_nothing_is_refused_and_says_where_answers_come_from(visiqc: Run, home: Path) -> None:
    ran = visiqc("dataset", "export", "week-48", "--licence", "own photos")
    assert (ran.code, "inspectors answer photos at /queue" in ran.err) == (4, True)


def test_it_says_how_to_learn_from_the_export_and_what_its_licence_means(
    visiqc: Run, home: Path, scratched: Path
) -> None:
    assert visiqc("dataset", "export", "week-48", "--licence", "own photos").code == 4
    parts = build_parts(Settings(home=home, device="cpu", threads=1))
    (upload,) = accept_photos("signet", [SentPhoto(name="ring.jpg", content=scratched.read_bytes())], parts)
    score_upload(upload.id, parts)
    review_photo(upload.id, Decision.REJECT, parts, author=Author(id="user-1", name="Ana (inspector)"))
    cast("SqlRecords", parts.records).close()
    ran = visiqc("dataset", "export", "week-48", "--licence", "own photos")
    assert (ran.code, "data.verdicts=[week-48]" in ran.out, "--commercial" in ran.out) == (0, True, True)
    ran = visiqc("dataset", "export", "again", "--licence", "own photos", "--commercial")
    assert (ran.code, "not for shipping" in ran.out) == (0, False)
