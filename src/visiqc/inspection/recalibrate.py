"""Calibrate products again after a change of models, with the pieces that were accepted before.

A calibration speaks only under the fleet sidecar that scaled it, so every set of models has calibrations of its own.
None is edited or lost: rolling back finds those of the old set as they were.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visiqc.domain.calibration import Calibration
from visiqc.domain.golden import GoldenVersion
from visiqc.errors import Unavailable, VisiQCError
from visiqc.inspection.calibrate import Progress, Specimen, specimen_score
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.inspection.refit import golden_bank, refit_records
from visiqc.vision.bank import GoldenBank

Photos = tuple[str, ...]
"""Digests of the photos of one specimen, ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refitted:
    """What came of one golden version.

    Attributes:
        sku, version: Which.
        calibration: Its calibration under the models in use; None where it has none.
        added: Pieces that were scored again.
        trouble: Why it, or some of its pieces, cannot follow; empty when all is well.
        usable: Whether photos can be held against it with the models in use.
        passing: Trouble that may be gone when it is tried again, such as too little memory; empty when there is none.
    """

    sku: str
    version: int
    calibration: Calibration | None = None
    added: int = 0
    trouble: str = ""
    usable: bool = True
    passing: str = ""

    @property
    def title(self) -> str:
        """Which, in words."""
        return f"{self.sku} version {self.version}"


def refit_all(parts: Parts, *, progress: Progress | None = None) -> tuple[Refitted, ...]:
    """Golden features and calibrations of every approved version under the models in use.

    What is there already is left alone, so a run that was stopped goes on where it was; one golden version is the
    step. One that cannot follow is named and stops none of the others.
    """
    goldens = [golden for golden in refit_records(parts).goldens() if golden.approved]
    done = []
    for number, golden in enumerate(goldens):
        if progress is not None:
            progress(f"{golden.sku} version {golden.version}", number, len(goldens))
        done.append(_refitted(golden, parts))
    if progress is not None:
        progress("done", len(goldens), len(goldens))
    return tuple(done)


def _refitted(golden: GoldenVersion, parts: Parts) -> Refitted:
    """One golden version, followed as far as it can be."""
    usable = False
    try:
        bank = golden_bank(golden, parts)
        usable = True
        return recalibrate(golden, bank, parts)
    except VisiQCError as err:
        passing = str(err) if isinstance(err, Unavailable) else ""
        return Refitted(sku=golden.sku, version=golden.version, trouble=str(err), usable=usable, passing=passing)


def recalibrate(golden: GoldenVersion, bank: GoldenBank, parts: Parts) -> Refitted:
    """Score the accepted pieces of one golden version with the models in use, those that were not yet."""
    records = refit_records(parts)
    history = records.calibrations(golden.sku, golden.version)
    present = records.calibration(golden.sku, golden.version, parts.fleet.digest)
    known = _pieces(history)
    wanted = _uncounted(known, present)
    scores, trouble, passing = _scored(wanted, golden, bank, parts)
    lost = max((len(each.scores) - len(each.specimens) for each in history), default=0)
    if lost and not (present and len(present.scores) >= len(known) + lost):
        trouble.append(f"{lost} pieces were counted before their photos were kept; calibrate with them again")
    added = None
    present = records.calibration(golden.sku, golden.version, parts.fleet.digest)  # others may have added meanwhile
    scores = {photos: scores[photos] for photos in _uncounted(scores, present)}
    if scores:
        added = records.add_calibration(_with(present, scores, golden, parts))
    return Refitted(
        sku=golden.sku,
        version=golden.version,
        calibration=added or present,
        added=len(scores),
        trouble="; ".join(trouble),
        passing=passing,
    )


def _pieces(history: Sequence[Calibration]) -> list[Photos]:
    """Every accepted piece once, the latest account of it first: pieces that share a photo are one."""
    taken: set[str] = set()
    pieces: list[Photos] = []
    for each in reversed(history):
        for photos in each.specimens:
            if taken.isdisjoint(photos):
                taken.update(photos)
                pieces.append(photos)
    return pieces


def _uncounted(pieces: Iterable[Photos], present: Calibration | None) -> list[Photos]:
    counted = set(present.photo_digests) if present else set()
    return [photos for photos in pieces if counted.isdisjoint(photos)]


def _scored(
    wanted: Sequence[Photos], golden: GoldenVersion, bank: GoldenBank, parts: Parts
) -> tuple[dict[Photos, float], list[str], str]:
    """The score of each piece by its photos, why some have none, and what of it may be gone when tried again."""
    scores: dict[Photos, float] = {}
    trouble, passing = [], ""
    for photos in wanted:
        try:
            sent = tuple(SentPhoto(name=digest[:8], content=parts.blobs.get(digest)) for digest in photos)
            scores[photos] = specimen_score(Specimen(name=photos[0][:8], photos=sent), bank, golden, parts)
        except Unavailable as err:
            passing = passing or str(err)
            trouble.append(
                f"the piece of photo {photos[0][:8]} does not count yet: {err}; visiqc model refit tries again"
            )
        except VisiQCError as err:
            trouble.append(f"the piece of photo {photos[0][:8]} no longer counts: {err}")
    return scores, trouble, passing


def _with(present: Calibration | None, scores: dict[Photos, float], golden: GoldenVersion, parts: Parts) -> Calibration:
    return Calibration(
        id=uuid.uuid4().hex,
        sku=golden.sku,
        golden_version=golden.version,
        scores=tuple(sorted([*(present.scores if present else ()), *scores.values()])),
        photo_digests=(
            *(present.photo_digests if present else ()),
            *(digest for photos in scores for digest in photos),
        ),
        made_at=parts.clock(),
        fleet=parts.fleet.digest,
        specimens=(*(present.specimens if present else ()), *scores),
    )
