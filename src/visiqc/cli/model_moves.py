"""What `visiqc model` puts together before a story of `inspection.promotion` can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from visiqc.bootstrap import build_records, find_fleet, load_fleet, load_set, members_of, parts_with
from visiqc.cli.missing_sidecar import what_to_do
from visiqc.domain.model_set import Members, ModelSet
from visiqc.errors import Conflict, IntegrityError, NotFound
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.model_ports import ModelSetRecords
from visiqc.inspection.parts import Models, Parts
from visiqc.inspection.promotion import rollback_target
from visiqc.runtime.bundle import find_model
from visiqc.runtime.installed import find_candidates, install
from visiqc.runtime.models import NONE, cards_of, load_models
from visiqc.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A challenger that lies in the home, and what it is up against.

    Attributes:
        members: The challenger.
        parts: Every port, with the challenger's models.
        champion: The set in force.
        supersedes: Id of the row in force; empty where that is what ships.
    """

    members: Members
    parts: Parts
    champion: tuple[Models, Fleet]
    supersedes: str

    @property
    def in_force(self) -> bool:
        """Whether it is the set in force."""
        models, fleet = self.champion
        return self.members.digests == (*models.digests, fleet.digest)

    @property
    def forgets_sizes(self) -> bool:
        """Whether the champion knows what the size of the golden frame does to scores, and the challenger does not."""
        challenger, champion = self.parts.fleet.fusion, self.champion[1].fusion
        return bool(champion and champion.sizes) and not (challenger and challenger.sizes)

    @property
    def champion_parts(self) -> Parts:
        """Every port, with the models in force."""
        models, fleet = self.champion
        return replace(self.parts, models=models, fleet=fleet)


def challenge(settings: Settings, folders: Sequence[Path], *, sidecars: Sequence[Path] = ()) -> Challenge:
    """Install candidates and complete them to a set by what is in force.

    Args:
        settings: Where the home is.
        folders: As `find_candidates` takes them.
        sidecars: Fleet sidecars that came with a candidate: the first that fits the set is taken, unless one is among
            the candidates.

    Raises:
        Conflict: The candidates are in force already, or as `completed`.
        InputError, NotFound, IntegrityError, Unavailable: As `completed`.
    """
    asked = completed(settings, folders, sidecars=sidecars)
    if asked.in_force:
        raise Conflict("this set is in force already")
    return asked


def completed(settings: Settings, folders: Sequence[Path], *, sidecars: Sequence[Path] = ()) -> Challenge:
    """As `challenge`, whether or not the set is in force.

    Raises:
        Conflict: Their fleet sidecar is missing, another content stands under one of their versions, or the settings
            name the models.
        InputError, NotFound, IntegrityError, Unavailable: As `find_candidates`, `install` and `load_models`.
    """
    refuse_named_models(settings)
    candidates = find_candidates([folder.resolve() for folder in folders])
    records = build_records(settings)
    present = cast("ModelSetRecords", records).current_model_set()
    champion = load_set(settings, present)
    for task, folder in candidates.items():
        install(folder, task, settings.home)
    versions = {task: card.version for task, card in cards_of(champion[0]).items()}
    versions |= {task: folder.name for task, folder in candidates.items()}
    # What ships today may not ship with the next release: a promoted set lies in the home as a whole.
    for task in ("trunk", "identity", "defect", "mask"):
        if task in versions and task not in candidates:
            install(find_model(task, versions[task], home=settings.home), task, settings.home)
    if "fleet" in candidates:
        wanted = [candidates["fleet"].name]
    else:
        wanted = [*(install(one, "fleet", settings.home).name for one in sidecars), ""]
    models, fleet, fleet_folder = _loaded(settings, versions, wanted, champion[0], candidates)
    return Challenge(
        members=members_of(models, fleet, fleet_folder),
        parts=parts_with(settings, records, models, fleet),
        champion=champion,
        supersedes=present.id if present else "",
    )


def _loaded(
    settings: Settings,
    versions: Mapping[str, str],
    wanted: Sequence[str],
    before: Models,
    candidates: Mapping[str, Path],
) -> tuple[Models, Fleet, Path]:
    """The set with the first of the wanted sidecars that fits it; empty = any."""
    models = load_models(
        home=settings.home,
        trunk=versions["trunk"],
        identity=versions["identity"],
        defect=versions.get("defect", NONE),
        mask=versions.get("mask", NONE),
        device=settings.device,
        threads=settings.threads,
        before=before,
    )
    for sidecar in wanted:
        try:
            folder = find_fleet(models, home=settings.home, version=sidecar)
            fleet = load_fleet(models, home=settings.home, version=sidecar)
        except (NotFound, IntegrityError) as err:
            if "fleet calibration" not in str(err):
                raise
        else:
            return models, fleet, install(folder, "fleet", settings.home)
    asked = ", ".join(card.title for card in cards_of(models).values())
    raise Conflict(
        f"there is no fleet sidecar that was built with exactly these models: {asked}; "
        f"{what_to_do(settings, candidates, models)}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """An earlier set, loaded.

    Attributes:
        target: The promotion to return to; None = what ships.
        members: What it is made of.
        parts: Every port, with its models.
        supersedes: Id of the row in force.
    """

    target: ModelSet | None
    members: Members
    parts: Parts
    supersedes: str


def returning(settings: Settings, to: str) -> Return:
    """Load the set to return to; the one in force is not touched, for it may be what is broken.

    Raises:
        NotFound, Conflict, IntegrityError, Unavailable: As `rollback_target` and `load_set`.
    """
    refuse_named_models(settings)
    records = build_records(settings)
    history = cast("ModelSetRecords", records).model_sets()
    target = rollback_target(history, to)
    models, fleet = load_set(settings, target)
    return Return(
        target=target,
        members=target.members if target else members_of(models, fleet, find_fleet(models)),
        parts=parts_with(settings, records, models, fleet),
        supersedes=history[-1].id if history else "",
    )


def refuse_named_models(settings: Settings) -> None:
    """Raise `Conflict` where the environment names models: whatever is promoted would not be used."""
    if settings.names_models:
        raise Conflict(
            "VISIQC_TRUNK, VISIQC_IDENTITY, VISIQC_DEFECT or VISIQC_MASK names models, which "
            "go before any promoted set; unset them"
        )
