"""Hold a challenger against the champion on the same rendered photos, as the first half of the promotion gate does.

Photos that inspectors answered, which the gate asks next, lie in a home, and are left to `visiqc model promote`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from visiqc.errors import Unavailable
from visiqc.evaluation.known_designs import known_designs
from visiqc.evaluation.model_comparison import ModelComparison, compare_models
from visiqc.evaluation.rendered_sets import read_manifest
from visiqc.settings import cache_folder
from visiqc.training.metric_names import metric_name
from visiqc.training.model_choice import ModelChoice, loader_of
from visiqc.training.pace_lines import PaceLines
from visiqc.training.recipes import RunResult
from visiqc.training.stage_progress import say
from visiqc.training.tracking import Tracker


@dataclass(frozen=True, kw_only=True)
class CompareRecipe:
    """All that decides a comparison."""

    photos: Path
    """A set that `visiqc render` made, of designs that neither side was trained on."""
    challenger: ModelChoice
    """What would be promoted, such as `{candidates: [RUN FOLDER]}`."""
    champion: ModelChoice = field(default_factory=ModelChoice)
    """What it is held against; what ships by default."""
    goldens: int = 3
    """Golden photos each design is enrolled with."""
    long_side: int = 1024
    """Resolution of the comparison in pixels."""
    seed: int = 0
    """Unused: the bootstrap's draws are fixed, so that the gate says the same each time."""


def compare(recipe: CompareRecipe, tracker: Tracker, folder: Path) -> RunResult:
    """Score the set with both, and write what the gate would say of these photos as text and JSON.

    Which of its designs either side knows, is said and tagged: the gate would refuse such a challenger.

    Args:
        recipe: What is compared.
        tracker: Is told the verdict, and what it was measured on.
        folder: Where they are written; answers are kept in the cache.

    Raises:
        InputError: The set is none, or too small to compare on.
        NotFound, IntegrityError: As the models are opened.
        Unavailable: A folder cannot be written.
    """
    with loader_of(recipe.champion) as champion, loader_of(recipe.challenger) as challenger:
        sides = {"champion": champion(), "challenger": challenger()}
        known = {side: known_designs(models, recipe.photos) for side, (models, _) in sides.items()}
        say(*(f"the {side} knows what it is compared on: {line}" for side, lines in known.items() for line in lines))
        found = compare_models(
            recipe.photos,
            sides["champion"],
            sides["challenger"],
            goldens=recipe.goldens,
            long_side=recipe.long_side,
            keep=cache_folder() / "evaluations",
            progress=PaceLines("champion and challenger"),
        )
    files = _written(found, folder)
    metrics = {metric_name("gain", one.name): one.gain for one in found.differences}
    manifest = read_manifest(recipe.photos)
    tracker.tags({"verdict": found.verdict, f"measured_on.{manifest.name}": manifest.digest})
    tracker.tags({f"{side}_knows": "; ".join(lines) for side, lines in known.items() if lines})
    return RunResult(metrics=metrics, artifacts=files, data_digest=manifest.digest)


def _written(found: ModelComparison, folder: Path) -> tuple[Path, Path]:
    text, values = folder / "comparison.txt", folder / "comparison.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text.write_text(found.text(), encoding="utf-8")
        values.write_text(json.dumps(found.as_json(), indent=1) + "\n", encoding="utf-8")
    except OSError as err:
        raise Unavailable(f"the comparison cannot be written: {err.strerror or err}") from err
    return text, values
