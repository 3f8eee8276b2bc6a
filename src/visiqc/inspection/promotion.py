"""Put another set of models in force, and return to an earlier one.

The pointer moves last, in one transaction: until then everything that was prepared is unused, and whatever ends
the process leaves the old set in force. Goldens and calibrations are fitted to the new set before, so that products
do not fall back to provisional verdicts for a moment.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from visiqc.domain.model_set import Members, ModelSet, Move, named_set, set_before
from visiqc.errors import Conflict, InputError, Unavailable, VisiQCError
from visiqc.inspection.calibrate import Progress
from visiqc.inspection.model_ports import ModelSetRecords
from visiqc.inspection.parts import Parts
from visiqc.inspection.recalibrate import Refitted, refit_all
from visiqc.inspection.refit import golden_bank


class Measured(Protocol):
    """What a comparison of two sets on the same photos found."""

    @property
    def worse(self) -> bool:
        """Whether the challenger loses: the paired interval of a difference lies wholly on the losing side."""
        ...

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON values."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a promotion or a rollback did.

    Attributes:
        model_set: The row now in force.
        refitted: What came of every approved golden version.
    """

    model_set: ModelSet
    refitted: tuple[Refitted, ...]


def gate(measured: Measured, *, override: str) -> bool:
    """Whether a person's word is needed to let the challenger through.

    Raises:
        Conflict: It is worse, and nobody said why it should be promoted all the same.
    """
    if measured.worse and not override.strip():
        raise Conflict(
            "the challenger is worse than what is in force, so it is not promoted; train on, or say with "
            "--override why it should be all the same"
        )
    return measured.worse


def promote(
    members: Members,
    parts: Parts,
    measured: Measured,
    *,
    supersedes: str,
    by: str,
    override: str = "",
    learned: Sequence[str] = (),
    champion: Parts | None = None,
    progress: Progress | None = None,
) -> Moved:
    """Put a set in force that passed the gate.

    Args:
        members: The challenger, which lies in the home.
        parts: Every port, with the challenger's models and sidecar.
        measured: The gate's result against the set in force.
        supersedes: Id of the row that was in force when it was measured; empty when there was none.
        by: Who promotes it.
        override: Why it should be promoted although it is worse, learned from what it was compared on, or cannot use a
            product.
        learned: What it learned from of the photos it was compared on, in words; kept with the comparison.
        champion: Every port, with the models in force: a product that these cannot use either stops nothing. None = any
            product that the challenger cannot use does.
        progress: Told while goldens and calibrations are fitted.

    Raises:
        Conflict: It is worse, learned from the photos or cannot use a product, without an override; or another set came
            in force meanwhile.
        InputError: `by` names nobody.
        Unavailable: Database, disk or models are out of reach.
    """
    worse = gate(measured, override=override)
    if learned and not override.strip():
        raise Conflict(f"{'; '.join(learned)}, which it was compared on; say why that counts, or compare on others")
    refitted = _prepared(parts, by, progress)
    lost = _lost(refitted, parts, champion)
    if lost and not override.strip():
        raise Conflict(_cannot_use(lost))
    notes = {"learned": list(learned), "cannot_use": [one.title for one in lost]}
    return _moved(
        ModelSet(
            id=uuid.uuid4().hex,
            move=Move.PROMOTED,
            members=members,
            made_at=parts.clock(),
            made_by=by,
            why=override.strip(),
            overridden=worse or any(notes.values()),
            comparison=measured.as_json() | {name: note for name, note in notes.items() if note},
            supersedes=supersedes,
        ),
        refitted,
        parts,
    )


def rollback_target(history: Sequence[ModelSet], to: str) -> ModelSet | None:
    """The promotion to return to, None = what ships: the one named by id, or else the one before.

    Raises:
        NotFound: No such set, or what ships is in force.
        Conflict: The set named is the one in force.
    """
    target = named_set(history, to) if to else set_before(history)
    present = named_set(history, history[-1].id) if history else None
    if target == present:
        raise Conflict("that set is in force already; `visiqc model history` lists the others")
    return target


def roll_back(
    target: ModelSet | None,
    members: Members,
    parts: Parts,
    *,
    supersedes: str,
    by: str,
    why: str = "",
    progress: Progress | None = None,
) -> Moved:
    """Put an earlier set in force again; `target` None = what ships. Other arguments and errors as `promote`.

    Products that it cannot use stop nothing, they are named in the result: what is in force may be what is broken.
    """
    refitted = _prepared(parts, by, progress)
    return _moved(
        ModelSet(
            id=uuid.uuid4().hex,
            move=Move.ROLLED_BACK,
            members=members,
            made_at=parts.clock(),
            made_by=by,
            why=why.strip(),
            supersedes=supersedes,
            restores=target.id if target else "",
            shipped=target is None,
        ),
        refitted,
        parts,
    )


def _prepared(parts: Parts, by: str, progress: Progress | None) -> tuple[Refitted, ...]:
    if not by.strip():
        raise InputError("a change of models must say who makes it; name a person")
    return refit_all(parts, progress=progress)


def _lost(refitted: Sequence[Refitted], parts: Parts, champion: Parts | None) -> tuple[Refitted, ...]:
    """Versions that new photos are held against and that can be used no more: no photo of the product could be scored.

    One that was superseded does not count: enrolling the next version is the way out.

    Raises:
        Unavailable: One cannot be used at present, such as where memory ran out; the same call may succeed later.
    """
    unusable = [one for one in refitted if not one.usable]
    current = [one for one in unusable if parts.records.current_golden(one.sku).version == one.version]
    lost = tuple(one for one in current if champion is None or _used(one, champion))
    if passing := next((one.passing for one in lost if one.passing), ""):
        raise Unavailable(passing)  # it says nothing about the challenger, so it is not held against it
    return lost


def _used(one: Refitted, champion: Parts) -> bool:
    try:
        golden_bank(champion.records.golden(one.sku, one.version), champion)
    except Unavailable:
        raise
    except VisiQCError:
        return False
    return True


def _cannot_use(lost: Sequence[Refitted]) -> str:
    more = f" (and so with {', '.join(one.title for one in lost[1:])})" if len(lost) > 1 else ""
    return (
        f"the challenger cannot use {lost[0].title}: {lost[0].trouble}{more}; no photo could be scored, so it is not "
        "promoted; approve a next version that it can use, or say with --override why it should be all the same"
    )


def _moved(model_set: ModelSet, refitted: tuple[Refitted, ...], parts: Parts) -> Moved:
    kept = cast("ModelSetRecords", parts.records).add_model_set(model_set)
    # Pieces that were calibrated while the products were fitted went under the models before.
    found = {(one.sku, one.version): one for one in refitted}
    for late in refit_all(parts):
        if late.added:
            before = found.get((late.sku, late.version))
            found[late.sku, late.version] = replace(late, added=late.added + (before.added if before else 0))
    return Moved(model_set=kept, refitted=tuple(found.values()))
