"""Pairs from a set that `visiqc render` made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import MANIFEST, Item, read_manifest
from visiqc.training.datasets.digests import files_digest
from visiqc.training.datasets.pairs import OWN, Licence, Pair, PairSet, Relation

_RELATIONS = {
    "good": Relation.SAME,
    "defective": Relation.SAME,
    "variant": Relation.VARIANT,
    "wrong_sample": Relation.OTHER,
}


def read_rendered(folder: Path, *, licence: Licence = OWN, for_evaluation: bool = False) -> PairSet:
    """Every usable upload of a rendered set, with all goldens of its product.

    A defect that cannot be seen in its photo teaches nothing: such a pair is kept with `defective` None. Photos that
    are spoiled on purpose are left out.

    Args:
        folder: A finished set, with its manifest.
        licence: Of the renders.
        for_evaluation: Also read a set whose designs are kept for tests.

    Raises:
        InputError: The set is not finished, holds no pair, or is a test set and not asked for as one.
    """
    manifest = read_manifest(folder)
    if manifest.split == "test" and not for_evaluation:
        raise InputError(f"{manifest.name} is a test set: its designs are never trained on; render a train set")
    goldens: dict[str, list[Path]] = {}
    for item in manifest.items:
        if item.role == "golden":
            goldens.setdefault(item.sku, []).append(folder / item.file)
    pairs = tuple(_pairs(folder, manifest.items, goldens))
    files = [folder / MANIFEST]
    for pair in pairs:
        files += [*pair.goldens, pair.upload, *((pair.mask,) if pair.mask else ())]
    return PairSet(
        name=manifest.name,
        licence=licence,
        digest=files_digest(folder, files),
        pairs=pairs,
        notes=_notes(manifest.items, goldens),
        seed=manifest.seed,
    )


def _pairs(folder: Path, items: Sequence[Item], goldens: dict[str, list[Path]]) -> Iterator[Pair]:
    for item in items:
        if item.role not in _RELATIONS or item.sku not in goldens:
            continue
        pair = Pair(
            sku=item.sku,
            goldens=tuple(goldens[item.sku]),
            upload=folder / item.file,
            mask=folder / item.mask,
            defective=False if item.role == "good" else None,
            relation=_RELATIONS[item.role],
            attribute=item.attribute,
            codes=(item.code,) if item.code else (),
            pose=item.pose,
            family=item.family,
            view=item.view,
        )
        yield replace(pair, defective=True) if item.role == "defective" and item.visible else pair


def _notes(items: Sequence[Item], goldens: dict[str, list[Path]]) -> tuple[str, ...]:
    counts = Counter(
        "spoiled on purpose, left out" if item.role == "unusable" else "with a defect that cannot be seen, not labelled"
        for item in items
        if item.role == "unusable" or (item.role == "defective" and not item.visible)
    )
    notes = [f"{number} photos {what}" for what, number in sorted(counts.items())]
    if without := sorted({item.sku for item in items} - goldens.keys()):
        notes.append(f"{len(without)} products without a golden photo, left out: {', '.join(without[:3])}")
    if not any(item.role == "defective" for item in items):
        notes.append("no defective photo: every upload is good")
    return tuple(notes)
