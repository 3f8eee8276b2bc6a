"""What inspectors look at and say, and what models say again."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from visiqc.storage.schema.columns import (
    ROW_NUMBER,
    UtcDateTime,
    golden_columns,
    metadata,
    seq,
)

reviews = Table(
    "reviews",
    metadata,
    seq(),
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
    Column("upload_seq", ROW_NUMBER, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("p_value", Float(53), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("sku", String(64), nullable=False),
    Column("order_code", String(64)),
    Column("lot_code", String(64)),
    Column("milestone", String(64)),
    Column("decision", String(16), nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("rescore_id", String(64), ForeignKey("rescores.id")),
    Column("verdict_seq", ROW_NUMBER, ForeignKey("verdicts.seq")),
    Index(None, "is_open", "rank", "p_value", "upload_seq"),
    Index(None, "order_code", "lot_code", "is_open", "rank", "p_value", "upload_seq"),
    Index(None, "upload_seq"),
)
"""What inspectors look at next, made from verdicts of record and reviews, which stay the record; `rank` is 0 for what
must be seen first. Where a re-score found a photo riskier, `rescore_id` and `verdict_seq` name it and its verdict."""

rescores = Table(
    "rescores",
    metadata,
    seq(),
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

rescore_leases = Table(
    "rescore_leases",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("worker", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime, nullable=False),
)
"""Requests that a process is working on; a row that was not renewed in time is a dead one's."""

rescore_photos = Table(
    "rescore_photos",
    metadata,
    Column("rescore_id", String(64), ForeignKey("rescores.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("upload_id", String(64), ForeignKey("uploads.id"), nullable=False),
    *golden_columns(),
    Column("in_accepted_lot", Boolean, nullable=False),
    Column("was", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("moved", Float),
    Column("verdict_seq", ROW_NUMBER, ForeignKey("verdicts.seq")),
    Column("error", Text),
    CheckConstraint("verdict_seq IS NULL OR error IS NULL", name="one_result"),
)
"""The plan of a run, written whole before its work. The last four columns come with the result: `outcome`, `moved` and
`verdict_seq` of a verdict, or else `error`. `was` is the outcome of record."""
