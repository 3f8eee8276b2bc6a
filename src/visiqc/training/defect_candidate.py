"""A trained defect model as a candidate: ONNX and card, its fleet sidecar, its pictures, its entry in the registry."""

from __future__ import annotations

import importlib.metadata
import json
import math
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from visiqc.errors import InputError
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models
from visiqc.runtime.cards import TrainingRecord
from visiqc.training.candidate_folder import leave_only
from visiqc.training.datasets.pairs import Pair, PairSet, Relation
from visiqc.training.defect_export import DefectFacts, export_defect
from visiqc.training.defect_model import DefectNet
from visiqc.training.defect_pictures import show_answers
from visiqc.training.defect_types import TypeClasses
from visiqc.training.defect_validation import ValidationPhoto, fitted_temperature, measured
from visiqc.training.fleet import write_fleet
from visiqc.training.fleet_fusion import weighed_products, with_fusion
from visiqc.training.fleet_products import Product, Upload
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.fleet_sizes import measured_sizes
from visiqc.training.joined_set import JoinedSet
from visiqc.training.stage_progress import say, stage
from visiqc.training.tracking import Tracker

if TYPE_CHECKING:
    from visiqc.training.defect import DefectRecipe

REGISTERED = "visiqc-defect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A fitted model with all that is known of it."""

    net: DefectNet
    answers: Sequence[ValidationPhoto]
    classes: TypeClasses
    held_out: frozenset[str]
    sets: Sequence[PairSet]
    whole: frozenset[Path]
    record: TrainingRecord
    joined: JoinedSet
    shippable: bool


class Candidate(NamedTuple):
    """Where a candidate stands, and its figures."""

    folder: Path
    metrics: dict[str, float]


def write_candidate(
    trained: Trained, recipe: DefectRecipe, folder: Path, *, digest: str, tracker: Tracker
) -> Candidate:
    """Write the candidate anew, register it as challenger, and draw its pictures."""
    leave_only(folder, "defect")
    held_out = measured(trained.answers) | {"type_temperature": fitted_temperature(trained.answers)}
    card = export_defect(
        trained.net,
        folder / "defect",
        version=recipe.version,
        facts=DefectFacts(
            codes=trained.classes.codes,
            trunk=trained.joined.trunk,
            home=trained.joined.home,
            training=trained.record,
            metrics={f"held out/{name}": round(value, 4) for name, value in held_out.items() if not math.isnan(value)},
            shippable=trained.shippable,
            exported_with={name: importlib.metadata.version(name) for name in ("torch", "onnx", "onnxruntime")},
        ),
    )
    leave_only(folder / "defect", card.version)
    (folder / "held-out.json").write_text(json.dumps(sorted(trained.held_out)), encoding="utf-8")
    show_answers(trained.answers, trained.classes, tracker)
    metrics = {f"held_out/{name}": value for name, value in held_out.items()}
    if recipe.calibration.wanted:
        metrics |= _calibrated(trained, recipe, folder, card.version)
        tracker.tags({f"joins.{task}": version for task, version in trained.joined.versions.items()})
    tracker.register(
        REGISTERED,
        folder / "defect" / card.version / card.file,
        tags={"data_digest": digest},
        beside=sorted((folder / "fleet").glob("*/")),
    )
    return Candidate(folder, metrics)


def _calibrated(trained: Trained, recipe: DefectRecipe, folder: Path, version: str) -> dict[str, float]:
    """The fleet sidecar of the new model, from the products it did not learn from."""
    products = held_out_products(trained.sets, trained.held_out, trained.whole)
    settings = FleetRecipe(
        photos=folder,
        source=", ".join(sorted({one.name for one in trained.sets})) + ", products held out",
        long_side=recipe.long_side,
        goldens=recipe.calibration.goldens,
        sizes=recipe.calibration.sizes,
        fewest_products=recipe.calibration.fewest_products,
        seed=recipe.seed,
    )
    models = trained.joined.with_candidate(folder, task="defect", version=version)
    base, sidecar = trained.joined.fleet(), folder / "fleet" / trained.joined.sidecar_name(version)
    with stage("calibrating on the products held out") as told:
        fleet, figures = with_fusion(base, products, models, settings, told=told)
    write_fleet(fleet, sidecar)
    if settings.sizes:
        # The weights come from frames of the usual side: there, nothing changes.
        fleet = _sized(fleet, weighed_products(products), models, settings, usual_side=figures["usual_side"])
        write_fleet(fleet, sidecar)
    elif base.fusion is not None and base.fusion.sizes:
        say(
            "the models in force know what the size of a photo does to their scores, this candidate does not: of large "
            "photos more good ones will be flagged; `visiqc train` in docs/command-line.md says how to measure it"
        )
    return {f"fleet/{name}": value for name, value in figures.items()}


def _sized(
    fleet: Fleet, products: Sequence[Product], models: Models, settings: FleetRecipe, *, usual_side: float
) -> Fleet:
    """The sidecar with what the size of the frame does, or as it was: too few photos cost no training."""
    try:
        with stage("comparing at other sizes") as told:
            return measured_sizes(fleet, products, models, settings, usual_side=usual_side, told=told)
    except InputError as err:
        say(f"scores are left without a scale by the size of the golden frame: {err}")
        return fleet


def held_out_products(
    sets: Sequence[PairSet], held_out: frozenset[str], whole: Set[Path] | None = None
) -> list[Product]:
    """The products nothing was learned from, as the fleet takes them.

    Args:
        sets: All photos.
        held_out: SKUs of the products.
        whole: Photos that were read; others are left out. None = none was opened so far, all are taken for whole.
    """

    def usable(photo: Path) -> bool:
        return whole is None or photo in whole

    products: dict[tuple[str, str, tuple[Path, ...]], list[Pair]] = {}
    for one in sets:
        for pair in one.pairs:
            if pair.sku not in held_out or pair.relation is not Relation.SAME or pair.defective is None:
                continue
            goldens = tuple(path for path in pair.goldens if usable(path))
            if goldens and usable(pair.upload):
                products.setdefault((one.name, pair.sku, goldens), []).append(pair)
    views = Counter((name, sku) for name, sku, _ in products)
    return [
        Product(
            name=f"{name}/{sku}" if views[name, sku] == 1 else f"{name}/{sku}/{number}",
            sku=sku,
            goldens=goldens,
            uploads=tuple(Upload(path=p.upload, defective=bool(p.defective), pose=p.pose) for p in pairs),
        )
        for number, ((name, sku, goldens), pairs) in enumerate(products.items())
        if any(pair.defective is False for pair in pairs)
    ]
