"""The one file that chooses: which database, which blob store, which models."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from visiqc.errors import IntegrityError, NotFound
from visiqc.inspection.bank_store import BankStore
from visiqc.inspection.fleet import Fleet, read_fleet
from visiqc.inspection.parts import Models, Parts
from visiqc.inspection.ports import Records
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.models import load_models
from visiqc.settings import Settings
from visiqc.storage.blobs import DiskBlobs
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords
from visiqc.vision.photo import DecodeLimits


def build_parts(settings: Settings | None = None, *, records: Records | None = None) -> Parts:
    """Fill every port as `settings` say.

    Args:
        settings: Where things are; from the environment when None.
        records: The written record, where it is open already.

    Raises:
        Unavailable: Database, folder or device are out of reach.
        NotFound: No such model, or the installation is incomplete.
        IntegrityError: A model or the fleet calibration is not what it was.
    """
    settings = settings or Settings()
    models = load_models(home=settings.home, trunk=settings.trunk, device=settings.device, threads=settings.threads)
    blobs = DiskBlobs(settings.home / "blobs")
    return Parts(
        records=records if records is not None else build_records(settings),
        blobs=blobs,
        models=models,
        fleet=load_fleet(models),
        banks=BankStore(blobs),
        limits=DecodeLimits(max_bytes=settings.max_photo_bytes, max_pixels=int(settings.max_megapixels * 1_000_000)),
        clock=now,
    )


def build_records(settings: Settings) -> Records:
    """The written record alone: what needs no models must not wait for them, nor fail with them.

    Raises:
        Unavailable: The database is out of reach.
    """
    return SqlRecords(open_database(settings.resolved_database_url))


def now() -> datetime:
    """The clock of every part."""
    return datetime.now(UTC)


def load_fleet(models: Models) -> Fleet:
    """The fleet sidecar that was built with the trunk in use, the newest if there are several.

    Raises:
        NotFound: None is installed.
        IntegrityError: It cannot be read, or none was built with this trunk.
    """
    folders = sorted((bundled_models() / "fleet").glob("*/"), reverse=True)
    if not folders:
        raise NotFound("no fleet calibration is installed; install VisiQC again")
    sidecars = {folder: _read(folder / "fleet.json").decode(errors="replace") for folder in folders}
    folder = next((one for one in folders if models.trunk.digest in sidecars[one]), folders[0])
    return read_fleet(sidecars[folder], _read(folder / "cohort.npy"), trunk=models.trunk.digest)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as err:
        raise IntegrityError(
            f"the fleet calibration {file.parent.name} cannot be read: {file.name}: {(err.strerror or '?').lower()}; "
            "install VisiQC again"
        ) from err
