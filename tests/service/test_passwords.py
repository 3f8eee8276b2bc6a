"""Which passwords are accepted, and what is kept of them."""

from __future__ import annotations

import time
from statistics import median

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import HashingError, VerificationError
from pydantic import SecretStr

from services import PASSWORD, password_hash
from visiqc.errors import InputError, IntegrityError, Unavailable
from visiqc.service import passwords
from visiqc.service.passwords import _NOBODYS, hash_password, is_password, renewed_hash


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


def test_what_is_no_text_is_no_password() -> None:
    assert not is_password(SecretStr("correct horse \udcff"), password_hash())
    assert not is_password(SecretStr("\udcff"), None)


@pytest.mark.parametrize("kept", ["x", "$argon2id$no hash", "$argon2id$é", "short", "shorter"])
def test_a_damaged_hash_is_told(kept: str) -> None:
    cut = {"short": password_hash()[:-45], "shorter": password_hash()[:40]}
    with pytest.raises(IntegrityError, match="visiqc user password"):
        is_password(SecretStr(PASSWORD), cut.get(kept, kept))


def test_without_memory_no_password_is_right_or_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor:
        def verify(self, *_: object) -> bool:
            raise VerificationError("Memory allocation error")

        def hash(self, *_: object) -> str:
            raise HashingError("Memory allocation error")

    monkeypatch.setattr(passwords, "_HASHER", Poor())
    with pytest.raises(Unavailable, match="try again"):
        is_password(SecretStr(PASSWORD), "$argon2id$")
    with pytest.raises(Unavailable, match="try again"):
        hash_password(PASSWORD, name="nobody")


def test_a_hash_with_the_parameters_of_yesterday_is_renewed() -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    renewed = renewed_hash(SecretStr(PASSWORD), cheap)
    assert renewed is not None
    assert is_password(SecretStr(PASSWORD), renewed)
    assert renewed_hash(SecretStr(PASSWORD), renewed) is None


def test_no_user_takes_as_long_as_a_wrong_password() -> None:
    assert extract_parameters(_NOBODYS) == extract_parameters(password_hash()), "the same work"

    def seconds(known: str | None) -> float:
        began = time.perf_counter()
        assert not is_password(SecretStr("wrong horse battery"), known)
        return time.perf_counter() - began

    assert median(seconds(None) for _ in range(3)) > 0.2 * median(seconds(password_hash()) for _ in range(3))
