"""The MLflow registry: candidates are fetched by alias, and `champion` stands for what is in force."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from visiqc.domain.model_set import Members
from visiqc.errors import InputError
from visiqc.runtime.cards import CARD_FILE, named_in
from visiqc.settings import cache_folder
from visiqc.training import registry

CHAMPION = "champion"
"""Alias of the version that scores."""
REGISTERED = ("identity", "defect", "mask")
"""Tasks whose models trainings register, as `visiqc-<task>`."""
FLEET = "fleet"
"""Folder of the sidecars in a registered model."""
_REFERENCE = re.compile(r"([\w.\-]+)@([\w.\-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A registered model on this disk.

    Attributes:
        folder: Its folder, `<task>/<version>/`.
        sidecars: Folders `fleet/<version>/` that were registered with it.
    """

    folder: Path
    sidecars: tuple[Path, ...]


def crown(members: Members) -> str:
    """Let the alias `champion` stand for the models of a set in force, task by task, by their digest.

    Where the registry does not know a task's model, it stands for none: it must not name what does not score.

    Returns:
        What it stands for now, in one line; empty where the registry knows none of them.

    Raises:
        NotFound: A version was removed meanwhile.
        Unavailable: The registry is out of reach.
    """
    if not registry.is_there():
        return ""
    found = []
    for task in REGISTERED:
        name, model = f"visiqc-{task}", members.models.get(task)
        version = registry.version_with(name, model.digest) if model is not None else None
        if version is None:
            registry.clear_alias(name, CHAMPION)
        else:
            registry.set_alias(name, version, CHAMPION)
            found.append(f"version {version} of {name}")
    return f"In MLflow, {CHAMPION} stands for {', '.join(found)}." if found else ""


def fetched(reference: str) -> Registered:
    """Download a registered model, such as `visiqc-defect@challenger`.

    Raises:
        InputError: Not NAME@ALIAS.
        NotFound, IntegrityError, Unavailable: As `registry.fetch`; or there is no card in it.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise InputError(f"--registry wants NAME@ALIAS, such as visiqc-defect@challenger, got {reference!r}")
    name, alias = match.groups()
    number = registry.version_of(name, alias)  # once: the alias may move while its files come
    into = cache_folder() / "registry" / f"{name}-{number}"
    shutil.rmtree(into, ignore_errors=True)
    got = registry.fetch(name, number, into / "fetched")
    task, version = named_in(got / CARD_FILE)
    if (got / FLEET).is_dir():
        (got / FLEET).rename(into / FLEET)
    folder = into / task / version
    folder.parent.mkdir(parents=True, exist_ok=True)
    sidecars = tuple(sorted((into / FLEET).glob("*/")))
    return Registered(folder=got.rename(folder), sidecars=sidecars)
