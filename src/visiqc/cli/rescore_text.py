"""A re-score in words, for people at a terminal."""

from __future__ import annotations

from visiqc.cli.progress import duration
from visiqc.domain.agreement import Agreement
from visiqc.domain.rescore import RescoreCounts, RescorePlan

GOLDENS_NAMED = 12
"""Golden versions that a plan names one by one."""


def describe_plan(plan: RescorePlan, *, processes: int) -> str:
    """What a re-score would do, several lines."""
    request, open_photos = plan.request, plan.photos - plan.known
    lines = [
        f"photos     {plan.photos} of {request.selection}; {plan.known} of them were scored by these models before",
        f"lots       {plan.lots}",
        f"products   {len(plan.skus)}",
        f"models     {request.members}",
        *_goldens(plan),
    ]
    if plan.waiting or plan.failed:
        lines.append(
            f"left out   {plan.waiting} that wait for their first verdict, {plan.failed} that could not be scored"
        )
    if plan.seconds_each is not None and open_photos:
        whole = duration(open_photos * plan.seconds_each / processes)
        lines.append(
            f"time       about {whole} with {processes} processes, at {plan.seconds_each:.1f} s a photo on one"
        )
    if plan.unfinished is not None:
        run, counts = plan.unfinished
        lines.append(f"unfinished {run.started_at:%Y-%m-%d %H:%M} UTC, {counts.done} of {counts.planned} done; goes on")
    return "\n".join(lines)


def _goldens(plan: RescorePlan) -> list[str]:
    named = [f"{golden.sku} version {golden.version}: {golden.photos} photos" for golden in plan.goldens]
    shown = named[:GOLDENS_NAMED]
    if len(named) > GOLDENS_NAMED:
        shown.append(f"and {len(named) - GOLDENS_NAMED} more")
    return [f"{'golden' if number == 0 else '':<10} {line}" for number, line in enumerate(shown)]


def describe_rescore(counts: RescoreCounts) -> str:
    """What a re-score found, one or two lines."""
    said = f"{counts.scored} of {counts.planned} photos were scored again, {counts.changed} changed their outcome"
    return f"{said}; {counts.errors} could not be scored" if counts.errors else said


def describe_agreement(before: Agreement, now: Agreement) -> str:
    """How often old and new outcomes say what inspectors decided, one line."""
    return (
        f"of {before.photos} of them that inspectors answered, the verdicts of record agreed with {before.agreed} and "
        f"contradicted {before.contradicted}, the new ones agree with {now.agreed} and contradict {now.contradicted}"
    )


def describe_queued(photos: int) -> str:
    """What reached the inspectors' queue, one line."""
    if not photos:
        return "nothing new for inspectors: what is riskier now is answered, or was in their queue already"
    return f"{photos} photos that are riskier now are in the inspectors' queue, with the reason"
