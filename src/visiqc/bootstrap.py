"""The one file that chooses: which database, which blob store, which models."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from visiqc.domain.model_set import Members, ModelRef, ModelSet
from visiqc.errors import IntegrityError, NotFound
from visiqc.inspection.bank_store import BankStore
from visiqc.inspection.fleet import Fleet, read_fleet
from visiqc.inspection.model_ports import ModelSetRecords
from visiqc.inspection.parts import Models, Parts
from visiqc.inspection.ports import Records
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.installed import identity_beside
from visiqc.runtime.models import NONE, cards_of, load_models
from visiqc.settings import Settings
from visiqc.storage.blobs import DiskBlobs
from visiqc.storage.database import existing_database, open_database
from visiqc.storage.records import SqlRecords
from visiqc.vision.photo import DecodeLimits


def build_parts(settings: Settings | None = None, *, records: Records | None = None) -> Parts:
    """Fill every port as `settings` say, with the promoted models unless the settings name others.

    Args:
        settings: Where things are; from the environment when None.
        records: The written record, where it is open already.

    Raises:
        Unavailable: Database, folder or device are out of reach.
        NotFound: No such model, or the installation is incomplete.
        IntegrityError: A model or the fleet calibration is not what it was.
    """
    settings = settings or Settings()
    records = records if records is not None else build_records(settings)
    return parts_with(settings, records, *load_set(settings, set_in_force(settings, records)))


def parts_with(settings: Settings, records: Records, models: Models, fleet: Fleet) -> Parts:
    """Every port filled as `settings` say, but for the record and the models, which are open already."""
    blobs = DiskBlobs(settings.home / "blobs")
    return Parts(
        records=records,
        blobs=blobs,
        models=models,
        fleet=fleet,
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


def set_in_force(settings: Settings, records: Records) -> ModelSet | None:
    """The promoted set; None where none is, or where the settings name models themselves."""
    return None if settings.names_models else cast("ModelSetRecords", records).current_model_set()


def promoted_set(settings: Settings) -> ModelSet | None:
    """The promoted set, read without making a home or a database or migrating one; None = what ships.

    Models that the settings name are no part of it.

    Raises:
        Unavailable: The database is out of reach, or older or newer than this code.
    """
    database = existing_database(settings.resolved_database_url)
    if database is None:
        return None
    records = SqlRecords(database)
    try:
        return records.current_model_set()
    finally:
        records.close()


def load_set(settings: Settings, chosen: ModelSet | None, *, before: Models | None = None) -> tuple[Models, Fleet]:
    """The models and the sidecar of a set, verified and opened.

    Args:
        settings: Home, device and threads; and the versions, where no set is chosen.
        chosen: A promoted set; None = what the settings name, or else what ships.
        before: Models that are open already; those of the same bytes are shared.

    Raises:
        NotFound, IntegrityError, Unavailable: As `load_models` and `load_fleet`; or the home holds other models
            than the set was promoted with.
    """
    if chosen is None and settings.names_models:
        asked = settings.trunk, settings.identity, settings.defect, settings.mask
        return load_members(settings, *asked, before=before)
    if chosen is None or chosen.shipped:
        # Not from the home: going back to what ships must not depend on what was copied there.
        models = load_models(device=settings.device, threads=settings.threads, before=before)
        return models, load_fleet(models)
    return load_exactly(settings, chosen.members, before=before)


def names_of(settings: Settings, chosen: ModelSet | None, models: Models, fleet: Fleet) -> Members:
    """What `load_set` gave for these settings and this set, by name and digest."""
    if chosen is not None and not chosen.shipped:
        return chosen.members
    # As there: what ships is not looked for in the home, where a promoted sidecar of the same models may lie.
    home = settings.home if settings.names_models else None
    return members_of(models, fleet, find_fleet(models, home=home))


def load_exactly(settings: Settings, wanted: Members, *, before: Models | None = None) -> tuple[Models, Fleet]:
    """The models and the sidecar of these versions, if they are the very files that are meant.

    Raises:
        NotFound, IntegrityError, Unavailable: As `load_set`.
    """
    models, fleet = load_members(
        settings,
        wanted.trunk.version,
        wanted.identity.version,
        wanted.defect.version if wanted.defect else NONE,
        wanted.mask.version if wanted.mask else NONE,
        fleet=wanted.fleet.version,
        before=before,
    )
    if (*models.digests, fleet.digest) != wanted.digests:
        raise IntegrityError(
            f"the set {wanted} was promoted with other files than lie in the home now; promote it again"
        )
    return models, fleet


def load_members(
    settings: Settings,
    trunk: str,
    identity: str,
    defect: str,
    mask: str,
    *,
    fleet: str = "",
    before: Models | None = None,
) -> tuple[Models, Fleet]:
    """Models by version, empty = what ships, and their sidecar; errors as `load_set`."""
    models = load_models(
        home=settings.home,
        trunk=trunk,
        identity=identity,
        defect=defect,
        mask=mask,
        device=settings.device,
        threads=settings.threads,
        before=before,
    )
    return models, load_fleet(models, home=settings.home, version=fleet)


def with_set(parts: Parts, settings: Settings, chosen: ModelSet | None) -> Parts:
    """The same parts with the models of another set; errors as `load_set`."""
    models, fleet = load_set(settings, chosen, before=parts.models)
    return replace(parts, models=models, fleet=fleet)


def members_of(models: Models, fleet: Fleet, fleet_folder: Path) -> Members:
    """A loaded set by name and digest."""
    refs = {task: ModelRef(version=card.version, digest=card.sha256) for task, card in cards_of(models).items()}
    return Members(
        trunk=refs["trunk"],
        identity=refs["identity"],
        defect=refs.get("defect"),
        mask=refs.get("mask"),
        fleet=ModelRef(version=fleet_folder.name, digest=fleet.digest),
    )


def load_fleet(models: Models, *, home: Path | None = None, version: str = "") -> Fleet:
    """The fleet sidecar that was built with exactly these models.

    Args:
        models: The models in use.
        home: `VISIQC_HOME`; a sidecar there goes before those that ship.
        version: The one that is wanted; the newest that fits when empty.

    Raises:
        NotFound: None is installed, or none of that version.
        IntegrityError: It cannot be read, or none was built with these models.
    """
    folder = find_fleet(models, home=home, version=version)
    return read_fleet(_text(folder), _read(folder / "cohort.npy"), trunk=models.trunk.digest)


def find_fleet(models: Models, *, home: Path | None = None, version: str = "") -> Path:
    """The folder of the sidecar that `load_fleet` reads; errors as there."""
    shipped = sorted((bundled_models() / "fleet").glob("*/"), reverse=True)
    # Names end in a digest and say nothing of age; what ships came with one release, and has no times to go by.
    ours = sorted((home / "models" / "fleet").glob("*/"), key=_arrived, reverse=True) if home else []
    folders = [folder for folder in [*ours, *shipped] if version in {"", folder.name} and folder.name[0] != "."]
    folders = [folder for folder in folders if (folder / "fleet.json").is_file()] or folders
    if not folders:
        raise NotFound(
            f"no fleet calibration {version!r} is installed; promote its set again"
            if version
            else "no fleet calibration is installed; install VisiQC again"
        )
    fitting = [folder for folder in folders if _fits(_text(folder), models)]
    if not fitting and models.trunk.digest in _text(folders[0]):
        raise IntegrityError(
            f"the fleet calibration {folders[0].name} was built with another identity, defect or mask model than is in "
            "use; name models that belong together (VISIQC_IDENTITY, VISIQC_DEFECT, VISIQC_MASK), or "
            "build it again with training/calibrate_fleet.py"
        )
    return (fitting or folders)[0]


def _arrived(folder: Path) -> tuple[float, str]:
    return folder.stat().st_mtime, folder.name


def _fits(text: str, models: Models) -> bool:
    try:
        plain = json.loads(text)
        built_with = [plain.get(task, "") for task in ("trunk", "identity", "defect", "mask")]
    except (ValueError, AttributeError):
        return False  # `read_fleet` says what is wrong with it
    trunk, identity, defect, mask = built_with
    return (
        trunk == models.trunk.digest
        # A sidecar that names no identity model was built with the one that ships beside its trunk.
        and (identity or identity_beside(trunk)) == models.identity.digest
        and defect == ("" if models.defect is None else models.defect.digest)
        and mask == ("" if models.mask is None else models.mask.digest)
    )


def _text(folder: Path) -> str:
    return _read(folder / "fleet.json").decode(errors="replace")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as err:
        raise IntegrityError(
            f"the fleet calibration {file.parent.name} cannot be read: {file.name}: {(err.strerror or '?').lower()}; "
            "install VisiQC again"
        ) from err
