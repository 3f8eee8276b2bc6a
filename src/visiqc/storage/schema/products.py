"""Golden samples, how they are calibrated, and the models in force."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from visiqc.storage.schema.columns import (
    UtcDateTime,
    golden_columns,
    metadata,
    seq,
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
    seq(),
    *golden_columns(),
    Column("approved_at", UtcDateTime, nullable=False),
    Column("approved_by", Text, nullable=False),
    Index(None, "sku", "golden_version"),
    sqlite_autoincrement=True,
)

calibrations = Table(
    "calibrations",
    metadata,
    seq(),
    Column("id", String(64), nullable=False, unique=True),
    *golden_columns(),
    Column("made_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    Index(None, "sku", "golden_version"),
    sqlite_autoincrement=True,
)

model_sets = Table(
    "model_sets",
    metadata,
    seq(),
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
    *golden_columns(),
    Column("models", String(64), nullable=False),
    Column("bank_digest", String(64), nullable=False),
    PrimaryKeyConstraint("sku", "golden_version", "models"),
)
"""Features computed again under other models; `models` is the SHA-256 of their digests, one a line."""
