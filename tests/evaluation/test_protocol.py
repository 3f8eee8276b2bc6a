"""A whole run, on drawn photos and a scorer that can be predicted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from visiqc.domain.outcome import Outcome
from visiqc.errors import BadRecipe, InputError
from visiqc.evaluation.datasets import read_folder
from visiqc.evaluation.protocol import choose_goldens, run_protocol
from visiqc.evaluation.results import ALL

run = partial(run_protocol, k=2, seeds=(0, 1), resamples=200)


def test_a_good_scorer_finds_everything(dataset_folder: Path, scorer_type) -> None:
    result = run(read_folder(dataset_folder), scorer_type)
    assert result.kinds == (ALL, "dent", "scratch")
    for metric in ("image_auroc", "tpr", "pixel_auroc", "au_pro_30", "f1_max"):
        assert result.figure(metric).mean == pytest.approx(1.0, abs=0.01)
    assert result.figure("fpr").mean == 0.0
    assert result.figure("reject_tpr", "dent").mean == 1.0
    assert result.figure("reject_tpr", "scratch").mean == 0.0
    assert result.figure("pixel_auroc", "scratch") is None


def test_goldens_and_calibration_share_the_training_photos_without_overlap(dataset_folder: Path) -> None:
    train = read_folder(dataset_folder).train
    for k in (1, 4, 8):
        goldens, calibration = choose_goldens(train, k, seed=3)
        assert len(goldens) == k
        assert sorted(goldens + calibration) == sorted(train)
    assert choose_goldens(train, 1, 3)[0] == choose_goldens(train, 4, 3)[0][:1]
    assert choose_goldens(train, 4, 3) == choose_goldens(train, 4, 3)
    assert choose_goldens(train, 4, 3) != choose_goldens(train, 4, 4)


def test_test_photos_never_reach_the_enrolment(dataset_folder: Path, scorer_type) -> None:
    seen = []

    def make(goldens, calibration):
        seen.extend([*goldens, *calibration])
        return scorer_type(goldens, calibration)

    run(read_folder(dataset_folder), make)
    assert {path.parent.parent.name for path in seen} == {"train"}


def test_photos_that_were_not_compared_count_as_flagged_and_are_counted_apart(
    dataset_folder: Path, scorer_type
) -> None:
    answers = {"good/001.png": Outcome.RETAKE, "good/002.png": Outcome.WRONG_SAMPLE, "dent/000.png": Outcome.RETAKE}
    result = run(read_folder(dataset_folder), partial(scorer_type, answers=answers))
    assert result.figure("fpr").mean == pytest.approx(2 / 5)
    assert result.figure("tpr").mean == 1.0
    assert result.figure("image_auroc").mean < 0.85
    assert result.missed(Outcome.RETAKE, defective=False) == 2  # one a seed
    assert result.missed(Outcome.WRONG_SAMPLE, defective=False) == 2
    assert result.missed(Outcome.RETAKE, defective=True) == 2


def test_a_defect_that_was_not_compared_is_not_located(dataset_folder: Path, scorer_type) -> None:
    retake = partial(scorer_type, answers={"dent/000.png": Outcome.RETAKE})
    blind = run(read_folder(dataset_folder), retake).figure("au_pro_30")
    assert blind.mean == pytest.approx(0.75, abs=0.01)  # one region of four is never reached


def test_a_photo_that_fails_is_listed_and_the_run_goes_on(dataset_folder: Path, scorer_type) -> None:
    result = run(read_folder(dataset_folder), partial(scorer_type, broken=frozenset({"dent/001.png"})))
    assert [photo.name for photo in result.failures] == ["test/dent/001.png"] * 2
    assert "UnreadablePhoto: dent/001.png is not a picture" in str(result.failures[0].failure)
    assert result.seeds[0].metrics["dent"].defective == 3


def test_goldens_that_cannot_be_enrolled_fail_their_seed_only(dataset_folder: Path, scorer_type) -> None:
    def make(goldens, calibration):
        if goldens == choose_goldens(read_folder(dataset_folder).train, 2, 1)[0]:
            raise InputError("003.png is blurred")
        return scorer_type(goldens, calibration)

    result = run(read_folder(dataset_folder), make)
    assert [seed.seed for seed in result.seeds] == [0]
    assert result.failed_seeds == {1: "InputError: 003.png is blurred"}


def test_a_run_without_any_measured_seed_is_refused(dataset_folder: Path) -> None:
    def make(goldens, calibration):
        raise BadRecipe("no such trunk")

    with pytest.raises(InputError, match="no such trunk"):
        run(read_folder(dataset_folder), make)


def test_our_own_mistakes_stop_the_run(dataset_folder: Path) -> None:
    with pytest.raises(AttributeError):
        run(read_folder(dataset_folder), lambda goldens, calibration: object())


@pytest.mark.parametrize("wrong", [{"k": 0}, {"k": 9}, {"seeds": ()}, {"seeds": (1, 1)}, {"map_long_side": 8}])
def test_arguments_out_of_range_are_refused(dataset_folder: Path, scorer_type, wrong: dict) -> None:
    with pytest.raises(InputError):
        run_protocol(read_folder(dataset_folder), scorer_type, **{"k": 1, **wrong})


def test_progress_is_told_after_every_photo(dataset_folder: Path, scorer_type) -> None:
    told: list[tuple[int, int, str]] = []
    run(read_folder(dataset_folder), scorer_type, progress=lambda *step: told.append(step))
    assert [done for done, _, _ in told] == list(range(1, 25))
    assert {total for _, total, _ in told} == {24}


def test_the_worst_seed_and_the_interval_surround_the_mean(dataset_folder: Path, scorer_type) -> None:
    dataset = read_folder(dataset_folder)
    flaw = {"good/001.png": Outcome.REVIEW}

    def make(goldens, calibration):
        first = goldens == choose_goldens(dataset.train, 2, 0)[0]
        return scorer_type(goldens, calibration, answers=flaw if first else {})

    figure = run(dataset, make).figure("fpr")
    assert figure.seeds == (pytest.approx(0.2), 0.0)
    assert (figure.mean, figure.worst) == (pytest.approx(0.1), pytest.approx(0.2))
    assert figure.interval.low < 0.1 < figure.interval.high


def test_an_empty_mask_is_noted_and_kept_out_of_pixel_metrics(dataset_folder: Path, scorer_type, draw_photo) -> None:
    draw_photo(dataset_folder / "ground_truth/dent/000_mask.png", np.zeros((48, 64), np.uint8))
    result = run(read_folder(dataset_folder), scorer_type)
    assert "test/dent/000.png: its mask marks nothing, judged at image level only" in result.notes
    assert result.figure("au_pro_30").mean == pytest.approx(1.0, abs=0.01)


def test_without_masks_there_are_no_pixel_metrics(dataset_folder: Path, scorer_type) -> None:
    for path in (dataset_folder / "ground_truth/dent").iterdir():
        path.unlink()
    assert run(read_folder(dataset_folder), scorer_type).figure("pixel_auroc") is None


def test_a_warp_from_a_turned_photo_fails_where_there_is_truth_to_misplace(dataset_folder: Path, scorer_type) -> None:
    class Turned(scorer_type):
        def score(self, photo_path: Path):
            return replace(super().score(photo_path), upload_size=(64, 48))

    result = run(read_folder(dataset_folder), Turned)
    assert {photo.kind for photo in result.failures} == {"dent"}
    assert "starts from 64×48, the ground truth is 48×64" in str(result.failures[0].failure)


def test_a_nan_score_fails_its_photo(dataset_folder: Path, scorer_type) -> None:
    class Silent(scorer_type):
        def score(self, photo_path: Path):
            scored = super().score(photo_path)
            return replace(scored, score=float("nan")) if photo_path.parent.name == "scratch" else scored

    result = run(read_folder(dataset_folder), Silent)
    assert len(result.failures) == 6
    assert result.kinds == (ALL, "dent")
