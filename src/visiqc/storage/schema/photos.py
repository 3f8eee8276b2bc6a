"""Photos, where they belong, and their verdicts."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from visiqc.storage.schema.columns import (
    FAILED,
    PENDING,
    SCORED,
    UtcDateTime,
    golden_columns,
    metadata,
    seq,
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
    seq(),
    Column("id", String(64), nullable=False, unique=True),
    *golden_columns(),
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
    seq(),
    Column("upload_id", String(64), ForeignKey("uploads.id"), nullable=False),
    *golden_columns(),
    Column("models", String(64), nullable=False),
    Column("calibration", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("golden_view", Text),
    Column("made_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("upload_id", "golden_version", "models", "calibration"),
    sqlite_autoincrement=True,
)
"""`models` is the SHA-256 of the digests of models and fleet sidecar, one a line; `calibration` is what the score was
held against, empty where there was none. An upload's first row is its verdict of record."""

jobs = Table(
    "jobs",
    metadata,
    Column("upload_id", String(64), ForeignKey("uploads.id"), primary_key=True),
    Column("worker", Text, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("put_off", Integer, nullable=False),
    Column("not_before", UtcDateTime),
    Column("put_off_at", UtcDateTime),
    Column("put_off_why", Text),
)
"""Pending uploads that a worker took at least once; a pending upload without a row is free. A row goes with the
upload's answer. `leased_until` is null once the worker gave it back; where it did so because something prevented the
work, `put_off` counts that, `put_off_why` is the last reason, and nobody takes the job before `not_before`."""

orders = Table(
    "orders",
    metadata,
    seq(),
    Column("code", String(64), nullable=False, unique=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(80), nullable=False),
    Column("made_by_name", Text, nullable=False),
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
    seq(),
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
    Column("photo_digest", String(64), nullable=False, index=True),
    ForeignKeyConstraint(["order_code", "lot_code"], ["lots.order_code", "lots.code"]),
    ForeignKeyConstraint(["order_code", "milestone"], ["milestones.order_code", "milestones.name"]),
    UniqueConstraint("order_code", "lot_code", "milestone", "photo_digest"),
    Index(None, "order_code", "lot_code", "milestone", "unit"),
)
"""Where an upload belongs; within a milestone of a lot the same bytes are one photo."""
