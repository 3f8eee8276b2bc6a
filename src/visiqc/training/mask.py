"""Train the mask model, which says where in a photo the product is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from visiqc.errors import BadRecipe, InputError
from visiqc.training.candidate_folder import leave_only
from visiqc.training.datasets.pairs import PairSet
from visiqc.training.datasets.reading import MAX_UNREADABLE, Unreadable, name_of, require_limit
from visiqc.training.defect import open_trunk
from visiqc.training.engine import FitSettings, fit
from visiqc.training.fit_plots import learning_curves
from visiqc.training.joined_set import joined_set
from visiqc.training.mask_export import MaskFacts, export_mask
from visiqc.training.mask_learner import MaskBatches, MaskLearner, figures, overlaps
from visiqc.training.mask_model import MaskArchitecture, MaskNet
from visiqc.training.mask_samples import KnownPhoto, MaskSampleMaker, MaskSampleSettings, known_product
from visiqc.training.mismatch_data import Shown, held_out, shown_in
from visiqc.training.recipes import RunResult
from visiqc.training.sources import (
    Sources,
    describe_sets,
    is_shippable,
    read_sources,
    require_learned,
    reserved_skus,
    seen_by,
    with_kin,
)
from visiqc.training.stage_progress import say, stage
from visiqc.training.tracking import Tracker
from visiqc.training.training_record import training_record
from visiqc.vision.foreground import foreground_mask
from visiqc.vision.product_mask import CELLS, MASK_SIDE

REGISTERED = "visiqc-mask"


@dataclass(frozen=True, kw_only=True)
class MaskRecipe:
    """All that decides a training of the mask model."""

    data: Sources
    """The photos; those without a mask teach nothing."""
    held_out: float = 1 / 6
    """Share of the products of every family of every set that nothing is learned from, besides `data.held_out` and
    whatever shares a lot or a photo with them. Those the mismatch model holds out of one set alone are among them."""
    validated: int = 240
    """Photos of products held out that each epoch is measured on."""
    shippable: bool = True
    """Refuse data whose licence does not allow to give the model away."""
    version: str = ""
    """Name of the candidate's version; empty = the trunk's name and the beginning of the file's digest."""
    trunk: str = ""
    """Version of the trunk; empty = that in force, or the default."""
    side: int = MASK_SIDE
    """Side of a sample in pixels, a multiple of 16."""
    batch: int = 8
    """Samples in a batch."""
    steps: int = 200
    """Batches in an epoch."""
    workers: int = 2
    """Processes that draw samples; 0 = the trainer itself."""
    samples: MaskSampleSettings = field(default_factory=MaskSampleSettings)
    """What samples are made of."""
    model: MaskArchitecture = field(default_factory=MaskArchitecture)
    """Widths of the model."""
    fit: FitSettings = field(default_factory=FitSettings)
    """How it is fitted."""
    max_unreadable: int = MAX_UNREADABLE
    """Photos that may be broken before the data is refused."""
    seed: int = 0
    """Of everything random."""

    def __post_init__(self) -> None:
        if not (0 <= self.held_out < 1 and (self.held_out or self.data.held_out)):
            raise BadRecipe(f"held_out must be over 0 and under 1, or 0 beside data.held_out, got {self.held_out}")
        for key in ("batch", "steps", "validated"):
            if getattr(self, key) < 1:
                raise BadRecipe(f"{key} must be at least 1, got {getattr(self, key)}")
        if self.side % CELLS or self.side < 64:
            raise BadRecipe(f"side must be a multiple of {CELLS}, 64 or more, got {self.side}")
        if not 0 <= self.workers <= 64:
            raise BadRecipe(f"workers must be 0 to 64, got {self.workers}")
        require_limit(self.max_unreadable)


