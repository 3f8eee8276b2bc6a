"""Frozen records as JSON text and back, equal to the last bit of every float.

Plain text and not the database's JSON type: PostgreSQL's knows neither NaN, nor Infinity, nor the character U+0000,
and a threshold that no score reaches *is* infinite.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from visiqc.errors import InputError, IntegrityError, InvalidRecord

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R")


def to_document(record: DataclassInstance) -> str:
    """`record` as JSON.

    Raises:
        InputError: A text in it is not valid Unicode, such as a file name that was never UTF-8.
        InvalidRecord: It holds something that is not part of a record, such as a NumPy number.
    """
    try:
        document = json.dumps(asdict(record), default=_plain, ensure_ascii=False, separators=(",", ":"))
        document.encode()
    except UnicodeEncodeError as err:
        raise InputError(f"not valid Unicode text: {err.object[err.start - 1 : err.end]!r}; send it as UTF-8") from err
    except TypeError as err:
        raise InvalidRecord(f"a {type(record).__name__} holds what cannot be kept: {err}") from err
    return document


def from_document(kind: type[R], document: str) -> R:
    """The record of type `kind` that `to_document` wrote; fields added since then take their defaults.

    Raises:
        IntegrityError: The text is not such a record.
    """
    try:
        record: R = _adapter(cast("Any", kind)).validate_json(document)
    except ValidationError as err:
        raise IntegrityError(
            f"a stored {kind.__name__} cannot be read back ({err.error_count()} faults); restore it from a backup"
        ) from err
    return record


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
