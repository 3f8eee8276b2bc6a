"""Enrol a golden sample: photos through the gate, grouped into views, features computed once and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from visiqc.domain.golden import MAX_GOLDEN_PHOTOS, GoldenPhoto, GoldenVersion, ScoringPolicy, checked_sku
from visiqc.errors import InputError
from visiqc.inspection.parts import Models, Parts, SentPhoto
from visiqc.inspection.reading import WorkingCopy, naming, read_photo
from visiqc.vision import golden_view
from visiqc.vision.align import AlignTarget
from visiqc.vision.bank import GoldenBank, to_bytes
from visiqc.vision.golden_view import GoldenView, Laid
from visiqc.vision.photo import DecodeLimits
from visiqc.vision.quality import QualityLimits, QualityReport, limits_from, measure_quality
from visiqc.vision.seen import Seen, see
from visiqc.vision.types import Mask, Matrix
from visiqc.vision.warp import Size

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and how many there are."""

SAME_VIEW = 0.4
"""Masked similarity from which an unnamed photo is taken for another photo of a view."""
STEPS_A_PHOTO = 4
"""Progress steps counted for each photo."""


@dataclass(slots=True)
class _OpenView:
    """A view while photos are still being added to it."""

    name: str
    reference: int
    started: tuple[AlignTarget, Size, Matrix, Mask]
    others: list[tuple[int, Laid]] = field(default_factory=list)


def enrol_golden(
    sku: str,
    photos: Sequence[SentPhoto],
    parts: Parts,
    *,
    policy: ScoringPolicy | None = None,
    progress: Progress | None = None,
) -> GoldenVersion:
    """Enrol the next golden version of a product. It must be approved before uploads are scored against it.

    Args:
        sku: The product.
        photos: 1 to 20 golden photos; those without a view are grouped by what they show.
        parts: The ports.
        policy: How uploads will be judged; the defaults when None.
        progress: Called as the work goes on.

    Raises:
        InputError: The SKU, the number of photos, or a photo is unusable; every refused photo is named, with
            what to do about it. Nothing is kept then.
    """
    checked_sku(sku)
    policy = policy or ScoringPolicy()
    if not 1 <= len(photos) <= MAX_GOLDEN_PHOTOS:
        raise InputError(f"a golden sample takes 1 to {MAX_GOLDEN_PHOTOS} photos, got {len(photos)}")
    bank, shown = build_bank(photos, parts.models, parts.limits, long_side=policy.long_side, progress=progress)
    digests = [parts.blobs.put(photo.content) for photo in photos]
    kept = tuple(
        GoldenPhoto(name=photo.name, digest=digest, view=view, width=size[1], height=size[0])
        for photo, digest, (view, size) in zip(photos, digests, shown, strict=True)
    )
    draft = GoldenVersion(
        sku=sku,
        version=0,
        photos=kept,
        bank_digest=parts.blobs.put(to_bytes(bank)),
        policy=policy,
        model_digests=parts.models.digests,
        made_at=parts.clock(),
    )
    return parts.records.add_golden(draft)


def approve_golden(sku: str, version: int, *, by: str, parts: Parts) -> GoldenVersion:
    """Approve a version: from now on uploads are scored against it. `NotFound` when there is none."""
    return parts.records.approve_golden(checked_sku(sku), version, by=by, at=parts.clock())


