"""The one file that chooses: which database, which blob store, which models."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from visiqc.errors import NotFound
from visiqc.inspection.bank_store import BankStore
from visiqc.inspection.fleet import Fleet, read_fleet
from visiqc.inspection.parts import Models, Parts
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.models import load_models
from visiqc.settings import Settings
from visiqc.storage.blobs import DiskBlobs
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords
from visiqc.vision.photo import DecodeLimits


def build_parts(settings: Settings | None = None) -> Parts:
    """Fill every port as `settings` say; with none, from the environment.

    Raises:
        Unavailable: Database, folder or device are out of reach.
        IntegrityError: A model or the fleet calibration is not what it was.
    """
    settings = settings or Settings()
    models = load_models(home=settings.home, trunk=settings.trunk, device=settings.device, threads=settings.threads)
    blobs = DiskBlobs(settings.home / "blobs")
    return Parts(
        records=SqlRecords(open_database(settings.resolved_database_url)),
        blobs=blobs,
        models=models,
        fleet=load_fleet(models),
        banks=BankStore(blobs),
        limits=DecodeLimits(max_bytes=settings.max_photo_bytes, max_pixels=int(settings.max_megapixels * 1_000_000)),
        clock=lambda: datetime.now(UTC),
    )


def load_fleet(models: Models) -> Fleet:
    """The fleet sidecar that was built with the trunk in use, the newest if there are several."""
    folders = sorted((bundled_models() / "fleet").glob("*/"), reverse=True)
    if not folders:
        raise NotFound("no fleet calibration is installed; install VisiQC again")
    return _read(next((one for one in folders if models.trunk.digest in _text(one)), folders[0]), models.trunk.digest)


def _read(folder: Path, trunk: str) -> Fleet:
    return read_fleet(_text(folder), (folder / "cohort.npy").read_bytes(), trunk=trunk)


def _text(folder: Path) -> str:
    return (folder / "fleet.json").read_text(encoding="utf-8")
