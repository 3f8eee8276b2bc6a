"""Which models a script measures: what ships, other versions of it, or what a training run left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from visiqc.bootstrap import load_members
from visiqc.evaluation.rendered_scoring import Loader, ModelSet
from visiqc.runtime.bundle import find_model
from visiqc.runtime.installed import TASKS, find_candidates, install
from visiqc.runtime.models import NONE
from visiqc.settings import Settings
from visiqc.training.joined_set import joined_set


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """A set of models; a task that nothing is said about is filled by what ships, beside candidates by what is in force
    in the home, as when they are promoted.
    """

    candidates: tuple[Path, ...] = ()
    """Folders of training runs, or of single candidates in them."""
    trunk: str = ""
    """Version of the trunk."""
    identity: str = ""
    """Version of the identity model."""
    defect: str = ""
    """Version of the defect model; `none` = none."""
    mask: str = ""
    """Version of the mask model; `none` = none."""
    fleet: str = ""
    """Version of the fleet sidecar; empty = the newest that fits the models."""


@contextmanager
def loader_of(choice: ModelChoice, *, threads: int = 0) -> Iterator[Loader]:
    """How a choice is opened, in this process and in others, while the block runs.

    Args:
        choice: The models.
        threads: Of one inference; 0 = all cores, at most 4.

    Raises:
        InputError: A folder holds no candidate, or several of a task.
        Conflict: A candidate has the version of a model that ships, and another content.
        NotFound, IntegrityError: It is not a whole model.
    """
    with TemporaryDirectory(prefix="visiqc-models-") as folder:
        home = Path(folder)
        found = find_candidates(choice.candidates) if choice.candidates else {}
        for task, place in found.items():
            install(place, task, home)
        versions = {task: getattr(choice, task) for task in TASKS}
        if found:
            versions |= _beside(found, versions, home)
        yield partial(_load, home, tuple(versions.values()), threads)


def _beside(found: Mapping[str, Path], asked: Mapping[str, str], home: Path) -> dict[str, str]:
    """Versions of the candidates and of the models they will score beside, which are copied into `home`."""
    joined = joined_set(asked["trunk"])
    left = {task: name for task, name in joined.versions.items() if joined.home and not (task in found or asked[task])}
    for task, name in left.items():
        if name != NONE:
            install(find_model(task, name, home=joined.home), task, home)
    return left | {task: place.name for task, place in found.items()}


def _load(home: Path, versions: tuple[str, ...], threads: int) -> ModelSet:
    trunk, identity, defect, mask, fleet = versions
    return load_members(Settings(home=home, threads=threads), trunk, identity, defect, mask, fleet=fleet)
