"""Contact sheets of a rendered set, to look at as a jeweller would: by family, metal, light, surface and defect."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from visiqc.errors import InputError
from visiqc.rendering.folder import MASK, PICTURE, RECORD, TRUTH
from visiqc.rendering.masks import DEFECT_LABEL
from visiqc.vision.types import Mask, Photo

_TILE = 256
_COLUMNS = 6
_CAPTION = 18
_RED = (230, 30, 60)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One finished photo of a set."""

    path: Path
    record: Mapping[str, Any]

    @property
    def planned(self) -> Mapping[str, Any]:
        """What was decided before the photo."""
        planned: Mapping[str, Any] = self.record["planned"]
        return planned

    @property
    def measured(self) -> Mapping[str, Any]:
        """What it shows."""
        measured: Mapping[str, Any] = self.record["measured"]
        return measured

    def photo(self) -> Photo:
        """(H, W, 3) uint8 RGB."""
        picture = cv2.imread(str(self.path), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise InputError(f"{self.path.name} cannot be read; render the set again")
        return np.asarray(picture, np.uint8)

    def defect(self) -> Mask:
        """(H, W) bool."""
        place = self.path.parents[1] / TRUTH / self.path.parent.name / self.path.with_suffix(MASK).name
        label = cv2.imread(str(place), cv2.IMREAD_GRAYSCALE)
        if label is None:
            raise InputError(f"the mask of {self.path.name} cannot be read; render the set again")
        return np.asarray(label == DEFECT_LABEL)


def rendered(folder: Path) -> list[Rendered]:
    """The finished photos of a folder, by name.

    Raises:
        InputError: There is none.
    """
    found = [
        Rendered(path.parents[2] / path.parent.name / path.with_suffix(PICTURE).name, record)
        for path in sorted(folder.glob(f"*/{TRUTH}/*/*{RECORD}"))
        if "planned" in (record := json.loads(path.read_text(encoding="utf-8")))
    ]
    if not found:
        raise InputError(f"{folder.name} holds no finished photo; render a recipe into it first")
    return found


def write_sheets(folder: Path, out: Path) -> list[Path]:
    """Write one JPEG for each property of the photos in `folder`, and one of the defects beside their goldens.

    Returns:
        What was written.
    """
    photos = rendered(folder)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, value_of in _PROPERTIES.items():
        groups: dict[str, list[Rendered]] = defaultdict(list)
        for photo in photos:
            groups[str(value_of(photo))].append(photo)
        rows = [_row(key, _spread(group)) for key, group in sorted(groups.items())]
        written.append(_saved(out / f"by-{name}.jpg", rows))
    defects = list(_defect_rows(photos))
    pages = [defects[start : start + 16] for start in range(0, len(defects), 16)]
    return [*written, *(_saved(out / f"defects-{number}.jpg", page) for number, page in enumerate(pages, start=1))]


_PROPERTIES: Mapping[str, Callable[[Rendered], Any]] = {
    "family": lambda photo: photo.planned["design"]["family"],
    "metal": lambda photo: photo.planned["design"]["look"]["metal"],
    "finish": lambda photo: photo.planned["design"]["look"]["finish"],
    "gem": lambda photo: photo.planned["design"]["look"]["gem"] or "none",
    "light": lambda photo: photo.planned["light"]["name"],
    "ground": lambda photo: photo.planned["ground"],
    "role": lambda photo: photo.planned["attribute"] or photo.planned["role"],
}


def _spread(photos: Sequence[Rendered]) -> list[Rendered]:
    """At most a row of them, from the whole range."""
    places = np.unique(np.linspace(0, len(photos) - 1, _COLUMNS).round().astype(int))
    return [photos[place] for place in places]


def _row(name: str, photos: Sequence[Rendered]) -> Photo:
    tiles = [_tile(photo.photo(), name if not number else "") for number, photo in enumerate(photos)]
    blank = np.full((_TILE + _CAPTION, _TILE, 3), 255, np.uint8)
    return np.concatenate([*tiles, *[blank] * (_COLUMNS - len(tiles))], axis=1)


def _defect_rows(photos: Sequence[Rendered]) -> Iterator[Photo]:
    """Golden, upload, and the defect closer, plain and outlined; two defects a row."""
    goldens = {photo.planned["sku"]: photo for photo in reversed(photos) if photo.planned["role"] == "golden"}
    shown = sorted(
        (photo for photo in photos if photo.measured.get("defect")), key=lambda photo: str(photo.measured["defect"])
    )
    cells = [_defect_cell(photo, goldens.get(photo.planned["sku"], photo)) for photo in shown]
    for left in range(0, len(cells), 2):
        pair = cells[left : left + 2]
        yield np.concatenate([*pair, *[np.full_like(pair[0], 255)] * (2 - len(pair))], axis=1)


def _defect_cell(photo: Rendered, golden: Rendered) -> Photo:
    measured = photo.measured
    told = f"{measured['defect']} s{measured['severity']:.2f} {measured['area_px']}px c{measured['contrast']:.0f}"
    told += "" if measured["visible"] else " (not visible)"
    picture, mask = photo.photo(), photo.defect()
    outlined = picture.copy()
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(outlined, outlines, -1, _RED, 1)
    near = _around(mask)
    captions = (photo.planned["sku"], told, "")
    pictures = (golden.photo(), picture[near], outlined[near])
    return np.concatenate([_tile(each, caption) for each, caption in zip(pictures, captions, strict=True)], axis=1)


def _around(mask: Mask) -> tuple[slice, slice]:
    """A square window around the defect, at least a third of the photo wide."""
    side = mask.shape[0]
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return slice(None), slice(None)
    wide = int(min(side, max(side / 3, 1.6 * np.ptp(rows), 1.6 * np.ptp(columns))))
    top, left = (int(np.clip((each.min() + each.max()) / 2 - wide / 2, 0, side - wide)) for each in (rows, columns))
    return slice(top, top + wide), slice(left, left + wide)


def _tile(picture: Photo, caption: str) -> Photo:
    shrinks = picture.shape[0] > _TILE
    small = cv2.resize(picture, (_TILE, _TILE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    strip = np.full((_CAPTION, _TILE, 3), 255, np.uint8)
    cv2.putText(strip, caption, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (20, 20, 20), 1, cv2.LINE_AA)
    return np.concatenate([strip, np.asarray(small, np.uint8)], axis=0)


def _saved(path: Path, rows: Sequence[Photo]) -> Path:
    if rows:
        sheet = np.concatenate(list(rows), axis=0)
        cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 86])
    return path
