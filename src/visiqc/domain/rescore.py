"""Scoring history again: what was asked for, what is to be done, and how far it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from visiqc.domain.model_set import Members, models_key
from visiqc.domain.verdict import Verdict
from visiqc.errors import InputError, InvalidRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which photos are scored again; None = all. Only photos that have a verdict of record are ever selected.

    Attributes:
        sku: Those of one product.
        order: Those of the units of one order.
        lot: Those of one of its lots.
        since: Those received at this time or later, UTC.
    """

    sku: str | None = None
    order: str | None = None
    lot: str | None = None
    since: datetime | None = None

    def __post_init__(self) -> None:
        if self.lot is not None and self.order is None:
            raise InputError(f"lot {self.lot[:80]} could be a lot of any order; name its order too")
        if self.since is not None and self.since.utcoffset() != timedelta(0):
            raise InvalidRecord(f"since must be UTC, got {self.since.isoformat()}")

    def __str__(self) -> str:
        named = [f"{name} {getattr(self, name)}" for name in ("sku", "order", "lot") if getattr(self, name)]
        if self.since is not None:
            named.append(f"received since {self.since:%Y-%m-%d %H:%M} UTC")
        return ", ".join(named) or "every photo"


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreRequest:
    """One re-score as it is asked for.

    Attributes:
        selection: Which photos.
        golden_version: Hold all of them against this version; None = each against the one it was accepted under.
        members: The models that score.
    """

    selection: Selection
    golden_version: int | None = None
    members: Members

    @property
    def models(self) -> str:
        """One name for the models and the fleet sidecar, as verdicts have it."""
        return models_key(self.members.digests)

    @property
    def fingerprint(self) -> str:
        """The same for the same request: what a run that was stopped is found by."""
        since = self.selection.since.isoformat() if self.selection.since else None
        asked = (self.selection.sku, self.selection.order, self.selection.lot, since, self.golden_version, self.models)
        return hashlib.sha256(repr(asked).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreRun:
    """One re-score that was begun, with all it rests on. Never edited; its plan is written with it.

    Attributes:
        id: Names it.
        request: What was asked for.
        software: What computes the verdicts.
        photos: How many are planned.
        started_at: UTC.
    """

    id: str
    request: RescoreRequest
    software: str
    photos: int
    started_at: datetime

    def __post_init__(self) -> None:
        if self.started_at.utcoffset() != timedelta(0):
            raise InvalidRecord(f"started_at must be UTC, got {self.started_at.isoformat()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreTask:
    """One photo of a plan.

    Attributes:
        position: Its place in the plan, from 1; photos of one golden version stand together.
        upload_id: The photo.
        sku, golden_version: The golden version it is held against.
    """

    position: int
    upload_id: str
    sku: str
    golden_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreResult:
    """What came of one photo of a plan: a verdict, or the reason why there is none.

    Attributes:
        position: Its place in the plan.
        verdict: The new verdict; None where it could not be scored.
        error: Why not; empty otherwise.
    """

    position: int
    verdict: Verdict | None = None
    error: str = ""

    def __post_init__(self) -> None:
        if (self.verdict is None) != bool(self.error):
            raise InvalidRecord("a photo that was scored again has either a verdict or an error")


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreCounts:
    """How far a run is.

    Attributes:
        planned: Photos in its plan.
        scored: Those that have a verdict.
        errors: Those that could not be scored.
        changed: Those whose outcome is not that of their verdict of record.
    """

    planned: int
    scored: int
    errors: int
    changed: int

    @property
    def done(self) -> int:
        """Photos of which nothing is left to do."""
        return self.scored + self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenInPlan:
    """The photos of a plan that are held against one golden version.

    Attributes:
        sku, version: Which version.
        photos: How many photos.
        known: Those of them that these models scored against it before.
        exists: Whether there is such a version.
        approved: Whether it is approved.
    """

    sku: str
    version: int
    photos: int
    known: int
    exists: bool = True
    approved: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RescorePlan:
    """What a re-score would do.

    Attributes:
        request: What was asked for.
        goldens: Its photos by the golden version they would be held against.
        lots: How many lots they come from.
        waiting: Photos that would be selected, had they been scored a first time.
        failed: The same, but their first scoring failed.
        seconds_each: What a photo took lately, on one core; None where nothing is known.
        unfinished: The run that would go on, with its counts; None where a new one would be started.
    """

    request: RescoreRequest
    goldens: tuple[GoldenInPlan, ...]
    lots: int
    waiting: int = 0
    failed: int = 0
    seconds_each: float | None = None
    unfinished: tuple[RescoreRun, RescoreCounts] | None = None

    @property
    def photos(self) -> int:
        """Photos to be done."""
        return sum(golden.photos for golden in self.goldens)

    @property
    def known(self) -> int:
        """Those of them that need no work, because these models scored them before."""
        return sum(golden.known for golden in self.goldens)

    @property
    def skus(self) -> tuple[str, ...]:
        """Their products, by name."""
        return tuple(sorted({golden.sku for golden in self.goldens}))
