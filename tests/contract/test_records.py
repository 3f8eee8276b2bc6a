"""What every filling of `Records` promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from builders import (
    SKU,
    a_calibration,
    a_golden,
    a_key,
    a_request,
    a_verdict,
    an_upload,
    later,
)
from visiqc.domain.outcome import Outcome
from visiqc.domain.upload import Upload
from visiqc.errors import Conflict, InputError, InvalidRecord, NotApproved, NotFound
from visiqc.inspection.ports import Records

# goldens


def test_versions_count_up_within_a_sku(records: Records) -> None:
    assert [records.add_golden(a_golden(sku=sku)).version for sku in ("a", "a", "b", "a")] == [1, 2, 1, 3]


def test_a_golden_comes_back_as_it_was_kept(records: Records) -> None:
    kept = records.add_golden(a_golden(sku="戒指-é"))
    assert kept == a_golden(sku="戒指-é", version=1)
    assert records.golden("戒指-é", 1) == kept


def test_two_enrolments_at_once_get_two_numbers(records: Records) -> None:
    together = Barrier(2)

    def enrol(_: int) -> int:
        together.wait()
        return records.add_golden(a_golden()).version

    for done in range(10):
        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(enrol, range(2))) == [2 * done + 1, 2 * done + 2]


def test_a_draft_that_claims_approval_is_refused(records: Records) -> None:
    with pytest.raises(InvalidRecord, match="approved"):
        records.add_golden(a_golden(approved_at=later(1), approved_by="lead"))
    assert records.goldens() == ()


def test_an_unknown_sku_is_named(records: Records) -> None:
    with pytest.raises(NotFound, match="no-such"):
        records.golden("no-such", 1)
    with pytest.raises(NotFound, match="no-such"):
        records.current_golden("no-such")
    with pytest.raises(NotFound, match="no-such"):
        records.approve_golden("no-such", 1, by="lead", at=later(1))


@pytest.mark.parametrize("version", [0, -1, 3, 10**30])
def test_an_unknown_version_names_those_there_are(records: Records, version: int) -> None:
    for _ in range(2):
        records.add_golden(a_golden())
    with pytest.raises(NotFound, match=r"1, 2"):
        records.golden(SKU, version)


def test_goldens_are_listed_by_sku_and_version(records: Records) -> None:
    for sku in ("b", "a", "Z", "é", "b"):
        records.add_golden(a_golden(sku=sku))
    assert [(g.sku, g.version) for g in records.goldens()] == [("Z", 1), ("a", 1), ("b", 1), ("b", 2), ("é", 1)]
    assert [g.version for g in records.goldens("b")] == [1, 2]
    assert records.goldens("no-such") == ()


# approval


def test_without_approval_no_version_is_current(enrolled: Records) -> None:
    with pytest.raises(NotApproved, match=SKU):
        enrolled.current_golden(SKU)


def test_approving_says_who_and_when_and_makes_it_current(enrolled: Records) -> None:
    approved = enrolled.approve_golden(SKU, 1, by="Léa", at=later(5))
    assert (approved.approved_by, approved.approved_at) == ("Léa", later(5))
    assert enrolled.current_golden(SKU) == enrolled.golden(SKU, 1) == approved
    assert enrolled.goldens() == (approved,)


def test_the_version_approved_last_is_current_whatever_its_number_or_time(enrolled: Records) -> None:
    enrolled.add_golden(a_golden())
    for version, seconds in ((1, 30), (2, 20), (1, 10)):
        enrolled.approve_golden(SKU, version, by="lead", at=later(seconds))
        assert enrolled.current_golden(SKU).version == version
    assert enrolled.current_golden(SKU).approved_at == later(10)
    assert enrolled.golden(SKU, 2).approved_at == later(20)


def test_approving_the_current_version_again_changes_nothing(enrolled: Records) -> None:
    first = enrolled.approve_golden(SKU, 1, by="lead", at=later(1))
    assert enrolled.approve_golden(SKU, 1, by="another", at=later(2)) == first
    assert enrolled.golden(SKU, 1) == first


def test_approval_of_one_sku_leaves_the_others(enrolled: Records) -> None:
    enrolled.add_golden(a_golden(sku="other"))
    enrolled.approve_golden(SKU, 1, by="lead", at=later(1))
    with pytest.raises(NotApproved):
        enrolled.current_golden("other")


# calibrations


def test_the_latest_calibration_is_in_force(enrolled: Records) -> None:
    enrolled.add_golden(a_golden())
    assert enrolled.calibration(SKU, 1) is None
    enrolled.add_calibration(a_calibration(id="first", made_at=later(9)))
    enrolled.add_calibration(a_calibration(id="of-2", golden_version=2))
    second = enrolled.add_calibration(a_calibration(id="second", scores=(0.1, 0.1 + 0.2)))
    assert enrolled.calibration(SKU, 1) == second == a_calibration(id="second", scores=(0.1, 0.1 + 0.2))


def test_a_calibration_of_no_golden_is_refused(enrolled: Records) -> None:
    with pytest.raises(NotFound, match="1"):
        enrolled.add_calibration(a_calibration(golden_version=2))


def test_a_calibration_is_never_replaced(enrolled: Records) -> None:
    kept = enrolled.add_calibration(a_calibration())
    with pytest.raises(Conflict, match="calibration-1"):
        enrolled.add_calibration(a_calibration(scores=()))
    assert enrolled.calibration(SKU, 1) == kept


# uploads


def uploads(*ids: str) -> list[Upload]:
    return [an_upload(id=upload_id, photo_name=f"{upload_id} 戒指.jpg") for upload_id in ids]


def test_accepted_uploads_come_back_in_order(enrolled: Records) -> None:
    kept = enrolled.accept(uploads("c", "a", "b"))
    assert kept == tuple(uploads("c", "a", "b"))
    assert enrolled.pending() == kept
    assert enrolled.upload("a") == kept[1]


def test_an_unknown_upload_is_named_everywhere(enrolled: Records) -> None:
    for ask in (enrolled.upload, enrolled.verdict, lambda name: enrolled.fail(name, "broken")):
        with pytest.raises(NotFound, match="no-such"):
            ask("no-such")
    with pytest.raises(NotFound, match="no-such"):
        enrolled.add_verdict(a_verdict(id="no-such"))


def test_one_unacceptable_upload_keeps_all_out(enrolled: Records) -> None:
    enrolled.accept(uploads("old"))
    with pytest.raises(Conflict, match="old"):
        enrolled.accept(uploads("new", "old"), a_request())
    with pytest.raises(NotFound, match="7"):
        enrolled.accept([*uploads("new"), an_upload(id="new-2", golden_version=7)], a_request())
    with pytest.raises(InputError, match="Unicode"):
        enrolled.accept([*uploads("new"), an_upload(id="new-2", photo_name="\udcff.jpg")], a_request())
    assert enrolled.pending() == tuple(uploads("old"))
    assert enrolled.accepted(a_request()) == ()


def test_no_uploads_or_one_id_twice_is_our_own_mistake(enrolled: Records) -> None:
    for wrong in ([], uploads("a", "a")):
        with pytest.raises(InvalidRecord):
            enrolled.accept(wrong)


# requests


def test_a_request_key_seen_before_returns_the_uploads_kept_then(enrolled: Records) -> None:
    first = enrolled.accept(uploads("a", "b"), a_request())
    assert first == tuple(replace(upload, request_key="request-1") for upload in uploads("a", "b"))
    assert enrolled.accept(uploads("c", "d"), a_request()) == first
    assert enrolled.accepted(a_request()) == first == enrolled.pending()


def test_a_request_key_with_other_content_is_a_conflict(enrolled: Records) -> None:
    enrolled.accept(uploads("a"), a_request())
    other = a_request(fingerprint="other")
    with pytest.raises(Conflict, match="request-1"):
        enrolled.accept(uploads("b"), other)
    with pytest.raises(Conflict, match="request-1"):
        enrolled.accepted(other)
    assert len(enrolled.pending()) == 1


def test_a_new_request_key_has_no_uploads(enrolled: Records) -> None:
    enrolled.accept(uploads("a"), a_request())
    assert enrolled.accepted(a_request(key="request-2")) == ()


def test_racing_duplicates_of_a_request_make_one_set_of_uploads(enrolled: Records) -> None:
    together = Barrier(4)

    def send(thread: int) -> tuple[Upload, ...]:
        together.wait()
        return enrolled.accept(uploads(f"{thread}-1", f"{thread}-2"), a_request())

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(send, range(4)))
    assert answers == {enrolled.pending()}
    assert len(enrolled.pending()) == 2


# answers


def test_a_verdict_settles_its_upload(enrolled: Records) -> None:
    enrolled.accept(uploads("upload-1", "b"))
    assert enrolled.verdict("upload-1") is None
    verdict = enrolled.add_verdict(a_verdict())
    assert verdict == enrolled.verdict("upload-1") == a_verdict()
    assert [upload.id for upload in enrolled.pending()] == ["b"]


def test_the_first_verdict_stands(enrolled: Records) -> None:
    enrolled.accept(uploads("upload-1"))
    first = enrolled.add_verdict(a_verdict())
    assert enrolled.add_verdict(a_verdict(outcome=Outcome.PASS)) == first == enrolled.verdict("upload-1")


def test_racing_verdicts_agree_on_one(enrolled: Records) -> None:
    enrolled.accept(uploads("upload-1"))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: enrolled.add_verdict(a_verdict(software=f"{n}")), range(4)))
    assert all(answer == enrolled.verdict("upload-1") for answer in answers)


def test_a_failed_upload_says_why_and_waits_no_longer(enrolled: Records) -> None:
    enrolled.accept(uploads("a", "b"))
    enrolled.fail("a", "photo lost: ñ")
    enrolled.fail("a", "a second reason")
    assert enrolled.upload("a").failure == "photo lost: ñ"
    assert [upload.id for upload in enrolled.pending()] == ["b"]
    assert enrolled.verdict("a") is None


def test_a_verdict_outranks_a_failure(enrolled: Records) -> None:
    enrolled.accept(uploads("upload-1"))
    enrolled.fail("upload-1", "gave up")
    enrolled.add_verdict(a_verdict())
    enrolled.fail("upload-1", "too late")
    assert enrolled.upload("upload-1").failure is None
    assert enrolled.verdict("upload-1") == a_verdict()


# keys


def test_keys_come_back_oldest_first(records: Records) -> None:
    kept = [records.add_key(a_key(id=key_id, name="Léa's phone")) for key_id in ("b", "a")]
    assert list(records.keys()) == kept
    assert records.key("a") == kept[1]
    assert records.key("no-such") is None


def test_a_revoked_key_stays_with_the_time_it_was_first_revoked(records: Records) -> None:
    records.add_key(a_key())
    assert records.revoke_key("key-1", at=later(1)).revoked_at == later(1)
    assert records.revoke_key("key-1", at=later(2)).revoked_at == later(1)
    assert records.key("key-1") == a_key(revoked_at=later(1))


def test_a_key_is_neither_overwritten_nor_revoked_by_mistake(records: Records) -> None:
    records.add_key(a_key())
    with pytest.raises(Conflict, match="key-1"):
        records.add_key(a_key(secret_hash="other"))
    with pytest.raises(NotFound, match="no-such"):
        records.revoke_key("no-such", at=later(1))
    assert records.keys() == (a_key(),)


def test_records_that_work_are_ready(records: Records) -> None:
    records.ready()
