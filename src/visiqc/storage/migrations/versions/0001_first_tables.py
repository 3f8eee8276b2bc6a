"""First tables: goldens, approvals, calibrations, requests, uploads, verdicts, API keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime(timezone=True)
WRITTEN_ONCE = ("goldens", "approvals", "calibrations", "verdicts")


def upgrade() -> None:
    """Make the tables. A released migration is never edited, and there is no way back but a backup."""
    _make_goldens()
    _make_calibrations()
    _make_uploads()
    _make_verdicts()
    _make_api_keys()
    for table in WRITTEN_ONCE:
        _refuse("UPDATE", table)
        _refuse("DELETE", table)
    _refuse("DELETE", "uploads")


def _make_goldens() -> None:
    op.create_table(
        "goldens",
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sku", "version", name="pk_goldens"),
        sa.CheckConstraint("version >= 1", name=op.f("ck_goldens_numbered")),
    )
    op.create_table(
        "approvals",
        *_numbered("approvals"),
        *_of_a_golden("approvals"),
        sa.Column("approved_at", TIME, nullable=False),
        sa.Column("approved_by", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_approvals_sku_golden_version", "approvals", ["sku", "golden_version"])


def _make_calibrations() -> None:
    op.create_table(
        "calibrations",
        *_numbered("calibrations"),
        *_identified("calibrations"),
        *_of_a_golden("calibrations"),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_calibrations_sku_golden_version", "calibrations", ["sku", "golden_version"])


def _make_uploads() -> None:
    op.create_table(
        "requests",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_requests"),
    )
    op.create_table(
        "uploads",
        *_numbered("uploads"),
        *_identified("uploads"),
        *_of_a_golden("uploads"),
        sa.Column("photo_digest", sa.String(64), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("request_key", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("document", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["request_key"], ["requests.key"], name="fk_uploads_requests"),
        sa.CheckConstraint("state IN ('pending', 'scored', 'failed')", name=op.f("ck_uploads_state")),
        sa.CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name=op.f("ck_uploads_failure_says_why")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_uploads_request_key", "uploads", ["request_key"])
    op.create_index("ix_uploads_state_seq", "uploads", ["state", "seq"])


def _make_verdicts() -> None:
    op.create_table(
        "verdicts",
        sa.Column("upload_id", sa.String(64), nullable=False),
        *_of_a_golden("verdicts"),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", name="pk_verdicts"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_verdicts_uploads"),
    )


def _make_api_keys() -> None:
    op.create_table(
        "api_keys",
        *_numbered("api_keys"),
        *_identified("api_keys"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sqlite_autoincrement=True,
    )


def _numbered(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("seq", ROW_NUMBER, nullable=False, autoincrement=True),
        sa.PrimaryKeyConstraint("seq", name=f"pk_{table}"),
    )


def _identified(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.String(64), nullable=False),
        sa.UniqueConstraint("id", name=f"uq_{table}_id"),
    )


def _of_a_golden(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("golden_version", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["sku", "golden_version"], ["goldens.sku", "goldens.version"], name=f"fk_{table}_goldens"
        ),
    )


def _refuse(action: str, table: str) -> None:
    """Have SQLite itself refuse to change or remove a row; other databases do it by the rights of their users."""
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept for good: {action} refused'); END"
        )
