"""What every filling of `Records` promises about leases, and about several verdicts of one upload."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from builders import MOMENT, a_calibration_report, a_golden, a_verdict, an_upload, digest_of, later
from visiqc.domain.outcome import Outcome
from visiqc.domain.upload import MAX_ATTEMPTS, PutOff
from visiqc.errors import NotFound
from visiqc.inspection.ports import Records


@pytest.fixture
def waiting(enrolled: Records) -> Records:
    """Records in which the uploads a, b and c wait."""
    enrolled.accept([an_upload(id=upload_id) for upload_id in "abc"])
    return enrolled


def taken(records: Records, worker: str, seconds: float = 0, **wishes: object) -> list[str]:
    """What `worker` gets `seconds` after MOMENT, for ten seconds."""
    found = records.lease(worker, now=later(seconds), until=later(seconds + 10), **wishes)
    return [upload.id for upload in found]


def test_the_oldest_is_leased_first_and_to_one_worker_only(waiting: Records) -> None:
    assert taken(waiting, "one") == ["a"]
    assert taken(waiting, "two", limit=5) == ["b", "c"]
    assert taken(waiting, "three") == []


def test_a_lease_that_ran_out_is_free_again(waiting: Records) -> None:
    taken(waiting, "one", limit=3)
    assert taken(waiting, "two", 9.9) == []
    assert taken(waiting, "two", 10) == ["a"]


def test_a_lease_that_is_renewed_stays(waiting: Records) -> None:
    taken(waiting, "one", limit=3)
    waiting.renew("one", ["a", "b"], until=later(30))
    waiting.renew("two", ["c"], until=later(30))
    assert taken(waiting, "two", 11, limit=3) == ["c"]


def test_one_upload_can_be_asked_for_by_name(waiting: Records) -> None:
    assert taken(waiting, "one", upload_id="b") == ["b"]
    assert taken(waiting, "two", upload_id="b") == []
    assert taken(waiting, "two", upload_id="no-such") == []


def test_what_is_settled_is_nobodys_job(waiting: Records) -> None:
    waiting.add_verdict(a_verdict(id="a"))
    waiting.fail("b", "lost")
    assert taken(waiting, "one", limit=5) == ["c"]
    assert waiting.unsettled(["a", "b", "c", "no-such"]) == {"c"}


def test_a_job_given_back_is_free_at_once_and_counts_as_untried(waiting: Records) -> None:
    for _ in range(3 * MAX_ATTEMPTS):
        assert taken(waiting, "one") == ["a"]
        waiting.release("two", "a")
        assert taken(waiting, "two", upload_id="a") == []
        waiting.release("one", "a")
    assert waiting.upload("a").failure is None


def test_a_job_that_is_put_off_waits_longer_each_time_and_counts_as_untried(waiting: Records) -> None:
    seconds = 0.0
    for times in range(2 * MAX_ATTEMPTS):
        assert taken(waiting, "one", seconds, upload_id="a") == ["a"]
        waiting.release("one", "a", put_off=PutOff(later(seconds), "no disk"))
        pause = min(600.0, 2.0**times)
        assert taken(waiting, "two", seconds + pause - 0.1, upload_id="a") == []
        seconds += pause
    assert taken(waiting, "two") == ["b"]
    assert waiting.upload("a").failure is None


def test_what_failed_can_be_tried_again_and_what_did_not_stays(waiting: Records) -> None:
    waiting.fail("a", "lost")
    waiting.add_verdict(a_verdict(id="b"))
    assert [waiting.retry(upload_id) for upload_id in "abc"] == [True, False, False]
    assert waiting.upload("a").failure is None
    assert taken(waiting, "one", limit=5) == ["a", "c"]
    assert waiting.verdict("b") is not None
    with pytest.raises(NotFound):
        waiting.retry("no-such")


def test_an_upload_that_ends_every_worker_is_given_up(waiting: Records) -> None:
    for n in range(MAX_ATTEMPTS):
        assert taken(waiting, f"worker-{n}", 20 * n) == ["a"]
    assert taken(waiting, "another", 20 * MAX_ATTEMPTS) == ["b"]
    assert "its worker ended each time" in str(waiting.upload("a").failure)


def test_workers_at_once_never_get_the_same_upload(enrolled: Records) -> None:
    enrolled.accept([an_upload(id=f"{n}") for n in range(24)])

    def take(worker: int) -> list[str]:
        found: list[str] = []
        while got := taken(enrolled, f"worker-{worker}", limit=2):
            found += got
        return found

    with ThreadPoolExecutor(4) as pool:
        counts = Counter(upload_id for found in pool.map(take, range(4)) for upload_id in found)
    assert counts == {f"{n}": 1 for n in range(24)}


def test_each_golden_version_and_set_of_models_has_a_verdict_and_the_first_is_of_record(waiting: Records) -> None:
    waiting.add_golden(a_golden())
    first = waiting.add_verdict(a_verdict(id="a"))
    by_others = waiting.add_verdict(a_verdict(id="a", model_digests=(digest_of("new"),), outcome=Outcome.PASS))
    by_golden = waiting.add_verdict(a_verdict(id="a", golden_version=2))
    assert waiting.add_verdict(a_verdict(id="a", golden_version=2, software="again")) == by_golden
    assert waiting.verdict("a") == first
    assert waiting.verdicts("a") == (first, by_others, by_golden)
    assert waiting.verdict_under("a", 1, by_others.models) == by_others
    assert waiting.verdict_under("a", 2, by_others.models) is None


def test_a_golden_that_is_calibrated_again_gives_photos_another_verdict(waiting: Records) -> None:
    reports = [a_calibration_report(source=source) for source in ("fleet", "calibration-1")]
    first, second = (waiting.add_verdict(a_verdict(id="a", calibration=report)) for report in reports)
    not_compared = waiting.add_verdict(a_verdict(id="a", outcome=Outcome.RETAKE, calibration=None))
    again = a_verdict(id="a", calibration=reports[1], software="again")
    assert waiting.add_verdict(again) == second
    assert waiting.verdicts("a") == (first, second, not_compared)
    assert waiting.verdict("a") == first == waiting.verdict_under("a", 1, first.models)


def test_verdicts_of_an_unknown_upload_are_not_found(records: Records) -> None:
    for ask in (records.verdict, records.verdicts, lambda upload: records.verdict_under(upload, 1, "")):
        with pytest.raises(NotFound, match="no-such"):
            ask("no-such")


def test_a_lease_needs_no_answer_to_be_taken_over_by_a_verdict(waiting: Records) -> None:
    assert taken(waiting, "one") == ["a"]
    kept = waiting.add_verdict(a_verdict(id="a", made_at=MOMENT))
    assert waiting.add_verdict(a_verdict(id="a", software="the slower worker")) == kept
    assert taken(waiting, "two", 60) == ["b"]
