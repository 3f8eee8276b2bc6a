"""Inspectors' answers as training reads them back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from bench import enrolled, parts_in, photo_of, scored, scratched, sent
from builders import a_review, later
from pictures import board
from visiqc.batch.verdict_export import ExportTerms, export_reviews, said
from visiqc.domain.inspection_queue import QueueFilter
from visiqc.domain.outcome import Outcome
from visiqc.domain.people import Author
from visiqc.domain.review import Decision, ReviewedRegion
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, InputError, IntegrityError, NotFound
from visiqc.inspection.parts import Parts
from visiqc.inspection.reviewing import SaidRegion, review_photo
from visiqc.training.datasets.verdicts import read_verdicts

ANA, BEN = Author(id="user-1", name="Ana (inspector)"), Author(id="user-2", name="Ben (inspector)")
TERMS = ExportTerms(licence="own photos", commercial=True)
DRAWN = ((10.0, 20.0), (40.0, 20.0), (40.0, 60.0), (10.0, 60.0))
MODEL = ReviewedRegion(polygon=DRAWN, origin="model")
NOTHING = ReviewedRegion(polygon=DRAWN, origin="model", dismissed=True)
BY_HAND = ReviewedRegion(polygon=DRAWN)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[Parts, Verdict, Verdict]:
    """A scratched piece that Ana typed and drew on, and a good one that Ben accepted; a third that was undone."""
    parts = parts_in(tmp_path_factory.mktemp("home"))
    enrolled("halo-1", [sent("front.jpg", photo_of(board()))], parts)
    bad, good, undone = (
        scored("halo-1", sent(f"{n}.jpg", photo_of(product, 3.0, noise=n, size=(600, 800))), parts)
        for n, product in enumerate([scratched(board()), board(), scratched(board())])
    )
    regions = [SaidRegion(nth=0, code="ME-SCR"), SaidRegion(polygon=DRAWN, code="ST-CHP")]
    review_photo(bad.id, Decision.REJECT, parts, author=ANA, regions=regions)
    review_photo(good.id, Decision.ACCEPT, parts, author=BEN)
    first = review_photo(undone.id, Decision.REJECT, parts, author=BEN)
    review_photo(undone.id, Decision.UNDONE, parts, author=BEN, supersedes=first.id)
    return parts, bad, good


def test_training_reads_back_what_inspectors_said(bench: tuple[Parts, Verdict, Verdict], tmp_path: Path) -> None:
    parts, bad, _ = bench
    done = export_reviews(tmp_path / "out", parts, TERMS, wanted=QueueFilter())
    pairs = read_verdicts(tmp_path / "out").pairs
    assert (done.photos, len(pairs)) == (2, 2)
    marked, clean = pairs
    assert (marked.defective, clean.defective) == (True, False)
    assert marked.codes == ("ME-SCR", "ST-CHP")
    kept = parts.records.reviews(bad.id)[0].regions
    assert [region.origin for region in marked.regions] == ["model", "inspector"]
    assert np.allclose(marked.regions[1].polygon, kept[1].polygon, atol=0.01)


def test_people_have_pseudonyms_and_nothing_names_them(bench: tuple[Parts, Verdict, Verdict], tmp_path: Path) -> None:
    export_reviews(tmp_path / "out", bench[0], TERMS, wanted=QueueFilter())
    text = (tmp_path / "out" / "export.json").read_text()
    uploads = json.loads(text)["uploads"]
    assert [upload["answers"][0]["author"] for upload in uploads] == ["inspector-1", "inspector-2"]
    assert "Ana" not in text
    assert "user-1" not in text


def test_an_export_that_was_stopped_goes_on_and_a_finished_one_is_kept(
    bench: tuple[Parts, Verdict, Verdict], tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_reviews(out, bench[0], TERMS, wanted=QueueFilter(), progress=stop)
    assert not (out / "export.json").exists()
    written = {file.name: file.stat().st_mtime_ns for file in (out / "photos").iterdir()}
    assert written
    export_reviews(out, bench[0], TERMS, wanted=QueueFilter())
    assert all((out / "photos" / name).stat().st_mtime_ns == at for name, at in written.items())
    with pytest.raises(Conflict, match="holds a finished export"):
        export_reviews(out, bench[0], TERMS, wanted=QueueFilter())


def test_only_what_is_asked_for_is_exported(bench: tuple[Parts, Verdict, Verdict], tmp_path: Path) -> None:
    for wanted, since in ((QueueFilter(order="PO-9"), None), (QueueFilter(), later(1))):
        with pytest.raises(NotFound, match="no answer to learn from"):
            export_reviews(tmp_path / "out", bench[0], TERMS, wanted=wanted, since=since)
    done = export_reviews(tmp_path / "out", bench[0], TERMS, wanted=QueueFilter())
    assert done.photos == 2, "an export of nothing does not bar the folder"


def test_an_answer_that_cannot_be_read_names_its_photo(tmp_path: Path) -> None:
    parts = parts_in(tmp_path)
    enrolled("halo-1", [sent("front.jpg", photo_of(board()))], parts)
    verdict = scored("halo-1", sent("mine.jpg", photo_of(scratched(board()), 3.0, size=(600, 800))), parts)
    review_photo(verdict.id, Decision.REJECT, parts, author=ANA)
    with closing(sqlite3.connect(tmp_path / "visiqc.sqlite3")) as database:
        guards = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'reviews'")
        for (guard,) in guards.fetchall():  # rows are kept for good: only a damaged database changes one
            database.execute(f"DROP TRIGGER {guard}")
        database.execute("UPDATE reviews SET document = '{}'")
        database.commit()
    with pytest.raises(IntegrityError, match=r"photo mine.jpg .* cannot be read: a stored Review cannot be read back"):
        export_reviews(tmp_path / "out", parts, TERMS, wanted=QueueFilter())
    assert not (tmp_path / "out" / "export.json").exists()


def test_a_place_that_cannot_be_written_is_named(bench: tuple[Parts, Verdict, Verdict], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        export_reviews(tmp_path / "file", bench[0], TERMS, wanted=QueueFilter())


@pytest.mark.parametrize(
    ("outcome", "decision", "regions", "wanted"),
    [
        (Outcome.PASS, Decision.ACCEPT, (), "confirmed"),
        (Outcome.PASS, Decision.REJECT, (BY_HAND,), "missed"),
        (Outcome.REVIEW, Decision.ACCEPT, (NOTHING,), "dismissed"),
        (Outcome.REVIEW, Decision.REJECT, (), "confirmed"),
        (Outcome.REJECT, Decision.REJECT, (MODEL, NOTHING, BY_HAND), "typed"),
        (Outcome.REJECT, Decision.REJECT, (NOTHING, BY_HAND), "missed"),
        (Outcome.WRONG_SAMPLE, Decision.ACCEPT, (), "dismissed"),
        (Outcome.WRONG_SAMPLE, Decision.REJECT, (), "confirmed"),
        (Outcome.RETAKE, Decision.RETAKE, (), "confirmed"),
        (Outcome.RETAKE, Decision.REJECT, (), "missed"),
        (Outcome.REVIEW, Decision.RETAKE, (), None),
    ],
)
def test_each_answer_says_in_the_format_what_it_meant(
    outcome: Outcome, decision: Decision, regions: tuple[ReviewedRegion, ...], wanted: str | None
) -> None:
    assert said(outcome, a_review(decision=decision, regions=regions)) == wanted
