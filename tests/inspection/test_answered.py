"""The veto of answered photos; what two sets say is written beforehand where their words are not the claim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import damage, enrolled, other_models, parts_in, photo_of, scored, scratched, sent
from builders import a_calibration
from pictures import board
from visiqc.domain.outcome import Outcome
from visiqc.domain.review import Decision
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, Unavailable
from visiqc.inspection import recalibrate as at_work
from visiqc.inspection.answered import WithAnswers, compare_on_answers, newest_answers
from visiqc.inspection.calibrate import Specimen, calibrate_golden
from visiqc.inspection.parts import Parts
from visiqc.inspection.promotion import gate
from visiqc.inspection.reviewing import Author, review_photo

ANA = Author(id="user-1", name="Ana (inspector)")


class NoDifference:
    """A comparison on rendered photos that found none."""

    worse = False

    def as_json(self) -> dict[str, object]:
        return {"verdict": "no different", "worse": False}


@pytest.fixture
def champion(tmp_path: Path) -> Parts:
    parts = parts_in(tmp_path)
    enrolled("board", [sent("front.jpg", photo_of(board()))], parts)
    return parts


@pytest.fixture
def challenger(champion: Parts) -> Parts:
    models, fleet = other_models()
    return replace(champion, models=models, fleet=fleet)


def answered(parts: Parts, number: int, decision: Decision) -> Verdict:
    """A scratched board that these models flag and an inspector answered."""
    verdict = scored("board", sent(f"{number}.jpg", photo_of(scratched(board()), 2.0, noise=number)), parts)
    assert verdict.outcome is not Outcome.PASS
    review_photo(verdict.id, decision, parts, author=ANA)
    return verdict


def says(outcome: Outcome, about: Verdict, parts: Parts) -> None:
    """Write down beforehand what a set of models says about a photo of a product without a calibration."""
    digests = (*parts.models.digests, parts.fleet.digest)
    reasons = () if outcome is Outcome.PASS else about.reasons
    held = replace(about.calibration, source=parts.fleet.digest)
    parts.records.add_verdict(replace(about, outcome=outcome, reasons=reasons, model_digests=digests, calibration=held))


def calibrated(score: float, name: str, *sides: Parts) -> None:
    """Give the board 59 accepted pieces of one score under the models of each side."""
    for parts in sides:
        own = a_calibration(id=f"{name} {parts.fleet.digest}", sku="board", scores=(score,) * 59)
        parts.records.add_calibration(replace(own, fleet=parts.fleet.digest))


def test_passing_what_an_inspector_rejected_is_worse_and_the_photo_is_named(champion: Parts, challenger: Parts) -> None:
    says(Outcome.PASS, answered(champion, 1, Decision.REJECT), challenger)
    found = compare_on_answers(champion, challenger)
    assert found.worse
    assert found.flagged(rejected=True) == (1, 1, 0)
    assert "it passes 1.jpg" in found.text()
    whole = WithAnswers(measured=NoDifference(), answered=found)
    assert whole.as_json()["worse"] is True
    assert whole.as_json()["verdict"] == "no different"
    with pytest.raises(Conflict, match="worse than what is in force"):
        gate(whole, override="")
    assert gate(whole, override="knows the new alloy")


def test_flagging_as_many_others_is_not_worse_and_false_alarms_do_not_decide(
    champion: Parts, challenger: Parts
) -> None:
    says(Outcome.REVIEW, answered(champion, 1, Decision.REJECT), challenger)
    good = answered(champion, 2, Decision.ACCEPT)
    says(Outcome.REJECT, good, challenger)
    found = compare_on_answers(champion, challenger)
    assert not found.worse
    assert found.flagged(rejected=False) == (1, 1, 1)
    assert not gate(WithAnswers(measured=NoDifference(), answered=found), override="")


def test_photos_are_scored_once_and_verdicts_of_record_stay(
    champion: Parts, challenger: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_record = answered(champion, 1, Decision.REJECT)
    found = compare_on_answers(champion, challenger)
    kept = champion.records.verdicts(of_record.id)
    assert kept[0] == of_record
    assert kept[1].model_digests == (*challenger.models.digests, challenger.fleet.digest)
    assert (found.photos[0].champion, found.photos[0].challenger) == (True, kept[1].outcome is not Outcome.PASS)
    monkeypatch.setattr("visiqc.inspection.answered.verdict_of", None)
    assert compare_on_answers(champion, challenger) == found, "stopped and run again, it goes on where it was"


def test_a_photo_that_cannot_be_scored_is_counted_and_stops_nothing(
    champion: Parts, challenger: Parts, tmp_path: Path
) -> None:
    damage(tmp_path, answered(champion, 1, Decision.REJECT).photo_digest)
    says(Outcome.REVIEW, answered(champion, 2, Decision.REJECT), challenger)
    found = compare_on_answers(champion, challenger)
    assert (len(found.photos), found.failed, found.unusable, found.worse) == (1, (), 1, False)
    assert "1 could not be scored" in found.text()


def test_both_sides_say_what_they_say_today_and_not_what_they_said_under_an_earlier_calibration(
    champion: Parts, challenger: Parts
) -> None:
    calibrated(-1.0, "strict", champion)
    strict = scored("board", sent("1.jpg", photo_of(board(), 2.0, noise=1)), champion)
    review_photo(strict.id, Decision.REJECT, champion, author=ANA)
    calibrated(1e6, "lenient", champion, challenger)
    found = compare_on_answers(champion, challenger)
    assert strict.outcome is not Outcome.PASS
    assert found.flagged(rejected=True) == (1, 0, 0)
    sources = [verdict.calibration_source.split()[0] for verdict in champion.records.verdicts(strict.id)]
    assert sources == ["strict", "lenient", "lenient"]


def test_sides_are_not_compared_while_an_accepted_piece_cannot_be_scored_for_now(
    champion: Parts, challenger: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(champion, 1, Decision.REJECT)
    pieces = [Specimen(name=f"{n}", photos=(sent(f"{n}.jpg", photo_of(board(), 2.0, noise=n)),)) for n in (2, 3)]
    calibrate_golden("board", pieces, champion)
    scores = iter([Unavailable("out of memory; try again"), 0.5, 0.6])

    def once_out_of_memory(*_: object) -> float:
        if isinstance(score := next(scores), Unavailable):
            raise score
        return score

    monkeypatch.setattr(at_work, "specimen_score", once_out_of_memory)
    with pytest.raises(Unavailable, match=r"^out of memory; try again$"):
        compare_on_answers(champion, challenger)
    assert len(compare_on_answers(champion, challenger).photos) == 1
    own = champion.records.calibration("board", 1, challenger.fleet.digest)
    assert own is not None
    assert own.scores == (0.5, 0.6)


def test_a_challenger_that_cannot_use_a_golden_is_worse_and_the_photo_is_named(
    champion: Parts, challenger: Parts, tmp_path: Path
) -> None:
    upload = answered(champion, 1, Decision.ACCEPT)
    damage(tmp_path, champion.records.current_golden("board").photos[0].digest)
    found = compare_on_answers(champion, challenger)
    assert (found.worse, found.unusable, [photo.upload_id for photo in found.failed]) == (True, 0, [upload.id])
    assert f"cannot score 1 that the models in force can: it is worse\n    1.jpg ({upload.id}): " in found.text()
    assert found.as_json()["failed"] == [upload.id]


def test_a_golden_version_that_was_superseded_tells_nothing_against_a_challenger(
    champion: Parts, challenger: Parts, tmp_path: Path
) -> None:
    answered(champion, 1, Decision.ACCEPT)
    damage(tmp_path, champion.records.current_golden("board").photos[0].digest)
    enrolled("board", [sent("again.jpg", photo_of(board(), noise=7))], champion)
    found = compare_on_answers(champion, challenger)
    assert (found.worse, found.failed, found.unusable) == (False, (), 1)


def test_only_standing_answers_that_accept_or_reject_count_the_newest_of_each(champion: Parts) -> None:
    first, second, _retaken, undone = (
        answered(champion, n, decision)
        for n, decision in enumerate([Decision.REJECT, Decision.REJECT, Decision.RETAKE, Decision.ACCEPT])
    )
    (said,) = champion.records.reviews(undone.id)
    review_photo(undone.id, Decision.UNDONE, champion, author=ANA, supersedes=said.id)
    assert [review.upload_id for review in newest_answers(champion.records, 100)] == [first.id, second.id]
    assert [review.upload_id for review in newest_answers(champion.records, 1)] == [second.id]


def test_without_answers_it_says_so(champion: Parts, challenger: Parts) -> None:
    found = compare_on_answers(champion, challenger)
    assert not found.worse
    assert found.text() == "No inspector has accepted or rejected a photo yet: nothing of your own was compared.\n"
