"""Reviews are appended in a line, the queue follows them, and whoever looks at a photo is told who else does."""

from __future__ import annotations

import pytest

from builders import (
    MOMENT,
    a_calibration_report,
    a_lot,
    a_review,
    a_unit_photo,
    a_verdict,
    an_order,
    an_upload,
    digest_of,
    later,
)
from visiqc.domain.inspection_queue import Answered, Place, QueueFilter
from visiqc.domain.outcome import Outcome
from visiqc.domain.review import Decision
from visiqc.errors import Conflict, NotFound
from visiqc.inspection.ports import Records

FLAGGED = (Outcome.REVIEW, Outcome.RETAKE, Outcome.REJECT, Outcome.PASS, Outcome.WRONG_SAMPLE)


def scored(records: Records, n: int, outcome: Outcome = Outcome.REJECT, p_value: float = 0.004) -> str:
    """One more photo with its verdict."""
    upload = an_upload(id=f"u{n}", photo_digest=digest_of(f"photo {n}"))
    records.accept([upload])
    compared = outcome not in {Outcome.RETAKE, Outcome.WRONG_SAMPLE}
    calibration = a_calibration_report(p_value=p_value) if compared else None
    records.add_verdict(a_verdict(id=upload.id, outcome=outcome, calibration=calibration))
    return upload.id


def ids(records: Records, wanted: QueueFilter | None = None, after: Place | None = None, limit: int = 50) -> list[str]:
    return [item.upload_id for item in records.queue(wanted or QueueFilter(), after=after, limit=limit)]


def test_reviews_of_a_photo_are_kept_in_a_line(enrolled: Records) -> None:
    upload = scored(enrolled, 1)
    first = enrolled.add_review(a_review(upload_id=upload))
    second = enrolled.add_review(a_review(upload_id=upload, id="r2", decision=Decision.UNDONE, supersedes=first.id))
    assert enrolled.reviews(upload) == (first, second)


def test_whoever_answers_second_is_told_who_answered(enrolled: Records) -> None:
    upload = scored(enrolled, 1)
    enrolled.add_review(a_review(upload_id=upload))
    with pytest.raises(Conflict, match=r"Ana \(inspector\) answered"):
        enrolled.add_review(a_review(upload_id=upload, id="r2", author="user-2", author_name="Ben (inspector)"))
    knowingly = a_review(upload_id=upload, id="r2", author="user-2", author_name="Ben", supersedes="review-1")
    assert enrolled.add_review(knowingly) == enrolled.reviews(upload)[-1]


def test_an_unknown_photo_has_no_reviews(enrolled: Records) -> None:
    for ask in (lambda: enrolled.add_review(a_review()), lambda: enrolled.reviews("upload-1")):
        with pytest.raises(NotFound):
            ask()


def test_the_queue_is_ordered_by_risk_then_by_p_value_then_by_age(enrolled: Records) -> None:
    for n, outcome in enumerate(FLAGGED):
        scored(enrolled, n, outcome)
    scored(enrolled, 5, Outcome.REVIEW, 0.001)
    scored(enrolled, 6, Outcome.REVIEW, 0.001)
    assert ids(enrolled) == ["u2", "u4", "u5", "u6", "u0", "u1"]


def test_pages_of_the_queue_join_without_gap_or_overlap(enrolled: Records) -> None:
    for n in range(7):
        scored(enrolled, n, p_value=0.01 / (1 + n % 3))
    seen: list[str] = []
    after = None
    while page := enrolled.queue(QueueFilter(), after=after, limit=3):
        seen += [item.upload_id for item in page]
        after = Place.read(str(page[-1].place))
    assert seen == ids(enrolled)
    assert len(seen) == 7


def test_an_answered_photo_leaves_the_queue_and_comes_back_when_that_is_undone(enrolled: Records) -> None:
    upload = scored(enrolled, 1)
    enrolled.add_review(a_review(upload_id=upload))
    assert ids(enrolled) == []
    (done,) = enrolled.queue(QueueFilter(answered=Answered.DONE))
    assert (done.decision, done.decided_by) == ("reject", "Ana (inspector)")
    enrolled.add_review(a_review(upload_id=upload, id="r2", decision=Decision.UNDONE, supersedes="review-1"))
    assert ids(enrolled) == [upload]


def test_a_second_verdict_changes_nothing_in_the_queue(enrolled: Records) -> None:
    upload = scored(enrolled, 1)
    enrolled.add_review(a_review(upload_id=upload))
    enrolled.add_verdict(a_verdict(id=upload, outcome=Outcome.PASS, model_digests=(digest_of("newer"),)))
    assert [item.outcome for item in enrolled.queue(QueueFilter(answered=Answered.ALL))] == [Outcome.REJECT]


def test_the_queue_is_filtered_by_outcome_and_place_and_counted(enrolled: Records) -> None:
    enrolled.add_order(an_order())
    enrolled.add_lot(a_lot())
    upload = an_upload()
    enrolled.accept_unit_photos([upload], [a_unit_photo()])
    enrolled.add_verdict(a_verdict())
    scored(enrolled, 1, Outcome.PASS)
    here = QueueFilter(order="PO-7", lot="L1", milestone="pre-shipment")
    assert ids(enrolled, here) == ["upload-1"]
    assert ids(enrolled, QueueFilter(order="PO-8")) == []
    assert ids(enrolled, QueueFilter(outcome=Outcome.PASS)) == ["u1"]
    counts = {count.outcome: (count.open, count.done) for count in enrolled.queue_counts(here)}
    assert counts == dict.fromkeys(Outcome, (0, 0)) | {Outcome.REJECT: (1, 0)}
    item = enrolled.queue_item("upload-1")
    assert item is not None
    assert item.unit_photo == a_unit_photo()


def test_reviewed_photos_are_listed_in_the_order_they_came(enrolled: Records) -> None:
    for n in range(3):
        enrolled.add_review(a_review(id=f"r{n}", upload_id=scored(enrolled, n)))
    scored(enrolled, 3)
    first, *_ = enrolled.reviewed(QueueFilter(), limit=1)
    assert [first[1], *(upload for _, upload in enrolled.reviewed(QueueFilter(), after=first[0]))] == ["u0", "u1", "u2"]


def test_whoever_opens_a_photo_is_told_who_had_it_open_just_now(enrolled: Records) -> None:
    upload = scored(enrolled, 1)
    assert enrolled.look_at(upload, "user-1", "Ana", at=MOMENT, since=later(-30)) == ()
    assert enrolled.look_at(upload, "user-2", "Ben", at=later(20), since=later(-10)) == ("Ana",)
    assert enrolled.look_at(upload, "user-2", "Ben", at=later(50), since=later(20)) == ()
