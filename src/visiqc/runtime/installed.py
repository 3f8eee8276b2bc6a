"""Models in the home: which there are, and candidates copied in whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from visiqc.errors import Conflict, InputError, NotFound, Unavailable
from visiqc.runtime.bundle import bundled_models
from visiqc.runtime.cards import CARD_FILE, read_card, verified_model

TASKS = ("trunk", "identity", "defect", "mask", "fleet")
FLEET_FILES = ("fleet.json", "cohort.npy")
STALE_AFTER_S = 3600
"""Age at which an unfinished copy belongs to a promotion that was killed."""
_INCOMING = ".incoming-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One model or fleet sidecar that can be loaded.

    Attributes:
        task, version: What it is.
        folder: Where it lies.
        promoted: Whether it lies in the home; otherwise it ships with VisiQC.
        digest: SHA-256 its card promises; empty for a fleet sidecar.
        shippable: Whether its weights may be given away.
        copied_at: When it came into the home, UTC; None for what ships.
    """

    task: str
    version: str
    folder: Path
    promoted: bool
    digest: str = ""
    shippable: bool = True
    copied_at: datetime | None = None


def installed(home: Path) -> tuple[Installed, ...]:
    """Everything there is, task by task, what ships first.

    Raises:
        IntegrityError: A card cannot be read.
    """
    return tuple(
        _installed(task, folder, promoted=promoted)
        for task in TASKS
        for root, promoted in ((bundled_models(), False), (home / "models", True))
        for folder in versions_in(root / task, task)
    )


def _installed(task: str, folder: Path, *, promoted: bool) -> Installed:
    came = datetime.fromtimestamp(folder.stat().st_mtime, UTC) if promoted else None
    if task == "fleet":
        return Installed(task=task, version=folder.name, folder=folder, promoted=promoted, copied_at=came)
    card = read_card(folder)
    return Installed(
        copied_at=came,
        task=task,
        version=folder.name,
        folder=folder,
        promoted=promoted,
        digest=card.sha256,
        shippable=card.shippable,
    )


def versions_in(folder: Path, task: str) -> list[Path]:
    """Folders of whole models, or of fleet sidecars, directly in `folder`, by name."""
    mark = FLEET_FILES[0] if task == "fleet" else CARD_FILE
    return sorted(each.parent for each in folder.glob(f"*/{mark}")) if folder.is_dir() else []


def identity_beside(trunk_digest: str) -> str | None:
    """Digest of the identity model that ships under the name of a trunk that ships; None for any other trunk."""
    for folder in versions_in(bundled_models() / "trunk", "trunk"):
        if read_card(folder).sha256 == trunk_digest:
            return read_card(bundled_models() / "identity" / folder.name).sha256
    return None


def find_candidates(folders: Sequence[Path]) -> dict[str, Path]:
    """One folder for each task among candidates.

    Args:
        folders: Each a run's folder, its `candidate/` folder, or one `<task>/<version>/` of it.

    Raises:
        InputError: There is nothing to promote, or several versions of a task; they are named.
    """
    found: dict[str, list[Path]] = {}
    for folder in folders:
        here = list(_candidates_in(folder))
        if not here:
            raise InputError(f"no model to promote in {folder.name}; wanted candidate/<task>/<version>/{CARD_FILE}")
        for task, version in here:
            if version.resolve() not in [each.resolve() for each in found.get(task, [])]:
                found.setdefault(task, []).append(version)
    for task, versions in found.items():
        if len(versions) > 1:
            names = ", ".join(f"{task}/{version.name}" for version in versions)
            raise InputError(f"several {task} candidates: {names}; name the folder of one of them")
    return {task: versions[0] for task, versions in found.items()}


def _candidates_in(folder: Path) -> Iterator[tuple[str, Path]]:
    task = folder.resolve().parent.name
    if task in TASKS and folder in versions_in(folder.parent, task):
        yield task, folder
        return
    root = folder / "candidate" if (folder / "candidate").is_dir() else folder
    for task in TASKS:
        for version in versions_in(root / task, task):
            yield task, version


def install(source: Path, task: str, home: Path) -> Path:
    """Copy one model into the home, whole and flushed to the disk, and return its folder there.

    It stands under its name only when all of it does. What is there already under that name stays as it is.

    Raises:
        Conflict: Another content stands under this version, in the home or among what ships.
        NotFound, IntegrityError: It is not a whole model.
        Unavailable: The home cannot be written.
    """
    if task == "fleet":
        if missing := [name for name in FLEET_FILES if not (source / name).is_file()]:
            raise NotFound(f"the fleet sidecar {source.name} has no {missing[0]}; calibrate the candidate again")
    else:
        verified_model(source)
    if links := [file.name for file in source.iterdir() if file.is_symlink()]:
        raise InputError(f"{links[0]} of {task} {source.name} is a link; copy the file itself there")
    target = home / "models" / task / source.name
    for there in (bundled_models() / task / source.name, target):
        if there.is_dir() and not _same(source, there):
            raise Conflict(
                f"there is another {task} {source.name} already, and versions never change; "
                "give the candidate a version of its own"
            )
    if not target.is_dir():
        with _disk_errors():
            _copy(source, target)
    return target


def _copy(source: Path, target: Path) -> None:
    models = target.parent.parent
    _make_folders(target.parent)
    _sweep(models)
    part = models / f"{_INCOMING}{secrets.token_hex(8)}"
    part.mkdir()
    try:
        for file in _files(source):
            with file.open("rb") as reader, (part / file.name).open("xb") as writer:
                shutil.copyfileobj(reader, writer)
                writer.flush()
                os.fsync(writer.fileno())
        _flush(part)
        part.rename(target)
        _flush(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sweep(models: Path) -> None:
    """Remove what promotions that were killed left; a younger folder may be one at work."""
    for left in models.glob(f"{_INCOMING}*"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > STALE_AFTER_S:
                shutil.rmtree(left, ignore_errors=True)


def _make_folders(folder: Path) -> None:
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush(folder.parent)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and not file.is_symlink())


def _same(one: Path, other: Path) -> bool:
    ours, theirs = _files(one), _files(other)
    return [file.name for file in ours] == [file.name for file in theirs] and all(
        a.read_bytes() == b.read_bytes() for a, b in zip(ours, theirs, strict=True)
    )


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise Unavailable(f"the model cannot be copied into the home: {err.strerror}; nothing was changed") from err
