from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench import accepted, blob_file, damage, enrolled, jpeg, photo_of, scored, scratched, sent, stored_blobs
from builders import FixedClock, a_verdict, digest_of, later
from memory import MemoryBlobs
from pictures import Product, board, plate, ring
from visiqc.domain.outcome import Outcome
from visiqc.domain.ranking import Ranking
from visiqc.domain.reasons import ReasonCode
from visiqc.domain.verdict import Verdict
from visiqc.errors import IntegrityError, NotFound, UnreadablePhoto
from visiqc.inspection import inspect
from visiqc.inspection.bank_store import BankStore
from visiqc.inspection.compare import Comparison
from visiqc.inspection.inspect import judge, ranking_for, score_bytes, score_upload
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.inspection.reading import RecentCopies

NEW = sent("new.jpg", photo_of(board(), 3, noise=9))
PLATE = plate()


@pytest.fixture(scope="module")
def good(shop: Parts) -> Verdict:
    """A good board in another pose and light."""
    return scored("board", sent("good.jpg", photo_of(board(), 20, 0.9, 0.05, noise=7, gain=1.05)), shop)


@pytest.fixture(scope="module")
def bad(shop: Parts) -> Verdict:
    """The board with a scratch."""
    return scored("board", sent("bad.jpg", photo_of(scratched(board()), 3, noise=6)), shop)


def test_a_good_piece_in_another_pose_passes(good: Verdict) -> None:
    assert (good.outcome, good.reasons, good.regions) == (Outcome.PASS, (), ())


def test_a_scratched_piece_is_flagged_where_the_scratch_is(bad: Verdict) -> None:
    assert bad.outcome in {Outcome.REVIEW, Outcome.REJECT}
    assert bad.reasons[0].code in {ReasonCode.DIFFERS_FROM_GOLDEN, ReasonCode.DEFECT}
    assert bad.calibration
    assert bad.calibration.p_value <= bad.calibration.alpha_review
    assert bad.regions[0].peak == bad.calibration.score


@pytest.mark.parametrize("name", ["good", "bad"])
def test_a_verdict_names_all_it_rests_on(shop: Parts, name: str, request: pytest.FixtureRequest) -> None:
    verdict: Verdict = request.getfixturevalue(name)
    assert (verdict.sku, verdict.golden_version, verdict.golden_view) == ("board", 1, "view-1")
    assert verdict.model_digests == (*shop.models.digests, shop.fleet.digest)
    report = verdict.calibration
    assert report
    assert (report.stage, report.provisional, report.source) == (0, True, shop.fleet.digest)
    assert (report.n, report.alpha_review, report.alpha_reject) == (len(shop.fleet.scores), 0.05, 0.01)
    assert 0 < report.p_value <= 1
    assert (report.score >= report.review_threshold) == (report.p_value <= report.alpha_review)
    assert verdict.alignment
    assert verdict.identity
    assert verdict.quality
    assert {"decode", "mask", "quality", "identify", "align", "trunk", "match", "decide"} <= set(verdict.timings_ms)
    assert verdict.software.startswith("visiqc ")


def test_a_verdict_is_kept_and_asking_again_gives_the_same_one(shop: Parts, good: Verdict) -> None:
    assert shop.records.verdict(good.id) == good
    assert score_upload(good.id, replace(shop, clock=FixedClock(later(99)))) == good


def test_a_verdict_of_record_by_other_models_is_the_answer_and_no_second_one_is_made(shop: Parts) -> None:
    upload = accepted("board", sent("earlier.jpg", photo_of(board(), 4, noise=40)), shop)
    earlier = shop.records.add_verdict(
        a_verdict(id=upload.id, sku="board", model_digests=(digest_of("earlier models"),))
    )
    assert score_upload(upload.id, shop) == earlier
    assert shop.records.verdicts(upload.id) == (earlier,)


@pytest.mark.parametrize(("sku", "other"), [("board", board(seed=1)), ("plate", board())])
def test_another_product_is_looked_at_and_neither_passed_nor_called_defective(
    shop: Parts, sku: str, other: Product
) -> None:
    verdict = scored(sku, sent("other.jpg", photo_of(other, noise=4)), shop)
    assert verdict.outcome in {Outcome.WRONG_SAMPLE, Outcome.REVIEW}
    assert verdict.reasons[0].advice


