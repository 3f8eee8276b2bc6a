"""Calibrate a golden version with accepted pieces: from 29 of them on, its verdicts carry a bound of their own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from visiqc.domain.calibration import STAGE_SPECIMENS, Calibration, stage_of
from visiqc.domain.golden import GoldenVersion
from visiqc.errors import InputError
from visiqc.inspection.compare import compare
from visiqc.inspection.inspect import approved_golden, photo_digest
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.inspection.reading import read_photo
from visiqc.vision.bank import GoldenBank

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One accepted piece and the photos of it. Photos of one piece are not independent: its worst score counts."""

    name: str
    photos: tuple[SentPhoto, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationResult:
    """What calibrating did.

    Attributes:
        calibration: The calibration now in force.
        added: Specimens that count from now on.
        left_out: Name and reason for every specimen that does not.
        wanted_next: Specimens still missing to the next stage; 0 at the last one.
    """

    calibration: Calibration
    added: int
    left_out: tuple[tuple[str, str], ...]
    wanted_next: int


def calibrate_golden(
    sku: str,
    specimens: Sequence[Specimen],
    parts: Parts,
    *,
    golden_version: int | None = None,
    progress: Progress | None = None,
) -> CalibrationResult:
    """Score accepted specimens and add them to the golden version's calibration.

    A specimen counts only if every photo of it can be compared: none is a RETAKE or a WRONG_SAMPLE, was
    counted before, or is a golden photo. What does not count is named with the reason.

    Raises:
        InputError: No specimen at all counts; the reasons are in the message.
        NotFound, NotApproved: As scoring.
    """
    golden = approved_golden(sku, golden_version, parts)
    bank = parts.banks.get(golden.bank_digest)
    before = parts.records.calibration(golden.sku, golden.version)
    scores = list(before.scores) if before else []
    digests = list(before.photo_digests) if before else []
    known = {*digests, *(photo.digest for photo in golden.photos)}
    left_out: list[tuple[str, str]] = []
    for done, specimen in enumerate(specimens):
        if progress is not None:
            progress(specimen.name, done, len(specimens))
        found = {photo_digest(photo.content) for photo in specimen.photos}
        try:
            if known & found:
                raise InputError("one of its photos is a golden photo or was counted before")
            score = specimen_score(specimen, bank, golden, parts)
        except InputError as err:
            left_out.append((specimen.name, str(err)))
            continue
        scores.append(score)
        digests += sorted(found)
        known |= found
    if progress is not None:
        progress("done", len(specimens), len(specimens))
    added = len(specimens) - len(left_out)
    if added == 0:
        raise InputError(
            "no accepted piece could be counted:\n" + "\n".join(f"{name}: {why}" for name, why in left_out)
        )
    calibration = parts.records.add_calibration(
        Calibration(
            id=uuid.uuid4().hex,
            sku=golden.sku,
            golden_version=golden.version,
            scores=tuple(sorted(scores)),
            photo_digests=tuple(digests),
            made_at=parts.clock(),
        )
    )
    return CalibrationResult(
        calibration=calibration, added=added, left_out=tuple(left_out), wanted_next=_wanted_next(len(scores))
    )


def specimen_score(specimen: Specimen, bank: GoldenBank, golden: GoldenVersion, parts: Parts) -> float:
    """The highest tolerated score over a specimen's photos.

    Raises:
        InputError: A photo of it cannot be read or compared, or there is none.
    """
    if not specimen.photos:
        raise InputError("it has no photo")
    worst = 0.0
    for photo in specimen.photos:
        copy = read_photo(photo.content, parts.limits, frame_long_side=golden.policy.long_side)
        found = compare(copy.photo, copy.original_size, bank, parts.models, parts.fleet)
        if found.complaints:
            raise InputError(f"RETAKE: {found.complaints[0].message}")
        if found.score is None:
            raise InputError("WRONG_SAMPLE: it is not recognised as this design")
        worst = max(worst, found.score)
    return worst


def _wanted_next(specimens: int) -> int:
    stage = stage_of(specimens)
    return STAGE_SPECIMENS[stage] - specimens if stage < len(STAGE_SPECIMENS) else 0
