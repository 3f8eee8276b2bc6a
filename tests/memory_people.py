"""Users and sessions in memory, the part of `memory.MemoryRecords` that is about people."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from visiqc.domain.people import Session, User, name_key, network_of
from visiqc.errors import Conflict, NotAuthenticated, NotFound


class MemoryPeople:
    """Users and sessions in dicts, in the order they came."""

    def __init__(self) -> None:
        self._people = threading.Lock()
        self._users: dict[str, User] = {}
        self._sessions: dict[str, Session] = {}
        self._logins: set[tuple[str, str]] = set()

    def add_user(self, user: User) -> User:
        with self._people:
            if name_key(user.name) in self._users:
                raise Conflict(f"user {user.name!r} exists already")
            self._users[name_key(user.name)] = user
            return user

    def user(self, name: str) -> User | None:
        return self._users.get(name_key(name))

    def users(self) -> tuple[User, ...]:
        with self._people:
            return tuple(self._users.values())

    def disable_user(self, name: str, *, at: datetime) -> User:
        with self._people:
            user = self._named(name)
            return self._changed(replace(user, disabled_at=user.disabled_at or at))

    def set_password(self, name: str, password_hash: str) -> User:
        with self._people:
            return self._changed(replace(self._named(name), password_hash=password_hash))

    def renew_hash(self, user_id: str, old: str, new: str) -> None:
        with self._people:
            for key, user in self._users.items():
                if (user.id, user.password_hash) == (user_id, old):
                    self._users[key] = replace(user, password_hash=new)

    def begin_session(self, session: Session, *, password_hash: str, address: str) -> Session:
        with self._people:
            user = next(user for user in self._users.values() if user.id == session.user_id)
            if user.disabled_at is not None or user.password_hash != password_hash:
                raise NotAuthenticated("log in again")
            self._sessions = {key: old for key, old in self._sessions.items() if old.expires_at > session.made_at}
            self._sessions[session.token_hash] = session
            self._logins.add((session.user_id, network_of(address)))
            return session

    def has_logged_in_from(self, name: str, address: str) -> bool:
        user = self._users.get(name_key(name))
        return user is not None and (user.id, network_of(address)) in self._logins

    def session(self, token_hash: str) -> tuple[Session, User] | None:
        with self._people:
            session = self._sessions.get(token_hash)
            return session and (session, next(user for user in self._users.values() if user.id == session.user_id))

    def touch_session(self, token_hash: str, *, at: datetime) -> None:
        with self._people:
            if token_hash in self._sessions:
                self._sessions[token_hash] = replace(self._sessions[token_hash], seen_at=at)

    def end_session(self, token_hash: str) -> None:
        with self._people:
            self._sessions.pop(token_hash, None)

    def _named(self, name: str) -> User:
        if name_key(name) not in self._users:
            raise NotFound(f"no user {name!r}")
        return self._users[name_key(name)]

    def _changed(self, user: User) -> User:
        self._users[name_key(user.name)] = user
        self._sessions = {key: kept for key, kept in self._sessions.items() if kept.user_id != user.id}
        return user
