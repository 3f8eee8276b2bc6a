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
_REFERENCE = re.compile(r"([\w.\-]+)@([\w.\-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A registered model on this disk.

    Attributes:
        folder: With `<task>/<version>/`, and `fleet/<version>/` where its sidecar was registered with it.
        name: Its name in the registry.
        number: Its version there.
    """

    folder: Path
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
    (into / task).mkdir(parents=True, exist_ok=True)
    got.rename(into / task / version)
    return Registered(folder=into, name=name, number=number)
