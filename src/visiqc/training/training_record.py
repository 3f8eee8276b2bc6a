"""What a card says of a training: how it was done, on what, and what of that was learned from."""

from __future__ import annotations

from collections.abc import Sequence

from visiqc.errors import InputError, NotAllowed
from visiqc.recipes import Recipe, as_yaml
from visiqc.runtime.cards import DataSetRecord, ModelCard, TrainingRecord
from visiqc.training.datasets.pairs import PairSet
from visiqc.training.fit_settings import FitResult
from visiqc.training.provenance import commit, machine


def training_record(
    recipe: Recipe, sets: Sequence[PairSet], held_out: frozenset[str], fitted: FitResult, *, parent: ModelCard | None
) -> TrainingRecord:
    """The record of a training.

    Args:
        recipe: All that decided it.
        sets: The photos.
        held_out: SKUs that nothing was learned from.
        fitted: What the fit gave.
        parent: Of the model it went on from, whose data are its own too; None = weights at random.
    """
    before = parent.training.data if parent is not None and parent.training is not None else ()
    own = tuple(_learned(one, held_out) for one in sets)
    return TrainingRecord(
        recipe=as_yaml(recipe),
        data=tuple(dict.fromkeys((*own, *before))),
        minutes=round(fitted.seconds / 60, 1),
        machine=machine(),
        epochs=fitted.epochs_run,
        commit=commit().name,
    )


def require_shippable_parent(parent: ModelCard, *, shippable: bool) -> None:
    """Raise `NotAllowed` for a model to go on from that may not be given away, where what comes out should be."""
    if shippable and not parent.shippable:
        raise NotAllowed(
            f"start_from: a model that goes on from {parent.title} may not be shipped: data that one learned from "
            "forbid it; set shippable: false, or start from another"
        )


def require_unlearned(parent: ModelCard | None, sets: Sequence[PairSet], held_out: frozenset[str]) -> None:
    """Raise `InputError` where a product of the sets that is held out was learned by the model that is gone on from.

    Cards from before designs were kept say nothing, and are let pass.
    """
    data = parent.training.data if parent is not None and parent.training is not None else ()
    known = sorted(frozenset[str]().union(*(_known(data, one) for one in sets)) & held_out)
    if parent is not None and known:
        named = ", ".join(known[:3]) + (f" and {len(known) - 3} more" if len(known) > 3 else "")
        raise InputError(
            f"start_from: {parent.title} learned from {named}, held out here: it would be measured and calibrated on "
            "what it knows by heart; hold out what it held out, or start from another"
        )


def _learned(one: PairSet, held_out: frozenset[str]) -> DataSetRecord:
    skus = {pair.sku for pair in one.pairs}
    return DataSetRecord(
        name=one.name,
        digest=one.digest,
        licence=one.licence.name,
        shippable=one.licence.commercial,
        skus=tuple(sorted(skus - held_out)),
        held_out=tuple(sorted(skus & held_out)),
        seed=one.seed,
    )


def _known(data: Sequence[DataSetRecord], one: PairSet) -> set[str]:
    """SKUs of a set whose very designs were learned from."""
    learned = {sku for record in data if record.shares_designs(one.seed) for sku in record.skus or ()}
    return learned & {pair.sku for pair in one.pairs}
