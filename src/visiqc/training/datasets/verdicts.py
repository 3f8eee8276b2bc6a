"""Pairs from inspectors' answers: what `verdict_format` describes, made into something to learn from.

| verdict | answer | becomes |
|---|---|---|
| PASS | confirmed | good |
| REVIEW, REJECT | confirmed, typed | defective; without a region only the whole photo is labelled |
| REVIEW, REJECT | dismissed | good, its regions kept as alarms that were false |
| any | missed | defective |
| WRONG_SAMPLE | confirmed | another design |
| WRONG_SAMPLE, RETAKE | dismissed | the same design, nothing known about defects |
| RETAKE | confirmed | left out |

Answers that were superseded do not count. Inspectors who contradict each other leave the photo out.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from visiqc.domain.outcome import Outcome
from visiqc.errors import InputError, UnreadablePhoto
from visiqc.evaluation.datasets import upright_size
from visiqc.training.datasets.clipping import area_of, clipped
from visiqc.training.datasets.digests import file_digest, files_digest
from visiqc.training.datasets.pairs import UNKNOWN, LabelledRegion, Pair, PairSet, Relation
from visiqc.training.datasets.reading import MAX_UNREADABLE, Unreadable
from visiqc.training.datasets.verdict_format import (
    EXPORT,
    ExportedAnswer,
    ExportedRegion,
    ExportedUpload,
    Given,
    VerdictExport,
    read_export,
)
from visiqc.vision.warp import Size

_PHOTO = re.compile(r"photos/([0-9a-f]{64})\.(?:jpg|jpeg|png|webp|heic|heif)")
_SMALLEST_PX = 1.0
"""Area under which a region, clipped to its photo, marks nothing."""


class _Says(StrEnum):
    GOOD = "good"
    FALSE_ALARM = "false alarm"
    DEFECTIVE = "defective"
    MISSED = "missed"
    OTHER = "other"
    SAME = "same"
    UNUSABLE = "unusable"


def read_verdicts(folder: Path, *, max_unreadable: int = MAX_UNREADABLE) -> PairSet:
    """Read an export of inspectors' answers.

    Args:
        folder: With `export.json` and `photos/` in it.
        max_unreadable: Photos that may be missing, broken or not what their name says before it is refused.

    Raises:
        InputError: `export.json` is refused, a photo's name is not its SHA-256, answers supersede each other in a
            circle, too many photos are unusable, or nothing is left to learn from.
    """
    export = read_export(folder)
    reading = _Reading(folder=folder, broken=Unreadable(max_unreadable))
    goldens = reading.goldens(export)
    pairs = [pair for upload in export.uploads if (pair := reading.pair(upload, goldens)) is not None]
    files = {folder / EXPORT} | {path for pair in pairs for path in (*pair.goldens, pair.upload)}
    notes = [f"{number} {what}" for what, number in sorted(reading.counts.items())]
    if pairs and not any(pair.defective for pair in pairs):
        notes.append("no confirmed defect: every upload is good or not known")
    return PairSet(
        name=folder.name,
        licence=export.licence,
        digest=files_digest(folder, files),
        pairs=tuple(pairs),
        notes=(*notes, *reading.broken.notes),
    )


def standing(upload: ExportedUpload) -> tuple[ExportedAnswer, ...]:
    """The answers that no later one supersedes.

    Raises:
        InputError: They supersede each other in a circle.
    """
    above = {answer.id: answer.supersedes for answer in upload.answers}
    for first in above.values():
        at, steps = first, 0
        while at is not None and steps <= len(above):
            at, steps = above[at], steps + 1
        if at is not None:
            raise InputError(f"upload {upload.id}: its answers supersede each other in a circle; export it again")
    replaced = set(above.values())
    return tuple(answer for answer in upload.answers if answer.id not in replaced)


@dataclass(slots=True)
class _Reading:
    """One reading of an export: photos that were checked, and what was left out."""

    folder: Path
    broken: Unreadable
    counts: Counter[str] = field(default_factory=Counter)
    sizes: dict[str, Size | None] = field(default_factory=dict)

    def goldens(self, export: VerdictExport) -> dict[tuple[str, int, str], tuple[Path, ...]]:
        """Readable photos by product, version and view; view "" has all of a version's."""
        found: dict[tuple[str, int, str], tuple[Path, ...]] = {}
        for golden in export.goldens:
            photos = tuple(self.folder / name for name in golden.photos if self.size(name))
            for view in {golden.view, ""}:
                key = (golden.sku, golden.version, view)
                found[key] = (*found.get(key, ()), *photos)
        return found

    def size(self, name: str) -> Size | None:
        """Height and width of a photo, upright; None where it is gone, broken or another than its name says."""
        if name not in self.sizes:
            self.sizes[name] = self._checked(name)
        return self.sizes[name]

    def _checked(self, name: str) -> Size | None:
        match = _PHOTO.fullmatch(name)
        if not match:
            raise InputError(f"{EXPORT} names the photo {name[:90]!r}; wanted photos/<sha256>.<jpg, png, webp or heic>")
        path = self.folder / name
        short = f"photos/{match[1][:12]}…{path.suffix}"
        if not path.is_file():
            self.broken.add(path, short, "it is missing")
        elif file_digest(path) != match[1]:
            self.broken.add(path, short, "its bytes are not those that were hashed; copy it again")
        else:
            try:
                return upright_size(path)
            except UnreadablePhoto:
                self.broken.add(path, short, "it is not a picture")
        return None

    def pair(self, upload: ExportedUpload, goldens: dict[tuple[str, int, str], tuple[Path, ...]]) -> Pair | None:
        """What can be learned from an upload, or None."""
        answers = standing(upload)
        defective, relation, why = _agreed(upload.outcome, answers)
        if why:
            self.counts[why] += 1
            return None
        key = (upload.sku, upload.golden_version)
        photos = goldens.get((*key, upload.view)) or goldens[*key, ""]
        size = self.size(upload.photo)
        if size is None or not photos:
            self.counts["uploads without their own photo or a golden's, left out"] += 1
            return None
        marked, dismissed = self._regions(upload, answers, size)
        typed = {code for answer in answers for code in answer.codes} | {region.code for region in marked}
        return Pair(
            sku=upload.sku,
            lot=upload.lot,
            goldens=photos,
            upload=self.folder / upload.photo,
            regions=marked,
            dismissed=dismissed,
            defective=defective,
            relation=relation,
            codes=tuple(sorted(typed - {UNKNOWN})),
        )

    def _regions(
        self, upload: ExportedUpload, answers: tuple[ExportedAnswer, ...], size: Size
    ) -> tuple[tuple[LabelledRegion, ...], tuple[LabelledRegion, ...]]:
        marked: list[LabelledRegion] = []
        dismissed: list[LabelledRegion] = []
        for answer in answers:
            false = _says(upload.outcome, answer) not in {_Says.DEFECTIVE, _Says.MISSED}
            for region in answer.regions:
                if (inside := self._inside(region, size)) is not None:
                    (dismissed if false or region.dismissed else marked).append(inside)
        return tuple(marked), tuple(dismissed)

    def _inside(self, region: ExportedRegion, size: Size) -> LabelledRegion | None:
        polygon = clipped(region.corners, size)
        if area_of(polygon) < _SMALLEST_PX:
            self.counts["regions outside of their photo or without area, dropped"] += 1
            return None
        self.counts["regions clipped to their photo"] += polygon != region.corners
        return LabelledRegion(polygon=polygon, code=region.code, origin=region.origin)


