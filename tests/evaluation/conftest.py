"""A data set small enough to draw, and a scorer simple enough to predict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import IDENTITY_WARP, Region
from visiqc.errors import UnreadablePhoto
from visiqc.evaluation.protocol import ScoredPhoto

SIZE = (48, 64)
"""Height and width of every drawn photo."""
SPOT = (slice(10, 18), slice(20, 32))
"""Rows and columns of the defect."""


def draw(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def photo(seed: int, *, spot: int = 0) -> np.ndarray:
    """A grey photo with a little noise, and a brighter spot where `spot` > 0."""
    pixels = np.random.default_rng(seed).integers(96, 104, (*SIZE, 3)).astype(np.uint8)
    pixels[SPOT] += np.uint8(spot)
    return pixels


def truth() -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[SPOT] = 255
    return mask


@pytest.fixture
def draw_photo() -> Callable[[Path, np.ndarray], Path]:
    return draw


@pytest.fixture
def dataset_folder(tmp_path: Path) -> Path:
    """8 good training photos; test: 5 good, 4 dents with masks, 3 scratches without."""
    root = tmp_path / "plates"
    for i in range(8):
        draw(root / f"train/good/{i:03}.png", photo(i))
    for i in range(5):
        draw(root / f"test/good/{i:03}.png", photo(100 + i))
    for i in range(4):
        draw(root / f"test/dent/{i:03}.png", photo(200 + i, spot=80))
        draw(root / f"ground_truth/dent/{i:03}_mask.png", truth())
    for i in range(3):
        draw(root / f"test/scratch/{i:03}.png", photo(300 + i, spot=40))
    return root


@dataclass
class DifferenceScorer:
    """Absolute difference from the mean golden; reviews from 20 grey levels on, rejects from 60.

    `answers` overrules the outcome by file name below the type's folder, `broken` names photos that cannot be read.
    """

    goldens: Sequence[Path]
    calibration: Sequence[Path]
    answers: dict[str, Outcome] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()

    def score(self, photo_path: Path) -> ScoredPhoto:
        name = f"{photo_path.parent.name}/{photo_path.name}"
        if name in self.broken:
            raise UnreadablePhoto(f"{name} is not a picture")
        golden = np.mean([np.asarray(Image.open(path), np.float32) for path in self.goldens], axis=0)
        difference = np.abs(np.asarray(Image.open(photo_path), np.float32) - golden).mean(axis=2)
        score = float(difference.max())
        outcome = Outcome.REJECT if score >= 60 else Outcome.REVIEW if score >= 20 else Outcome.PASS
        outcome = self.answers.get(name, outcome)
        compared = outcome not in (Outcome.RETAKE, Outcome.WRONG_SAMPLE)
        ys, xs = np.nonzero(difference >= 20)
        box = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1) if ys.size else None
        return ScoredPhoto(
            score=score if compared else float("nan"),
            outcome=outcome,
            p_value=1 / (1 + score) if compared else None,
            score_map=difference if compared else None,
            warp=IDENTITY_WARP,
            golden_size=SIZE,
            upload_size=SIZE,
            seconds=0.25,
            regions=(Region(box=box, area_px=ys.size, peak=score, p_value=0.01),) if box else (),
        )


@pytest.fixture
def scorer_type() -> type[DifferenceScorer]:
    return DifferenceScorer
