"""The shipped way of one photo on an MVTec-style folder of drawn boards, scratched ones among them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench import POLICY, SCRATCH, jpeg, photo_of, pose, real_fleet, real_models, scratched
from commands import run_command
from pictures import SIZE, board, plate
from visiqc.domain.outcome import Outcome
from visiqc.errors import InputError, UnreadablePhoto
from visiqc.evaluation.datasets import read_folder
from visiqc.evaluation.golden_scorer import golden_scorers
from visiqc.evaluation.protocol import ScoredPhoto, Scorer, run_protocol
from visiqc.evaluation.results import ALL
from visiqc.vision.types import Photo


def draw(path: Path, photo: Photo) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(photo))
    return path


def mask(*where: float) -> np.ndarray:
    """255 where the scratch is in a photo taken in the pose `where`."""
    ends = np.array([[[x * SIZE[1], y * SIZE[0]] for x, y in SCRATCH]], np.float64)
    start, end = np.round(cv2.perspectiveTransform(ends, pose(*where))[0]).astype(int)
    return np.asarray(cv2.line(np.zeros(SIZE, np.uint8), start.tolist(), end.tolist(), 255, 7))


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "boards"
    for n in range(3):
        draw(root / f"train/good/{n}.jpg", photo_of(board(), n, noise=n))
        draw(root / f"test/good/{n}.jpg", photo_of(board(), -3.0 * n, noise=10 + n))
        draw(root / f"test/scratch/{n}.jpg", photo_of(scratched(board()), 4.0 * n, noise=20 + n))
        truth = root / f"ground_truth/scratch/{n}_mask.png"
        truth.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(truth), mask(4.0 * n))
    return root


@pytest.fixture(scope="module")
def scorer(boards: Path) -> Scorer:
    return golden_scorers(real_models(), real_fleet(), POLICY)([boards / "train/good/0.jpg"], [])


def test_scratched_boards_are_told_from_good_ones_and_the_scratch_is_found(boards: Path) -> None:
    make = golden_scorers(real_models(), real_fleet(), POLICY)
    result = run_protocol(read_folder(boards), make, k=1, seeds=[0], resamples=100)
    (seed,) = result.seeds
    assert [photo.failure for photo in seed.photos] == [None] * 6
    assert seed.metrics[ALL].image_auroc == 1.0
    assert (seed.metrics[ALL].pixel_auroc or 0.0) > 0.95
    assert {photo.outcome for photo in seed.photos if not photo.defective} == {Outcome.PASS}


def test_what_was_compared_is_told_whole(scorer: Scorer, boards: Path) -> None:
    found: ScoredPhoto = scorer.score(boards / "test/scratch/1.jpg")
    assert found.outcome in {Outcome.REVIEW, Outcome.REJECT}
    assert found.score_map is not None
    assert found.score == np.nanmax(found.score_map)
    assert found.p_value is not None
    assert found.upload_size == SIZE
    assert found.regions[0].peak == found.score
    assert found.seconds > 0


def test_what_was_not_compared_has_no_map_and_the_frame_of_the_upload(scorer: Scorer, tmp_path: Path) -> None:
    found = scorer.score(draw(tmp_path / "white.jpg", np.full((300, 400, 3), 255, np.uint8)))
    assert found.outcome is Outcome.RETAKE
    assert (found.score_map, found.p_value, found.regions) == (None, None, ())
    assert found.golden_size == found.upload_size == (300, 400)


def test_photos_that_cannot_be_read_or_enrolled_are_refused(scorer: Scorer, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("not a picture")
    with pytest.raises(UnreadablePhoto):
        scorer.score(tmp_path / "notes.jpg")
    make = golden_scorers(real_models(), real_fleet(), POLICY)
    with pytest.raises(InputError, match=r"notes\.jpg: "):
        make([tmp_path / "notes.jpg"], [])


def test_calibrating_photos_that_cannot_be_compared_are_passed_over(boards: Path, tmp_path: Path) -> None:
    white = draw(tmp_path / "white.jpg", np.full((300, 400, 3), 255, np.uint8))
    other = draw(tmp_path / "plate.jpg", photo_of(plate()))
    make = golden_scorers(real_models(), real_fleet(), POLICY)
    scorer = make([boards / "train/good/0.jpg"], [white, other, boards / "train/good/1.jpg"])
    assert scorer.score(boards / "test/good/0.jpg").outcome is Outcome.PASS  # the fleet speaks: too few of its own


def test_a_broken_good_photo_is_left_out_and_named_and_the_others_are_measured(
    boards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path))
    folder = Path(shutil.copytree(boards, tmp_path / "boards"))
    broken = folder / "train/good/1.jpg"
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    options = ("--k", "2", "--seeds", "2", "--long-side", "256", "--json")
    ran = run_command(monkeypatch, capsys, "evaluate", folder, *options)
    assert ran.code == 0
    (document,) = json.loads(ran.out)
    assert [sorted(seed["goldens"]) for seed in document["seeds"]] == [["0.jpg", "2.jpg"]] * 2
    assert document["failed_seeds"] == {}
    assert [note for note in document["notes"] if "train/good/1.jpg is left out: the JPEG photo is cut off" in note]


def test_what_one_run_measured_is_printed_though_the_next_cannot_write_its_files(
    boards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "2-goldens").write_text("a file stands where the folder should be")
    options = ("--k", "1", "--k", "2", "--seeds", "1", "--long-side", "256", "--out", tmp_path / "out", "--json")
    ran = run_command(monkeypatch, capsys, "evaluate", boards, *options)
    assert ran.code != 0
    assert [document["k"] for document in json.loads(ran.out)] == [1, 2]


def test_numbers_of_goldens_that_cannot_be_are_refused_before_anything_is_measured(
    boards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path))
    ran = run_command(monkeypatch, capsys, "evaluate", boards, "--k", "1", "--k", "50")
    assert (ran.code, ran.out) == (3, "")
    assert "k must be 1 to 3 with the 3 good photos" in ran.err
    assert "18/18" not in ran.err


def test_the_command_prints_figures_and_writes_them(
    boards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path))
    monkeypatch.setenv("VISIQC_THREADS", "1")
    options = ("--k", "1", "--seeds", "1", "--long-side", "256", "--out", tmp_path / "out", "--json")
    ran = run_command(monkeypatch, capsys, "evaluate", boards, *options)
    assert ran.code == 0
    (document,) = json.loads(ran.out)
    assert document["seeds"][0]["metrics"][ALL]["image_auroc"] == 1.0
    assert {file.suffix for file in (tmp_path / "out").iterdir()} == {".csv", ".json", ".txt"}


def test_runs_with_several_goldens_leave_each_other_their_files(
    boards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISIQC_HOME", str(tmp_path))
    monkeypatch.setenv("VISIQC_THREADS", "1")
    options = ("--k", "1", "--k", "2", "--seeds", "1", "--long-side", "256", "--out", tmp_path / "out")
    assert run_command(monkeypatch, capsys, "evaluate", boards, *options).code == 0
    kept = {file.parent.name: json.loads(file.read_text())["k"] for file in (tmp_path / "out").rglob("summary.json")}
    assert kept == {"1-goldens": 1, "2-goldens": 2}
    assert len(list((tmp_path / "out").rglob("photos.csv"))) == 2


def test_the_command_names_a_folder_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run_command(monkeypatch, capsys, "evaluate", tmp_path / "nowhere")
    assert ran.code == 4
    assert "nowhere" in ran.err
    assert "Traceback" not in ran.err
