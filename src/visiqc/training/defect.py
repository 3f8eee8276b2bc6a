"""Train the defect model: from photos to a candidate that can be promoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from visiqc.errors import BadRecipe, InputError
from visiqc.inspection.parts import Models
from visiqc.runtime.bundle import find_model
from visiqc.runtime.cards import ModelCard, VerifiedModel, verified_model
from visiqc.runtime.models import OnnxTrunk
from visiqc.runtime.sessions import open_session
from visiqc.settings import Settings, cache_folder
from visiqc.training.calibration_settings import CalibrationSettings, require_calibration
from visiqc.training.datasets.pairs import PairSet
from visiqc.training.datasets.reading import MAX_UNREADABLE, Unreadable, require_limit
from visiqc.training.defect_batches import BatchPlan, DefectBatches
from visiqc.training.defect_candidate import Trained, write_candidate
from visiqc.training.defect_hard import HardPlaces
from visiqc.training.defect_learner import DefectLearner
from visiqc.training.defect_loss import LossSettings
from visiqc.training.defect_model import TRUNK_CHANNELS, DefectArchitecture, DefectNet
from visiqc.training.defect_samples import SampleSettings
from visiqc.training.defect_start import BATCHES, begin_from
from visiqc.training.defect_types import TypeClasses, classes_of
from visiqc.training.defect_validation import ValidationProduct, answers, keep_products, with_defects
from visiqc.training.engine import FitSettings, fit
from visiqc.training.fit_plots import learning_curves
from visiqc.training.joined_set import joined_set
from visiqc.training.laid import lay_set
from visiqc.training.laid_product import LaidProduct
from visiqc.training.recipes import RunResult
from visiqc.training.sources import (
    Sources,
    describe_sets,
    held_out_skus,
    is_shippable,
    read_sources,
    require_learned,
    reserved_skus,
    seen_by,
)
from visiqc.training.stage_progress import say, stage
from visiqc.training.tracking import Tracker
from visiqc.training.training_record import require_shippable_parent, require_unlearned, training_record
from visiqc.vision.rotation import Embed


@dataclass(frozen=True, kw_only=True)
class DefectRecipe:
    """All that decides a training of the defect model."""

    data: Sources
    """The photos."""
    held_out: float = 0.25
    """Share of the products that nothing is learned from, besides `data.held_out`: validation and calibration are
    theirs."""
    shippable: bool = True
    """Refuse data whose licence does not allow to give the model away."""
    version: str = ""
    """Name of the candidate's version; empty = the trunk's name and the beginning of the data's and recipe's digest."""
    trunk: str = ""
    """Version of the trunk; empty = that in force, or the default."""
    start_from: str = ""
    """Version of a defect model to go on from, such as the one that ships; empty = weights at random. Products it
    learned from must not be held out; its card names its data, and where it names them these are refused."""
    long_side: int = 1024
    """Longest side of the golden frame photos are laid into."""
    batch: int = 8
    """Samples in a batch."""
    steps: int = 150
    """Batches in an epoch."""
    workers: int = 1
    """Processes that draw samples; 0 = the trainer itself."""
    samples: SampleSettings = field(default_factory=SampleSettings)
    """What samples are made of."""
    model: DefectArchitecture = field(default_factory=DefectArchitecture)
    """Widths of the model."""
    loss: LossSettings = field(default_factory=LossSettings)
    """How errors are weighed."""
    fit: FitSettings = field(default_factory=FitSettings)
    """How it is fitted."""
    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    """How the fleet sidecar is made."""
    max_unreadable: int = MAX_UNREADABLE
    """Photos that may be broken, or have a broken mask, before the data is refused."""
    seed: int = 0
    """Of everything random."""

    def __post_init__(self) -> None:
        if not (0 <= self.held_out < 1 and (self.held_out or self.data.held_out)):
            raise BadRecipe(f"held_out must be over 0 and under 1, or 0 beside data.held_out, got {self.held_out}")
        for key in ("batch", "steps"):
            if getattr(self, key) < 1:
                raise BadRecipe(f"{key} must be at least 1, got {getattr(self, key)}")
        if not 0 <= self.workers <= 64:
            raise BadRecipe(f"workers must be 0 to 64, got {self.workers}")
        require_limit(self.max_unreadable)


class Parts(NamedTuple):
    """What the recipe's photos became."""

    sets: list[PairSet]
    held_out: frozenset[str]
    learned: list[LaidProduct]
    validated: list[ValidationProduct]
    classes: TypeClasses
    whole: frozenset[Path]


