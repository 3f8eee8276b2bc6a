"""API keys; their secrets are here only as hashes."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from visiqc.domain.access import ApiKey, Role
from visiqc.errors import Conflict, NotFound
from visiqc.storage.database import Database
from visiqc.storage.schema import api_keys


class KeyRecords:
    """The part of `Records` that is about who may ask."""

    _database: Database

    def add_key(self, key: ApiKey) -> ApiKey:
        """Keep a new API key.

        Raises:
            Conflict: A key of that id exists.
        """

        def work(connection: Connection) -> ApiKey:
            if _found(connection, key.id):
                raise Conflict(f"an API key {key.id!r} exists already; make one of another id")
            connection.execute(insert(api_keys).values(asdict(key)))
            return key

        return self._database.write(work)

    def key(self, key_id: str) -> ApiKey | None:
        """The key of that id, revoked or not."""
        with self._database.reading() as connection:
            return _found(connection, key_id)

    def keys(self) -> tuple[ApiKey, ...]:
        """All keys, oldest first."""
        with self._database.reading() as connection:
            return tuple(map(_loaded, connection.execute(_keys())))

    def revoke_key(self, key_id: str, *, at: datetime) -> ApiKey:
        """Make a key useless from now on; one revoked before keeps its time. See `Records.revoke_key`."""

        def work(connection: Connection) -> ApiKey:
            key = _found(connection, key_id)
            if key is None:
                raise NotFound(f"no API key {key_id[:80]!r}; list the keys to see their ids")
            if key.revoked_at is None:
                key = replace(key, revoked_at=at)
                connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=at))
            return key

        return self._database.write(work)


def _keys() -> Select[Any]:
    return select(*(column for column in api_keys.c if column.name != "seq")).order_by(api_keys.c.seq)


def _found(connection: Connection, key_id: str) -> ApiKey | None:
    row = connection.execute(_keys().where(api_keys.c.id == key_id)).one_or_none()
    return None if row is None else _loaded(row)


def _loaded(row: Row[Any]) -> ApiKey:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's own name for it, public by its documentation
    return ApiKey(**values | {"role": Role(row.role)})
