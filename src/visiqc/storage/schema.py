"""The tables. A record is kept whole as a JSON document; columns beside it are for finding and joining it.

Rows are only ever added, but for `uploads.state`, `uploads.failure`, `api_keys.revoked_at`, a user's password and
`disabled_at`, `jobs`, `sessions`, `queue`, `viewings`, and the results in `rescore_photos`. In `goldens`, `approvals`,
`calibrations`, `verdicts`, `model_sets`, `golden_features`, `orders`, `milestones`, `lots`, `unit_photos`, `logins`,
`rescores`, `rescore_ends` and `reviews` the database itself refuses changes, and it refuses to delete an upload or a
user (SQLite triggers, in the migrations).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

HEAD = "0006"
"""The newest migration; a database at this version is opened without importing Alembic."""

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
_ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _seq() -> Column[int]:
    """The order in which rows came; clocks can stand still or jump back, this cannot."""
    return Column("seq", _ROW_NUMBER, primary_key=True, autoincrement=True)


def _golden_columns() -> tuple[Any, ...]:
    return (
        Column("sku", String(64), nullable=False),
        Column("golden_version", Integer, nullable=False),
        ForeignKeyConstraint(["sku", "golden_version"], ["goldens.sku", "goldens.version"]),
    )


goldens = Table(
    "goldens",
    metadata,
    Column("sku", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    CheckConstraint("version >= 1", name="numbered"),
)

approvals = Table(
    "approvals",
    metadata,
    _seq(),
    *_golden_columns(),
    Column("approved_at", UtcDateTime, nullable=False),
    Column("approved_by", Text, nullable=False),
    Index(None, "sku", "golden_version"),
    sqlite_autoincrement=True,
)

calibrations = Table(
    "calibrations",
    metadata,
    _seq(),
    Column("id", String(64), nullable=False, unique=True),
    *_golden_columns(),
    Column("made_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    Index(None, "sku", "golden_version"),
    sqlite_autoincrement=True,
)

requests = Table(
    "requests",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    _seq(),
    Column("id", String(64), nullable=False, unique=True),
    *_golden_columns(),
    Column("photo_digest", String(64), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("request_key", Text, ForeignKey("requests.key"), index=True),
    Column("state", String(16), nullable=False),
    Column("failure", Text),
    Column("document", Text, nullable=False),
    CheckConstraint(f"state IN ('{PENDING}', '{SCORED}', '{FAILED}')", name="state"),
    CheckConstraint(f"(state = '{FAILED}') = (failure IS NOT NULL)", name="failure_says_why"),
    Index(None, "state", "seq"),
    sqlite_autoincrement=True,
)

verdicts = Table(
    "verdicts",
    metadata,
    _seq(),
    Column("upload_id", String(64), ForeignKey("uploads.id"), nullable=False),
    *_golden_columns(),
    Column("models", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("golden_view", Text),
    Column("made_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("upload_id", "golden_version", "models"),
    sqlite_autoincrement=True,
)
"""`models` is the SHA-256 of the digests of models and fleet sidecar, one a line; an upload's first row is its verdict
of record."""

jobs = Table(
    "jobs",
    metadata,
    Column("upload_id", String(64), ForeignKey("uploads.id"), primary_key=True),
    Column("worker", Text, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("put_off", Integer, nullable=False),
    Column("not_before", UtcDateTime),
)
"""Pending uploads that a worker took at least once; a pending upload without a row is free. A row goes with the
upload's answer. `leased_until` is null once the worker gave it back; where it did so because something prevented the
work, `put_off` counts that, and nobody takes the job before `not_before`."""

orders = Table(
    "orders",
    metadata,
    _seq(),
    Column("code", String(64), nullable=False, unique=True),
    Column("made_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

milestones = Table(
    "milestones",
    metadata,
    Column("order_code", String(64), ForeignKey("orders.code"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
)

lots = Table(
    "lots",
    metadata,
    _seq(),
    Column("order_code", String(64), ForeignKey("orders.code"), nullable=False),
    Column("code", String(64), nullable=False),
    Column("sku", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("order_code", "code"),
    sqlite_autoincrement=True,
)

unit_photos = Table(
    "unit_photos",
    metadata,
    Column("upload_id", String(64), ForeignKey("uploads.id"), primary_key=True),
    Column("order_code", String(64), nullable=False),
    Column("lot_code", String(64), nullable=False),
    Column("milestone", String(64), nullable=False),
    Column("unit", Integer, nullable=False),
    Column("view", String(64), nullable=False),
    Column("photo_digest", String(64), nullable=False),
    ForeignKeyConstraint(["order_code", "lot_code"], ["lots.order_code", "lots.code"]),
    ForeignKeyConstraint(["order_code", "milestone"], ["milestones.order_code", "milestones.name"]),
    UniqueConstraint("order_code", "lot_code", "milestone", "photo_digest"),
)
"""Where an upload belongs; within a milestone of a lot the same bytes are one photo."""

api_keys = Table(
    "api_keys",
    metadata,
    _seq(),
    Column("id", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    sqlite_autoincrement=True,
)

model_sets = Table(
    "model_sets",
    metadata,
    _seq(),
    Column("id", String(64), nullable=False, unique=True),
    Column("supersedes", String(64), nullable=False, unique=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Which models are in force. No two rows supersede the same one, so history is a line; the first supersedes ''."""

