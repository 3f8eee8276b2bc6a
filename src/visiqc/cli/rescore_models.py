"""Which models a re-score asks for: those in force, an earlier set, versions by name, or a candidate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from visiqc.bootstrap import (
    build_records,
    find_fleet,
    load_members,
    load_set,
    members_of,
    names_of,
    parts_with,
    set_in_force,
)
from visiqc.cli.model_moves import completed
from visiqc.domain.model_set import Members, named_set
from visiqc.errors import InputError
from visiqc.inspection.model_ports import ModelSetRecords
from visiqc.inspection.parts import Parts
from visiqc.inspection.ports import Records
from visiqc.runtime.installed import TASKS
from visiqc.runtime.models import NONE, cards_of
from visiqc.settings import Settings

_VERSION = re.compile(rf"({'|'.join(TASKS)})/([^/]+)")


def asked_models(settings: Settings, wanted: Sequence[str]) -> tuple[Members, Parts]:
    """The models that are asked for, by name and loaded.

    Args:
        settings: Where things are.
        wanted: Nothing = what is in force; or one id from `visiqc model history`, or `shipped`; or versions, such as
            `defect/halo-2`; or candidates, as a folder or NAME@ALIAS. What is not named is what is in force.

    Raises:
        InputError: They cannot be asked for together.
        NotFound, Conflict, IntegrityError, Unavailable: As `load_set` and `completed`.
    """
    records = build_records(settings)
    if not wanted:
        return _in_force(settings, records)
    matches = [match for each in wanted if (match := _VERSION.fullmatch(each)) and not Path(each).is_dir()]
    versions = {match[1]: match[2] for match in matches}
    if len(matches) == len(wanted):
        return _of_versions(settings, records, versions)
    if versions:
        raise InputError("--models names either versions or candidates, not both; promote the candidate first")
    if len(wanted) == 1 and "@" not in wanted[0] and not Path(wanted[0]).exists():
        return _of_history(settings, records, wanted[0])
    return _of_candidates(settings, wanted)


def _in_force(settings: Settings, records: Records) -> tuple[Members, Parts]:
    row = set_in_force(settings, records)
    models, fleet = load_set(settings, row)
    return names_of(settings, row, models, fleet), parts_with(settings, records, models, fleet)


def _of_versions(settings: Settings, records: Records, versions: dict[str, str]) -> tuple[Members, Parts]:
    before, _ = load_set(settings, set_in_force(settings, records))
    asked = {task: card.version for task, card in cards_of(before).items()} | versions
    models, fleet = load_members(
        settings,
        asked["trunk"],
        asked["identity"],
        asked.get("defect", NONE),
        asked.get("mask", NONE),
        fleet=asked.get("fleet", ""),
        before=before,
    )
    folder = find_fleet(models, home=settings.home, version=asked.get("fleet", ""))
    return members_of(models, fleet, folder), parts_with(settings, records, models, fleet)


def _of_history(settings: Settings, records: Records, wanted: str) -> tuple[Members, Parts]:
    row = named_set(cast("ModelSetRecords", records).model_sets(), wanted)
    unnamed = {"trunk": "", "identity": "", "defect": "", "mask": ""}  # a set from the history is meant as a whole
    models, fleet = load_set(settings.model_copy(update=unnamed), row)
    members = row.members if row else members_of(models, fleet, find_fleet(models))
    return members, parts_with(settings, records, models, fleet)


def _of_candidates(settings: Settings, wanted: Sequence[str]) -> tuple[Members, Parts]:
    from visiqc.cli.model import _fetched

    fetched = [_fetched(each) for each in wanted if "@" in each and not Path(each).exists()]
    folders = [Path(each) for each in wanted if "@" not in each or Path(each).exists()]
    sidecars = [one for each in fetched for one in each.sidecars]
    asked = completed(settings, [*folders, *(each.folder for each in fetched)], sidecars=sidecars)
    return asked.members, asked.parts