def train_mask(recipe: MaskRecipe, tracker: Tracker, folder: Path) -> RunResult:
    """Train, measure and export; the candidate stands in `folder/candidate`.

    Raises:
        InputError, NotAllowed, BadRecipe: The recipe or its photos cannot be used; the message says which and why.
        Unavailable: Disk or device are out of reach.
    """
    joined = joined_set(recipe.trunk)
    embed, trunk = joined.models.trunk.features, joined.trunk
    say(joined.told)
    with stage("reading photos"):
        sets = read_sources(recipe.data, shippable=recipe.shippable, max_unreadable=recipe.max_unreadable)
    apart = products_held_out(recipe, sets)
    say(*describe_sets(sets, apart))
    digest = seen_by(sets, replace(joined.models, mask=None))
    tracker.data({one.name: one.digest for one in sets})
    unreadable = Unreadable(limit=recipe.max_unreadable)
    learned, known = _photos(recipe, sets, apart, unreadable)
    net = MaskNet(recipe.model)
    batches = MaskBatches(
        MaskSampleMaker(learned, recipe.samples, side=recipe.side),
        partial(open_trunk, trunk.version, joined.home),
        size=recipe.batch,
        steps=recipe.steps,
        workers=recipe.workers,
        seed=recipe.seed,
        unreadable=unreadable,
    )
    learner = MaskLearner(net, batches, known, embed)
    fitted = fit(learner, recipe.fit, folder=folder, tracker=tracker, seed=recipe.seed, digest=digest)
    tracker.figure(learning_curves(fitted.history, best=fitted.best_epoch), "learning-curves.png")
    measured = figures(net, known, embed)
    without = overlaps([foreground_mask(one.photo) for one in known], known)
    metrics = {
        **{f"held_out/{name}": value for name, value in measured.items()},
        **{f"held_out_without_model/{name}": value for name, value in without.items()},
    }
    target = folder / "candidate"
    leave_only(target, "mask")
    facts = MaskFacts(
        trunk=trunk,
        training=training_record(recipe, sets, apart, fitted, parent=None),
        metrics=metrics,
        shippable=is_shippable(sets),
    )
    card = export_mask(net, target / "mask", version=recipe.version, facts=facts)
    leave_only(target / "mask", card.version)
    (target / "held-out.json").write_text(json.dumps(sorted(apart)), encoding="utf-8")
    tracker.register(REGISTERED, target / "mask" / card.version / card.file, tags={"data_digest": digest}, beside=[])
    kept = {f"kept/{name}": value for name, value in fitted.best.items()}
    return RunResult(metrics=kept | metrics, artifacts=(target,), data_digest=digest)


def products_held_out(recipe: MaskRecipe, sets: Sequence[PairSet]) -> frozenset[str]:
    """SKUs that nothing is learned from: those drawn of each set by itself, and what shares a lot or photo with them.

    Raises:
        InputError: None is left to learn from, or to measure on.
    """
    drawn = (held_out(one.pairs, recipe.held_out, seed=recipe.seed) for one in sets)
    apart = with_kin(sets, frozenset[str]().union(*drawn)) | reserved_skus(sets, recipe.data.held_out)
    require_learned(sets, apart)
    return apart


def photos_with_masks(sets: Sequence[PairSet]) -> list[Shown]:
    """Photos whose product is known; of photos of one view one, for they differ in a defect alone."""
    pairs = [pair for one in sets for pair in one.pairs]
    views = {pair.upload: pair.view for pair in pairs if pair.view}
    seen: set[tuple[str, str]] = set()
    found = []
    for one in shown_in(pairs):
        view = (one.sku, views.get(one.photo, str(one.photo)))
        if one.mask is not None and view not in seen:
            seen.add(view)
            found.append(one)
    return found


def data_digest(recipe: MaskRecipe) -> str:
    """SHA-256 of the data as the trunk sees it, which the run's folder carries in its name."""
    models = replace(joined_set(recipe.trunk).models, mask=None)
    sets = read_sources(recipe.data, shippable=recipe.shippable, max_unreadable=recipe.max_unreadable)
    return seen_by(sets, models)


def _photos(
    recipe: MaskRecipe, sets: Sequence[PairSet], apart: frozenset[str], unreadable: Unreadable
) -> tuple[list[Shown], list[KnownPhoto]]:
    """What is learned from, and what is validated on: photos held out, evenly over all of them.

    Every photo is read once: too many broken ones are told before the hours, not in the middle of them.
    """
    shown = photos_with_masks(sets)
    judged = [one for one in shown if one.sku in apart]
    judged = evenly(judged, recipe.validated)
    known = [photo for _, photo in readable(judged, unreadable, title="photos to validate on")]
    if not known:
        raise InputError("no photo of the products held out has a mask; add a set with masks, or raise held_out")
    train = [one for one in shown if one.sku not in apart]
    learned = [one for one, _ in readable(train, unreadable, title="checking photos to learn from")]
    if not learned:
        raise InputError("no photo to learn from has a mask that can be read; add a set with masks")
    say(*unreadable.notes)
    return learned, known


def evenly(shown: Sequence[Shown], count: int) -> list[Shown]:
    """As many of the photos, from the first to the last: goldens stand before uploads, and count as well."""
    places = np.linspace(0, len(shown) - 1, min(count, len(shown))).round().astype(int)
    return [shown[place] for place in places]


def readable(shown: Sequence[Shown], unreadable: Unreadable, *, title: str) -> Iterator[tuple[Shown, KnownPhoto]]:
    """Photos with what is known of them, but for those that are broken or whose mask is.

    Raises:
        InputError: Too many are.
    """
    with stage(title) as told:
        for done, one in enumerate(shown, 1):
            try:
                found = known_product(one)
            except InputError as err:
                unreadable.add(one.photo, name_of(one.sku, one.photo), str(err))
            else:
                yield one, found
            told(one.sku, done, len(shown))
