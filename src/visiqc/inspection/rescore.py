"""Score history again: plan it, begin it or go on with it, and look at one photo once more.

The plan is written before the work and says what is left at any moment; new verdicts stand beside those of record, one
for each photo, golden version, set of models and calibration. The order of the work, and who does it, is not decided
here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from visiqc.domain.rescore import RescorePlan, RescoreRequest, RescoreRun, RescoreTask, Selection
from visiqc.domain.verdict import Verdict
from visiqc.errors import InputError, NotApproved, NotFound, Unavailable, VisiQCError
from visiqc.inspection.calibrate import Progress
from visiqc.inspection.inspect import SOFTWARE, verdict_of
from visiqc.inspection.parts import Parts
from visiqc.inspection.ports import Records
from visiqc.inspection.recalibrate import recalibrate
from visiqc.inspection.refit import golden_bank

Golden = tuple[str, int]
"""SKU and version."""
PAGE: Final = 256
"""Photos that are in memory, and queued in one transaction, at a time."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run to work on, and whether it was begun before."""

    run: RescoreRun
    resumed: bool


class Prepared(NamedTuple):
    """What came of fitting golden versions.

    Attributes:
        unusable: Why versions cannot be used with the run's models.
        fewer: Why photos are held against fewer accepted pieces of a version than it has.
    """

    unusable: Mapping[Golden, str]
    fewer: Mapping[Golden, str]


def plan_rescore(request: RescoreRequest, records: Records) -> RescorePlan:
    """What a re-score would do; nothing is written.

    Raises:
        NotFound: No such product, order or lot, or a product without the golden version; they are named.
        NotApproved: The golden version of a product is still a proposal.
        InputError: No photo is selected.
    """
    _require_known(request.selection, records)
    plan = records.rescore_plan(request)
    if missing := [golden for golden in plan.goldens if not golden.exists]:
        raise NotFound(
            f"there is no golden version {request.golden_version} of {', '.join(golden.sku for golden in missing)}; "
            "select products that have it with --sku, or leave the version out"
        )
    if drafts := [golden for golden in plan.goldens if not golden.approved]:
        names = ", ".join(f"{golden.sku} version {golden.version}" for golden in drafts)
        raise NotApproved(f"not approved: {names}; a quality lead approves it with `visiqc golden approve`")
    if not plan.photos:
        raise InputError(
            f"no photo with a verdict is selected by {request.selection} ({plan.waiting} wait for their first, "
            f"{plan.failed} could not be scored); select others, or let `visiqc worker` score what waits"
        )
    return plan


def _require_known(selection: Selection, records: Records) -> None:
    if selection.sku is not None and not records.goldens(selection.sku):
        raise NotFound(f"no product {selection.sku[:80]!r} has a golden sample; `visiqc golden list` names them")
    if selection.lot is not None and selection.order is not None:
        records.lot(selection.order, selection.lot)
    elif selection.order is not None:
        records.order(selection.order)


def begin_rescore(request: RescoreRequest, parts: Parts, *, new: bool = False) -> Begun:
    """Go on with the latest run of the same request if it is unfinished, or write the plan of a new one.

    Args:
        request: What is asked for.
        parts: The ports.
        new: Begin a new run in any case.

    Raises:
        NotFound, NotApproved, InputError: As `plan_rescore`.
    """
    if not new and (run := parts.records.unfinished_rescore(request.fingerprint)) is not None:
        return Begun(run, resumed=True)
    plan_rescore(request, parts.records)
    run = RescoreRun(id=uuid.uuid4().hex, request=request, software=SOFTWARE, photos=0, started_at=parts.clock())
    return Begun(parts.records.begin_rescore(run), resumed=False)


def prepare_goldens(run: RescoreRun, parts: Parts, *, progress: Progress | None = None) -> Prepared:
    """Fit the golden versions that a run still needs to its models, once and before any photo.

    Raises:
        Unavailable: Database or disk are out of reach, or memory ran out while an accepted piece was scored; the same
            call may succeed later.
    """
    goldens = parts.records.open_goldens(run.id)
    unusable, fewer = dict[Golden, str](), dict[Golden, str]()
    for number, (sku, version) in enumerate(goldens):
        if progress is not None:
            progress(f"{sku} version {version}", number, len(goldens))
        try:
            golden = parts.records.golden(sku, version)
            fitted = recalibrate(golden, golden_bank(golden, parts), parts)
        except Unavailable:
            raise
        except VisiQCError as err:
            unusable[sku, version] = str(err)
            continue
        if fitted.passing:  # held against fewer pieces for a moment, photos would be scored otherwise
            raise Unavailable(fitted.passing)
        if fitted.trouble:
            fewer[sku, version] = fitted.trouble
    return Prepared(unusable, fewer)


def queue_riskier(run: RescoreRun, records: Records) -> int:
    """Put photos of a finished run in the inspectors' queue that it finds riskier than their verdicts of record.

    Those that an inspector answered stay answered. Killed half-way, it can be done again.

    Returns:
        How many were put there; those that this very verdict had put there before do not count.
    """
    queued, after = 0, 0
    while page := records.rescored_photos(run.id, after=after, limit=PAGE, changed=True):
        queued += records.requeue(run.id, [photo for photo in page if photo.riskier])
        after = page[-1].task.position
    return queued


def score_again(task: RescoreTask, parts: Parts) -> Verdict:
    """Compare one photo of a plan with its golden version. The verdict is returned, not kept.

    Raises:
        NotFound: The photo's bytes are gone.
        IntegrityError: They are not what was stored.
        InputError: They cannot be decoded under today's limits.
        Conflict: The golden version cannot be used with these models.
    """
    upload = parts.records.upload(task.upload_id)
    return verdict_of(upload, parts.records.golden(task.sku, task.golden_version), parts)
