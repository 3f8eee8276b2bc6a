"""What inspectors said, written as a folder that training reads; `docs/verdict-export.md` says what it holds.

It is written as it is read, so that memory does not grow with it. Photos stand under their digest, so a run that was
stopped goes on where it was; `export.json` comes last and at once, so a folder that has it is whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from visiqc import __version__
from visiqc.domain.inspection_queue import QueueFilter
from visiqc.domain.outcome import Outcome
from visiqc.domain.review import Decision, Review, ReviewedRegion, standing_review
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, InputError, IntegrityError, NotFound
from visiqc.inspection.parts import Parts
from visiqc.vision.photo import inspect_header

FORMAT: Final = 1
NAME: Final = "export.json"
_AT_ONCE: Final = 200
_SUFFIX: Final = {"jpeg": "jpg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTerms:
    """On what terms the photos may be learned from.

    Attributes:
        licence: As people name it.
        commercial: Whether a model that learned from them may be shipped.
        text: A sentence for the model's card.
    """

    licence: str
    commercial: bool = False
    text: str = ""

    def __post_init__(self) -> None:
        if not self.licence.strip():
            raise InputError("an export needs a licence, such as 'own photos'; give it a name")


@dataclass(slots=True)
class Exported:
    """What was written, and what was not.

    Attributes:
        photos: Uploads with an answer.
        regions: Regions in these answers.
        says_nothing: Uploads whose answer teaches nothing, such as a retake of a photo that was not poor.
    """

    photos: int = 0
    regions: int = 0
    says_nothing: int = 0


def export_reviews(
    folder: Path,
    parts: Parts,
    terms: ExportTerms,
    *,
    wanted: QueueFilter,
    since: datetime | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Exported:
    """Write the reviews that stand, with their photos and the golden samples.

    Args:
        folder: Made if absent; what an earlier run left is used.
        parts: The ports.
        terms: On what terms the photos may be learned from.
        wanted: Of which order, lot and milestone.
        since: Only reviews made then or later.
        progress: Told how many photos are written.

    Raises:
        Conflict: The folder holds a finished export; it is never overwritten.
        InputError: The folder cannot be written.
        NotFound: No photo has an answer that teaches anything; the folder stays free for a later export.
    """
    if (folder / NAME).exists():
        raise Conflict(f"{folder.name} holds a finished export already; name another folder, or move it away")
    writing = _Writing(folder=folder, parts=parts)
    try:
        (folder / "photos").mkdir(parents=True, exist_ok=True)
        part = folder / f"{NAME}.part"
        with part.open("w", encoding="utf-8") as out:
            writing.write(out, terms, _standing(parts, wanted, since), progress)
            out.flush()
            os.fsync(out.fileno())
        _require_some(writing.done, part)
        part.replace(folder / NAME)
    except OSError as err:
        raise InputError(f"{folder.name} cannot be written: {err.strerror}; name another folder or make room") from err
    return writing.done


def _require_some(done: Exported, part: Path) -> None:
    """Training refuses an empty export, and a finished one is never overwritten: an empty one would bar the folder."""
    if done.photos:
        return
    part.unlink()
    raise NotFound(
        f"there is no answer to learn from: {done.says_nothing} photos have one that teaches nothing, the others none; "
        "inspectors answer photos at /queue, and --order, --lot and --since leave some out"
    )


def _standing(parts: Parts, wanted: QueueFilter, since: datetime | None) -> Iterator[Review]:
    """Reviews that stand, in the order their photos came, a few in memory at a time."""
    after = 0
    while some := parts.records.reviewed(wanted, after=after, limit=_AT_ONCE):
        for after, upload_id in some:  # noqa: B007 - it goes on after the last one
            review = standing_review(_reviews(upload_id, parts))
            if review is not None and (since is None or review.made_at >= since):
                yield review


def _reviews(upload_id: str, parts: Parts) -> tuple[Review, ...]:
    try:
        return parts.records.reviews(upload_id)
    except IntegrityError as err:
        name = parts.records.upload(upload_id).photo_name
        raise IntegrityError(f"the answers to photo {name} ({upload_id}) cannot be read: {err}") from err


@dataclass(slots=True)
class _Writing:
    """One export on its way to the disk."""

    folder: Path
    parts: Parts
    done: Exported = field(default_factory=Exported)
    authors: dict[str, str] = field(default_factory=dict)
    goldens: dict[tuple[str, int], None] = field(default_factory=dict)

    def write(
        self, out: IO[str], terms: ExportTerms, reviews: Iterator[Review], progress: Callable[[int], None]
    ) -> None:
        """All of `export.json`; uploads one a line."""
        licence = {"name": terms.licence, "commercial": terms.commercial, "text": terms.text}
        made_at = self.parts.clock().astimezone(UTC).isoformat()
        head = {"format": FORMAT, "made_at": made_at, "software": f"visiqc {__version__}", "licence": licence}
        out.write(_text(head)[:-1] + ',"uploads":[')
        for review in reviews:
            if (upload := self._upload(review)) is None:
                self.done.says_nothing += 1
                continue
            out.write((",\n" if self.done.photos else "\n") + _text(upload))
            self.done.photos += 1
            progress(self.done.photos)
        out.write('\n],"goldens":' + _text([view for key in self.goldens for view in self._views(*key)]) + "}\n")

    def _upload(self, review: Review) -> dict[str, Any] | None:
        records = self.parts.records
        upload = records.upload(review.upload_id)
        verdict = records.verdict_under(upload.id, review.golden_version, review.models)
        if verdict is None or (answer := said(verdict.outcome, review)) is None:
            return None
        self.goldens.setdefault((upload.sku, verdict.golden_version))
        return self._row(upload, verdict, review, answer)

    def _row(self, upload: Upload, verdict: Verdict, review: Review, answer: str) -> dict[str, Any]:
        place = self.parts.records.unit_photo(upload.id)
        self.done.regions += len(review.regions)
        return {
            "id": upload.id,
            "sku": upload.sku,
            "golden_version": verdict.golden_version,
            "view": verdict.golden_view or "",
            "lot": f"{place.order}/{place.lot}" if place else "",
            "unit": str(place.unit) if place else "",
            "photo": self._photo(upload.photo_digest),
            "outcome": verdict.outcome,
            "answers": [
                {
                    "id": review.id,
                    "author": self.authors.setdefault(review.author, f"inspector-{len(self.authors) + 1}"),
                    "given_at": review.made_at.astimezone(UTC).isoformat(),
                    "answer": answer,
                    "regions": [_region(region) for region in review.regions],
                    "codes": list(review.codes),
                }
            ],
        }

    def _views(self, sku: str, version: int) -> list[dict[str, Any]]:
        golden = self.parts.records.golden(sku, version)
        views: dict[str, list[str]] = {}
        for photo in golden.photos:
            views.setdefault(photo.view or "", []).append(self._photo(photo.digest))
        return [{"sku": sku, "version": version, "view": view, "photos": names} for view, names in views.items()]

    def _photo(self, digest: str) -> str:
        """Write a photo's bytes, unless they are there; returns its name in the export."""
        content = self.parts.blobs.get(digest)
        kind = inspect_header(content, self.parts.limits).format
        name = f"photos/{digest}.{_SUFFIX.get(kind, kind)}"
        path = self.folder / name
        if not path.exists():
            half = path.with_suffix(".part")
            half.write_bytes(content)
            half.replace(path)
        return name


def said(outcome: Outcome, review: Review) -> str | None:
    """A review in the words of the format; None where it teaches nothing."""
    alarm = outcome in {Outcome.REVIEW, Outcome.REJECT}
    match review.decision:
        case Decision.ACCEPT:
            return "confirmed" if outcome is Outcome.PASS else "dismissed"
        case Decision.RETAKE:
            return "confirmed" if outcome is Outcome.RETAKE else None
        case Decision.REJECT if outcome is Outcome.WRONG_SAMPLE and not (review.marked or review.codes):
            return "confirmed"
        case Decision.REJECT if alarm:
            return _rejected(review)
        case Decision.REJECT:
            return "missed"
        case Decision.UNDONE:
            return None


def _rejected(review: Review) -> str:
    """An alarm that was right, or one that was false where something else was not seen."""
    by_model = [region for region in review.regions if region.origin == "model"]
    if by_model and all(region.dismissed for region in by_model):
        return "missed"
    return "typed" if review.marked or review.codes else "confirmed"


def _region(region: ReviewedRegion) -> dict[str, Any]:
    corners = [[round(x, 2), round(y, 2)] for x, y in region.polygon]
    return {"polygon": corners, "code": region.code, "origin": region.origin, "dismissed": region.dismissed}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
