"""Train the mismatch model, which says whether an upload shows the golden's design at all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from visiqc.errors import BadRecipe, InputError
from visiqc.inspection.parts import Models
from visiqc.runtime.cards import ModelCard
from visiqc.settings import cache_folder
from visiqc.training.calibration_settings import CalibrationSettings, require_calibration
from visiqc.training.datasets.pairs import PairSet
from visiqc.training.datasets.reading import MAX_UNREADABLE, Unreadable, bytes_of, name_of, require_limit
from visiqc.training.defect_candidate import held_out_products
from visiqc.training.engine import FitSettings, fit
from visiqc.training.export_lite import load_lite
from visiqc.training.fit_plots import learning_curves
from visiqc.training.joined_set import joined_set
from visiqc.training.mismatch_batches import BatchSettings, MismatchBatches, Row
from visiqc.training.mismatch_candidate import TrainedMismatch, write_candidate
from visiqc.training.mismatch_colours import Recolouring, recolouring
from visiqc.training.mismatch_data import Shown, held_out, shown_in
from visiqc.training.mismatch_features import FeatureStore, Frozen, labels_in, scaled_product
from visiqc.training.mismatch_learner import MetricSettings, MismatchLearner, whiten
from visiqc.training.mismatch_model import MismatchNet
from visiqc.training.mismatch_validation import Seen, figures, report_of, table_of
from visiqc.training.recipes import RunResult
from visiqc.training.sources import (
    Sources,
    describe_sets,
    is_shippable,
    read_sources,
    require_learned,
    reserved_skus,
    seen_by,
)
from visiqc.training.stage_progress import say, stage
from visiqc.training.tracking import Tracker
from visiqc.training.training_record import training_record
from visiqc.vision.golden_view import TURNS
from visiqc.vision.photo import decode_rgb
from visiqc.vision.types import FloatArray


@dataclass(frozen=True, kw_only=True)
class MismatchRecipe:
    """All that decides a training of the mismatch model."""

    data: Sources
    """The photos."""
    held_out: float = 1 / 6
    """Share of the products of every family that nothing is learned from, besides `data.held_out`: validation is
    theirs."""
    shippable: bool = True
    """Refuse data whose licence does not allow to give the model away."""
    version: str = ""
    """Name of the candidate's version; empty = the trunk's name and the beginning of the data's and recipe's digest."""
    trunk: str = ""
    """Version of the trunk; empty = that in force, or the default."""
    patches: int = 8
    """Variations made of every photo: other turns, lights, grounds and masks."""
    recolourings: int = 0
    """Variants made of every product by changing its colours, where its mask is known."""
    recoloured_patches: int = 3
    """Variations made of every recoloured photo."""
    frozen_blocks: int = 4
    """Blocks of the pretrained continuation, of five, that never learn; what they give is computed once."""
    frozen_epochs: int = 1
    """Epochs in which the rest of it stands still too."""
    tail_rate: float = 0.2
    """Its rate after that, as a share of the full one."""
    steps: int = 60
    """Batches in an epoch."""
    batch: BatchSettings = field(default_factory=BatchSettings)
    """What a batch holds."""
    loss: MetricSettings = field(default_factory=MetricSettings)
    """What pulls photos of one identity together."""
    fit: FitSettings = field(default_factory=FitSettings)
    """How it is fitted."""
    keep_scale: bool = False
    """Of the fleet sidecar of the set it joins, keep all but what tells designs apart: maps do not ask this model.
    False = everything is measured on the products held out, as `calibration` says."""
    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    """The fleet sidecar of the new model."""
    max_unreadable: int = MAX_UNREADABLE
    """Photos that may be broken before the data is refused."""
    seed: int = 0
    """Of everything random."""

    def __post_init__(self) -> None:
        if not (0 <= self.held_out < 1 and (self.held_out or self.data.held_out)):
            raise BadRecipe(f"held_out must be over 0 and under 1, or 0 beside data.held_out, got {self.held_out}")
        for key, least in (("patches", 1), ("recolourings", 0), ("recoloured_patches", 1), ("steps", 1)):
            if getattr(self, key) < least:
                raise BadRecipe(f"{key} must be at least {least}, got {getattr(self, key)}")
        require_limit(self.max_unreadable)


def train_mismatch(recipe: MismatchRecipe, tracker: Tracker, folder: Path) -> RunResult:
    """Train, measure, export and calibrate; the candidate stands in `folder/candidate`.

    Raises:
        InputError, NotAllowed, BadRecipe: The recipe or its photos cannot be used; the message says which and why.
        Unavailable: Disk or device are out of reach.
    """
    joined = joined_set(recipe.trunk)
    models, trunk = joined.framing, joined.trunk
    say(joined.told)
    with stage("reading photos"):
        sets = _sets(recipe)
    apart = products_held_out(recipe, sets)
    say(*describe_sets(sets, apart))
    if not recipe.keep_scale:
        require_calibration(sets, apart, recipe.calibration)
    digest = seen_by(sets, models)
    tracker.data({one.name: one.digest for one in sets})
    net = MismatchNet(load_lite(_variant(trunk))[0], frozen=recipe.frozen_blocks)
    store = feature_store(net, models, recipe)
    learned, validated = _photos(recipe, sets, apart, store)
    whole = frozenset[Path]()
    if recipe.calibration.wanted:
        with stage("opening the photos to calibrate on"):
            whole = whole_photos(sets, apart, validated, store.unreadable)
    say(*store.unreadable.notes)
    if not recipe.keep_scale:
        require_calibration(sets, apart, recipe.calibration, whole)
    batches = MismatchBatches(learned, recipe.batch, steps=recipe.steps, seed=recipe.seed)
    whiten(net, batches)
    learner = MismatchLearner(
        net,
        batches,
        lambda some: figures(report_of(table_of(some, validated))),
        recipe.loss,
        steps=recipe.steps,
        frozen_epochs=recipe.frozen_epochs,
        tail_rate=recipe.tail_rate,
        judged=validated,
    )
    fitted = fit(learner, recipe.fit, folder=folder, tracker=tracker, seed=recipe.seed, digest=digest)
    tracker.figure(learning_curves(fitted.history, best=fitted.best_epoch), "learning-curves.png")
    trained = TrainedMismatch(
        net=net.cpu(),
        learned=learned,
        validated=validated,
        held_out=apart,
        sets=sets,
        whole=whole,
        record=training_record(recipe, sets, apart, fitted, parent=None),
        joined=joined,
        shippable=is_shippable(sets),
    )
    made = write_candidate(trained, recipe, folder / "candidate", digest=digest, tracker=tracker)
    metrics = {f"kept/{name}": value for name, value in fitted.best.items()} | made.metrics
    return RunResult(metrics=metrics, artifacts=(made.folder,), data_digest=digest)


def products_held_out(recipe: MismatchRecipe, sets: Sequence[PairSet]) -> frozenset[str]:
    """SKUs that nothing is learned from.

    Raises:
        InputError: None is left to learn from, or to measure on.
    """
    pairs = [pair for one in sets for pair in one.pairs]
    apart = held_out(pairs, recipe.held_out, seed=recipe.seed) | reserved_skus(sets, recipe.data.held_out)
    require_learned(sets, apart)
    return apart


def data_digest(recipe: MismatchRecipe) -> str:
    """SHA-256 of the data as the models see it, which the run's folder carries in its name."""
    return seen_by(_sets(recipe), joined_set(recipe.trunk).framing)


