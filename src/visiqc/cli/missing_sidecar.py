"""The commands that make the fleet sidecar a candidate lacks, and then promote it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from visiqc.domain.model_set import models_key
from visiqc.errors import InputError
from visiqc.inspection.parts import Models
from visiqc.recipes import as_values, digest_of, read_recipe
from visiqc.runtime.installed import FLEET_FILES, versions_in
from visiqc.runtime.models import NONE, OPTIONAL, cards_of
from visiqc.settings import Settings

RECIPE = "recipe.yaml"
"""Stands in a run's folder, beside `candidate/`: the recipe with every key."""
_TRAINED = ("identity", "defect")
"""Tasks whose training ends with the calibration of a sidecar."""
_SIDECARS = Path("sidecars/fleet")
"""Where a sidecar is built. The last part says what it is; alone it would be taken, the next time, for the folder of
the photos, which the recipe calls `fleet`."""


def what_to_do(settings: Settings, candidates: Mapping[str, Path], models: Models) -> str:
    """Sentence and commands, for people who want these candidates in force.

    Args:
        settings: Where the home is; every model of the set lies there.
        candidates: Folder by task.
        models: The set that no sidecar was built with.
    """
    again = _calibrate_again(candidates, models)
    if again is None:
        said = (
            "build one in a checkout of VisiQC, from photos of designs that none of them learned from (of others than "
            "those rendered here: --set photos=FOLDER), and name it beside the candidate. Those rendered here show no "
            "defects, so that both maps will count alike until a defect model is trained beside it, and the identity "
            "model that ships learned some of them:"
        )
        commands = _build(settings, candidates, models)
    else:
        said = (
            "train again where it was trained: that goes on behind the last epoch, and only calibrates the "
            "model beside what is in force now:"
        )
        commands = [
            _visiqc(settings, "train", again[0], again[1] / RECIPE),
            _visiqc(settings, "model", "promote", again[1]),
        ]
    return "\n".join([said, *(f"  {command}" for command in commands)])


def _calibrate_again(candidates: Mapping[str, Path], models: Models) -> tuple[str, Path] | None:
    """Task and run's folder of the one candidate, where its run only has to be calibrated again."""
    trained = [task for task in candidates if task != "fleet"]
    if len(trained) != 1 or trained[0] not in _TRAINED:
        return None
    root = candidates[trained[0]].parent.parent
    if root.name != "candidate" or not _goes_on(trained[0], root.parent):
        return None
    # Trunk and mask model frame the photos: beside other ones the run would begin anew.
    framed = {"trunk": models.trunk.digest, "mask": models.mask.digest if models.mask is not None else ""}
    sidecars = [json.loads((one / FLEET_FILES[0]).read_text()) for one in versions_in(root / "fleet", "fleet")]
    same = any(all(one.get(task, "") == digest for task, digest in framed.items()) for one in sidecars)
    return (trained[0], _near(root.parent)) if same else None


def _goes_on(task: str, run: Path) -> bool:
    """Whether a training by the run's recipe goes on in this run: its folder is named after the recipe's digest.

    Of a run from before a release whose recipes have a key more, the recipe that is read now has another digest: its
    training would begin anew, in another folder. Where nothing can be trained, nobody knows.
    """
    try:
        from visiqc.training.defect import DefectRecipe
        from visiqc.training.mismatch import MismatchRecipe

        kind = DefectRecipe if task == "defect" else MismatchRecipe
        digest = digest_of(as_values(read_recipe(kind, run / RECIPE)))
    except (ImportError, InputError):
        return False
    return re.fullmatch(rf"train-[a-z]+-{digest[:8]}(-[0-9a-f]{{8}})?", run.name) is not None


def _build(settings: Settings, candidates: Mapping[str, Path], models: Models) -> list[str]:
    """Commands for whatever the candidates are."""
    trained = [task for task in candidates if task != "fleet"]
    versions = dict.fromkeys(OPTIONAL, NONE) | {task: card.version for task, card in cards_of(models).items()}
    name = f"{versions[(trained or ['identity'])[-1]]}-{models_key(models.digests)[:8]}"
    values = {"home": settings.home, **versions, "version": name, "out": _SIDECARS}
    changes = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    folders = [_near(candidates[task]) for task in trained]
    return [
        _visiqc(settings, "render", "configs/render_fleet.yaml"),
        _line("python", "training/calibrate_fleet.py", "configs/calibrate_fleet.yaml", *changes),
        _visiqc(settings, "model", "promote", *folders, _SIDECARS / name),
    ]


def _visiqc(settings: Settings, *arguments: object) -> str:
    named = settings.home != type(settings).model_fields["home"].default
    return _line("visiqc", *(("--home", settings.home) if named else ()), *arguments)


def _line(*words: object) -> str:
    return shlex.join(map(str, words))


def _near(folder: Path) -> Path:
    """The folder as seen from here, where it is below."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
