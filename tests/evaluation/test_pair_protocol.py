"""Pairs: boxes in upload pixels against the marked ones."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from visiqc.domain.outcome import Outcome
from visiqc.errors import InputError
from visiqc.evaluation.pair_datasets import read_pairs
from visiqc.evaluation.pair_protocol import run_pairs


@pytest.fixture
def pairs(tmp_path: Path, draw_photo):
    """Three boards; the marked open (x 20–32, y 10–18) is there, the marked short of the third is not."""
    folder = tmp_path / "boards"
    for i in range(3):
        golden = np.random.default_rng(i).integers(96, 104, (48, 64, 3)).astype(np.uint8)
        test = golden.copy()
        test[10:18, 20:32] += np.uint8(80)
        draw_photo(folder / f"{i}_temp.png", golden)
        draw_photo(folder / f"{i}_test.png", test)
        (folder / f"{i}.txt").write_text("20 10 32 18 open\n" + ("50 40 60 46 short\n" if i == 2 else ""))
    return read_pairs(folder)


def test_found_and_missed_boxes_are_counted(pairs, scorer_type) -> None:
    result = run_pairs(pairs, scorer_type, resamples=100)
    assert result.boxes.recall.value == 0.75
    assert result.boxes.false_per_photo == 0.0
    assert {kind: share.value for kind, share in result.recall_by_kind.items()} == {"open": 1.0, "short": 0.0}
    assert result.image_auroc == 1.0
    assert result.image_auroc_interval.low < 1.0
    assert len(result.seconds) == 3


def test_boxes_of_a_photo_that_was_not_compared_are_missed(pairs, scorer_type) -> None:
    make = partial(scorer_type, answers={"boards/0_test.png": Outcome.RETAKE})
    result = run_pairs(pairs, make, resamples=100)
    assert result.boxes.recall.value == 0.5
    assert result.not_compared == 1
    assert result.image_auroc == 1.0


def test_a_pair_that_fails_is_listed(pairs, scorer_type) -> None:
    done: list[str] = []
    make = partial(scorer_type, broken=frozenset({"boards/1_test.png"}))
    result = run_pairs(pairs, make, resamples=100, progress=lambda *step: done.append(step[2]))
    assert list(result.failures) == ["1"]
    assert done == ["0", "1", "2"]
    assert result.boxes.photos == 2


def test_pairs_of_which_none_can_be_scored_are_refused(pairs, scorer_type) -> None:
    make = partial(scorer_type, broken=frozenset(f"boards/{i}_test.png" for i in range(3)))
    with pytest.raises(InputError, match="0_test"):
        run_pairs(pairs, make)
    with pytest.raises(InputError, match="there is none"):
        run_pairs([], make)
