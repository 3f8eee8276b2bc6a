"""Runs that score history again: begun with their plan, done photo by photo, closed when nothing is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, insert, select, update

from visiqc.domain.rescore import RescoreCounts, RescorePlan, RescoreRequest, RescoreResult, RescoreRun, RescoreTask
from visiqc.domain.rescore_results import moved
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, NotFound
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document, to_document
from visiqc.storage.rescore_plans import Sources, goldens_of, left_out, lots_of, planned_rows, seconds_each
from visiqc.storage.schema import FAILED, PENDING, rescore_ends, rescore_photos, rescores, verdicts
from visiqc.storage.verdict_records import documents_of, keep_verdict, same_key


class RescoreRecords:
    """The part of `Records` that plans runs and keeps their results."""

    _database: Database

    def rescore_plan(self, request: RescoreRequest) -> RescorePlan:
        """What a request would do; see `RescoreRecords.rescore_plan`."""
        with self._database.reading() as connection:
            without = left_out(connection, request.selection)
            run = _unfinished(connection, request.fingerprint)
            return RescorePlan(
                request=request,
                goldens=goldens_of(connection, request),
                lots=lots_of(connection, request.selection),
                waiting=without.get(PENDING, 0),
                failed=without.get(FAILED, 0),
                seconds_each=seconds_each(connection, request.selection),
                unfinished=None if run is None else (run, _counts(connection, run.id)),
            )

    def begin_rescore(self, run: RescoreRun) -> RescoreRun:
        """Keep a run and its whole plan; see `RescoreRecords.begin_rescore`."""

        def work(connection: Connection) -> RescoreRun:
            planned = goldens_of(connection, run.request)
            if missing := [golden for golden in planned if not golden.exists]:
                names = ", ".join(f"{golden.sku} version {golden.version}" for golden in missing)
                raise NotFound(f"there is no {names}; select products that have it, or leave the version out")
            kept = replace(run, photos=sum(golden.photos for golden in planned))
            row = {"id": kept.id, "fingerprint": kept.request.fingerprint, "started_at": kept.started_at}
            connection.execute(insert(rescores).values(row | {"document": to_document(kept)}))
            connection.execute(planned_rows(run.request, run.id))
            return kept

        return self._database.write(work)

    def unfinished_rescore(self, fingerprint: str) -> RescoreRun | None:
        """The latest run of a request, if it is unfinished; see `RescoreRecords.unfinished_rescore`."""
        with self._database.reading() as connection:
            return _unfinished(connection, fingerprint)

    def open_goldens(self, run_id: str) -> tuple[tuple[str, int], ...]:
        """Golden versions that are still needed; see `RescoreRecords.open_goldens`."""
        c = rescore_photos.c
        query = select(c.sku, c.golden_version).where(c.rescore_id == run_id, _open()).distinct()
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(c.sku, c.golden_version)).all()
        return tuple((row.sku, row.golden_version) for row in rows)

    def open_photos(self, run_id: str, *, after: int, limit: int) -> tuple[tuple[RescoreTask, Verdict | None], ...]:
        """The next photos without a result; see `RescoreRecords.open_photos`."""
        c = rescore_photos.c
        query: Select[Any] = (
            select(c.position, c.upload_id, c.sku, c.golden_version)
            .where(c.rescore_id == run_id, c.position > after, _open())
            .order_by(c.position)
            .limit(limit)
        )
        with self._database.reading() as connection:
            request = _run(connection, run_id).request
            tasks = [_task(row) for row in connection.execute(query)]
            known = _known(connection, request, tasks)
        return tuple((task, known.get(task.position)) for task in tasks)

    def add_rescore_results(self, run_id: str, results: Sequence[RescoreResult]) -> None:
        """Keep what came of some photos; see `RescoreRecords.add_rescore_results`."""

        def work(connection: Connection) -> None:
            for result in results:
                values = {"error": result.error} if result.verdict is None else _kept(connection, result.verdict)
                here = rescore_photos.c.rescore_id == run_id, rescore_photos.c.position == result.position
                connection.execute(update(rescore_photos).where(*here, _open()).values(values))

        if results:
            self._database.write(work)

    def rescore_counts(self, run_id: str) -> RescoreCounts:
        """How far a run is; see `RescoreRecords.rescore_counts`."""
        with self._database.reading() as connection:
            _run(connection, run_id)
            return _counts(connection, run_id)

    def end_rescore(self, run_id: str, *, at: datetime) -> datetime:
        """Close a run; see `RescoreRecords.end_rescore`."""

        def work(connection: Connection) -> datetime:
            ended = select(rescore_ends.c.finished_at).where(rescore_ends.c.rescore_id == run_id)
            earlier: datetime | None = connection.scalar(ended)
            if earlier is not None:
                return earlier
            counts = _counts(connection, run_id)
            if counts.done < counts.planned:
                left = counts.planned - counts.done
                raise Conflict(f"{left} photos of the run have no result yet; give the same command again to go on")
            connection.execute(insert(rescore_ends).values(rescore_id=run_id, finished_at=at))
            return at

        return self._database.write(work)


def _open() -> ColumnElement[bool]:
    """Whether a photo of a plan has no result yet."""
    return rescore_photos.c.verdict_seq.is_(None) & rescore_photos.c.error.is_(None)


def _run(connection: Connection, run_id: str) -> RescoreRun:
    document = connection.scalar(select(rescores.c.document).where(rescores.c.id == run_id))
    if document is None:
        raise NotFound(f"no re-score {run_id[:80]!r}; check its id")
    return from_document(RescoreRun, document)


def _unfinished(connection: Connection, fingerprint: str) -> RescoreRun | None:
    """Only the latest run counts: one that was left for a newer one is not taken up again."""
    query = (
        select(rescores.c.document, rescore_ends.c.finished_at)
        .outerjoin_from(rescores, rescore_ends, rescore_ends.c.rescore_id == rescores.c.id)
        .where(rescores.c.fingerprint == fingerprint)
        .order_by(rescores.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None or row.finished_at is not None else from_document(RescoreRun, row.document)


def _counts(connection: Connection, run_id: str) -> RescoreCounts:
    c = rescore_photos.c
    changed = func.count(case((c.outcome != c.was, 1)))
    query = select(func.count(), func.count(c.verdict_seq), func.count(c.error), changed).where(c.rescore_id == run_id)
    planned, scored, errors, differ = connection.execute(query).one()
    return RescoreCounts(planned=planned, scored=scored, errors=errors, changed=differ)


def _task(row: Row[Any]) -> RescoreTask:
    return RescoreTask(position=row.position, upload_id=row.upload_id, sku=row.sku, golden_version=row.golden_version)


def _known(connection: Connection, request: RescoreRequest, tasks: Sequence[RescoreTask]) -> dict[int, Verdict]:
    """By position, what the models of a request said before and would say again."""
    v, of_upload = verdicts.c, {task.upload_id: task for task in tasks}
    query = (
        select(v.upload_id, v.golden_version, v.calibration, v.document)
        .where(v.upload_id.in_(list(of_upload)), v.models == request.models)
        .order_by(v.seq)
    )
    sources, known = Sources(connection, request), dict[int, Verdict]()
    for row in connection.execute(query).all():
        task = of_upload[row.upload_id]
        same = row.golden_version == task.golden_version
        if same and sources.speaks(row.calibration, task.sku, task.golden_version):
            known[task.position] = from_document(Verdict, row.document)
    return known


def _kept(connection: Connection, verdict: Verdict) -> dict[str, Any]:
    """Write a verdict, or find the one of its key, and describe it for the plan's row."""
    kept = keep_verdict(connection, verdict)
    before = from_document(Verdict, connection.scalars(documents_of(kept.id)).first() or "")
    return {
        "verdict_seq": connection.scalar(select(verdicts.c.seq).where(same_key(kept))),
        "outcome": kept.outcome,
        "moved": moved(before, kept),
    }
