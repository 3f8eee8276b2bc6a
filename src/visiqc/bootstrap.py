"""The one file that chooses: which database, which blob store, which models."""

from __future__ import annotations

from datetime import UTC, datetime

from visiqc.inspection.bank_store import BankStore
from visiqc.inspection.fleet import Fleet, from_json
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
    """The fleet sidecar that was built with the trunk in use."""
    folder = bundled_models() / "fleet"
    for sidecar in sorted(folder.glob("*/fleet.json"), reverse=True):
        text = sidecar.read_text()
        if models.trunk.digest in text:
            return from_json(text, trunk=models.trunk.digest)
    newest = max(folder.glob("*/fleet.json"), default=None)
    return from_json(newest.read_text() if newest else "", trunk=models.trunk.digest)
