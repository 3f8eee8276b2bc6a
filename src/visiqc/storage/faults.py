"""What a database refuses, in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from visiqc.errors import InputError, Unavailable

BUSY_TIMEOUT_MS = 10_000
"""How long one SQLite writer waits for another."""

_SQLITE = {
    "FULL": "its disk is full; free some space and try again",
    "READONLY": "it is read-only; mount its disk writable and check the file's permissions",
    "BUSY": f"it was busy for {BUSY_TIMEOUT_MS // 1000} s; try again",
    "LOCKED": "it was locked; try again",
    "CANTOPEN": "it cannot be opened; check that its folder exists and that this user may write there",
    "PERM": "this user may not use it; check its owner and permissions",
    "NOTADB": "the file is not a SQLite database; check VISIQC_DATABASE_URL or visiqc.sqlite3 in VISIQC_HOME",
    "CORRUPT": "the file is damaged; restore it from a backup",
    "IOERR": "its disk reports an error or is full; check the disk",
}


@contextmanager
def database_errors() -> Iterator[None]:
    """Raise our errors for those of the database and its driver, without machine paths or statements.

    Raises:
        Unavailable: The database cannot be reached, read or written at present.
        InputError: A text holds what no database can keep.
    """
    try:
        yield
    except IntegrityError:
        raise  # a row that stands already, or is named and missing: the caller knows what that means
    except DataError as err:
        raise InputError("the database cannot keep a text or number of this request; look for NUL characters") from err
    except PoolTimeout as err:
        raise Unavailable("the database is busy: every connection is in use; try again") from err
    except DBAPIError as err:
        raise Unavailable(f"the database is not available: {_said(err)}") from err
    except UnicodeEncodeError as err:
        raise InputError(f"not valid Unicode text: {err.object[:80]!r}; send it as UTF-8") from err


def _said(err: DBAPIError) -> str:
    name = str(getattr(err.orig, "sqlite_errorname", ""))
    for kind, advice in _SQLITE.items():
        if name.startswith(f"SQLITE_{kind}"):
            return advice
    return (
        f"it cannot be reached or refused ({name or type(err.orig).__name__}); check VISIQC_DATABASE_URL and its server"
    )