def _sets(recipe: MismatchRecipe) -> list[PairSet]:
    return read_sources(recipe.data, shippable=recipe.shippable, max_unreadable=recipe.max_unreadable)


def feature_store(net: MismatchNet, models: Models, recipe: MismatchRecipe) -> FeatureStore:
    """Where maps are kept and how they are computed."""
    return FeatureStore(
        folder=cache_folder() / "features" / "mismatch",
        models=models,
        frozen=frozen_part(net),
        seed=recipe.seed,
        unreadable=Unreadable(limit=recipe.max_unreadable),
    )


def frozen_part(net: MismatchNet) -> Frozen:
    """The blocks that do not learn, named by their weights."""
    digest = hashlib.sha256()
    for name, value in sorted(net.kept.state_dict().items()):
        digest.update(name.encode() + value.cpu().numpy().tobytes())

    def run(maps: FloatArray) -> FloatArray:
        with torch.inference_mode():
            return np.asarray(net.kept(torch.from_numpy(maps)).numpy(), np.float32)

    return Frozen(digest.hexdigest()[:12], run)


def _photos(
    recipe: MismatchRecipe, sets: Sequence[PairSet], apart: frozenset[str], store: FeatureStore
) -> tuple[list[Row], list[Seen]]:
    """What is learned from, and what is validated on."""
    shown = shown_in(pair for one in sets for pair in one.pairs)
    train = [one for one in shown if one.sku not in apart]
    jobs = [*((one, None) for one in train), *_recoloured(train, recipe, store.unreadable)]
    learned: list[Row] = []
    with stage("features to learn from") as told:
        for done, (one, change) in enumerate(jobs, 1):
            count = recipe.patches if change is None else recipe.recoloured_patches
            if (patches := store.varied(one, count=count, change=change)) is not None:
                learned.append(Row(shown=one, patches=patches))
            told(one.sku, done, len(jobs))
    validated: list[Seen] = []
    judged = [one for one in shown if one.sku in apart and one.role != "other"]
    with stage("features to validate on") as told:
        for done, one in enumerate(judged, 1):
            if (patches := store.served(one, turns=TURNS if one.role == "golden" else 1)) is not None:
                validated.append(Seen(shown=one, patches=patches))
            told(one.sku, done, len(judged))
    return learned, validated


