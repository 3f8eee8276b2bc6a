"""Who does which re-score at this moment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from visiqc.domain.rescore_lease import RescoreLease
from visiqc.storage.database import Database
from visiqc.storage.schema import rescore_leases


class RescoreLeaseRecords:
    """The part of `Records` that keeps a re-score from being done twice at once."""

    _database: Database

    def hold_rescore(self, fingerprint: str, lease: RescoreLease, *, now: datetime) -> RescoreLease:
        """Take a re-score, or hold it for longer; see `RescoreRecords.hold_rescore`."""
        c = rescore_leases.c
        row = {"worker": lease.worker, "since": lease.since, "leased_until": lease.until}

        def work(connection: Connection) -> RescoreLease:
            query = select(rescore_leases).where(c.fingerprint == fingerprint).with_for_update()
            held = connection.execute(query).one_or_none()
            if held is None:
                connection.execute(insert(rescore_leases).values(row | {"fingerprint": fingerprint}))
                return lease
            if held.worker != lease.worker and held.leased_until > now:
                return RescoreLease(worker=held.worker, since=held.since, until=held.leased_until)
            connection.execute(update(rescore_leases).where(c.fingerprint == fingerprint).values(row))
            return lease

        return self._database.write(work)

    def let_go_rescore(self, fingerprint: str, worker: str) -> None:
        """Hold a re-score no longer; see `RescoreRecords.let_go_rescore`."""
        c = rescore_leases.c
        mine = c.fingerprint == fingerprint, c.worker == worker
        self._database.write(lambda connection: connection.execute(delete(rescore_leases).where(*mine)))
