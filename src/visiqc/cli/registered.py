"""Candidates from the MLflow registry: fetched by alias, crowned `champion` once they are in force."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from visiqc.errors import InputError
from visiqc.runtime.cards import CARD_FILE, named_in
from visiqc.settings import cache_folder
from visiqc.training import registry

CHAMPION = "champion"
"""Alias of the version that scores."""
FLEET = "fleet"
"""Folder of the sidecars in a registered model."""
_REFERENCE = re.compile(r"([\w.\-]+)@([\w.\-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A registered model on this disk.

    Attributes:
        folder: Its folder, `<task>/<version>/`.
        sidecars: Folders `fleet/<version>/` that were registered with it.
        name: Its name in the registry.
        number: Its version there.
    """

    folder: Path
    sidecars: tuple[Path, ...]
    name: str
    number: str

    def crown(self) -> None:
        """Move the alias `champion` to it; errors as `registry.set_alias`."""
        registry.set_alias(self.name, self.number, CHAMPION)


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
    return Registered(folder=got.rename(folder), sidecars=sidecars, name=name, number=number)
