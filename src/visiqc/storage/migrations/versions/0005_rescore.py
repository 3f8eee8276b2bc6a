"""Runs that score history again: what was asked, the plan, and what came of every photo."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime(timezone=True)
WRITTEN_ONCE = ("rescores", "rescore_ends")


def upgrade() -> None:
    """Make the tables. A released migration is never edited, and there is no way back but a backup."""
    _make_runs()
    _make_photos()
    for table in WRITTEN_ONCE:
        for action in ("UPDATE", "DELETE"):
            _refuse(action, table)


def _make_runs() -> None:
    op.create_table(
        "rescores",
        sa.Column("seq", ROW_NUMBER, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_rescores"),
        sa.UniqueConstraint("id", name="uq_rescores_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rescores_fingerprint", "rescores", ["fingerprint"])
    op.create_table(
        "rescore_ends",
        sa.Column("rescore_id", sa.String(64), nullable=False),
        sa.Column("finished_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("rescore_id", name="pk_rescore_ends"),
        sa.ForeignKeyConstraint(["rescore_id"], ["rescores.id"], name="fk_rescore_ends_rescores"),
    )
    op.create_table(
        "rescore_leases",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("leased_until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_rescore_leases"),
    )


def _make_photos() -> None:
    op.create_table(
        "rescore_photos",
        sa.Column("rescore_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("upload_id", sa.String(64), nullable=False),
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("golden_version", sa.Integer, nullable=False),
        sa.Column("in_accepted_lot", sa.Boolean, nullable=False),
        sa.Column("was", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("moved", sa.Float),
        sa.Column("verdict_seq", ROW_NUMBER),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("rescore_id", "position", name="pk_rescore_photos"),
        sa.ForeignKeyConstraint(["rescore_id"], ["rescores.id"], name="fk_rescore_photos_rescores"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_rescore_photos_uploads"),
        sa.ForeignKeyConstraint(
            ["sku", "golden_version"], ["goldens.sku", "goldens.version"], name="fk_rescore_photos_goldens"
        ),
        sa.ForeignKeyConstraint(["verdict_seq"], ["verdicts.seq"], name="fk_rescore_photos_verdicts"),
        sa.CheckConstraint("verdict_seq IS NULL OR error IS NULL", name=op.f("ck_rescore_photos_one_result")),
    )


def _refuse(action: str, table: str) -> None:
    """Have SQLite itself refuse to change or remove a row; other databases do it by the rights of their users."""
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept for good: {action} refused'); END"
        )
