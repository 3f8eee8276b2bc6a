"""Model sets: which models are in force; and golden features computed again under other models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
WRITTEN_ONCE = ("model_sets", "golden_features")


def upgrade() -> None:
    """Make the tables. A released migration is never edited, and there is no way back but a backup."""
    op.create_table(
        "model_sets",
        sa.Column("seq", ROW_NUMBER, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("supersedes", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_model_sets"),
        sa.UniqueConstraint("id", name="uq_model_sets_id"),
        sa.UniqueConstraint("supersedes", name="uq_model_sets_supersedes"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "golden_features",
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("golden_version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("models", sa.String(64), nullable=False),
        sa.Column("bank_digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sku", "golden_version", "models", name="pk_golden_features"),
        sa.ForeignKeyConstraint(
            ["sku", "golden_version"], ["goldens.sku", "goldens.version"], name="fk_golden_features_goldens"
        ),
    )
    for table in WRITTEN_ONCE:
        for action in ("UPDATE", "DELETE"):
            _refuse(action, table)


def _refuse(action: str, table: str) -> None:
    """Have SQLite itself refuse to change or remove a row; other databases do it by the rights of their users."""
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept for good: {action} refused'); END"
        )
