"""Whether a challenger learned from the very designs it would be compared on: it would win by heart."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import read_manifest
from visiqc.inspection.parts import Models
from visiqc.runtime.cards import DataSetRecord
from visiqc.runtime.models import cards_of

_NAMED = 3


def require_unseen(models: Models, photos: Path, *, override: str) -> tuple[str, ...]:
    """Refuse to compare on photos of designs that a model learned from, in whichever set they were shown.

    Args:
        models: The challenger's.
        photos: The rendered set it would be compared on.
        override: Why it should count all the same; empty = it does not.

    Returns:
        What was learned, a line for each model; empty unless that was overridden.

    Raises:
        InputError: Something was, and nobody says why that should count.
    """
    manifest = read_manifest(photos)
    shown = {item.sku for item in manifest.items}
    learned = tuple(
        f"{card.title} learned from {what}"
        for card in cards_of(models).values()
        if card.training is not None and (what := _learned(card.training.data, manifest.name, shown))
    )
    if learned and not override.strip():
        raise InputError(
            f"{'; '.join(learned)}, which {manifest.name} shows: it would be compared on what it knows; name another "
            "set with --on, or say why it should count with --override"
        )
    return learned


def _learned(data: tuple[DataSetRecord, ...], name: str, shown: Set[str]) -> str:
    """What of a set was learned from, in words; empty where nothing was.

    The set's own name counts too: cards from before designs were kept say no more, and what was held out of a set was
    validated and calibrated on.
    """
    if known := sorted(shown & {sku for one in data for sku in one.skus or ()}):
        more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
        return f"{', '.join(known[:_NAMED])}{more}"
    return f"the set {name}" if name in {one.name for one in data} else ""
