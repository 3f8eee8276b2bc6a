"""What the tables' columns have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    TypeDecorator,
)

PENDING, SCORED, FAILED = "pending", "scored", "failed"
"""States of an upload. `failed` can still become `scored`, or `pending` when a person asks; what is scored stays so."""


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: SQLite keeps no time zone, so UTC goes in and UTC comes out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Any aware time as UTC."""
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The stored time as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite gives row numbers of its own only to a column of type INTEGER.
ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def seq() -> Column[int]:
    """The order in which rows came; clocks can stand still or jump back, this cannot."""
    return Column("seq", ROW_NUMBER, primary_key=True, autoincrement=True)


def golden_columns() -> tuple[Any, ...]:
    """The golden sample version a row belongs to; a column belongs to one table, so each gets new ones."""
    return (
        Column("sku", String(64), nullable=False),
        Column("golden_version", Integer, nullable=False),
        ForeignKeyConstraint(["sku", "golden_version"], ["goldens.sku", "goldens.version"]),
    )