golden_features = Table(
    "golden_features",
    metadata,
    *_golden_columns(),
    Column("models", String(64), nullable=False),
    Column("bank_digest", String(64), nullable=False),
    PrimaryKeyConstraint("sku", "golden_version", "models"),
)
"""Features computed again under other models; `models` is the SHA-256 of their digests, one a line."""

users = Table(
    "users",
    metadata,
    _seq(),
    Column("id", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    sqlite_autoincrement=True,
)
"""People who log in; `name_key` is what all spellings of a name have in common."""

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", String(64), ForeignKey("users.id"), nullable=False, index=True),
    Column("csrf_token", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

logins = Table(
    "logins",
    metadata,
    _seq(),
    Column("user_id", String(64), ForeignKey("users.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("address", Text, nullable=False),
    Column("network", Text, nullable=False),
    Index("ix_logins_user_id_network", "user_id", "network"),
    sqlite_autoincrement=True,
)
"""Who logged in, when and from where; sessions go, this stays."""

rescores = Table(
    "rescores",
    metadata,
    _seq(),
    Column("id", String(64), nullable=False, unique=True),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Runs that score history again. `fingerprint` is that of the request: the same one again goes on with its last run."""

rescore_ends = Table(
    "rescore_ends",
    metadata,
    Column("rescore_id", String(64), ForeignKey("rescores.id"), primary_key=True),
    Column("finished_at", UtcDateTime, nullable=False),
)

rescore_photos = Table(
    "rescore_photos",
    metadata,
    Column("rescore_id", String(64), ForeignKey("rescores.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("upload_id", String(64), ForeignKey("uploads.id"), nullable=False),
    *_golden_columns(),
    Column("in_accepted_lot", Boolean, nullable=False),
    Column("was", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("moved", Float),
    Column("verdict_seq", _ROW_NUMBER, ForeignKey("verdicts.seq")),
    Column("error", Text),
    CheckConstraint("verdict_seq IS NULL OR error IS NULL", name="one_result"),
)
"""The plan of a run, written whole before its work. The last four columns come with the result: `outcome`, `moved` and
`verdict_seq` of a verdict, or else `error`. `was` is the outcome of record."""

reviews = Table(
    "reviews",
    metadata,
    _seq(),
    Column("id", String(64), nullable=False, unique=True),
    Column("upload_id", String(64), ForeignKey("uploads.id"), nullable=False),
    Column("supersedes", String(64), nullable=False),
    Column("author", String(80), nullable=False),
    Column("decision", String(16), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("upload_id", "supersedes"),
    sqlite_autoincrement=True,
)
"""What inspectors said. No two reviews of a photo supersede the same one, so its history is a line; the first
supersedes ''."""

viewings = Table(
    "viewings",
    metadata,
    Column("upload_id", String(64), ForeignKey("uploads.id"), primary_key=True),
    Column("viewer", String(80), primary_key=True),
    Column("name", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
"""Who has which photo open; forgotten after half a minute."""

queue = Table(
    "queue",
    metadata,
    Column("upload_id", String(64), ForeignKey("uploads.id"), primary_key=True),
    Column("upload_seq", _ROW_NUMBER, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("p_value", Float(53), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("sku", String(64), nullable=False),
    Column("order_code", String(64)),
    Column("lot_code", String(64)),
    Column("milestone", String(64)),
    Column("decision", String(16), nullable=False),
    Column("decided_by", Text, nullable=False),
    Index(None, "is_open", "rank", "p_value", "upload_seq"),
    Index(None, "order_code", "lot_code", "is_open", "rank", "p_value", "upload_seq"),
    Index(None, "upload_seq"),
)
"""What inspectors look at next, made from verdicts of record and reviews, which stay the record; `rank` is 0 for what
must be seen first."""
