"""What a finished set holds, in one file that is written when all of it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from visiqc.errors import InputError
from visiqc.evaluation.rendered_sets import COMPLETE_IT, FORMAT, MANIFEST, Item, Manifest
from visiqc.recipes import digest_of
from visiqc.rendering.defects.catalogue import KINDS
from visiqc.rendering.folder import (
    MASK,
    PICTURE,
    RECORD,
    is_finished,
    place_of,
    read_record,
    write_atomically,
)
from visiqc.rendering.recipe import RenderRecipe
from visiqc.rendering.shots import Shot, ShotRole
from visiqc.storage.disk import disk_errors


def write_manifest(folder: Path, recipe: RenderRecipe, shots: Sequence[Shot]) -> Manifest:
    """Write `manifest.json` of a set that is complete.

    Raises:
        InputError: A photo is missing.
        Unavailable: The disk is full or may not be written.
    """
    for shot in shots:
        if not is_finished(folder, shot):
            raise InputError(f"{place_of(shot, PICTURE)} is not there yet; {COMPLETE_IT}")
    records = [read_record(folder, shot) for shot in shots]
    views = {shot.seed: place_of(shot, PICTURE) for shot in shots if shot.view_seed == shot.seed}
    manifest = Manifest(
        format=FORMAT,
        name=recipe.name,
        split=recipe.split,
        digest=digest_of([recipe.values, *(record["planned"] for record in records)]),
        recipe_digest=recipe.digest,
        recipe=recipe.values,
        items=tuple(
            _item(shot, record["measured"], view=views.get(shot.view_seed, "") if shot.view_seed is not None else "")
            for shot, record in zip(shots, records, strict=True)
        ),
    )
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n"
    with disk_errors("the manifest cannot be written"):
        write_atomically(folder / MANIFEST, text.encode())
    return manifest


def _item(shot: Shot, measured: Mapping[str, Any], *, view: str) -> Item:
    defective = shot.role is ShotRole.DEFECTIVE
    # Where the piece left no place for the planned kind, another was made; the record knows.
    kind = measured.get("defect", shot.defect) if defective else None
    return Item(
        sku=shot.sku,
        file=place_of(shot, PICTURE),
        mask=place_of(shot, MASK),
        record=place_of(shot, RECORD),
        role=str(shot.role),
        defect=kind,
        code=KINDS[kind].code if kind else None,
        pose=str(shot.pose),
        attribute=shot.attribute or None,
        family=shot.design.family,
        visible=bool(measured.get("visible", False)) if defective else None,
        view=view,
    )
