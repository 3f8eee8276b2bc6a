"""Photos of units: taken in once, held against the golden of that day, and put together unit by unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench import POLICY, enrolled, photo_of, scratched, sent, stored_blobs
from builders import a_golden, a_request
from pictures import board, plate
from visiqc.domain.outcome import Outcome
from visiqc.domain.reasons import ReasonCode
from visiqc.errors import Conflict, InputError, NotApproved, NotFound
from visiqc.inspection.enrol import approve_golden, enrol_golden
from visiqc.inspection.inspect import score_upload
from visiqc.inspection.lot_reports import every_unit, lot_report
from visiqc.inspection.lots import (
    Added,
    SentUnitPhoto,
    add_unit_photos,
    open_lot,
    open_order,
    quality_complaints,
)
from visiqc.inspection.parts import Parts

FIRST, SECOND = (sent(f"{n}.jpg", photo_of(plate(), n + 1, noise=n)) for n in range(2))


@pytest.fixture
def lot(own_shop: Parts) -> Parts:
    """A shop with the lot L1 of order PO-7: plates, of which each unit must show the golden's one view."""
    open_order("PO-7", own_shop)
    open_lot("PO-7", "L1", "plate", own_shop, units=32)
    return own_shop


def add(parts: Parts, *photos: SentUnitPhoto, milestone: str = "pre-shipment", **more: object) -> tuple[Added, ...]:
    return add_unit_photos("PO-7", "L1", milestone, photos, parts, **more)


def of_unit(unit: int, photo: object = FIRST, view: str = "view-1") -> SentUnitPhoto:
    return SentUnitPhoto(photo=photo, unit=unit, view=view)


def test_a_photo_is_taken_in_with_its_place_and_waits_for_its_score(lot: Parts) -> None:
    (added,) = add(lot, of_unit(3))
    assert added.new
    assert lot.records.unit_photo(added.photo.upload_id) == added.photo
    (upload,) = lot.records.pending()
    assert (upload.id, upload.sku, upload.golden_version) == (added.photo.upload_id, "plate", 1)


def test_the_same_photo_twice_is_one_photo(lot: Parts) -> None:
    (first,) = add(lot, of_unit(3))
    again, other = add(lot, of_unit(3), of_unit(3, SECOND))
    assert (again, other.new) == (replace(first, new=False), True)
    assert len(lot.records.pending()) == 2


def test_a_photo_of_another_unit_is_not_taken_a_second_time(lot: Parts) -> None:
    add(lot, of_unit(3))
    with pytest.raises(InputError, match=r"^0\.jpg: this very file is the photo of unit 3, view view-1 already"):
        add(lot, of_unit(4))
    assert len(add(lot, of_unit(4), milestone="first-article")) == 1


def test_a_file_that_came_before_at_another_milestone_or_in_another_lot_is_taken_in_and_told(lot: Parts) -> None:
    open_lot("PO-7", "L2", "plate", lot)
    (first,) = add(lot, of_unit(3))
    (later,) = add(lot, of_unit(4), milestone="first-article")
    (elsewhere, fresh) = add_unit_photos("PO-7", "L2", "pre-shipment", [of_unit(5), of_unit(5, SECOND)], lot)
    (again,) = add_unit_photos("PO-7", "L2", "pre-shipment", [of_unit(5)], lot)
    assert (later.new, elsewhere.new, again.new) == (True, True, False)
    assert (first.repeats, fresh.repeats) == (None, None)
    for each in (later, elsewhere, again):
        assert str(each.repeats) == "the same file as unit 3, view-1, milestone pre-shipment, lot L1 of order PO-7"
    assert [each.repeated for each in lot_report("PO-7", "L1", lot.records).milestones] == [0, 1, 0, 0]
    (unit,) = every_unit(lot.records.lot("PO-7", "L2"), "pre-shipment", lot.records)
    assert [str(each) for each in unit.repeated] == [str(elsewhere.repeats)]
    assert score_upload(elsewhere.photo.upload_id, lot).outcome is Outcome.PASS


def test_all_photos_are_taken_in_or_none_and_every_bad_one_is_named(lot: Parts) -> None:
    before = stored_blobs_of(lot)
    broken = replace(FIRST, name="broken.jpg", content=FIRST.content[:2000])
    with pytest.raises(InputError) as caught:
        add(lot, of_unit(1), of_unit(33, SECOND), of_unit(2, replace(FIRST, name="copy.jpg")))
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == ["1.jpg", "copy.jpg"]
    with pytest.raises(InputError, match=r"^broken\.jpg"):
        add(lot, of_unit(1), of_unit(2, broken))
    assert lot.records.pending() == ()
    assert stored_blobs_of(lot) == before


def stored_blobs_of(parts: Parts) -> set[str]:
    return stored_blobs(parts.blobs._root.parent)


def test_a_lot_whose_product_has_no_approved_golden_says_so_and_loses_nothing(lot: Parts) -> None:
    open_lot("PO-7", "L2", "unknown", lot)
    with pytest.raises(NotFound, match="unknown"):
        add_unit_photos("PO-7", "L2", "pre-shipment", [of_unit(1)], lot)
    lot.records.add_golden(a_golden(sku="unknown"))
    with pytest.raises(NotApproved, match="visiqc golden approve unknown 1"):
        add_unit_photos("PO-7", "L2", "pre-shipment", [of_unit(1)], lot)
    assert lot.records.pending() == ()


