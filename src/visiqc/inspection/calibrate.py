"""Calibrate a golden version with accepted pieces: from 29 of them on, its verdicts carry a bound of their own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from visiqc.domain.calibration import STAGE_SPECIMENS, Calibration, stage_of
from visiqc.domain.golden import GoldenVersion
from visiqc.errors import InputError
from visiqc.inspection.compare import compare
from visiqc.inspection.inspect import approved_golden, calibration_in_force, photo_digest
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.inspection.reading import read_photo
from visiqc.inspection.refit import golden_bank
from visiqc.vision.bank import GoldenBank

Progress = Callable[[str, int, int], None]
_KNOWN = "one of its photos is a golden photo or was counted before"


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
        overtaken: Whether other models than it was made with are in force by now: under these it does not count until
            its pieces are scored again.
    """

    calibration: Calibration
    added: int
    left_out: tuple[tuple[str, str], ...]
    wanted_next: int
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class _Scored:
    """A specimen that can count: its name, its worst score, and the digests of its photos."""

    name: str
    score: float
    digests: frozenset[str]


def calibrate_golden(
    sku: str,
    specimens: Sequence[Specimen],
    parts: Parts,
    *,
    golden_version: int | None = None,
    named: bool = False,
    progress: Progress | None = None,
) -> CalibrationResult:
    """Score accepted specimens and add them to the golden version's calibration.

    A specimen counts only if every photo of it can be compared: none is a RETAKE or a WRONG_SAMPLE, was
    counted before, or is a golden photo. What does not count is named with the reason. Photos of those that count are
    kept, so that `recalibrate` can score them again with other models. `named` says that the settings name
    the models, so that it does not matter which were promoted.

    Raises:
        InputError: No specimen at all counts; the reasons are in the message.
        NotFound, NotApproved, Conflict: As scoring.
    """
    golden = approved_golden(sku, golden_version, parts)
    bank = golden_bank(golden, parts)
    before = calibration_in_force(golden, parts)
    known = {*(before.photo_digests if before else ()), *(photo.digest for photo in golden.photos)}
    scored: list[_Scored] = []
    left_out: list[tuple[str, str]] = []
    for done, specimen in enumerate(specimens):
        if progress is not None:
            progress(specimen.name, done, len(specimens))
        digests = frozenset(photo_digest(photo.content) for photo in specimen.photos)
        try:
            if digests & known:
                raise InputError(_KNOWN)
            scored.append(_Scored(specimen.name, specimen_score(specimen, bank, golden, parts), digests))
            for photo in specimen.photos:
                parts.blobs.put(photo.content)
        except InputError as err:
            left_out.append((specimen.name, str(err)))
        else:
            known |= digests
    if progress is not None:
        progress("done", len(specimens), len(specimens))
    kept = _kept(scored, left_out, golden, parts)
    # A promotion fits once more what was calibrated while it was at work; what comes later it cannot know of.
    return replace(kept, overtaken=not named and _overtaken(parts))


def _overtaken(parts: Parts) -> bool:
    """Whether other models were put in force since these were loaded."""
    row = parts.records.current_model_set()
    used = (*parts.models.digests, parts.fleet.digest)
    if row is None or row.members.digests == used:
        return False
    # What ships may be newer than on the day of its row, but then it is none of the sets that were promoted.
    return not row.shipped or any(not one.shipped and one.members.digests == used for one in parts.records.model_sets())


def _kept(
    scored: Sequence[_Scored], left_out: Sequence[tuple[str, str]], golden: GoldenVersion, parts: Parts
) -> CalibrationResult:
    """Add to the calibration in force now: scoring took minutes, in which somebody else may have added to it."""
    before = calibration_in_force(golden, parts)
    counted = before.photo_digests if before else ()
    added = [one for one in scored if one.digests.isdisjoint(counted)]
    left_out = [*left_out, *((one.name, _KNOWN) for one in scored if one not in added)]
    if not added:
        why = "\n".join(f"{name}: {reason}" for name, reason in left_out) or "none was named"
        raise InputError(f"no accepted piece could be counted:\n{why}")
    scores = sorted([*(before.scores if before else ()), *(one.score for one in added)])
    calibration = Calibration(
        id=uuid.uuid4().hex,
        sku=golden.sku,
        golden_version=golden.version,
        scores=tuple(scores),
        photo_digests=(*counted, *(digest for one in added for digest in sorted(one.digests))),
        made_at=parts.clock(),
        fleet=parts.fleet.digest,
        specimens=(*(before.specimens if before else ()), *(tuple(sorted(one.digests)) for one in added)),
    )
    return CalibrationResult(
        calibration=parts.records.add_calibration(calibration),
        added=len(added),
        left_out=tuple(left_out),
        wanted_next=_wanted_next(len(scores)),
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
