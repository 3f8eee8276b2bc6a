"""The queue by itself: what it promises about room, order, failures and its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from builders import SKU, FixedClock, a_golden, a_verdict, an_upload, later
from memory import MemoryRecords
from services import wait_until
from visiqc.batch.leases import Leases
from visiqc.batch.queue import ScoringQueue
from visiqc.domain.outcome import Outcome
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict
from visiqc.errors import Busy, IntegrityError, NotFound, Unavailable, UnreadablePhoto
from visiqc.service.metrics import Metrics


class Bench:
    """A queue on in-memory records whose scoring passes when `go` is set."""

    def __init__(self, *, capacity: int = 4, workers: int = 1, records: MemoryRecords | None = None) -> None:
        self.records = records or MemoryRecords()
        if not self.records.goldens():
            self.records.add_golden(a_golden())
        self.go = threading.Event()
        self.order: list[str] = []
        self.before: Callable[[str], None] = lambda _: None
        self.clock = FixedClock()
        leases = Leases(self.records, self.clock)
        self.queue = ScoringQueue(self.score, self.records, leases, Metrics(), capacity=capacity, workers=workers)

    def score(self, upload_id: str) -> Verdict:
        assert self.go.wait(10)
        self.order.append(upload_id)
        self.before(upload_id)
        return self.records.add_verdict(a_verdict(id=upload_id, sku=SKU, outcome=Outcome.PASS))

    def accept(self, *ids: str) -> tuple[Upload, ...]:
        return self.records.accept([an_upload(id=upload_id) for upload_id in ids])

    def put(self, *ids: str) -> None:
        with self.queue.reserve(len(ids)) as places:
            places.take(self.accept(*ids))

    @contextmanager
    def working(self) -> Iterator[None]:
        self.go.set()
        self.queue.start()
        yield
        self.queue.drain(5)

    def done(self, upload_id: str) -> bool:
        return self.records.verdict(upload_id) is not None


def test_photos_are_scored_in_their_order() -> None:
    bench = Bench()
    bench.put("a", "b")
    bench.put("c")
    with bench.working():
        wait_until(lambda: bench.done("c"))
    assert bench.order == ["a", "b", "c"]


def test_all_photos_of_a_request_have_room_or_none() -> None:
    bench = Bench(capacity=4)
    bench.put("a", "b", "c")
    with pytest.raises(Busy, match=r"no room for 2 more photos \(4 may wait\)"):
        bench.put("d", "e")
    bench.put("d")


def test_places_that_were_not_taken_are_given_back() -> None:
    bench = Bench(capacity=2)
    with pytest.raises(ZeroDivisionError), bench.queue.reserve(2):
        raise ZeroDivisionError
    bench.put("a", "b")


def test_reserved_places_are_not_given_to_others() -> None:
    bench = Bench(capacity=2)
    with bench.queue.reserve(2), pytest.raises(Busy):
        bench.queue.require_room()


def test_retry_after_is_what_the_missing_places_take_at_the_measured_rate() -> None:
    bench = Bench(capacity=10, workers=2)
    bench.queue._room.seconds_each = 3.0
    bench.put(*"abcdefgh")
    with pytest.raises(Busy) as refusal, bench.queue.reserve(4):  # 2 places are missing: 2 × 3 s / 2 workers
        pass
    assert refusal.value.retry_after_s == 3


def test_the_rate_is_measured() -> None:
    bench = Bench()
    bench.put("a")
    with bench.working():
        wait_until(lambda: bench.done("a"))
    assert bench.queue._room.seconds_each < 0.5, "a photo at once is faster than the first guess"


def test_queueing_an_upload_twice_scores_it_once() -> None:
    bench = Bench()
    uploads = bench.accept("a")
    with bench.queue.reserve(2) as places:
        assert places.take(uploads) == 1
        assert places.take(uploads) == 0
    with bench.working():
        wait_until(lambda: bench.done("a"))
    assert bench.order == ["a"]


def test_what_a_dead_process_accepted_is_scored_and_takes_no_room() -> None:
    bench = Bench(capacity=1)
    bench.accept("a", "b", "c")
    bench.queue.require_room()
    with bench.working():
        wait_until(lambda: bench.done("c"))


def test_a_photo_that_fails_is_told_on_the_record_and_the_worker_goes_on() -> None:
    bench = Bench()

    def fail(upload_id: str) -> None:
        if upload_id == "a":
            raise UnreadablePhoto("a: not a picture")

    bench.before = fail
    bench.put("a", "b")
    with bench.working():
        wait_until(lambda: bench.done("b"))
    assert bench.records.upload("a").failure is not None
    assert bench.queue.unsettled("a") is None


def test_a_failure_that_cannot_be_recorded_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visiqc.batch.queue.RETRY_PAUSE_S", 0.01)
    monkeypatch.setattr("visiqc.domain.upload.PUT_OFF_S", 0.0)
    bench = Bench()
    failures: list[Exception] = [Unavailable("no database to keep the failure in"), UnreadablePhoto("not a photo")]

    def fail(*_: object) -> None:
        if failures:
            raise failures.pop()

    bench.before = fail
    bench.records.fail = fail  # type: ignore[method-assign]
    bench.put("a")
    with bench.working():
        wait_until(lambda: bench.done("a"))
    assert failures == []


@pytest.mark.parametrize("error", [NotFound("no blob"), IntegrityError("bank"), MemoryError(), ZeroDivisionError()])
def test_an_error_that_is_not_of_the_photo_s_bytes_never_fails_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("visiqc.batch.queue.RETRY_PAUSE_S", 0.01)
    bench = Bench()

    def fail(upload_id: str) -> None:
        if upload_id == "a" and bench.clock() < later(1):
            raise error

    bench.before = fail
    bench.put("a", "b")
    with bench.working():
        wait_until(lambda: bench.done("b"))
        assert bench.records.upload("a").failure is None
        bench.clock.pass_(1)
        wait_until(lambda: bench.done("a"))


def test_a_photo_that_nothing_can_read_does_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visiqc.batch.queue.RETRY_PAUSE_S", 0.01)
    bench = Bench(workers=1)

    def fail(upload_id: str) -> None:
        if upload_id == "a":
            raise Unavailable("the photo store cannot be read: input/output error")

    bench.before = fail
    bench.accept("a", "b", "c")
    with bench.working():
        wait_until(lambda: bench.done("c"))
    assert not bench.done("a")


def test_draining_finishes_what_waits_and_takes_nothing_new() -> None:
    bench = Bench()
    bench.put("a", "b", "c")
    bench.queue.start()
    bench.go.set()
    assert bench.queue.drain(5) == 0
    assert all(bench.done(upload_id) for upload_id in "abc")
    with pytest.raises(Unavailable, match="stopping"):
        bench.put("d")


def test_draining_waits_for_a_request_that_has_its_places_but_has_not_stored_yet() -> None:
    bench = Bench()
    bench.go.set()
    bench.queue.start()
    with bench.queue.reserve(1) as places:
        drained = threading.Thread(target=bench.queue.drain, args=[5])
        drained.start()
        wait_until(lambda: not bench.queue.accepting)
        places.take(bench.accept("a"))
    drained.join(5)
    assert bench.done("a")


def test_when_the_grace_is_over_who_waits_is_released_and_the_rest_stays_on_the_record() -> None:
    bench = Bench()
    bench.put("a", "b")
    waits = bench.queue.unsettled("b")
    assert waits is not None
    assert bench.queue.drain(0.05) == 2, "no worker was started"
    assert waits.done()
    assert [upload.id for upload in bench.records.pending()] == ["a", "b"]


def shared(first: Bench, **changes: int) -> Bench:
    """Another process on the same record."""
    return Bench(records=first.records, **changes)


def test_two_queues_on_one_record_score_each_photo_once() -> None:
    one, other = (bench := Bench(workers=2, capacity=40)), shared(bench, workers=2)
    ids = [f"{n}" for n in range(40)]
    with one.working(), other.working():
        one.put(*ids)
        wait_until(lambda: all(one.done(upload_id) for upload_id in ids))
    assert sorted(one.order + other.order) == sorted(ids)


def test_a_photo_that_others_left_gets_its_turn_however_many_come_here() -> None:
    bench = Bench(capacity=40)
    bench.accept("left")
    bench.put(*(f"{n}" for n in range(40)))
    with bench.working():
        wait_until(lambda: len(bench.order) == 41)
    assert bench.order.index("left") < 10
    own = [upload_id for upload_id in bench.order if upload_id != "left"]
    assert own == [f"{n}" for n in range(40)]


def test_without_workers_who_waits_hears_of_what_another_process_scored() -> None:
    front = Bench(workers=0, capacity=2)
    back = shared(front)
    front.queue.start()
    front.put("a", "b")
    waits = front.queue.unsettled("b")
    assert front.queue.waiting == 2
    with pytest.raises(Busy):
        front.put("c")
    with back.working():
        waits.result(10)
    assert front.done("b")
    wait_until(lambda: front.queue.waiting == 0)
    assert front.queue.accepting
    assert front.queue.drain(1) == 0


def test_a_photo_whose_worker_died_is_taken_over_when_its_lease_ends() -> None:
    bench = Bench()
    bench.accept("a")
    assert bench.records.lease("a worker that was killed", now=bench.clock(), until=later(15))
    bench.queue.watch(["a"])
    waits = bench.queue.unsettled("a")
    with bench.working():
        time.sleep(0.1)
        assert not bench.done("a"), "it is held"
        bench.clock.pass_(16)
        waits.result(10)
    assert bench.order == ["a"]


def test_a_photo_that_is_put_off_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visiqc.batch.queue.RETRY_PAUSE_S", 30)
    bench = Bench()

    def fail(_: str) -> None:
        raise Unavailable("no disk")

    bench.before = fail
    bench.put("a")
    waits = bench.queue.unsettled("a")
    bench.go.set()
    bench.queue.start()
    waits.result(10)
    wait_until(lambda: bench.records.lease("another", now=later(1), until=later(15)))
    bench.queue.abandon()
    bench.queue.drain(0)


def test_a_stopping_queue_leaves_the_record_to_others() -> None:
    bench = Bench()
    bench.accept("a")
    bench.go.set()
    bench.queue.close(5)
    bench.queue.start()
    assert bench.queue.drain(5) == 0
    assert not bench.done("a")
    assert bench.records.lease("another", now=bench.clock(), until=later(15))


def test_leases_are_renewed_while_the_work_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visiqc.batch.leases.RENEW_S", 0.01)
    bench = Bench()
    bench.put("a")
    bench.queue.start()
    wait_until(lambda: bench.queue.active)
    renewed = threading.Event()
    renew = bench.records.renew

    def seen(*args: object, **kwargs: object) -> None:
        renew(*args, **kwargs)
        renewed.set()

    bench.records.renew = seen  # type: ignore[method-assign]
    for _ in range(4):  # ten seconds at a time, three times over what the first lease would have held
        renewed.clear()
        assert renewed.wait(5)
        bench.clock.pass_(10)
    renewed.clear()
    assert renewed.wait(5)
    assert bench.records.lease("another", now=bench.clock(), until=later(60)) == ()
    bench.go.set()
    bench.queue.drain(5)
    assert bench.done("a")
