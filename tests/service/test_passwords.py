"""Which passwords are accepted, and what is kept of them."""

from __future__ import annotations

import time
from statistics import median

import pytest
from argon2 import extract_parameters
from pydantic import SecretStr

from services import PASSWORD, password_hash
from visiqc.errors import InputError
from visiqc.service.passwords import _NOBODYS, hash_password, is_password


def test_only_a_salted_argon2id_hash_is_kept() -> None:
    assert password_hash().startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert hash_password(PASSWORD, name="nobody") != password_hash(), "each with a salt of its own"
    assert PASSWORD not in password_hash()


def test_the_right_password_is_known_and_no_other() -> None:
    assert is_password(SecretStr(PASSWORD), password_hash())
    assert not is_password(SecretStr(PASSWORD.upper()), password_hash())
    assert not is_password(SecretStr(""), password_hash())
    assert not is_password(SecretStr("x" * 2000), password_hash())


def test_keyboards_that_spell_a_letter_in_two_ways_log_in_alike() -> None:
    assert is_password(SecretStr("schöner ring 7"), hash_password("schöner ring 7", name="x"))


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("eleven char", "12 to 1024"),
        ("x" * 1025, "12 to 1024"),
        ("INSPECTOR ana", "the user's name"),
        ("abababababababab", "different characters"),
        ("correct horse \udcff", "not valid UTF-8"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused_and_never_repeated(password: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as refused:
        hash_password(password, name="Inspector Ana")
    assert password not in str(refused.value)


def test_no_user_takes_as_long_as_a_wrong_password() -> None:
    assert extract_parameters(_NOBODYS) == extract_parameters(password_hash()), "the same work"

    def seconds(known: str | None) -> float:
        began = time.perf_counter()
        assert not is_password(SecretStr("wrong horse battery"), known)
        return time.perf_counter() - began

    assert median(seconds(None) for _ in range(3)) > 0.2 * median(seconds(password_hash()) for _ in range(3))