def test_an_object_of_another_kind_is_a_wrong_sample_and_not_a_defect(parts: Parts) -> None:
    enrolled("ring", [sent("ring.jpg", photo_of(ring()))], parts)
    verdict = scored("ring", sent("board.jpg", photo_of(board(), noise=2)), parts)
    assert (verdict.outcome, verdict.reasons[0].code) == (Outcome.WRONG_SAMPLE, ReasonCode.WRONG_SAMPLE)
    assert verdict.identity
    assert verdict.identity.similarity < verdict.identity.threshold
    assert (verdict.calibration, verdict.score_map_digest) == (None, None)


def test_a_blurred_photo_is_a_retake_with_code_value_and_limit(shop: Parts) -> None:
    blurred = np.asarray(cv2.GaussianBlur(photo_of(board(), noise=3), (0, 0), 5), np.uint8)
    verdict = scored("board", sent("blurred.jpg", blurred), shop)
    assert verdict.outcome is Outcome.RETAKE
    reason = verdict.reasons[0]
    assert reason.code is ReasonCode.BLURRED
    assert reason.value is not None
    assert reason.limit is not None
    assert reason.value > reason.limit
    assert reason.advice
    assert (verdict.calibration, verdict.score_map_digest, verdict.regions) == (None, None, ())
    assert verdict.model_digests == (*shop.models.digests, shop.fleet.digest)


@pytest.mark.parametrize("cut", [0.01, 0.05, 0.12])
@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_piece_cut_by_the_edge_of_the_photo_is_asked_for_again(shop: Parts, side: str, cut: float) -> None:
    ys, xs = np.nonzero(PLATE.cover > 0.5)
    width, height = np.ptp(xs) + 1, np.ptp(ys) + 1
    right, down = {
        "left": (-(xs.min() + cut * width), 0),
        "right": (512 - xs.max() - 1 + cut * width, 0),
        "top": (0, -(ys.min() + cut * height)),
        "bottom": (0, 384 - ys.max() - 1 + cut * height),
    }[side]
    verdict = scored("plate", sent("cut.jpg", photo_of(PLATE, 0, 1, right / 512, down / 384, noise=5)), shop)
    assert (verdict.outcome, verdict.reasons[0].code) == (Outcome.RETAKE, ReasonCode.PRODUCT_CUT)


def test_the_golden_file_itself_is_a_retake_and_nothing_is_compared(shop: Parts) -> None:
    golden = shop.records.current_golden("board").photos[0]
    upload = accepted("board", SentPhoto(name="sly.jpg", content=shop.blobs.get(golden.digest)), shop)
    verdict = score_upload(upload.id, replace(shop, banks=BankStore(MemoryBlobs())))  # no features to compare with
    assert (verdict.outcome, verdict.reasons[0].code) == (Outcome.RETAKE, ReasonCode.DUPLICATE_PHOTO)
    assert verdict.alignment is None
    assert verdict.reasons[0].advice == "Photograph the piece that was made and send that photo."


def next_version(parts: Parts, photo: SentPhoto, *, seconds_later: float = 0) -> None:
    """Approve another golden version of the board, which has `photo`."""
    draft = replace(parts.records.current_golden("board"), approved_at=None, made_at=later(seconds_later))
    kept = replace(draft.photos[0], digest=parts.blobs.put(photo.content))
    version = parts.records.add_golden(replace(draft, photos=(kept,))).version
    parts.records.approve_golden("board", version, by="anna", at=later(seconds_later))


def test_a_photo_of_an_earlier_golden_version_is_no_new_piece_either(own_shop: Parts) -> None:
    earlier = own_shop.records.current_golden("board").photos[0]
    next_version(own_shop, NEW)
    verdict = scored("board", SentPhoto(name="old.jpg", content=own_shop.blobs.get(earlier.digest)), own_shop)
    assert (verdict.golden_version, verdict.reasons[0].code) == (2, ReasonCode.DUPLICATE_PHOTO)