def whole_photos(
    sets: Sequence[PairSet], apart: frozenset[str], validated: Sequence[Seen], unreadable: Unreadable
) -> frozenset[Path]:
    """Photos of the products held out that can be read.

    The calibration takes more of them than are validated on, and would meet those that are broken after the hours.

    Raises:
        InputError: Too many are broken.
    """
    whole = {one.shown.photo for one in validated}
    for product in held_out_products(sets, apart):
        for photo in (*product.goldens, *(upload.path for upload in product.uploads)):
            if photo in whole or photo in unreadable.files:
                continue
            try:
                decode_rgb(bytes_of(photo))
            except InputError as err:
                unreadable.add(photo, name_of(product.sku, photo), str(err))
            else:
                whole.add(photo)
    return frozenset(whole)


def _recoloured(
    shown: Sequence[Shown], recipe: MismatchRecipe, unreadable: Unreadable
) -> list[tuple[Shown, Recolouring]]:
    """The photos of every product in other colours, each colour an identity of its own."""
    changes: dict[str, list[Recolouring]] = {}
    jobs: list[tuple[Shown, Recolouring]] = []
    for one in shown:
        if not one.genuine or one.mask is None:
            continue
        if one.sku not in changes:
            changes[one.sku] = _changes(one, recipe, unreadable)
        jobs += [
            (replace(one, identity=f"{one.identity} {change}", role="variant", look={}), change)
            for change in changes[one.sku]
        ]
    return jobs


def _changes(one: Shown, recipe: MismatchRecipe, unreadable: Unreadable) -> list[Recolouring]:
    """How a product is recoloured, from its first photo."""
    name = name_of(one.sku, one.photo)
    try:
        photo = decode_rgb(one.photo.read_bytes())
        labels = labels_in(one.mask.read_bytes() if one.mask else b"")
        product = None if labels is None else scaled_product(labels, photo, name=name)
    except (OSError, InputError) as err:
        unreadable.add(one.photo, name, str(err))
        return []
    if product is None:
        return []
    number = int(hashlib.sha256(one.sku.encode()).hexdigest()[:8], 16)
    rngs = (np.random.default_rng([recipe.seed, number, n]) for n in range(recipe.recolourings))
    return list(dict.fromkeys(recolouring(photo, product, rng) for rng in rngs))


def _variant(trunk: ModelCard) -> str:
    """`lite0` or `lite2`, by the trunk's name."""
    return trunk.version.split("-")[0]
