"""Sets of models in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from visiqc.domain.model_set import SHIPPED, Move

if TYPE_CHECKING:
    from visiqc.domain.model_set import Members, ModelSet
    from visiqc.inspection.promotion import Moved
    from visiqc.inspection.recalibrate import Refitted
    from visiqc.runtime.installed import Installed


def describe_installed(there: Sequence[Installed], members: Members | None) -> str:
    """Every model that can be loaded, one a line; those in force are marked with a star."""
    if members is None:
        used = set()
    else:
        used = {(task, ref.version) for task, ref in [*members.models.items(), ("fleet", members.fleet)]}
    lines = []
    for one in there:
        twice = any((two.task, two.version) == (one.task, one.version) and two.promoted for two in there)
        if twice and not one.promoted:
            continue  # the copy in the home is the same, byte for byte
        star = "*" if (one.task, one.version) in used else " "
        where = f"copied {one.copied_at:%Y-%m-%d %H:%M} UTC" if one.copied_at else "ships"
        note = "" if one.shippable else "  not to be given away: trained on data whose licence forbids it"
        lines.append(f"{star} {one.task:<9} {one.version:<20} {where:<27} {one.digest[:12]:<12}{note}".rstrip())
    return "\n".join(lines)


def describe_force(row: ModelSet | None) -> str:
    """Which set is in force, in one line."""
    if row is None:
        return "In force: what ships with VisiQC; nothing was promoted yet."
    how = "promoted" if row.move is Move.PROMOTED else "returned to"
    what = "what ships with VisiQC" if row.shipped else str(row.members)
    return f"In force: {what}; {how} {row.made_at:%Y-%m-%d %H:%M} UTC by {row.made_by} (set {row.id[:8]})."


def describe_history(history: Sequence[ModelSet]) -> str:
    """Every row, newest first, the one in force marked with a star."""
    lines = []
    for row in reversed(history):
        star = "*" if row is history[-1] else " "
        what = {Move.PROMOTED: "promoted", Move.ROLLED_BACK: f"back to {row.restores[:8] or SHIPPED}"}[row.move]
        why = f'  {_although(row)}"{row.why}"' if row.why else ""
        lines.append(
            f"{star} {row.id[:8]}  {row.made_at:%Y-%m-%d %H:%M} UTC  {what:<16}  {row.made_by}  {row.members}{why}"
        )
    return "\n".join(lines)


def _although(row: ModelSet) -> str:
    """What a person let pass; empty where nothing was."""
    if not row.overridden:
        return ""
    learned, lost = bool(row.comparison.get("learned")), row.comparison.get("cannot_use")
    said = ["worse"] if row.comparison.get("worse") or not (learned or lost) else []
    said += ["compared on designs it knows"] if learned else []
    said += [f"unfit for {', '.join(lost)}"] if lost else []
    return f"although {' and '.join(said)}: "


def describe_moved(moved: Moved) -> str:
    """What is in force now, and which products could not follow."""
    return "\n".join([describe_force(moved.model_set), describe_refitted(moved.refitted)])


def describe_refitted(refitted: Sequence[Refitted]) -> str:
    """How many golden versions were fitted, and every one that has trouble."""
    pieces = sum(one.added for one in refitted)
    return "\n".join(
        [
            f"{sum(one.usable for one in refitted)} approved golden versions are ready for these models; {pieces} "
            "accepted pieces were scored again.",
            *(f"  {one.title}: {one.trouble}" for one in refitted if one.trouble),
        ]
    )
