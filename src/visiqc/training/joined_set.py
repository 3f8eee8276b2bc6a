"""The set a candidate will join when it is promoted: what is in force in the home, or else what ships.

A candidate that were completed otherwise would carry a fleet sidecar that fits no set.
"""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from visiqc.bootstrap import load_exactly, load_fleet, promoted_set
from visiqc.domain.model_set import models_key
from visiqc.errors import IntegrityError, NotFound
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models
from visiqc.runtime.bundle import find_model
from visiqc.runtime.cards import ModelCard
from visiqc.runtime.models import NONE, OPTIONAL, cards_of, load_models
from visiqc.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedSet:
    """The models beside which a candidate will score.

    Attributes:
        models: All of them; those of the candidate's own task are there too.
        home: Where they lie; None = they ship.
        version: Of their fleet sidecar; empty = the newest that fits.
    """

    models: Models
    home: Path | None = None
    version: str = ""

    @property
    def trunk(self) -> ModelCard:
        """The card of the trunk."""
        return cards_of(self.models)["trunk"]

    @property
    def framing(self) -> Models:
        """Those that frame photos: all but the defect model, which has no part in it."""
        return replace(self.models, defect=None)

    @property
    def versions(self) -> dict[str, str]:
        """Version by task; `none` where there is no such model."""
        return dict.fromkeys(OPTIONAL, NONE) | {task: card.version for task, card in cards_of(self.models).items()}

    @property
    def told(self) -> str:
        """What is joined, for people."""
        models = ", ".join(card.title for card in cards_of(self.models).values())
        return f"to score beside {models}: {'in force in the home' if self.home else 'what ships'}"

    def fleet(self) -> Fleet:
        """Their sidecar; errors as `load_fleet`."""
        return load_fleet(self.models, home=self.home, version=self.version)

    def sidecar_name(self, candidate: str) -> str:
        """Version of the sidecar of a candidate beside these: beside others it is another one."""
        beside = [*self.models.digests]
        # A trunk that is new here has no sidecar yet: the candidate's will be its first.
        with contextlib.suppress(NotFound, IntegrityError):
            beside.append(self.fleet().digest)
        return f"{candidate}-{models_key(beside)[:8]}"

    def with_candidate(self, folder: Path, *, task: str, version: str) -> Models:
        """The models with that of a candidate in the place of their own.

        Args:
            folder: Of the candidate; `<task>/<version>/` stands in it.
            task: Of its model.
            version: Of its model.
        """
        versions = self.versions | {task: version}
        with tempfile.TemporaryDirectory(prefix="visiqc-joined-") as home:
            for each, name in versions.items():
                if name == NONE:
                    continue
                source = folder / task / version if each == task else find_model(each, name, home=self.home)
                place = Path(home) / "models" / each / name
                place.parent.mkdir(parents=True)
                place.symlink_to(source.absolute(), target_is_directory=True)
            return load_models(
                home=Path(home),
                trunk=versions["trunk"],
                identity=versions["identity"],
                defect=versions["defect"],
                mask=versions["mask"],
                before=self.models,
            )


def joined_set(trunk: str = "") -> JoinedSet:
    """What is in force in the home, as `visiqc model promote` completes candidates; or what ships.

    No home is made where there is none. Models that `VISIQC_DEFECT` and the like name are left aside: nothing can be
    promoted while they are named.

    Args:
        trunk: The version a recipe names: another than that in force comes with what ships with it. Empty = any.

    Raises:
        NotFound, IntegrityError: A model is missing, or is not what it was.
        Unavailable: The database is out of reach, or older or newer than this code.
    """
    settings = Settings()
    row = promoted_set(settings)
    if row is None or row.shipped or trunk not in {"", row.members.trunk.version}:
        return JoinedSet(models=load_models(trunk=trunk))
    models, _ = load_exactly(settings, row.members)
    return JoinedSet(models=models, home=settings.home, version=row.members.fleet.version)
