"""Enrol a golden sample: photos through the gate, grouped into views, features computed once and kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from visiqc.domain.codes import checked_view
from visiqc.domain.golden import MAX_GOLDEN_PHOTOS, GoldenPhoto, GoldenVersion, ScoringPolicy, checked_sku
from visiqc.errors import InputError
from visiqc.inspection.parts import Models, Parts, SentPhoto
from visiqc.inspection.reading import Arrivals, Refusals, read_photo
from visiqc.vision import framing, golden_view
from visiqc.vision.align import AlignTarget
from visiqc.vision.bank import GoldenBank, to_bytes
from visiqc.vision.colour_card import read_card
from visiqc.vision.golden_view import GoldenView, Laid
from visiqc.vision.photo import DecodeLimits
from visiqc.vision.product_mask import FindProduct
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


@dataclass(frozen=True, slots=True)
class _Ready:
    """A photo that went through the gate.

    Attributes:
        sent: The photo as it was sent.
        seen: What was derived from it.
        report: What the gate measured.
        original_size: Height and width of the whole photo.
    """

    sent: SentPhoto
    seen: Seen
    report: QualityReport
    original_size: Size


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
    """Approve a version: from now on uploads are scored against it.

    Raises:
        InputError: `by` names nobody, or the SKU is unusable.
        NotFound: No such version.
    """
    if not by.strip():
        raise InputError("an approval must say who gives it; name a person")
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
    ready = _through_the_gate(photos, limits, long_side, models.find_product, told)
    opened = _group(ready, models, long_side, told)
    views = [_finished(view, ready, models, told) for view in opened]
    shown: dict[int, str] = {}
    for view in opened:
        shown |= dict.fromkeys((view.reference, *(index for index, _ in view.others)), view.name)
    told.finish()
    return GoldenBank(tuple(views), limits_from([one.report for one in ready])), [
        (shown[i], one.original_size) for i, one in enumerate(ready)
    ]


def _through_the_gate(
    photos: Sequence[SentPhoto], limits: DecodeLimits, long_side: int, find: FindProduct, told: _Steps
) -> list[_Ready]:
    """Every photo decoded and held against the absolute limits; all refusals are named at once."""
    ready: list[_Ready] = []
    arrivals, refusals = Arrivals(), Refusals()
    for photo in photos:
        with refusals.of(photo.name):
            arrivals.check(photo.name, photo.content)
            if photo.view is not None:
                checked_view(photo.view)
            copy = read_photo(photo.content, limits, frame_long_side=long_side)
            seen = see(copy.photo, find)
            report = measure_quality(seen.small, seen.mask, QualityLimits(), original_size=copy.original_size)
            if not report.passed:
                raise InputError(" ".join(f"{reason.message}. {reason.advice}" for reason in report.reasons))
            ready.append(_Ready(photo, seen, report, copy.original_size))
        told("reading photos")
    refusals.raise_any()
    return ready


def _group(ready: Sequence[_Ready], models: Models, long_side: int, told: _Steps) -> list[_OpenView]:
    opened: list[_OpenView] = []
    named = {one.sent.view for one in ready if one.sent.view is not None}
    refusals = Refusals()
    for index, one in enumerate(ready):
        wanted = one.sent.view
        candidates = [view for view in opened if wanted is None or view.name == wanted]
        laid = [_laid(one.seen, view, models) for view in candidates]
        best = max(range(len(laid)), key=lambda i: laid[i].alignment.similarity, default=None)
        if best is not None and laid[best].alignment.similarity >= SAME_VIEW:
            candidates[best].others.append((index, laid[best]))
        elif wanted is not None and candidates:
            with refusals.of(one.sent.name):
                raise InputError(_not_this_view(ready[candidates[0].reference].sent, laid[0].alignment.similarity))
        else:
            name = wanted or _free_name({*named, *(view.name for view in opened)})
            started = golden_view.start_view(one.seen, long_side=long_side, embed=models.trunk.features)
            opened.append(_OpenView(name, index, started))
        told("grouping views")
    refusals.raise_any()
    return opened


def _not_this_view(first: SentPhoto, similarity: float) -> str:
    return (
        f"it cannot be laid over {first.name}, the first photo of view {first.view!r} (similarity {similarity:.2f}, "
        f"wanted {SAME_VIEW}); give it a view of its own or take it from the same side"
    )


def _free_name(taken: Collection[str]) -> str:
    return next(name for n in count(1) if (name := f"view-{n}") not in taken)


def _laid(seen: Seen, view: _OpenView, models: Models) -> Laid:
    target, frame_size, frame_to_align, _ = view.started
    return golden_view.lay_over(seen, target, frame_size, frame_to_align, models.trunk.features)


def _finished(view: _OpenView, ready: Sequence[_Ready], models: Models, told: _Steps) -> GoldenView:
    target, frame_size, frame_to_align, mask = view.started
    agreed = framing.agreed_product(mask, [(ready[index].seen, laid.warp) for index, laid in view.others])
    shown = [view.reference, *(index for index, _ in view.others)]
    finished = golden_view.finish_view(
        view.name,
        [ready[index].seen for index in shown],
        [laid for _, laid in view.others],
        (target, frame_size, frame_to_align, agreed),
        embed=models.trunk.features,
        identify=models.identity.vectors,
        change=models.defect,
        step=told,
    )
    pictured = shown[: len(finished.pictures)]
    return replace(finished, cards=tuple(read_card(ready[index].seen.photo) for index in pictured))


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
