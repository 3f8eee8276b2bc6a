"""Runs that score history again, in a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders import (
    MOMENT,
    SKU,
    a_calibration,
    a_calibration_report,
    a_golden,
    a_lot,
    a_rescore,
    a_rescore_request,
    a_review,
    a_unit_photo,
    a_verdict,
    an_order,
    an_upload,
    digest_of,
    later,
    members,
)
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreResult, Selection
from visiqc.domain.review import Decision
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, NotFound
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords

NEW = members().digests
"""What the re-score's verdicts are made with."""


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    """Records with a golden sample and two lots of one order."""
    records = SqlRecords(open_database(f"sqlite:///{tmp_path / 'visiqc.sqlite3'}"))
    records.add_golden(a_golden())
    records.approve_golden(SKU, 1, by="anna", at=later(1))
    records.add_order(an_order())
    for code in ("L1", "L2"):
        records.add_lot(a_lot(code=code))
    yield records
    records.close()


def photo(records: SqlRecords, name: str, outcome: Outcome | None, *, lot: str = "", **changes: Any) -> None:
    """An upload with a verdict of record, in a lot if one is named."""
    upload = an_upload(id=name, photo_name=f"{name}.jpg", photo_digest=digest_of(name), **changes)
    if lot:
        records.accept_unit_photos([upload], [a_unit_photo(upload_id=name, lot=lot)])
    else:
        records.accept([upload])
    if outcome is not None:
        records.add_verdict(a_verdict(id=name, outcome=outcome, calibration=a_calibration_report(p_value=0.5)))


def again(name: str, outcome: Outcome, p_value: float = 0.5, **changes: Any) -> Verdict:
    """A verdict under the new models."""
    report = a_calibration_report(p_value=p_value)
    return a_verdict(id=name, outcome=outcome, calibration=report, model_digests=NEW, **changes)


def answer(records: SqlRecords, name: str, *decisions: Decision) -> None:
    """What an inspector says of a photo, one review after the other."""
    for decision in decisions:
        earlier = records.reviews(name)
        review = f"{name} {len(earlier)}"
        newest = earlier[-1].id if earlier else ""
        records.add_review(a_review(id=review, upload_id=name, decision=decision, supersedes=newest))


def results(records: SqlRecords, run: str, found: dict[str, Any]) -> None:
    """Keep a verdict or an error of every open photo."""
    for task, _ in records.open_photos(run, after=0, limit=100):
        result = found[task.upload_id]
        kept = {"error": result} if isinstance(result, str) else {"verdict": result}
        records.add_rescore_results(run, [RescoreResult(position=task.position, **kept)])


def open_ids(records: SqlRecords, run: str = "run-1") -> list[str]:
    return [task.upload_id for task, _ in records.open_photos(run, after=0, limit=100)]


def test_a_plan_counts_photos_lots_and_what_is_known_and_writes_nothing(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS, lot="L1")
    photo(records, "b", Outcome.PASS, lot="L2")
    photo(records, "c", Outcome.PASS)
    photo(records, "waits", None)
    photo(records, "failed", None)
    records.fail("failed", "lost")
    records.add_verdict(again("a", Outcome.PASS))
    plan = records.rescore_plan(a_rescore_request())
    (golden,) = plan.goldens
    assert (golden.sku, golden.version, golden.exists, golden.approved) == (SKU, 1, True, True)
    assert (plan.photos, plan.known, plan.lots, plan.waiting, plan.failed) == (3, 1, 2, 1, 1)
    assert plan.seconds_each == pytest.approx(0.2392)
    assert plan.unfinished is None


