"""Logging in, staying logged in, and every way that ends."""

from __future__ import annotations

import hashlib

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from builders import MOMENT, FixedClock, a_user
from memory import MemoryRecords
from services import PASSWORD, password_hash
from visiqc.domain.access import Role
from visiqc.errors import InputError, NotAuthenticated, TooManyAttempts, Unavailable
from visiqc.service.passwords import is_password
from visiqc.service.sessions import Sessions, new_user
from visiqc.service.throttle import FREE_BY_NAME

HOUR = 3600.0


class Bench:
    """Sessions over records in memory, and one user."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.records = MemoryRecords()
        self.records.add_user(a_user(password_hash=password_hash()))
        self.sessions = Sessions(self.records, self.clock, idle_s=8 * HOUR, life_s=24 * HOUR)

    def log_in(
        self, name: str = "ana", password: str = PASSWORD, before: str | None = None, address: str = "203.0.113.7"
    ) -> str:
        return self.sessions.log_in(name, SecretStr(password), address=address, before=before)

    def over(self, token: str) -> bool:
        try:
            self.sessions.find(token)
        except NotAuthenticated:
            return True
        return False


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_session_is_of_its_user_and_only_the_hash_of_256_random_bits_is_kept(bench: Bench) -> None:
    token = bench.log_in("ANA")
    session, user = bench.sessions.find(token)
    assert len(token) == 43
    assert user.name == "Ana"
    assert session.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in (session.csrf_token, repr(session))


@pytest.mark.parametrize(
    ("name", "password"), [("ana", "wrong horse battery"), ("nobody", PASSWORD), ("x" * 9999, ""), ("", "")]
)
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(bench: Bench, name: str, password: str) -> None:
    with pytest.raises(NotAuthenticated, match=r"^name or password is wrong$"):
        bench.log_in(name, password)


def test_a_disabled_user_is_refused_alike(bench: Bench) -> None:
    bench.records.disable_user("ana", at=MOMENT)
    with pytest.raises(NotAuthenticated, match=r"^name or password is wrong$"):
        bench.log_in()


def test_each_log_in_makes_a_new_session_and_ends_the_one_that_the_browser_had(bench: Bench) -> None:
    first = bench.log_in()
    elsewhere = bench.log_in()
    second = bench.log_in(before=first)
    assert len({first, second, elsewhere}) == 3
    assert [bench.over(token) for token in (first, second, elsewhere)] == [True, False, False]


def test_a_session_ends_when_it_is_left_alone(bench: Bench) -> None:
    token = bench.log_in()
    bench.clock.pass_(8 * HOUR - 1)
    assert not bench.over(token), "and this was a use of it"
    bench.clock.pass_(8 * HOUR - 1)
    assert not bench.over(token)
    bench.clock.pass_(8 * HOUR)
    assert bench.over(token)


def test_a_session_ends_after_a_day_however_much_it_is_used(bench: Bench) -> None:
    token = bench.log_in()
    for _ in range(23):
        bench.clock.pass_(HOUR)
        assert not bench.over(token)
    bench.clock.pass_(HOUR)
    assert bench.over(token)


def test_using_a_session_is_written_down_once_a_minute_at_most(bench: Bench) -> None:
    token = bench.log_in()
    bench.clock.pass_(59)
    bench.sessions.find(token)
    assert bench.sessions.find(token)[0].seen_at == MOMENT
    bench.clock.pass_(1)
    bench.sessions.find(token)
    assert bench.sessions.find(token)[0].seen_at == bench.clock.now


def test_logging_out_disabling_and_a_new_password_end_it_at_once(bench: Bench) -> None:
    token = bench.log_in()
    bench.sessions.log_out(token)
    assert bench.over(token)
    token = bench.log_in()
    bench.records.set_password("ana", password_hash())
    assert bench.over(token)
    token = bench.log_in()
    bench.records.disable_user("ana", at=MOMENT)
    assert bench.over(token)


def test_a_password_that_is_changed_while_the_old_one_is_checked_begins_no_session(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(password: SecretStr, password_hash: str | None) -> bool:
        known = is_password(password, password_hash)
        bench.records.set_password("ana", "another hash")
        return known

    monkeypatch.setattr("visiqc.service.sessions.is_password", meanwhile)
    with pytest.raises(NotAuthenticated):
        bench.log_in()


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é" * 43, "A" * 44])
def test_what_is_no_token_is_no_session_and_no_error(bench: Bench, token: str) -> None:
    assert bench.over(token)
    bench.sessions.log_out(token)


def test_guessing_is_slowed_even_with_the_right_password_among_the_guesses(bench: Bench) -> None:
    for _ in range(FREE_BY_NAME):
        with pytest.raises(NotAuthenticated):
            bench.log_in("ANA", "wrong horse battery")
    with pytest.raises(TooManyAttempts, match="wait 1 s"):
        bench.log_in("ana", PASSWORD)


def test_a_stranger_who_fails_for_a_name_does_not_keep_its_user_out(bench: Bench) -> None:
    bench.log_in()
    for _ in range(FREE_BY_NAME):
        with pytest.raises(NotAuthenticated):
            bench.log_in(password="wrong horse battery", address="198.51.100.1")
    with pytest.raises(TooManyAttempts):
        bench.log_in(address="198.51.100.2")
    assert bench.log_in(), "from where she logged in before"


@pytest.mark.parametrize("broken", ["user", "has_logged_in_from"])
def test_a_try_while_the_database_is_away_does_not_count(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(bench.records, broken, away)
        for _ in range(2 * FREE_BY_NAME):
            with pytest.raises(Unavailable):
                bench.log_in()
    assert bench.log_in()


def test_a_damaged_hash_is_refused_as_a_wrong_password_is(bench: Bench) -> None:
    bench.records.set_password("ana", "$argon2id$damaged")
    with pytest.raises(NotAuthenticated, match=r"^name or password is wrong$"):
        bench.log_in()


def test_logging_in_renews_a_hash_of_yesterdays_parameters_and_ends_no_session(bench: Bench) -> None:
    token = bench.log_in()
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    bench.records.renew_hash("user-1", password_hash(), cheap)
    assert not bench.over(bench.log_in())
    assert bench.records.user("ana").password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not bench.over(token)


def test_a_new_user_has_a_checked_name_and_password() -> None:
    user = new_user(" Ana ", Role.INSPECTOR, PASSWORD, at=MOMENT)
    assert (user.name, user.role) == ("Ana", Role.INSPECTOR)
    for name, password in (("", PASSWORD), ("Ana", "short")):
        with pytest.raises(InputError):
            new_user(name, Role.INSPECTOR, password, at=MOMENT)