def train_defect(recipe: DefectRecipe, tracker: Tracker, folder: Path) -> RunResult:
    """Train, measure, export and calibrate; the candidate stands in `folder/candidate`.

    Raises:
        InputError, NotAllowed, BadRecipe: The recipe or its photos cannot be used; the message says which and why.
        Unavailable: Disk or device are out of reach.
    """
    joined = joined_set(recipe.trunk)
    models, trunk = joined.framing, joined.trunk
    _require_channels(trunk)
    say(joined.told)
    start = _start(recipe.start_from, trunk, shippable=recipe.shippable) if recipe.start_from else None
    parent = start.card if start is not None else None
    parts = _parts(recipe, models, parent)
    digest = seen_by(parts.sets, models)
    tracker.data({one.name: one.digest for one in parts.sets})
    net = DefectNet(recipe.model, len(parts.classes.codes))
    batches = DefectBatches(
        parts.learned,
        recipe.samples,
        parts.classes.number,
        partial(open_trunk, trunk.version, joined.home),
        BatchPlan(size=recipe.batch, steps=recipe.steps, workers=recipe.workers, seed=recipe.seed),
    )
    if start is not None:
        begin_from(net, start, parts.classes.codes, (batches.batch(0, number) for number in range(BATCHES)))
        say(f"  going on from {start.card.title}")
    learner = DefectLearner(
        net,
        batches,
        parts.validated,
        recipe.loss,
        steps_per_epoch=recipe.steps,
        hard=_hard_places(recipe, parts.learned, models.trunk.features, folder),
    )
    fitted = fit(learner, recipe.fit, folder=folder, tracker=tracker, seed=recipe.seed, digest=digest)
    tracker.figure(learning_curves(fitted.history, best=fitted.best_epoch), "learning-curves.png")
    trained = Trained(
        net=net,
        answers=answers(net, parts.validated),
        classes=parts.classes,
        held_out=parts.held_out,
        sets=parts.sets,
        whole=parts.whole,
        record=training_record(recipe, parts.sets, parts.held_out, fitted, parent=parent),
        joined=joined,
        shippable=is_shippable(parts.sets) and (parent is None or parent.shippable),
    )
    made = write_candidate(trained, recipe, folder / "candidate", digest=digest, tracker=tracker)
    metrics = {f"kept/{name}": value for name, value in fitted.best.items()} | made.metrics
    return RunResult(metrics=metrics, artifacts=(made.folder,), data_digest=digest)


def _start(version: str, trunk: ModelCard, *, shippable: bool) -> VerifiedModel:
    """The model a training goes on from, looked for before the hours of laying photos."""
    model = verified_model(find_model("defect", version, home=Settings().home))
    if model.card.trunk_sha256 != trunk.sha256:
        raise BadRecipe(f"start_from: {model.card.title} takes the maps of another trunk than {trunk.title}")
    require_shippable_parent(model.card, shippable=shippable)
    return model


def _hard_places(recipe: DefectRecipe, learned: Sequence[LaidProduct], embed: Embed, folder: Path) -> HardPlaces | None:
    """What finds the places that are shown again; None where the recipe wants none."""
    samples = recipe.samples
    if not samples.hard:
        return None
    return HardPlaces(learned, embed, folder, photos=samples.hard_photos, first=samples.hard_from, seed=recipe.seed)


def data_digest(recipe: DefectRecipe) -> str:
    """SHA-256 of the recipe's data as the models see it: other photos, or another mask, get a run of their own."""
    return seen_by(_sets(recipe), joined_set(recipe.trunk).framing)


def open_trunk(version: str, home: Path | None) -> Embed:
    """The trunk for one worker, on one thread: the workers share the cores."""
    model = verified_model(find_model("trunk", version, home=home))
    return OnnxTrunk(model.card, open_session(model.content, name=model.card.title, threads=1)).features


def _sets(recipe: DefectRecipe) -> list[PairSet]:
    return read_sources(recipe.data, shippable=recipe.shippable, max_unreadable=recipe.max_unreadable)


def _parts(recipe: DefectRecipe, models: Models, parent: ModelCard | None) -> Parts:
    with stage("reading photos"):
        sets = _sets(recipe)
    held_out = products_held_out(recipe, sets)
    say(*describe_sets(sets, held_out))
    require_unlearned(parent, sets, held_out)
    require_calibration(sets, held_out, recipe.calibration, maps=True)
    laid, whole = laid_sets(recipe, sets, models)
    require_calibration(sets, held_out, recipe.calibration, whole, maps=True)
    classes = classes_of(sets)
    apart = [product for product in laid if product.sku in held_out]
    with stage("trunk maps of the products held out"):
        validated = keep_products(with_defects(apart), models.trunk.features, classes.number)
    if not validated:
        raise InputError(
            f"none of the {len(held_out)} products held out has a good or defective photo that lies over its golden; "
            "raise held_out, or look at their photos"
        )
    learned = [product for product in laid if product.sku not in held_out]
    return Parts(sets, held_out, learned, validated, classes, whole)


def laid_sets(
    recipe: DefectRecipe, sets: Sequence[PairSet], models: Models
) -> tuple[list[LaidProduct], frozenset[Path]]:
    """Every product that could be laid, and their photos that are whole.

    Of a product that could not be laid no photo counts as whole, for not all of them were opened: calibrating on it
    would meet what is broken after the hours.
    """
    unreadable = Unreadable(limit=recipe.max_unreadable)
    cache, laid = cache_folder() / "laid", list[LaidProduct]()
    for one in sets:
        with stage(f"laying {one.name} over its goldens") as told:
            laid += lay_set(one, models, cache, long_side=recipe.long_side, unreadable=unreadable, progress=told)
    say(*unreadable.notes)
    return laid, frozenset[Path]().union(*(product.opened for product in laid))


def products_held_out(recipe: DefectRecipe, sets: Sequence[PairSet]) -> frozenset[str]:
    """SKUs that nothing is learned from.

    Raises:
        InputError: None is left to learn from, or to measure on.
    """
    held_out = held_out_skus(sets, recipe.held_out, seed=recipe.seed) | reserved_skus(sets, recipe.data.held_out)
    require_learned(sets, held_out)
    return held_out


def _require_channels(trunk: ModelCard) -> None:
    channels = tuple(output.channels for output in trunk.outputs)
    if channels != TRUNK_CHANNELS:
        raise BadRecipe(f"the defect model takes maps of {TRUNK_CHANNELS} channels; {trunk.title} gives {channels}")
