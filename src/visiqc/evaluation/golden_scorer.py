"""The shipped way of one photo, behind evaluation's seam: enrol, calibrate, score, decide; nothing is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from visiqc.domain.calibration import Calibration
from visiqc.domain.golden import ScoringPolicy
from visiqc.domain.ranking import Ranking
from visiqc.domain.verdict import IDENTITY_WARP
from visiqc.evaluation.protocol import ScoredPhoto, Scorer
from visiqc.inspection.compare import Comparison, compare
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.inspect import judge
from visiqc.inspection.parts import Models, SentPhoto
from visiqc.inspection.reading import WorkingCopy, read_photo
from visiqc.inspection.region_naming import RegionNaming
from visiqc.vision.bank import GoldenBank
from visiqc.vision.photo import DecodeLimits


class GoldenScorer:
    """One enrolled set of goldens with its calibration."""

    def __init__(self, bank: GoldenBank, ranking: Ranking, models: Models, fleet: Fleet, policy: ScoringPolicy) -> None:
        self._bank = bank
        self._ranking = ranking
        self._models = models
        self._fleet = fleet
        self._policy = policy

    def score(self, photo_path: Path) -> ScoredPhoto:
        """Decode, compare and decide one photo; errors as `decode_rgb`."""
        start = time.perf_counter()
        copy, found = _compared(photo_path, self._bank, self._models, self._fleet, self._policy)
        naming = RegionNaming.of(self._models, self._fleet)
        judgement = judge(found, self._ranking, self._policy, naming, self._fleet)
        seconds = time.perf_counter() - start
        return ScoredPhoto(
            score=found.score if found.score is not None else 0.0,
            outcome=judgement.outcome,
            p_value=self._ranking.p_value(found.score) if found.score is not None else None,
            score_map=found.scores,
            warp=found.alignment.warp if found.alignment else IDENTITY_WARP,
            golden_size=found.view.frame_size if found.view else copy.original_size,
            upload_size=copy.original_size,
            seconds=seconds,
            regions=judgement.regions,
        )


def golden_scorers(
    models: Models, fleet: Fleet, policy: ScoringPolicy
) -> Callable[[Sequence[Path], Sequence[Path]], Scorer]:
    """How evaluation enrols: golden photos of one view, and accepted photos, each a specimen of its own."""

    def make(goldens: Sequence[Path], calibration: Sequence[Path]) -> Scorer:
        photos = [SentPhoto(name=path.name, content=path.read_bytes(), view="front") for path in goldens]
        bank, _ = build_bank(photos, models, DecodeLimits(), long_side=policy.long_side)
        scores = [
            found.score
            for path in calibration
            if (found := _compared(path, bank, models, fleet, policy)[1]).score is not None and not found.complaints
        ]
        own = _calibration(np.array(scores, np.float64))
        ranking = Ranking(own, fleet=fleet.scores, fleet_source=fleet.digest, policy=policy)
        return GoldenScorer(bank, ranking, models, fleet, policy)

    return make


def _compared(
    path: Path, bank: GoldenBank, models: Models, fleet: Fleet, policy: ScoringPolicy
) -> tuple[WorkingCopy, Comparison]:
    copy = read_photo(path.read_bytes(), DecodeLimits(), frame_long_side=policy.long_side)
    return copy, compare(copy.photo, copy.original_size, bank, models, fleet)


def _calibration(scores: np.ndarray) -> Calibration:
    return Calibration(
        id="evaluation",
        sku="evaluation",
        golden_version=1,
        scores=tuple(float(score) for score in np.sort(scores)),
        photo_digests=(),
        made_at=datetime.now(UTC),
    )
