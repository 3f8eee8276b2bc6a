"""Scoring history again, as stories: plan, begin, prepare, look once more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import damage, enrolled, other_models, photo_of, scored, sent
from builders import a_calibration, members
from pictures import board
from visiqc.domain.model_set import Members, ModelRef
from visiqc.domain.rescore import RescoreRequest, RescoreResult, RescoreRun, RescoreTask, Selection
from visiqc.errors import InputError, NotFound, Unavailable
from visiqc.inspection import recalibrate
from visiqc.inspection.calibrate import Specimen, calibrate_golden
from visiqc.inspection.parts import Parts
from visiqc.inspection.rescore import begin_rescore, plan_rescore, prepare_goldens, score_again


@pytest.fixture
def parts(parts: Parts) -> Parts:
    """Parts with one product and one scored photo."""
    enrolled("ring", [sent("front.jpg", photo_of(board()))], parts)
    scored("ring", sent("one.jpg", photo_of(board(), 3.0, noise=1)), parts)
    return parts


def with_other_models(parts: Parts) -> tuple[RescoreRequest, Parts]:
    """Another set of models, and the request to score everything with it."""
    models, fleet = other_models()
    names = ("trunk", "identity", "defect", "mask")
    refs = {name: ModelRef(version="x", digest=digest) for name, digest in zip(names, models.digests, strict=True)}
    wanted = Members(**refs, fleet=ModelRef(version="x", digest=fleet.digest))
    return RescoreRequest(selection=Selection(), members=wanted), replace(parts, models=models, fleet=fleet)


def task_of(run: RescoreRun, parts: Parts) -> RescoreTask:
    ((task, _),) = parts.records.open_photos(run.id, after=0, limit=9)
    return task


def test_a_photo_is_looked_at_with_other_models_and_its_verdict_of_record_stays(parts: Parts) -> None:
    request, again = with_other_models(parts)
    run = begin_rescore(request, again).run
    assert prepare_goldens(run, again) == ({}, {})
    task = task_of(run, again)
    of_record = parts.records.verdict(task.upload_id)
    found = score_again(task, again)
    assert found.models == request.models != (of_record and of_record.models)
    assert parts.records.verdicts(task.upload_id) == (of_record,), "it is returned, not kept"


def test_after_a_calibration_the_same_models_score_a_photo_again_and_hold_it_against_that(parts: Parts) -> None:
    models, fleet = parts.models, parts.fleet
    names = ("trunk", "identity", "defect")
    refs = {name: ModelRef(version="x", digest=digest) for name, digest in zip(names, models.digests, strict=False)}
    same = Members(**refs, fleet=ModelRef(version="x", digest=fleet.digest))
    request = RescoreRequest(selection=Selection(), members=same)
    before = begin_rescore(request, parts).run
    assert parts.records.open_photos(before.id, after=0, limit=9)[0][1] is not None
    scores = tuple(0.01 * n for n in range(40))
    parts.records.add_calibration(a_calibration(id="own", sku="ring", scores=scores, fleet=fleet.digest))
    run = begin_rescore(request, parts, new=True).run
    assert plan_rescore(request, parts.records).known == 0
    ((task, known),) = parts.records.open_photos(run.id, after=0, limit=9)
    assert known is None
    found = score_again(task, parts)
    assert found.calibration_source == "own"
    of_record = parts.records.verdict(task.upload_id)
    assert of_record is not None
    assert found.models == of_record.models
    parts.records.add_rescore_results(run.id, [RescoreResult(position=1, verdict=found)])
    assert parts.records.verdicts(task.upload_id) == (of_record, found)


def test_a_golden_that_cannot_be_fitted_is_named_and_stops_nothing(parts: Parts, tmp_path: Path) -> None:
    request, again = with_other_models(parts)
    run = begin_rescore(request, again).run
    damage(tmp_path, parts.records.golden("ring", 1).photos[0].digest)
    assert "were stored" in prepare_goldens(run, again).unusable["ring", 1]


def test_an_accepted_piece_that_cannot_be_scored_is_told_and_the_others_count(parts: Parts, tmp_path: Path) -> None:
    pieces = [
        Specimen(name=name, photos=(sent("a.jpg", photo_of(board(), noise=n)),)) for n, name in ((2, "a"), (3, "b"))
    ]
    lost = calibrate_golden("ring", pieces, parts).calibration.specimens[0][0]
    request, again = with_other_models(parts)
    run = begin_rescore(request, again).run
    damage(tmp_path, lost)
    prepared = prepare_goldens(run, again)
    assert prepared.unusable == {}
    assert f"the piece of photo {lost[:8]} no longer counts" in prepared.fewer["ring", 1]
    followed = parts.records.calibration("ring", 1, again.fleet.digest)
    assert followed is not None
    assert len(followed.scores) == 1


def test_an_accepted_piece_that_cannot_be_scored_for_now_stops_the_run_until_it_can(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrate_golden("ring", [Specimen(name="a", photos=(sent("a.jpg", photo_of(board(), noise=2)),))], parts)
    request, again = with_other_models(parts)
    run = begin_rescore(request, again).run

    def no_memory(*_: object) -> float:
        raise Unavailable("not enough memory")

    with monkeypatch.context() as patch:
        patch.setattr(recalibrate, "specimen_score", no_memory)
        with pytest.raises(Unavailable, match="not enough memory"):
            prepare_goldens(run, again)
    assert prepare_goldens(run, again) == ({}, {})


def test_the_same_request_goes_on_and_another_begins(parts: Parts) -> None:
    request, again = with_other_models(parts)
    first = begin_rescore(request, again)
    assert not first.resumed
    assert begin_rescore(request, again).run == first.run
    assert begin_rescore(request, again, new=True).run != first.run
    assert not begin_rescore(replace(request, golden_version=1), again).resumed


def test_what_is_not_there_or_selects_nothing_is_refused_before_anything_is_written(parts: Parts) -> None:
    refused = {
        "no product 'shoe'": (NotFound, {"selection": Selection(sku="shoe")}),
        "no order 'PO-9'": (NotFound, {"selection": Selection(order="PO-9")}),
        "golden version 4 of ring": (NotFound, {"golden_version": 4}),
        "no photo with a verdict": (InputError, {"selection": Selection(since=parts.clock().replace(year=2999))}),
    }
    for said, (kind, asked) in refused.items():
        request = RescoreRequest(**{"selection": Selection(), "members": members()} | asked)
        for ask in (lambda r=request: plan_rescore(r, parts.records), lambda r=request: begin_rescore(r, parts)):
            with pytest.raises(kind, match=said):
                ask()
        assert parts.records.unfinished_rescore(request.fingerprint) is None
