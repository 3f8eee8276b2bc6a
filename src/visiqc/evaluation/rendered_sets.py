"""Sets of rendered photos, read from their manifest: goldens, uploads, masks and what each is known to show.

`visiqc render` writes them; calibration, evaluation, training and the demo read them, and need no renderer for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from visiqc.errors import InputError

MANIFEST = "manifest.json"
"""Stands in the folder when the whole set does."""
FORMAT = 1
"""Raised when a key of the manifest or of a record changes its meaning or goes."""
COMPLETE_IT = "run `visiqc render` with the same recipe and folder again, it makes only what is missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One photo of a set.

    Attributes:
        sku: The product it is sent for.
        file: The photo, JPEG; all paths are inside the folder, with `/`.
        mask: Its label image, PNG: 0 ground, 64 product, 128 changed by the defect elsewhere, 255 defect.
        record: All that is known about it, JSON.
        role: What it is for.
        defect: Its kind, such as `missing_stone`, or None.
        code: Of the defect in the catalogue, or None.
        pose: How well the golden pose was met.
        attribute: What a variant differs in, or what spoils an unusable photo, or None.
        family: Of what lies before the camera.
        visible: Whether the defect can be seen; None where there is none.
        view: Photos of one view show one piece in one light from one place, and differ in a defect and in the phone:
            the good one's file; empty = it shares its view with no other.
    """

    sku: str
    file: str
    mask: str
    record: str
    role: str
    defect: str | None
    code: str | None
    pose: str
    attribute: str | None
    family: str
    visible: bool | None
    view: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A finished set.

    Attributes:
        format: Raised when a key changes its meaning or goes.
        name: Of the recipe.
        split: What the designs are for.
        digest: SHA-256 of the recipe and of what was planned for every photo; pixels, and what was measured on them,
            differ between machines and are not in it.
        recipe_digest: SHA-256 of the recipe.
        recipe: Every key of it.
        items: The photos, product by product, goldens first.
    """

    format: int
    name: str
    split: str
    digest: str
    recipe_digest: str
    recipe: Mapping[str, Any]
    items: tuple[Item, ...]

    @property
    def seed(self) -> int | None:
        """What every design was drawn from, beside its SKU; None where the recipe does not say."""
        seed = self.recipe.get("seed")
        return seed if isinstance(seed, int) else None


def is_rendered(folder: Path) -> bool:
    """Whether a folder is a rendered set, finished or not."""
    return (folder / MANIFEST).is_file() or next(folder.glob("*/truth/golden"), None) is not None


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a set whose files are all there.

    Raises:
        InputError: There is none, it is no manifest, or a file of it is missing; the first is named.
    """
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"there is no {MANIFEST} in {folder.name}; {COMPLETE_IT}") from err
    try:
        manifest = TypeAdapter(Manifest).validate_json(text)
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{MANIFEST} in {folder.name} is not one of ours: {where}: {first['msg']}") from err
    if manifest.format != FORMAT:
        raise InputError(f"{MANIFEST} in {folder.name} has format {manifest.format}, wanted {FORMAT}; render it again")
    for item in manifest.items:
        for path in (item.file, item.mask, item.record):
            if not _inside(folder, path).is_file():
                raise InputError(f"{path} is missing in {folder.name}; {COMPLETE_IT}")
    return manifest


def _inside(folder: Path, path: str) -> Path:
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise InputError(f"{MANIFEST} in {folder.name} names {path!r}, which is not inside the folder")
    return folder / path