def test_a_selection_is_kept_to(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS, lot="L1")
    photo(records, "b", Outcome.PASS, lot="L2", received_at=later(60))
    photo(records, "c", Outcome.PASS, received_at=later(120))
    wanted = {
        "1": (Selection(), ["a", "b", "c"]),
        "2": (Selection(order="PO-7"), ["a", "b"]),
        "3": (Selection(order="PO-7", lot="L2"), ["b"]),
        "4": (Selection(since=later(60)), ["b", "c"]),
        "5": (Selection(sku="other"), []),
    }
    for name, (selection, found) in wanted.items():
        run = records.begin_rescore(a_rescore(id=name, request=a_rescore_request(selection=selection)))
        assert (open_ids(records, name), run.photos) == (found, len(found))


def test_a_run_is_found_again_until_it_is_finished_and_only_the_latest(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS)
    first = records.begin_rescore(a_rescore(id="1"))
    key = first.request.fingerprint
    assert records.unfinished_rescore(key) == first
    assert records.unfinished_rescore(a_rescore_request(golden_version=1).fingerprint) is None
    second = records.begin_rescore(a_rescore(id="2"))
    assert records.unfinished_rescore(key) == second
    with pytest.raises(Conflict, match="1 photos of the run have no result"):
        records.end_rescore("2", at=later(9))
    results(records, "2", {"a": "gone"})
    assert records.end_rescore("2", at=later(9)) == records.end_rescore("2", at=later(99)) == later(9)
    assert records.unfinished_rescore(key) is None


def test_a_photo_accepted_after_the_plan_is_not_in_it(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS)
    records.begin_rescore(a_rescore())
    photo(records, "b", Outcome.PASS)
    assert open_ids(records) == ["a"]


def test_a_version_that_a_product_does_not_have_is_named(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS)
    request = a_rescore_request(golden_version=7)
    assert not records.rescore_plan(request).goldens[0].exists
    with pytest.raises(NotFound, match=f"{SKU} version 7"):
        records.begin_rescore(a_rescore(request=request))


def test_the_verdict_of_record_stays_and_the_first_result_stands(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS)
    records.begin_rescore(a_rescore())
    for outcome in (Outcome.REJECT, Outcome.REVIEW):
        records.add_rescore_results("run-1", [RescoreResult(position=1, verdict=again("a", outcome))])
    records.add_rescore_results("run-1", [RescoreResult(position=1, error="late")])
    assert [verdict.outcome for verdict in records.verdicts("a")] == [Outcome.PASS, Outcome.REJECT]
    (found,) = records.rescored_photos("run-1", after=0, limit=9)
    assert (found.before.outcome, found.now and found.now.outcome, found.error) == (Outcome.PASS, Outcome.REJECT, "")


def test_what_the_same_models_said_before_is_handed_out_with_the_photo(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS)
    photo(records, "b", Outcome.PASS)
    kept = records.add_verdict(again("b", Outcome.REVIEW))
    records.begin_rescore(a_rescore())
    assert [known for _, known in records.open_photos("run-1", after=0, limit=9)] == [None, kept]


def test_counts_tell_how_far_a_run_is(records: SqlRecords) -> None:
    for name in "abcd":
        photo(records, name, Outcome.PASS)
    records.begin_rescore(a_rescore())
    found = {1: again("a", Outcome.PASS), 2: again("b", Outcome.REJECT)}
    records.add_rescore_results("run-1", [RescoreResult(position=n, verdict=v) for n, v in found.items()])
    records.add_rescore_results("run-1", [RescoreResult(position=3, error="gone")])
    counts = records.rescore_counts("run-1")
    assert (counts.planned, counts.scored, counts.errors, counts.changed, counts.done) == (4, 2, 1, 1, 3)
    assert open_ids(records) == ["d"]
    with pytest.raises(NotFound, match="no re-score 'run-9'"):
        records.rescore_counts("run-9")