def build_bank(
    photos: Sequence[SentPhoto],
    models: Models,
    limits: DecodeLimits,
    *,
    long_side: int,
    progress: Progress | None = None,
) -> tuple[GoldenBank, list[tuple[str, Size]]]:
    """The features of a set of golden photos, and the view and original size of each; nothing is kept.

    Raises:
        InputError: A photo cannot be read, fails the quality gate, is sent twice, or does not show its view.
    """
    told = _Steps(progress, len(photos) * STEPS_A_PHOTO)
    _refuse_repeats(photos)
    copies = []
    for photo in photos:
        with naming(photo.name):
            copies.append(read_photo(photo.content, limits, frame_long_side=long_side))
        told("reading photos")
    seen = [see(copy.photo) for copy in copies]
    reports = _gate(photos, copies, seen)
    opened = _group(photos, seen, models, long_side, told)
    views = [_finished(view, seen, models, told) for view in opened]
    shown: dict[int, str] = {}
    for view in opened:
        shown |= dict.fromkeys((view.reference, *(index for index, _ in view.others)), view.name)
    told.finish()
    return GoldenBank(tuple(views), limits_from(reports)), [
        (shown[i], copy.original_size) for i, copy in enumerate(copies)
    ]


def _refuse_repeats(photos: Sequence[SentPhoto]) -> None:
    seen: dict[bytes, str] = {}
    for photo in photos:
        if photo.content in seen:
            raise InputError(f"{photo.name} is the same file as {seen[photo.content]}; send each photo once")
        seen[photo.content] = photo.name


def _gate(photos: Sequence[SentPhoto], copies: Sequence[WorkingCopy], seen: Sequence[Seen]) -> list[QualityReport]:
    """Every photo through the gate with absolute limits; all refusals are named at once."""
    reports, refused = [], []
    for photo, copy, one in zip(photos, copies, seen, strict=True):
        report = measure_quality(one.small, one.mask, QualityLimits(), original_size=copy.original_size)
        reports.append(report)
        refused += [f"{photo.name}: {reason.message}. {reason.advice}" for reason in report.reasons]
    if refused:
        raise InputError("not fit to be a golden photo:\n" + "\n".join(refused))
    return reports


def _group(
    photos: Sequence[SentPhoto],
    seen: Sequence[Seen],
    models: Models,
    long_side: int,
    told: _Steps,
) -> list[_OpenView]:
    opened: list[_OpenView] = []
    for index, (photo, one) in enumerate(zip(photos, seen, strict=True)):
        candidates = [view for view in opened if photo.view is None or view.name == photo.view]
        laid = [_laid(one, view, models) for view in candidates]
        best = max(range(len(laid)), key=lambda i: laid[i].alignment.similarity, default=None)
        if best is not None and laid[best].alignment.similarity >= SAME_VIEW:
            candidates[best].others.append((index, laid[best]))
        elif photo.view is not None and candidates:
            raise InputError(
                f"{photo.name} cannot be laid over {photos[candidates[0].reference].name}, the first photo of view "
                f"{photo.view!r} (similarity {laid[0].alignment.similarity:.2f}, wanted {SAME_VIEW}); "
                "give it a view of its own or take it from the same side"
            )
        else:
            name = photo.view or _free_name(opened)
            started = golden_view.start_view(one, long_side=long_side, embed=models.trunk.features)
            opened.append(_OpenView(name, index, started))
        told("grouping views")
    return opened


def _free_name(opened: Sequence[_OpenView]) -> str:
    taken = {view.name for view in opened}
    return next(name for n in range(1, MAX_GOLDEN_PHOTOS + 2) if (name := f"view-{n}") not in taken)


def _laid(one: Seen, view: _OpenView, models: Models) -> Laid:
    target, frame_size, frame_to_align, _ = view.started
    return golden_view.lay_over(one, target, frame_size, frame_to_align, models.trunk.features)


def _finished(view: _OpenView, seen: Sequence[Seen], models: Models, told: _Steps) -> GoldenView:
    return golden_view.finish_view(
        view.name,
        seen[view.reference].photo,
        [laid for _, laid in view.others],
        view.started,
        embed=models.trunk.features,
        identify=models.identity.vectors,
        step=told,
    )


class _Steps:
    """Counts progress; never reports more than there is to do before the end."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def __call__(self, what: str) -> None:
        self._done = min(self._done + 1, self._total - 1)
        if self._progress is not None:
            self._progress(what, self._done, self._total)

    def finish(self) -> None:
        if self._progress is not None:
            self._progress("done", self._total, self._total)
