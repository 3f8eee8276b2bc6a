"""Users and sessions, on every filling of `Records`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import a_session, a_user, digest_of, later
from visiqc.errors import Conflict, NotAuthenticated, NotFound
from visiqc.inspection.ports import Records

CHECKED = {"password_hash": a_user().password_hash, "address": "127.0.0.1"}
"""What a log-in knows once the password was right."""


def test_users_come_back_oldest_first(records: Records) -> None:
    kept = [records.add_user(a_user(id=name, name=name)) for name in ("Zoë", "ana")]
    assert list(records.users()) == kept
    assert records.user("ana") == kept[1]
    assert records.user("nobody") is None


@pytest.mark.parametrize("spelling", ["ANA", " ana ", "Ａｎａ"])
def test_a_name_is_found_and_taken_however_it_is_spelled(records: Records, spelling: str) -> None:
    ana = records.add_user(a_user())
    assert records.user(spelling) == ana
    with pytest.raises(Conflict):
        records.add_user(a_user(id="user-2", name=spelling))


def test_a_disabled_user_keeps_the_name_and_the_time_and_loses_every_session(records: Records) -> None:
    records.add_user(a_user())
    records.begin_session(a_session(), **CHECKED)
    assert records.disable_user("ANA", at=later(1)).disabled_at == later(1)
    assert records.disable_user("ana", at=later(2)).disabled_at == later(1)
    assert records.session(a_session().token_hash) is None
    with pytest.raises(Conflict):
        records.add_user(a_user(id="user-2"))


def test_a_new_password_ends_the_sessions_of_its_user_alone(records: Records) -> None:
    records.add_user(a_user())
    records.add_user(a_user(id="user-2", name="Bo"))
    of_ana, of_bo = a_session(), a_session(token_hash=digest_of("of bo"), user_id="user-2")
    for session in (of_ana, of_bo):
        records.begin_session(session, **CHECKED)
    assert records.set_password("ana", "new hash").password_hash == "new hash"
    assert records.session(of_ana.token_hash) is None
    assert records.session(of_bo.token_hash) == (of_bo, a_user(id="user-2", name="Bo"))


def test_a_user_who_is_not_there_is_named(records: Records) -> None:
    with pytest.raises(NotFound, match="nobody"):
        records.disable_user("nobody", at=later(1))
    with pytest.raises(NotFound, match="nobody"):
        records.set_password("nobody", "hash")


def test_a_session_is_kept_touched_and_ended(records: Records) -> None:
    records.add_user(a_user())
    session = records.begin_session(a_session(), **CHECKED)
    records.touch_session(session.token_hash, at=later(90))
    assert records.session(session.token_hash) == (replace(session, seen_at=later(90)), a_user())
    records.end_session(session.token_hash)
    records.end_session(session.token_hash)
    records.touch_session(session.token_hash, at=later(91))
    assert records.session(session.token_hash) is None


def test_a_new_session_sweeps_out_the_expired_ones(records: Records) -> None:
    records.add_user(a_user())
    records.begin_session(a_session(), **CHECKED)
    day_after = a_session(token_hash=digest_of("next"), made_at=later(86_400), expires_at=later(2 * 86_400))
    records.begin_session(day_after, **CHECKED)
    assert records.session(a_session().token_hash) is None
    assert records.session(day_after.token_hash) is not None


def test_no_session_begins_with_a_password_that_was_changed_while_it_was_checked(records: Records) -> None:
    records.add_user(a_user())
    records.set_password("ana", "new hash")
    with pytest.raises(NotAuthenticated, match="log in again"):
        records.begin_session(a_session(), **CHECKED)
    assert records.session(a_session().token_hash) is None
    assert records.begin_session(a_session(), **CHECKED | {"password_hash": "new hash"}) == a_session()


def test_no_session_begins_for_a_user_who_was_disabled_while_the_password_was_checked(records: Records) -> None:
    records.add_user(a_user())
    records.disable_user("ana", at=later(1))
    with pytest.raises(NotAuthenticated):
        records.begin_session(a_session(), **CHECKED)
    assert records.session(a_session().token_hash) is None


def test_it_is_known_for_good_from_which_networks_a_name_logged_in(records: Records) -> None:
    records.add_user(a_user())
    records.add_user(a_user(id="user-2", name="Bo"))
    assert not records.has_logged_in_from("ana", "2001:db8::7")
    records.begin_session(a_session(), **CHECKED | {"address": "2001:db8::7"})
    records.end_session(a_session().token_hash)
    assert records.has_logged_in_from("ANA", "2001:db8::8")
    assert not records.has_logged_in_from("ana", "2001:db8:0:1::7")
    assert not records.has_logged_in_from("bo", "2001:db8::7")
    assert not records.has_logged_in_from("nobody", "2001:db8::7")


def test_a_hash_is_renewed_where_it_is_still_the_old_one_and_sessions_go_on(records: Records) -> None:
    records.add_user(a_user())
    records.begin_session(a_session(), **CHECKED)
    records.renew_hash("user-1", "another", "new hash")
    assert records.user("ana") == a_user()
    records.renew_hash("user-1", a_user().password_hash, "new hash")
    assert records.user("ana") == a_user(password_hash="new hash")
    assert records.session(a_session().token_hash) is not None