def test_changes_come_with_escapes_first_then_accepted_lots_then_what_moved_farthest(records: SqlRecords) -> None:
    photo(records, "clean-escape", Outcome.PASS, lot="L1")
    photo(records, "clean-doubt", Outcome.PASS, lot="L1")
    photo(records, "known-bad", Outcome.REJECT, lot="L2")
    photo(records, "escape", Outcome.PASS, lot="L2")
    photo(records, "near", Outcome.PASS)
    photo(records, "far", Outcome.PASS)
    photo(records, "same", Outcome.PASS)
    photo(records, "gone", Outcome.PASS)
    records.begin_rescore(a_rescore())
    found = {
        "clean-escape": again("clean-escape", Outcome.REJECT, 0.005),
        "clean-doubt": again("clean-doubt", Outcome.REVIEW, 0.04),
        "known-bad": again("known-bad", Outcome.PASS, 0.6),
        "escape": again("escape", Outcome.WRONG_SAMPLE, 0.001),
        "near": again("near", Outcome.REVIEW, 0.04),
        "far": again("far", Outcome.REVIEW, 0.02),
        "same": again("same", Outcome.PASS, 0.2),
        "gone": "no blob",
    }
    results(records, "run-1", found)
    changes = records.rescore_changes("run-1", skip=0, limit=99)
    order = ["clean-escape", "escape", "clean-doubt", "far", "near", "known-bad"]
    assert [each.task.upload_id for each in changes] == order
    assert [each.in_accepted_lot for each in changes[:3]] == [True, False, True]
    assert records.rescore_changes("run-1", skip=1, limit=2) == changes[1:3]
    assert changes[3].moved == pytest.approx(1.398, abs=0.001)


def test_tallies_count_by_lot_and_outcomes(records: SqlRecords) -> None:
    for name, lot in (("a", "L1"), ("b", "L1"), ("c", "")):
        photo(records, name, Outcome.PASS, lot=lot)
    records.begin_rescore(a_rescore())
    results(records, "run-1", {n: again(n, Outcome.REJECT) for n in "ab"} | {"c": "gone"})
    loose, lot = records.rescore_tallies("run-1")
    assert (loose.order, loose.accepted, loose.now, loose.photos) == (None, False, None, 1)
    assert (lot.lot, lot.accepted, lot.before, lot.now, lot.photos) == ("L1", True, Outcome.PASS, Outcome.REJECT, 2)
    assert lot.escaped
    assert lot.worse


def test_a_lot_with_an_open_photo_is_not_accepted(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS, lot="L1")
    photo(records, "b", None, lot="L1")
    records.begin_rescore(a_rescore(started_at=MOMENT))
    assert not records.rescored_photos("run-1", after=0, limit=1)[0].in_accepted_lot


ACCEPT, REJECT, RETAKE, UNDONE = Decision.ACCEPT, Decision.REJECT, Decision.RETAKE, Decision.UNDONE


@pytest.mark.parametrize(
    ("outcome", "decisions", "accepted"),
    [
        (Outcome.REJECT, (ACCEPT,), True),
        (Outcome.REVIEW, (RETAKE,), True),
        (Outcome.REVIEW, (ACCEPT, UNDONE), False),
        (Outcome.PASS, (REJECT,), False),
        (Outcome.RETAKE, (REJECT,), False),
        (Outcome.PASS, (REJECT, ACCEPT), True),
    ],
)
def test_a_lot_is_accepted_by_what_people_decided_and_by_verdicts_where_nobody_did(
    records: SqlRecords, outcome: Outcome, decisions: tuple[Decision, ...], accepted: bool
) -> None:
    photo(records, "a", outcome, lot="L1")
    photo(records, "b", Outcome.PASS, lot="L1")
    answer(records, "a", *decisions)
    records.begin_rescore(a_rescore())
    found = records.rescored_photos("run-1", after=0, limit=9)
    assert [each.in_accepted_lot for each in found] == [accepted] * 2


