"""Which models are in force, and golden features computed again with them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from visiqc.domain.model_set import ModelSet, models_key
from visiqc.errors import Conflict
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document, to_document
from visiqc.storage.golden_records import require_golden
from visiqc.storage.schema import golden_features, model_sets


class ModelRecords:
    """The part of `Records` that is about models. The last row of `model_sets` is the pointer services poll."""

    _database: Database

    def add_model_set(self, model_set: ModelSet) -> ModelSet:
        """Put a set in force; see `ModelSetRecords.add_model_set`."""

        def work(connection: Connection) -> ModelSet:
            newest = connection.scalar(select(model_sets.c.id).order_by(model_sets.c.seq.desc()).limit(1)) or ""
            if newest != model_set.supersedes:
                raise Conflict(
                    "another set of models was put in force meanwhile; look at `visiqc model history` and try again"
                )
            if connection.scalar(select(model_sets.c.seq).where(model_sets.c.id == model_set.id)):
                raise Conflict(f"a set of models {model_set.id!r} exists already; make one of another id")
            connection.execute(
                insert(model_sets).values(
                    id=model_set.id,
                    supersedes=model_set.supersedes,
                    made_at=model_set.made_at,
                    document=to_document(model_set),
                )
            )
            return model_set

        return self._database.write(work)

    def model_sets(self) -> tuple[ModelSet, ...]:
        """Every set that was ever in force, oldest first; see `ModelSetRecords.model_sets`."""
        with self._database.reading() as connection:
            documents = connection.scalars(select(model_sets.c.document).order_by(model_sets.c.seq)).all()
        return tuple(from_document(ModelSet, document) for document in documents)

    def current_model_set(self) -> ModelSet | None:
        """The set in force; None while that is what ships."""
        query = select(model_sets.c.document).order_by(model_sets.c.seq.desc()).limit(1)
        with self._database.reading() as connection:
            document = connection.scalar(query)
        return None if document is None else from_document(ModelSet, document)

    def add_features(self, sku: str, version: int, models: Sequence[str], bank_digest: str) -> str:
        """Keep where features under `models` are; see `FeatureRecords.add_features`."""

        def work(connection: Connection) -> str:
            require_golden(connection, sku, version)
            if earlier := _features(connection, sku, version, models):
                return earlier
            row = {"sku": sku, "golden_version": version, "models": models_key(models), "bank_digest": bank_digest}
            connection.execute(insert(golden_features).values(row))
            return bank_digest

        return self._database.write(work)

    def features(self, sku: str, version: int, models: Sequence[str]) -> str | None:
        """Digest of the blob with the features under `models`; see `FeatureRecords.features`."""
        with self._database.reading() as connection:
            return _features(connection, sku, version, models)


def _features(connection: Connection, sku: str, version: int, models: Sequence[str]) -> str | None:
    c = golden_features.c
    query = select(c.bank_digest).where(c.sku == sku, c.golden_version == version, c.models == models_key(models))
    found: str | None = connection.scalar(query)
    return found
