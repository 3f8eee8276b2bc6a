"""Users and sessions; passwords and tokens are here only as hashes."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from visiqc.domain.access import Role
from visiqc.domain.people import Session, User, name_key, network_of
from visiqc.errors import Conflict, NotAuthenticated, NotFound
from visiqc.storage.database import Database
from visiqc.storage.schema import logins, sessions, users


class UserRecords:
    """The part of `Records` that is about people; what each method promises stands in `PeopleRecords`."""

    _database: Database

    def add_user(self, user: User) -> User:
        """Keep a new user.

        Raises:
            Conflict: The name or id is taken.
        """

        def work(connection: Connection) -> User:
            taken = (users.c.name_key == name_key(user.name)) | (users.c.id == user.id)
            if connection.execute(select(users.c.id).where(taken)).first():
                raise Conflict(f"there is a user {user.name!r} already, perhaps a disabled one; choose another name")
            connection.execute(insert(users).values(asdict(user) | {"name_key": name_key(user.name)}))
            return user

        return self._database.write(work)

    def user(self, name: str) -> User | None:
        """The user of that name, disabled or not."""
        with self._database.reading() as connection:
            return _found(connection, name)

    def users(self) -> tuple[User, ...]:
        """All users, oldest first."""
        with self._database.reading() as connection:
            return tuple(map(_loaded, connection.execute(_users())))

    def disable_user(self, name: str, *, at: datetime) -> User:
        """Keep a user from logging in and end all sessions."""

        def work(connection: Connection) -> User:
            user = _named(connection, name)
            return _changed(connection, replace(user, disabled_at=user.disabled_at or at))

        return self._database.write(work)

    def set_password(self, name: str, password_hash: str) -> User:
        """Change a password and end all sessions of its user."""

        def work(connection: Connection) -> User:
            return _changed(connection, replace(_named(connection, name), password_hash=password_hash))

        return self._database.write(work)

    def renew_hash(self, user_id: str, old: str, new: str) -> None:
        """Keep another hash of the same password, if the user still has the `old` one; sessions go on."""
        same = update(users).where(users.c.id == user_id, users.c.password_hash == old).values(password_hash=new)
        self._database.write(lambda connection: connection.execute(same))

    def begin_session(self, session: Session, *, password_hash: str, address: str) -> Session:
        """Keep a new session and that it was begun; forget those that expired before.

        Raises:
            NotAuthenticated: The user was disabled or got another password since it was checked.
        """

        def work(connection: Connection) -> Session:
            _require_unchanged(connection, session.user_id, password_hash)
            connection.execute(delete(sessions).where(sessions.c.expires_at <= session.made_at))
            connection.execute(insert(sessions).values(asdict(session)))
            begun = {"user_id": session.user_id, "at": session.made_at}
            connection.execute(insert(logins).values(begun | {"address": address, "network": network_of(address)}))
            return session

        return self._database.write(work)

    def has_logged_in_from(self, name: str, address: str) -> bool:
        """Whether the user of that name ever began a session from the same network."""
        there = select(logins.c.seq).join(users, users.c.id == logins.c.user_id)
        there = there.where(users.c.name_key == name_key(name), logins.c.network == network_of(address)).limit(1)
        with self._database.reading() as connection:
            return connection.execute(there).first() is not None

    def session(self, token_hash: str) -> tuple[Session, User] | None:
        """A session with its user, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(sessions).where(sessions.c.token_hash == token_hash)).one_or_none()
            if row is None:
                return None
            owner = connection.execute(_users().where(users.c.id == row.user_id)).one()
            return Session(**dict(row._mapping)), _loaded(owner)  # noqa: SLF001 - its documented name

    def touch_session(self, token_hash: str, *, at: datetime) -> None:
        """Say that a session was used."""
        used = update(sessions).where(sessions.c.token_hash == token_hash).values(seen_at=at)
        self._database.write(lambda connection: connection.execute(used))

    def end_session(self, token_hash: str) -> None:
        """Remove a session."""
        gone = delete(sessions).where(sessions.c.token_hash == token_hash)
        self._database.write(lambda connection: connection.execute(gone))


def _users() -> Select[Any]:
    return select(*(column for column in users.c if column.name not in {"seq", "name_key"})).order_by(users.c.seq)


def _found(connection: Connection, name: str) -> User | None:
    row = connection.execute(_users().where(users.c.name_key == name_key(name))).one_or_none()
    return None if row is None else _loaded(row)


def _require_unchanged(connection: Connection, user_id: str, password_hash: str) -> None:
    """Checking a password takes a tenth of a second, in which the user may have been disabled or got another one."""
    row = connection.execute(_users().where(users.c.id == user_id)).one()
    if row.disabled_at is not None or row.password_hash != password_hash:
        raise NotAuthenticated("the user was disabled or the password changed at this moment; log in again")


def _named(connection: Connection, name: str) -> User:
    if (user := _found(connection, name)) is None:
        raise NotFound(f"no user {name[:80]!r}; list the users to see their names")
    return user


def _changed(connection: Connection, user: User) -> User:
    """Keep what may change of a user, and end every session that was begun before."""
    changes = {"password_hash": user.password_hash, "disabled_at": user.disabled_at}
    connection.execute(update(users).where(users.c.id == user.id).values(changes))
    connection.execute(delete(sessions).where(sessions.c.user_id == user.id))
    return user


def _loaded(row: Row[Any]) -> User:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's own name for it, public by its documentation
    return User(**values | {"role": Role(row.role)})