def test_what_contradicts_a_person_comes_first_and_what_a_person_knew_last(records: SqlRecords) -> None:
    was = {"escape": Outcome.PASS, "known": Outcome.PASS, "accepted": Outcome.REVIEW, "rejected": Outcome.REVIEW}
    now = {"escape": Outcome.REJECT, "known": Outcome.REJECT, "accepted": Outcome.REJECT, "rejected": Outcome.PASS}
    for name, outcome in was.items():
        photo(records, name, outcome)
    answer(records, "known", REJECT)
    answer(records, "accepted", ACCEPT)
    answer(records, "rejected", REJECT)
    answer(records, "escape", REJECT, UNDONE)
    records.begin_rescore(a_rescore())
    results(records, "run-1", {name: again(name, outcome) for name, outcome in now.items()})
    changes = records.rescore_changes("run-1", skip=0, limit=9)
    assert [each.task.upload_id for each in changes] == ["accepted", "rejected", "escape", "known"]
    assert [each.contradicts_inspector for each in changes] == [True, True, False, False]
    assert [each.review and each.review.decision for each in changes] == [ACCEPT, REJECT, None, REJECT]


def test_tallies_tell_what_inspectors_decided(records: SqlRecords) -> None:
    for name in "abc":
        photo(records, name, Outcome.PASS)
    answer(records, "a", ACCEPT)
    answer(records, "b", ACCEPT, UNDONE)
    records.begin_rescore(a_rescore())
    results(records, "run-1", {name: again(name, Outcome.REVIEW) for name in "abc"})
    counted = {ACCEPT: 0, None: 0}
    for tally in records.rescore_tallies("run-1"):
        counted[tally.decision] += tally.photos
    assert counted == {ACCEPT: 1, None: 2}


def own_calibration(records: SqlRecords, name: str, specimens: int) -> None:
    """A calibration of the golden sample under the new models; it speaks from 29 specimens on."""
    scores = tuple(0.5 + n / 100 for n in range(specimens))
    records.add_calibration(a_calibration(id=name, scores=scores, fleet=members().fleet.digest))


def known(records: SqlRecords, run: str = "run-1") -> list[bool]:
    """Whether each open photo needs no work; the plan counts the same."""
    found = [verdict is not None for _, verdict in records.open_photos(run, after=0, limit=99)]
    assert records.rescore_plan(a_rescore_request()).known == sum(found)
    return found


def test_a_photo_of_a_golden_that_was_calibrated_since_is_scored_again(records: SqlRecords) -> None:
    photo(records, "a", Outcome.PASS)
    records.add_verdict(again("a", Outcome.REVIEW))
    records.begin_rescore(a_rescore())
    assert known(records) == [True]
    own_calibration(records, "too few to speak", 28)
    assert known(records) == [True]
    own_calibration(records, "own", 29)
    assert known(records) == [False]
    report = a_calibration_report(source="own", p_value=0.6)
    found = a_verdict(id="a", outcome=Outcome.PASS, calibration=report, model_digests=NEW)
    records.add_rescore_results("run-1", [RescoreResult(position=1, verdict=found)])
    assert records.rescored_photos("run-1", after=0, limit=9)[0].now == found
    assert [verdict.outcome for verdict in records.verdicts("a")] == [Outcome.PASS, Outcome.REVIEW, Outcome.PASS]
    records.begin_rescore(a_rescore(id="run-2"))
    assert records.open_photos("run-2", after=0, limit=9)[0][1] == found


def test_a_calibration_under_other_models_or_a_photo_that_was_not_compared_changes_nothing(
    records: SqlRecords,
) -> None:
    photo(records, "compared", Outcome.PASS)
    photo(records, "poor", Outcome.PASS)
    records.add_verdict(again("compared", Outcome.REVIEW))
    records.add_verdict(a_verdict(id="poor", outcome=Outcome.RETAKE, calibration=None, model_digests=NEW))
    records.begin_rescore(a_rescore())
    records.add_calibration(a_calibration(id="old", scores=tuple(map(float, range(40))), fleet=digest_of("old")))
    assert known(records) == [True, True]
    own_calibration(records, "own", 30)
    assert known(records) == [False, True]
