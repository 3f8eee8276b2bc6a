"""Orders, lots and their photos; leased jobs; verdicts by upload, golden version, model set and calibration."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime(timezone=True)
CODE = sa.String(64)
WRITTEN_ONCE = ("verdicts", "orders", "milestones", "lots", "unit_photos")
ROWS_AT_ONCE = 500


def upgrade() -> None:
    """Make the tables. A released migration is never edited, and there is no way back but a backup."""
    _set_verdicts_aside()
    _make_verdicts()
    _bring_verdicts_back()
    _make_jobs()
    _make_orders()
    _make_lots()
    for table in WRITTEN_ONCE:
        for action in ("UPDATE", "DELETE"):
            _refuse(action, table)


def _set_verdicts_aside() -> None:
    if op.get_context().dialect.name == "sqlite":
        for action in ("update", "delete"):
            op.execute(f"DROP TRIGGER verdicts_refuses_{action}")
    op.rename_table("verdicts", "verdicts_before")
    if op.get_context().dialect.name == "postgresql":  # names of indexes are taken for the whole database there
        op.execute("ALTER INDEX pk_verdicts RENAME TO pk_verdicts_before")


def _make_verdicts() -> None:
    op.create_table(
        "verdicts",
        *_numbered("verdicts"),
        sa.Column("upload_id", sa.String(64), nullable=False),
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("golden_version", sa.Integer, nullable=False),
        sa.Column("models", sa.String(64), nullable=False),
        sa.Column("calibration", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("golden_view", sa.Text),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_verdicts_uploads"),
        sa.ForeignKeyConstraint(
            ["sku", "golden_version"], ["goldens.sku", "goldens.version"], name="fk_verdicts_goldens"
        ),
        sa.UniqueConstraint(
            "upload_id",
            "golden_version",
            "models",
            "calibration",
            name="uq_verdicts_upload_id_golden_version_models_calibration",
        ),
        sqlite_autoincrement=True,
    )


def _bring_verdicts_back() -> None:
    """Copy the rows, each with the models and the calibration that its document names; in the order of their photos."""
    connection = op.get_bind()
    columns = "upload_id, sku, golden_version, outcome, made_at, document"
    insert = sa.text(
        f"INSERT INTO verdicts ({columns}, models, calibration, golden_view) VALUES "  # noqa: S608 - constants of this file
        "(:upload_id, :sku, :golden_version, :outcome, :made_at, :document, :models, :calibration, :golden_view)"
    )
    last, found = 0, True
    page = sa.text(
        "SELECT seq, verdicts_before.* FROM uploads JOIN verdicts_before ON upload_id = uploads.id "
        "WHERE seq > :last ORDER BY seq LIMIT :at_once"
    )
    while found:
        rows = connection.execute(page, {"last": last, "at_once": ROWS_AT_ONCE}).mappings().all()
        found = bool(rows)
        if found:
            last = rows[-1]["seq"]
            connection.execute(insert, [{**row, **_from_document(row["document"])} for row in rows])
    op.drop_table("verdicts_before")


def _from_document(document: str) -> dict[str, str | None]:
    verdict = json.loads(document)
    models = hashlib.sha256("\n".join(verdict.get("model_digests") or ()).encode()).hexdigest()
    calibration = (verdict.get("calibration") or {}).get("source", "")
    return {"models": models, "calibration": calibration, "golden_view": verdict.get("golden_view")}


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("upload_id", sa.String(64), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("leased_until", TIME),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("put_off", sa.Integer, nullable=False),
        sa.Column("not_before", TIME),
        sa.Column("put_off_at", TIME),
        sa.Column("put_off_why", sa.Text),
        sa.PrimaryKeyConstraint("upload_id", name="pk_jobs"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_jobs_uploads"),
    )


def _make_orders() -> None:
    op.create_table(
        "orders",
        *_numbered("orders"),
        sa.Column("code", CODE, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("made_by_name", sa.Text, nullable=False),
        sa.UniqueConstraint("code", name="uq_orders_code"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "milestones",
        sa.Column("order_code", CODE, nullable=False),
        sa.Column("name", CODE, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("order_code", "name", name="pk_milestones"),
        sa.ForeignKeyConstraint(["order_code"], ["orders.code"], name="fk_milestones_orders"),
    )


def _make_lots() -> None:
    op.create_table(
        "lots",
        *_numbered("lots"),
        sa.Column("order_code", CODE, nullable=False),
        sa.Column("code", CODE, nullable=False),
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["order_code"], ["orders.code"], name="fk_lots_orders"),
        sa.UniqueConstraint("order_code", "code", name="uq_lots_order_code_code"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "unit_photos",
        sa.Column("upload_id", sa.String(64), nullable=False),
        sa.Column("order_code", CODE, nullable=False),
        sa.Column("lot_code", CODE, nullable=False),
        sa.Column("milestone", CODE, nullable=False),
        sa.Column("unit", sa.Integer, nullable=False),
        sa.Column("view", sa.String(64), nullable=False),
        sa.Column("photo_digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", name="pk_unit_photos"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_unit_photos_uploads"),
        sa.ForeignKeyConstraint(
            ["order_code", "lot_code"], ["lots.order_code", "lots.code"], name="fk_unit_photos_lots"
        ),
        sa.ForeignKeyConstraint(
            ["order_code", "milestone"],
            ["milestones.order_code", "milestones.name"],
            name="fk_unit_photos_milestones",
        ),
        sa.UniqueConstraint(
            "order_code",
            "lot_code",
            "milestone",
            "photo_digest",
            name="uq_unit_photos_order_code_lot_code_milestone_photo_digest",
        ),
    )
    op.create_index("ix_unit_photos_photo_digest", "unit_photos", ["photo_digest"])
    columns = ["order_code", "lot_code", "milestone", "unit"]
    op.create_index("ix_unit_photos_order_code_lot_code_milestone_unit", "unit_photos", columns)


def _numbered(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("seq", ROW_NUMBER, nullable=False, autoincrement=True),
        sa.PrimaryKeyConstraint("seq", name=f"pk_{table}"),
    )


def _refuse(action: str, table: str) -> None:
    """Have SQLite itself refuse to change or remove a row; other databases do it by the rights of their users."""
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept for good: {action} refused'); END"
        )
