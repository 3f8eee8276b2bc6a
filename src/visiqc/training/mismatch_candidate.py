"""A trained mismatch model as a candidate: ONNX and card, its fleet sidecar, its pictures, its registry entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from visiqc.runtime.cards import TrainingRecord
from visiqc.training.candidate_folder import leave_only
from visiqc.training.datasets.pairs import PairSet
from visiqc.training.defect_candidate import Candidate, held_out_products
from visiqc.training.fleet import fleet_of, write_fleet
from visiqc.training.fleet_additions import measured_sameness
from visiqc.training.fleet_recipe import FleetRecipe
from visiqc.training.joined_set import JoinedSet
from visiqc.training.mismatch_batches import Row
from visiqc.training.mismatch_export import MismatchFacts, export_mismatch
from visiqc.training.mismatch_features import Patches
from visiqc.training.mismatch_model import MismatchNet
from visiqc.training.mismatch_pictures import show_table
from visiqc.training.mismatch_sidecar import with_identity
from visiqc.training.mismatch_validation import Seen, Table, figures, report_of, table_of, vectors_of
from visiqc.training.stage_progress import say, stage
from visiqc.training.tracking import Tracker
from visiqc.vision.types import FloatArray

if TYPE_CHECKING:
    from visiqc.training.mismatch import MismatchRecipe

REGISTERED = "visiqc-identity"
_DRAWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedMismatch:
    """A fitted network with all that is known of it."""

    net: MismatchNet
    learned: Sequence[Row]
    validated: Sequence[Seen]
    held_out: frozenset[str]
    sets: Sequence[PairSet]
    whole: frozenset[Path]
    record: TrainingRecord
    joined: JoinedSet
    shippable: bool


def write_candidate(
    trained: TrainedMismatch, recipe: MismatchRecipe, folder: Path, *, digest: str, tracker: Tracker
) -> Candidate:
    """Write the candidate anew, register it as challenger, and draw its pictures."""
    leave_only(folder, "identity")
    table = table_of(trained.net, trained.validated)
    cohort = cohort_of(trained.net, trained.learned)
    measured = _measured(table, cohort)
    card = export_mismatch(
        trained.net,
        folder / "identity",
        version=recipe.version,
        facts=MismatchFacts(
            trunk=trained.joined.trunk,
            training=trained.record,
            metrics={f"held out/{name}": value for name, value in measured.items()},
            shippable=trained.shippable,
            home=trained.joined.home,
        ),
    )
    leave_only(folder / "identity", card.version)
    (folder / "held-out.json").write_text(json.dumps(sorted(trained.held_out)), encoding="utf-8")
    show_table(table, tracker)
    metrics = {f"held_out/{name}": value for name, value in measured.items()}
    if recipe.calibration.wanted:
        metrics |= _calibrated(trained, recipe, folder, version=card.version, table=table, cohort=cohort)
        tracker.tags({f"joins.{task}": version for task, version in trained.joined.versions.items()})
    tracker.register(
        REGISTERED,
        folder / "identity" / card.version / card.file,
        tags={"data_digest": digest},
        beside=sorted((folder / "fleet").glob("*/")),
    )
    return Candidate(folder, metrics)


def cohort_of(net: MismatchNet, learned: Sequence[Row]) -> FloatArray:
    """(n, D) float32: two patches of every golden photo that was learned from, turned any way round."""
    rows = [row.patches for row in learned if row.shown.role == "golden"]
    return np.concatenate([vectors_of(net, Patches(one.stride16[:2], one.deep[:2])) for one in rows])


def _measured(table: Table, cohort: FloatArray) -> dict[str, float]:
    """Figures of the products held out, with the interval of the two that are goals."""
    report = report_of(table, draws=_DRAWS)
    found = figures(report)
    for name, estimate in (("tar", report.cross_design.tar), ("eer", report.cross_design.eer)):
        found |= {f"{name}_low": estimate.interval.low, f"{name}_high": estimate.interval.high}
    accepted, strangers = table.accepted(cohort)
    found |= {"accepted": accepted, "strangers_accepted": strangers}
    found |= {"products": float(report.cross_design.tar.designs), "genuine": float(report.cross_design.tar.n)}
    found.pop("score")
    return found


def _calibrated(
    trained: TrainedMismatch, recipe: MismatchRecipe, folder: Path, *, version: str, table: Table, cohort: FloatArray
) -> dict[str, float]:
    """The fleet sidecar with the new model, every known product an impostor: those held out, and those in `cohort`."""
    models = trained.joined.with_candidate(folder, task="identity", version=version)
    settings = _fleet_recipe(trained, recipe, folder)
    products = held_out_products(trained.sets, trained.held_out, trained.whole)
    if recipe.keep_scale:
        source, digest = _names(trained.sets), models.identity.digest
        fleet, metrics = with_identity(trained.joined.fleet(), table, cohort, digest=digest, source=source), {}
        if len({product.design for product in products}) >= recipe.calibration.fewest_products:
            with stage("holding the products held out against each other"):
                fleet = measured_sameness(fleet, products, models, settings)
        else:
            say("too few products are held out to measure how far other designs pass; limits of the trunk stay")
    else:
        with stage("calibrating on the products held out") as told:
            built = fleet_of(products, models, settings, strangers=cohort, told=told)
        fleet, metrics = built.fleet, built.metrics
    write_fleet(fleet, folder / "fleet" / trained.joined.sidecar_name(version))
    return {f"fleet/{name}": value for name, value in metrics.items()}


def _fleet_recipe(trained: TrainedMismatch, recipe: MismatchRecipe, folder: Path) -> FleetRecipe:
    return FleetRecipe(
        photos=folder,
        source=f"{_names(trained.sets)}, products held out",
        goldens=recipe.calibration.goldens,
        impostors=recipe.calibration.impostors,
        fewest_products=recipe.calibration.fewest_products,
        seed=recipe.seed,
    )


def _names(sets: Sequence[PairSet]) -> str:
    return ", ".join(sorted({one.name for one in sets}))
