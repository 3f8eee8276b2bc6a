"""Which models are in force: every promotion and every rollback is a row of its own, and the last one counts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from visiqc.errors import InvalidRecord, NotFound

SHIPPED = "shipped"
"""How a person names the set that ships with VisiQC, which needs no row."""


def models_key(digests: Sequence[str]) -> str:
    """One name for all that scored together: SHA-256 of its digests, one a line."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


class Move(StrEnum):
    """What put a set in force."""

    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """One member of a set.

    Attributes:
        version: Name of its folder, as in `models/<task>/<version>/`.
        digest: SHA-256 of the model file; of a fleet sidecar, of its content.
    """

    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """What scores together.

    Attributes:
        trunk, identity: Its models.
        defect: Its defect model; None where it has none.
        mask: Its mask model; None where colours tell the product.
        fleet: The calibration sidecar, which belongs to exactly these models.
    """

    trunk: ModelRef
    identity: ModelRef
    defect: ModelRef | None = None
    mask: ModelRef | None = None
    fleet: ModelRef

    @property
    def models(self) -> dict[str, ModelRef]:
        """The models by task, in the order in which verdicts name them."""
        named = {"trunk": self.trunk, "identity": self.identity, "defect": self.defect, "mask": self.mask}
        return {task: ref for task, ref in named.items() if ref is not None}

    @property
    def model_digests(self) -> tuple[str, ...]:
        """SHA-256 of every model."""
        return tuple(ref.digest for ref in self.models.values())

    @property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of every model and of the fleet sidecar, as verdicts name them."""
        return (*self.model_digests, self.fleet.digest)

    def __str__(self) -> str:
        parts = [f"{task} {ref.version}" for task, ref in self.models.items()]
        return ", ".join([*parts, f"fleet {self.fleet.version}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSet:
    """The models that score from `made_at` on, until the next row. Never edited.

    Attributes:
        id: Named by whoever rolls back to it, and by the row that supersedes it.
        move: What put it in force.
        members: The models and their sidecar.
        made_at: UTC.
        made_by: Who did it.
        why: The reason that was given.
        overridden: Whether the gate refused it, as worse or as one that learned from the photos it was compared on, and
            a person let it through all the same.
        comparison: What the gate measured, as JSON values; empty for a rollback.
        supersedes: Id of the row in force before; empty for the first.
        restores: Rollbacks only: id of the promotion that is in force again; empty for what ships.
        shipped: Whether it stands for whatever the installed VisiQC ships; its members are those of that day.
    """

    id: str
    move: Move
    members: Members
    made_at: datetime
    made_by: str
    why: str = ""
    overridden: bool = False
    comparison: dict[str, Any] = field(default_factory=dict)
    supersedes: str = ""
    restores: str = ""
    shipped: bool = False

    def __post_init__(self) -> None:
        if self.made_at.utcoffset() != timedelta(0):
            raise InvalidRecord(f"made_at must be UTC, got {self.made_at.isoformat()}")
        if not self.id or self.id == SHIPPED:
            raise InvalidRecord(f"a set needs an id that is not {SHIPPED!r}, got {self.id!r}")
        if self.overridden and not self.why:
            raise InvalidRecord("a set that was promoted although the gate refused it must say why")
        if self.shipped and self.move is Move.PROMOTED:
            raise InvalidRecord("what ships is never promoted, only returned to")


def set_before(history: Sequence[ModelSet]) -> ModelSet | None:
    """The set that a rollback returns to: the one in force before the present one was promoted; None = what ships.

    Rolling back twice goes two promotions back, not forth and back.

    Args:
        history: Every row, oldest first.

    Raises:
        NotFound: What ships is in force already.
    """
    rows = {row.id: row for row in history}
    present = history[-1] if history else None
    promoted = _promotion(present, rows)
    if promoted is None:
        raise NotFound("the models that ship are in force; there is nothing to roll back to")
    return _promotion(rows.get(promoted.supersedes), rows)


def named_set(history: Sequence[ModelSet], wanted: str) -> ModelSet | None:
    """The promotion behind the row `wanted`, an id or the beginning of one; None for `shipped`.

    Raises:
        NotFound: No such row, or several begin like that.
    """
    if wanted == SHIPPED:
        return None
    found = [row for row in history if wanted and row.id.startswith(wanted)]
    if len(found) != 1:
        said = "several sets begin" if found else "no set begins"
        raise NotFound(f"{said} with {wanted!r}; `visiqc model history` lists them, and {SHIPPED!r} is what ships")
    return _promotion(found[0], {row.id: row for row in history})


def _promotion(row: ModelSet | None, rows: dict[str, ModelSet]) -> ModelSet | None:
    """The promotion whose models are in force with `row`; None = what ships."""
    if row is None or row.shipped:
        return None
    return rows[row.restores] if row.move is Move.ROLLED_BACK else row
