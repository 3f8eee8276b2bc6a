"""Inspectors' reviews, who has which photo open, and the queue of photos in the order of their risk."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime(timezone=True)
RISK = ("REJECT", "WRONG_SAMPLE", "REVIEW", "RETAKE", "PASS")
ROWS_AT_ONCE = 500


def upgrade() -> None:
    """Make the tables. A released migration is never edited, and there is no way back but a backup."""
    _make_reviews()
    _make_viewings()
    _make_queue()
    _fill_queue()
    for action in ("UPDATE", "DELETE"):
        _refuse(action, "reviews")


def _make_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("seq", ROW_NUMBER, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("upload_id", sa.String(64), nullable=False),
        sa.Column("supersedes", sa.String(64), nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_reviews"),
        sa.UniqueConstraint("id", name="uq_reviews_id"),
        sa.UniqueConstraint("upload_id", "supersedes", name="uq_reviews_upload_id_supersedes"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_reviews_uploads"),
        sqlite_autoincrement=True,
    )


def _make_viewings() -> None:
    op.create_table(
        "viewings",
        sa.Column("upload_id", sa.String(64), nullable=False),
        sa.Column("viewer", sa.String(80), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "viewer", name="pk_viewings"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_viewings_uploads"),
    )


def _make_queue() -> None:
    op.create_table(
        "queue",
        sa.Column("upload_id", sa.String(64), nullable=False),
        sa.Column("upload_seq", ROW_NUMBER, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("p_value", sa.Float(53), nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("order_code", sa.String(64)),
        sa.Column("lot_code", sa.String(64)),
        sa.Column("milestone", sa.String(64)),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("rescore_id", sa.String(64)),
        sa.Column("verdict_seq", ROW_NUMBER),
        sa.PrimaryKeyConstraint("upload_id", name="pk_queue"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_queue_uploads"),
        sa.ForeignKeyConstraint(["rescore_id"], ["rescores.id"], name="fk_queue_rescores"),
        sa.ForeignKeyConstraint(["verdict_seq"], ["verdicts.seq"], name="fk_queue_verdicts"),
    )
    for columns in (
        ["is_open", "rank", "p_value", "upload_seq"],
        ["order_code", "lot_code", "is_open", "rank", "p_value", "upload_seq"],
        ["upload_seq"],
    ):
        op.create_index(f"ix_queue_{'_'.join(columns)}", "queue", columns)


def _fill_queue() -> None:
    """Queue the photo of every verdict of record there is."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT u.id, u.seq, v.sku, v.outcome, v.document, p.order_code, p.lot_code, p.milestone FROM verdicts v "
            "JOIN uploads u ON u.id = v.upload_id LEFT JOIN unit_photos p ON p.upload_id = u.id "
            "WHERE v.seq = (SELECT MIN(f.seq) FROM verdicts f WHERE f.upload_id = u.id)"
        )
    )
    table = sa.table("queue", *(sa.column(name) for name in _COLUMNS))
    for some in rows.partitions(ROWS_AT_ONCE):
        connection.execute(sa.insert(table), [_queued(row) for row in some])


_COLUMNS = (
    *("upload_id", "upload_seq", "rank", "p_value", "is_open", "sku"),
    *("order_code", "lot_code", "milestone", "decision", "decided_by"),
)


def _queued(row: sa.Row[tuple[str, int, str, str, str, str, str, str]]) -> dict[str, object]:
    calibration = json.loads(row.document).get("calibration")
    p_value = calibration["p_value"] if calibration else 1.0
    values = (row.id, row.seq, RISK.index(row.outcome), p_value, True, row.sku)
    return dict(zip(_COLUMNS, (*values, row.order_code, row.lot_code, row.milestone, "", ""), strict=True))


def _refuse(action: str, table: str) -> None:
    """Have SQLite itself refuse to change or remove a row; other databases do it by the rights of their users."""
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept for good: {action} refused'); END"
        )
