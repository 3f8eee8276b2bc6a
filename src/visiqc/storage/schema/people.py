"""Who may do what, and who came."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
)

from visiqc.storage.schema.columns import (
    UtcDateTime,
    metadata,
    seq,
)

api_keys = Table(
    "api_keys",
    metadata,
    seq(),
    Column("id", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    metadata,
    seq(),
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
    seq(),
    Column("user_id", String(64), ForeignKey("users.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("address", Text, nullable=False),
    Column("network", Text, nullable=False),
    Index("ix_logins_user_id_network", "user_id", "network"),
    sqlite_autoincrement=True,
)
"""Who logged in, when and from where; sessions go, this stays."""