def test_what_is_not_there_is_named(lot: Parts) -> None:
    with pytest.raises(NotFound, match="L9"):
        add_unit_photos("PO-7", "L9", "pre-shipment", [of_unit(1)], lot)
    with pytest.raises(InputError, match="its milestones are raw-material"):
        add(lot, of_unit(1), milestone="later")
    with pytest.raises(InputError, match="no photo"):
        add(lot)


def test_photos_keep_the_golden_version_they_came_under(lot: Parts) -> None:
    (before,) = add(lot, of_unit(1))
    draft = enrol_golden("plate", [sent("new.jpg", photo_of(plate(), 0.5, noise=9))], lot, policy=POLICY)
    approve_golden("plate", draft.version, by="anna", parts=lot)
    (again, after) = add(lot, of_unit(1), of_unit(1, SECOND))
    versions = [lot.records.upload(added.photo.upload_id).golden_version for added in (before, again, after)]
    assert versions == [1, 1, 2]
    assert score_upload(before.photo.upload_id, lot).golden_version == 1


def test_a_request_key_is_kept_also_where_every_photo_is_known(lot: Parts) -> None:
    add(lot, of_unit(1))
    add(lot, of_unit(1), request=a_request())
    with pytest.raises(Conflict, match="request-1"):
        add(lot, of_unit(1), request=a_request(fingerprint="other"))


def test_a_request_key_stands_for_its_photos_only(lot: Parts) -> None:
    first = add(lot, of_unit(1), request=a_request())
    assert [each.photo for each in add(lot, of_unit(1), request=a_request())] == [each.photo for each in first]
    with pytest.raises(Conflict, match="request-1"):
        add(lot, of_unit(1), request=a_request(fingerprint="other"))


def test_the_quality_answer_comes_before_the_score_and_is_the_same(lot: Parts) -> None:
    dark = sent("dark.jpg", (photo_of(plate(), 2, noise=5) // 12).astype("uint8"))
    good, poor = add(lot, of_unit(1), of_unit(2, dark))
    assert quality_complaints(good.photo.upload_id, lot) == ()
    complaints = quality_complaints(poor.photo.upload_id, lot)
    assert ReasonCode.TOO_DARK in {each.code for each in complaints}
    assert all(each.advice for each in complaints)
    assert score_upload(poor.photo.upload_id, lot).reasons == complaints


def test_a_golden_file_sent_as_a_photo_of_a_unit_is_told_at_once_also_one_of_an_older_version(lot: Parts) -> None:
    golden = lot.records.current_golden("plate")
    older = lot.blobs.get(golden.photos[0].digest)
    newer = sent("new.jpg", photo_of(plate(), 0.5, noise=9))
    approve_golden("plate", enrol_golden("plate", [newer], lot, policy=POLICY).version, by="anna", parts=lot)
    for unit, photo in enumerate((replace(newer, name="older.jpg", content=older), newer), start=1):
        (added,) = add(lot, of_unit(unit, photo))
        (complaint,) = quality_complaints(added.photo.upload_id, lot)
        assert complaint.code is ReasonCode.DUPLICATE_PHOTO
        assert "one of the golden photos" in complaint.message
        verdict = score_upload(added.photo.upload_id, lot)
        assert (verdict.outcome, verdict.reasons) == (Outcome.RETAKE, (complaint,))


def test_the_report_says_of_each_unit_the_worst_and_what_is_missing(lot: Parts) -> None:
    enrolled("board-2", [sent("f.jpg", photo_of(board()), "front"), sent("b.jpg", photo_of(plate()), "back")], lot)
    open_lot("PO-7", "L3", "board-2", lot)
    shots = [
        SentUnitPhoto(photo=sent("1f.jpg", photo_of(board(), 1, noise=1)), unit=1, view="front"),
        SentUnitPhoto(photo=sent("1b.jpg", photo_of(plate(), 1, noise=2)), unit=1, view="back"),
        SentUnitPhoto(photo=sent("2f.jpg", photo_of(scratched(board()), 1, noise=3)), unit=2, view="front"),
        SentUnitPhoto(photo=sent("3b.jpg", photo_of(board(), 2, noise=4)), unit=3, view="back"),
    ]
    added = add_unit_photos("PO-7", "L3", "pre-shipment", shots, lot)
    for each in added:
        score_upload(each.photo.upload_id, lot)
    report = lot_report("PO-7", "L3", lot.records)
    assert [(each.name, each.units) for each in report.milestones][-2:] == [
        ("mid-production", 0),
        ("pre-shipment", 3),
    ]
    one, two, three = every_unit(report.lot, "pre-shipment", lot.records)
    assert one.missing == ()
    assert two.missing == ("back",)
    assert two.outcome in {Outcome.REVIEW, Outcome.REJECT}
    assert [(each.view, each.found_view) for each in three.misnamed] == [("back", "front")]
    assert sum(report.milestones[-1].counts.values()) == 3