def test_a_photo_sent_before_it_became_a_golden_is_judged_as_the_piece_it_shows(own_shop: Parts) -> None:
    upload = accepted("board", NEW, own_shop)
    next_version(own_shop, NEW, seconds_later=60)
    assert score_upload(upload.id, own_shop).outcome is Outcome.PASS


def test_a_whole_batch_is_scored_in_one_call(shop: Parts) -> None:
    photos = [(f"{n}.jpg", jpeg(photo_of(board(), n, noise=20 + n))) for n in range(2)]
    verdicts = score_bytes("board", photos, shop)
    assert [verdict.photo_name for verdict in verdicts] == ["0.jpg", "1.jpg"]
    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}


def test_two_workers_that_score_one_upload_agree(shop: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = accepted("board", sent("raced.jpg", photo_of(board(), 4, noise=30)), shop)
    both_compare, compare = threading.Barrier(2, timeout=60), inspect.compare

    def together(*arguments: object) -> Comparison:
        both_compare.wait()
        return compare(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(inspect, "compare", together)
    with ThreadPoolExecutor(2) as workers:
        found = list(workers.map(score_upload, [upload.id] * 2, [shop] * 2))
    assert found == [shop.records.verdict(upload.id)] * 2


def test_what_waited_decoded_and_what_is_read_again_score_alike(shop: Parts) -> None:
    photo = sent("again.jpg", photo_of(board(), 6, noise=31))
    first = scored("board", photo, shop)
    upload = accepted("board", photo, shop)
    assert shop.recent.take(upload.id)
    second = score_upload(upload.id, shop)
    assert (second.calibration, second.score_map_digest, second.alignment) == (
        first.calibration,
        first.score_map_digest,
        first.alignment,
    )


@pytest.mark.parametrize(("damaged", "error"), [("photo", UnreadablePhoto), ("features", IntegrityError)])
def test_damaged_bytes_are_said_to_be_the_photo_s_own_or_the_golden_s_and_nothing_is_written(
    own_shop: Parts, tmp_path: Path, damaged: str, error: type[Exception]
) -> None:
    upload = accepted("board", NEW, own_shop)
    before = stored_blobs(tmp_path)
    damage(
        tmp_path, upload.photo_digest if damaged == "photo" else own_shop.records.current_golden("board").bank_digest
    )
    with pytest.raises(error, match="restore it from a backup"):
        score_upload(upload.id, replace(own_shop, recent=RecentCopies()))
    assert own_shop.records.verdict(upload.id) is None
    assert stored_blobs(tmp_path) == before


def test_features_that_are_gone_are_said_to_be(own_shop: Parts, tmp_path: Path) -> None:
    upload, golden = accepted("board", NEW, own_shop), own_shop.records.current_golden("board")
    blob_file(tmp_path, golden.bank_digest).unlink()
    with pytest.raises(NotFound, match=golden.bank_digest):
        score_upload(upload.id, own_shop)
    assert own_shop.records.verdict(upload.id) is None


def test_an_unknown_upload_is_not_found(shop: Parts) -> None:
    with pytest.raises(NotFound):
        score_upload("no such upload", shop)


def test_a_piece_that_scores_just_what_was_calibrated_has_no_region(shop: Parts, good: Verdict) -> None:
    golden = shop.records.current_golden("board")
    view = shop.banks.get(golden.bank_digest).views[0]
    score = float(np.float32(0.7123))
    scores = np.full(view.judged.shape, 0.1, np.float32)
    scores[3, 4] = score
    ranking = Ranking(None, fleet=(score,) * 40, fleet_source="fleet", policy=golden.policy)
    judgement = judge(Comparison(view=view, identity=good.identity, scores=scores, score=score), ranking, golden.policy)
    assert (judgement.outcome, judgement.regions) == (Outcome.PASS, ())


def test_the_ranking_is_the_golden_versions_own(shop: Parts) -> None:
    golden = shop.records.current_golden("board")
    assert ranking_for(golden, shop).review_threshold == pytest.approx(np.quantile(shop.fleet.scores, 0.95), rel=0.05)
