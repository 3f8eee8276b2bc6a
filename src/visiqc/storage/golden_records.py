"""Golden versions, their approvals and calibrations."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from visiqc.domain.calibration import Calibration
from visiqc.domain.golden import GoldenVersion
from visiqc.errors import Conflict, InvalidRecord, NotApproved, NotFound
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document, to_document
from visiqc.storage.schema import approvals, calibrations, goldens


class GoldenRecords:
    """The part of `Records` that is about golden samples. An approval is a row of its own, so history stays."""

    _database: Database

    def add_golden(self, draft: GoldenVersion) -> GoldenVersion:
        """Keep `draft` under the next version number of its SKU; see `Records.add_golden`."""
        if draft.approved:
            raise InvalidRecord(f"a draft of {draft.sku} cannot be approved already; enrol it, then approve it")

        def work(connection: Connection) -> GoldenVersion:
            numbered = replace(draft, version=max(versions_of(connection, draft.sku), default=0) + 1)
            connection.execute(
                insert(goldens).values(
                    sku=numbered.sku,
                    version=numbered.version,
                    made_at=numbered.made_at,
                    document=to_document(numbered),
                )
            )
            return numbered

        return self._database.write(work)

    def golden(self, sku: str, version: int) -> GoldenVersion:
        """One version; see `Records.golden`."""
        with self._database.reading() as connection:
            return _golden(connection, sku, version)

    def current_golden(self, sku: str) -> GoldenVersion:
        """The version approved last; see `Records.current_golden`."""
        with self._database.reading() as connection:
            version = _current_version(connection, sku)
            if version is not None:
                return _golden(connection, sku, version)
            if there_are := versions_of(connection, sku):
                raise NotApproved(
                    f"no golden version of {sku!r} is approved; approve one of {_listed(there_are)} first"
                )
            raise _unknown(sku)

    def goldens(self, sku: str | None = None) -> tuple[GoldenVersion, ...]:
        """All versions, by SKU and version; see `Records.goldens`."""
        query = _with_approval()
        if sku is not None:
            query = query.where(goldens.c.sku == sku)
        with self._database.reading() as connection:
            found = [_loaded(row) for row in connection.execute(query)]
        # Sorted here: databases sort text by rules of their own.
        return tuple(sorted(found, key=lambda golden: (golden.sku, golden.version)))

    def approve_golden(self, sku: str, version: int, *, by: str, at: datetime) -> GoldenVersion:
        """Approve a version, making it current; see `Records.approve_golden`."""

        def work(connection: Connection) -> GoldenVersion:
            golden = _golden(connection, sku, version)
            if _current_version(connection, sku) == version:
                return golden
            row = {"sku": sku, "golden_version": version, "approved_at": at, "approved_by": by}
            connection.execute(insert(approvals).values(row))
            return replace(golden, approved_at=at, approved_by=by)

        return self._database.write(work)

    def add_calibration(self, calibration: Calibration) -> Calibration:
        """Keep a calibration, which from now on is the one in force; see `Records.add_calibration`."""

        def work(connection: Connection) -> Calibration:
            require_golden(connection, calibration.sku, calibration.golden_version)
            if connection.scalar(select(calibrations.c.seq).where(calibrations.c.id == calibration.id)):
                raise Conflict(
                    f"calibration {calibration.id!r} exists already and never changes; add one of another id"
                )
            connection.execute(
                insert(calibrations).values(
                    id=calibration.id,
                    sku=calibration.sku,
                    golden_version=calibration.golden_version,
                    made_at=calibration.made_at,
                    document=to_document(calibration),
                )
            )
            return calibration

        return self._database.write(work)

    def calibration(self, sku: str, version: int, fleet: str | None = None) -> Calibration | None:
        """The latest calibration, or the latest that the sidecar `fleet` scaled; see `Records.calibration`."""
        with self._database.reading() as connection:
            return latest_calibration(connection, sku, version, fleet)

    def calibrations(self, sku: str, version: int) -> tuple[Calibration, ...]:
        """Every calibration a golden version ever had, oldest first; see `Records.calibrations`."""
        c = calibrations.c
        query = select(c.document).where(c.sku == sku, c.golden_version == version).order_by(c.seq)
        with self._database.reading() as connection:
            documents = connection.scalars(query).all()
        return tuple(from_document(Calibration, document) for document in documents)


def latest_calibration(connection: Connection, sku: str, version: int, fleet: str | None = None) -> Calibration | None:
    """The latest calibration of a golden version, or the latest that the sidecar `fleet` scaled."""
    c = calibrations.c
    query = select(c.document).where(c.sku == sku, c.golden_version == version).order_by(c.seq.desc())
    for document in connection.scalars(query):  # a golden has a handful; nearly always the first is it
        found = from_document(Calibration, document)
        if fleet in {None, found.fleet}:
            return found
    return None


def require_golden(connection: Connection, sku: str, version: int) -> None:
    """Raise `NotFound`, naming the versions there are, unless this one is there."""
    there_are = versions_of(connection, sku)
    if not there_are:
        raise _unknown(sku)
    if version not in there_are:
        raise NotFound(f"{sku!r} has no golden version {version}; there is {_listed(there_are)}")


def versions_of(connection: Connection, sku: str) -> list[int]:
    """The version numbers of a SKU, ascending; empty for an unknown one."""
    query = select(goldens.c.version).where(goldens.c.sku == sku).order_by(goldens.c.version)
    return list(connection.scalars(query))


def _golden(connection: Connection, sku: str, version: int) -> GoldenVersion:
    require_golden(connection, sku, version)
    row = connection.execute(_with_approval().where(goldens.c.sku == sku, goldens.c.version == version)).one()
    return _loaded(row)


def _current_version(connection: Connection, sku: str) -> int | None:
    c = approvals.c
    return connection.scalar(select(c.golden_version).where(c.sku == sku).order_by(c.seq.desc()).limit(1))


def _with_approval() -> Select[Any]:
    """Each golden with its latest approval, if it has one."""
    c = approvals.c
    same = (c.sku == goldens.c.sku) & (c.golden_version == goldens.c.version)
    latest = select(func.max(c.seq)).where(same).correlate(goldens).scalar_subquery()
    return select(goldens.c.document, c.approved_at, c.approved_by).outerjoin_from(goldens, approvals, c.seq == latest)


def _loaded(row: Row[Any]) -> GoldenVersion:
    golden = from_document(GoldenVersion, row.document)
    return replace(golden, approved_at=row.approved_at, approved_by=row.approved_by)


def _unknown(sku: str) -> NotFound:
    return NotFound(f"no golden sample of {sku[:80]!r}; check the SKU, or enrol one first")


def _listed(versions: list[int]) -> str:
    return f"version{'s' * (len(versions) > 1)} {', '.join(map(str, versions))}"