_CONFIRMED = {
    Outcome.PASS: _Says.GOOD,
    Outcome.REVIEW: _Says.DEFECTIVE,
    Outcome.REJECT: _Says.DEFECTIVE,
    Outcome.WRONG_SAMPLE: _Says.OTHER,
    Outcome.RETAKE: _Says.UNUSABLE,
}
_LEARNED: tuple[tuple[frozenset[_Says], bool | None, Relation], ...] = (
    (frozenset({_Says.GOOD, _Says.FALSE_ALARM}), False, Relation.SAME),
    (frozenset({_Says.DEFECTIVE, _Says.MISSED}), True, Relation.SAME),
    (frozenset({_Says.OTHER}), None, Relation.OTHER),
    (frozenset({_Says.SAME}), None, Relation.SAME),
    # An alarm may be false and something else be missed, but no photo is both good and missed.
    (frozenset({_Says.FALSE_ALARM, _Says.SAME, _Says.MISSED}), True, Relation.SAME),
)
"""What inspectors may say side by side, and what follows; the first that holds all they said counts."""


def _says(outcome: Outcome, answer: ExportedAnswer) -> _Says:
    match answer.answer:
        case Given.MISSED:
            return _Says.MISSED
        case Given.TYPED:
            return _Says.DEFECTIVE
        case Given.CONFIRMED:
            return _CONFIRMED[outcome]
        case Given.DISMISSED:
            return _Says.FALSE_ALARM if outcome in {Outcome.REVIEW, Outcome.REJECT} else _Says.SAME


def _agreed(outcome: Outcome, answers: tuple[ExportedAnswer, ...]) -> tuple[bool | None, Relation, str]:
    """Whether defective, what it shows, and why it is left out, empty where it is not."""
    said = {_says(outcome, answer) for answer in answers}
    if not said:
        return None, Relation.SAME, "uploads that nobody answered, left out"
    if said == {_Says.UNUSABLE}:
        return None, Relation.SAME, "photos that are unusable, left out"
    for together, defective, relation in _LEARNED:
        if said <= together:
            return defective, relation, ""
    return None, Relation.SAME, "uploads that inspectors disagree about, left out"
