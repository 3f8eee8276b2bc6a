"""Passwords of people: what is accepted, and the slow hash that is all that is kept of them.

Argon2id with the parameters of RFC 9106 for little memory (64 MiB, 3 passes, 4 lanes), by `argon2-cffi`. One check
takes about a tenth of a second and 64 MiB, so whoever calls this on behalf of strangers bounds how many run at once.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import HashingError, InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import error_to_str
from argon2.profiles import RFC_9106_LOW_MEMORY
from pydantic import SecretStr

from visiqc.domain.people import name_key
from visiqc.errors import InputError, IntegrityError, Unavailable

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 1024
MIN_DIFFERENT: Final = 5
"""Different characters in a password; `aaaaaaaaaaaa` is long and no secret."""
_HASHER: Final = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_NOBODYS: Final = (
    f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}${'A' * 22}${'A' * 43}"
)
"""Checked against where there is no such user, so that an unknown name takes as long as a known one."""
_FOR_THE_MOMENT: Final = {error_to_str(-22), error_to_str(-33)}
"""What Argon2 says without memory or threads; its other complaints are about the hash."""


def hash_password(password: str, *, name: str) -> str:
    """The hash to keep of a new password of the user `name`.

    Raises:
        InputError: It is shorter than 12 characters or longer than 1024, the name itself, a few characters repeated,
            or not text.
        Unavailable: There is no memory for it at this moment.
    """
    spelled = _spelled(password)
    if not is_text(spelled):
        raise InputError("the password is not valid UTF-8 text")
    if not MIN_LENGTH <= len(spelled) <= MAX_LENGTH:
        raise InputError(f"a password must have {MIN_LENGTH} to {MAX_LENGTH} characters, got {len(spelled)}")
    if name_key(spelled) == name_key(name):
        raise InputError("the password is the user's name; choose another")
    if len(set(spelled)) < MIN_DIFFERENT:
        raise InputError(f"a password must hold at least {MIN_DIFFERENT} different characters; several words do well")
    return _hashed(spelled)


def is_password(password: SecretStr, password_hash: str | None) -> bool:
    """Whether `password` is the one that was hashed; without a hash never, and as slowly.

    Raises:
        IntegrityError: The hash is damaged.
        Unavailable: There is no memory for it at this moment.
    """
    spelled = _spelled(password.get_secret_value())
    usable = len(spelled) <= MAX_LENGTH and is_text(spelled)
    try:
        _HASHER.verify(password_hash or _NOBODYS, spelled if usable else "")
    except VerifyMismatchError:
        return False
    except (VerificationError, InvalidHashError, UnicodeError) as err:
        if str(err) in _FOR_THE_MOMENT:
            raise Unavailable("there is no memory to check a password at this moment; try again") from err
        raise IntegrityError("the hash of a password is damaged; set a new one: visiqc user password NAME") from err
    return usable and password_hash is not None


def renewed_hash(password: SecretStr, password_hash: str) -> str | None:
    """A hash of `password`, which is the right one, with today's parameters; None where `password_hash` has them."""
    return _hashed(_spelled(password.get_secret_value())) if _HASHER.check_needs_rehash(password_hash) else None


def is_text(sent: str) -> bool:
    """Whether `sent` can be encoded; some encodings let half characters (surrogates) through."""
    return not any("\ud800" <= letter <= "\udfff" for letter in sent)


def _hashed(spelled: str) -> str:
    try:
        return _HASHER.hash(spelled)
    except HashingError as err:
        raise Unavailable("there is no memory to hash a password at this moment; try again") from err


def _spelled(password: str) -> str:
    """One spelling of what keyboards send in several; NFKC, as NIST SP 800-63B advises."""
    return unicodedata.normalize("NFKC", password)
