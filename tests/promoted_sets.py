"""Sets that are in force without the minutes a promotion takes: their files in the home, and the row."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from builders import a_model_set
from small_models import a_candidate
from visiqc.bootstrap import build_records, find_fleet, load_members, members_of
from visiqc.domain.model_set import Members
from visiqc.settings import Settings
from visiqc.storage.records import SqlRecords


class AsGood:
    """Stands in for a comparison, which takes minutes."""

    worse = False

    def __call__(self, *_: Any, **__: Any) -> AsGood:
        return self

    def text(self) -> str:
        return "no different"

    def as_json(self) -> dict[str, Any]:
        return {"worse": False}


def promoted(home: Path, version: str = "halo-1") -> Members:
    """Put an identity model, a defect model and their sidecar in force, beside what ships."""
    a_candidate(home / "models", version)
    settings = Settings(home=home)
    models, fleet = load_members(settings, "", version, version, "")
    members = members_of(models, fleet, find_fleet(models, home=home))
    records = cast("SqlRecords", build_records(settings))
    records.add_model_set(a_model_set(members=members))
    records.close()
    return members
