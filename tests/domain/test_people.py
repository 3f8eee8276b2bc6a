"""Names of people, and how long a session lives."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_session, a_user, later
from visiqc.domain.people import checked_user_name, name_key, network_of
from visiqc.errors import InputError

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "a\x00"])
def test_a_name_must_be_readable(name: str) -> None:
    with pytest.raises(InputError, match="1 to 80 printable"):
        checked_user_name(name)


@given(st.text(max_size=20))
def test_the_key_of_a_name_is_the_key_of_its_other_spellings(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)
    assert name_key(f"  {name} ") == name_key(name)


def test_a_session_lives_until_it_is_left_alone_or_its_time_is_over() -> None:
    session = a_session(expires_at=later(2 * 3600))
    assert session.lives(later(3599), idle=HOUR)
    assert not session.lives(later(3600), idle=HOUR)
    assert not session.lives(later(2 * 3600), idle=24 * HOUR)


def test_no_secret_is_shown_by_accident() -> None:
    assert "argon2" not in repr(a_user())
    assert "ccc" not in repr(a_session())


def test_one_ipv6_subscriber_is_one_address() -> None:
    assert network_of("2001:db8:1:2::7") == network_of("2001:db8:1:2:ffff::1")
    assert network_of("2001:db8:1:2::7") != network_of("2001:db8:1:3::7")
    assert network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert network_of("unknown") == "unknown"
