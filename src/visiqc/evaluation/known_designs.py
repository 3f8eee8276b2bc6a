"""Whether models know the very designs they are compared on: they win by heart."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import Manifest, read_manifest
from visiqc.inspection.parts import Models
from visiqc.runtime.cards import DataSetRecord
from visiqc.runtime.models import cards_of

_NAMED = 3


def require_unseen(models: Models, photos: Path, *, override: str) -> tuple[str, ...]:
    """Refuse to compare on photos of designs that a model knows, in whichever set they were shown.

    Args:
        models: The challenger's.
        photos: The rendered set it would be compared on.
        override: Why it should count all the same; empty = it does not.

    Returns:
        What was learned or measured on, a line for each model; empty unless that was overridden.

    Raises:
        InputError: Something was, and nobody says why that should count.
    """
    learned = known_designs(models, photos)
    if learned and not override.strip():
        raise InputError(
            f"{'; '.join(learned)}, which {read_manifest(photos).name} shows: it would be compared on what it knows; "
            "name another set with --on, or say why it should count with --override"
        )
    return learned


def known_designs(models: Models, photos: Path) -> tuple[str, ...]:
    """What models learned from, or were measured on, of a rendered set's designs: a line for each of them.

    Raises:
        InputError: The set is none.
    """
    manifest = read_manifest(photos)
    shown = {item.sku for item in manifest.items}
    return tuple(
        f"{card.title} {what}"
        for card in cards_of(models).values()
        if card.training is not None and (what := _known(card.training.data, manifest, shown))
    )


def _known(data: tuple[DataSetRecord, ...], manifest: Manifest, shown: Set[str]) -> str:
    """What of a set a model knows, in words; empty where that is nothing.

    What was held out counts too: the best epoch and the sidecar were chosen on it. Cards from before it was kept say
    no more than the name of the set.
    """
    same = [one for one in data if one.shares_designs(manifest.seed)]
    learned = shown & {sku for one in same for sku in one.skus or ()}
    measured = shown & {sku for one in same for sku in one.held_out or ()} - learned
    said = [f"learned from {_named(learned)}"] if learned else []
    said += [f"held out and was measured on {_named(measured)}"] if measured else []
    if not said and manifest.name in {one.name for one in same if one.held_out is None}:
        said = [f"learned from the set {manifest.name}"]
    return " and ".join(said)


def _named(skus: Set[str]) -> str:
    known = sorted(skus)
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return f"{', '.join(known[:_NAMED])}{more}"
