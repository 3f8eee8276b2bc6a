"""Requests that wait for verdicts: how long they want to, and what they are told then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query

from visiqc.batch.queue import ScoringQueue
from visiqc.inspection.parts import Parts
from visiqc.service.admission import checked_idempotency_key, patience_s
from visiqc.service.schemas import ScoreOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a scoring request asks for beside its form.

    Attributes:
        key: The idempotency key, checked.
        patience_s: How long it wants to wait for its verdicts.
        applied: Headers that say which preference was followed.
    """

    key: str | None
    patience_s: float
    applied: dict[str, str]


def _wishes(
    idempotency_key: Annotated[str | None, Header(examples=["lot-7-12"])] = None,
    prefer: Annotated[str | None, Header(examples=["respond-async"])] = None,
    wait: Annotated[bool, Query(description="false: answer 202 at once.")] = True,  # noqa: FBT002 - a query parameter
) -> Wishes:
    patience = patience_s(prefer, wait=wait)
    applied = {"Preference-Applied": "respond-async"} if prefer and patience == 0 else {}
    return Wishes(key=checked_idempotency_key(idempotency_key), patience_s=patience, applied=applied)


WishesDep = Annotated[Wishes, Depends(_wishes)]


async def settled(queue: ScoringQueue, upload_ids: Iterable[str], patience: float) -> None:
    """Wait until the queue has done what it can for every upload, at most `patience` seconds."""
    futures = [future for upload_id in upload_ids if (future := queue.unsettled(upload_id))]
    if futures and patience > 0:
        await asyncio.wait([asyncio.wrap_future(future) for future in futures], timeout=patience)


def states_of(parts: Parts, upload_ids: Iterable[str]) -> list[ScoreOut]:
    """The present state of each upload."""
    return [ScoreOut.of(parts.records.upload(each), parts.records.verdict(each)) for each in upload_ids]
