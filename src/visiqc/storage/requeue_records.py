"""Photos that a re-score found riskier than anyone thought: their place in the inspectors' queue, and why."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from visiqc.domain.inspection_queue import Requeued, risk_of
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreRun
from visiqc.domain.rescore_results import RescoredPhoto
from visiqc.domain.verdict import Verdict
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document
from visiqc.storage.rescore_plans import first_verdict
from visiqc.storage.schema import queue, rescores, verdicts
from visiqc.storage.verdict_records import same_key


class RequeueRecords:
    """The part of `Records` by which re-scores reach inspectors."""

    _database: Database

    def requeue(self, run_id: str, photos: Sequence[RescoredPhoto]) -> int:
        """Queue photos by their new verdicts; see `RescoreRecords.requeue`."""
        found = [photo.now for photo in photos if photo.now is not None]

        def work(connection: Connection) -> int:
            return sum(_requeued(connection, run_id, verdict) for verdict in found)

        return self._database.write(work) if found else 0

    def requeued(self, upload_id: str) -> Requeued | None:
        """Why a re-score queued a photo; see `ReviewRecords.requeued`."""
        record, now = verdicts.alias("of_record"), verdicts.alias("new")
        query = (
            select(record.c.outcome, now.c.document, rescores.c.document.label("run"))
            .join_from(queue, rescores, rescores.c.id == queue.c.rescore_id)
            .join(now, now.c.seq == queue.c.verdict_seq)
            .join(record, record.c.seq == first_verdict(queue.c.upload_id))
            .where(queue.c.upload_id == upload_id)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        models = from_document(RescoreRun, row.run).request.members
        return Requeued(was=Outcome(row.outcome), now=from_document(Verdict, row.document), models=str(models))


def _requeued(connection: Connection, run_id: str, verdict: Verdict) -> bool:
    """Queue one photo, unless it is answered or stands there by this very verdict."""
    rank, p_value = risk_of(verdict)
    seq = connection.scalar(select(verdicts.c.seq).where(same_key(verdict)))
    c = queue.c
    waits = c.upload_id == verdict.id, c.is_open, c.verdict_seq.is_distinct_from(seq)
    found = connection.execute(
        update(queue).where(*waits).values(rank=rank, p_value=p_value, rescore_id=run_id, verdict_seq=seq)
    )
    return found.rowcount > 0
