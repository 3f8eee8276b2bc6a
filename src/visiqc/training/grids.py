"""The worst mistakes as pictures: golden, upload, and the map over the upload where there is one, with what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from visiqc.training.figures import drawing
from visiqc.vision.types import Photo

SIDE_PX = 256
MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One photo and what was made of it.

    Attributes:
        golden: (H, W, 3) uint8 RGB.
        upload: (H', W', 3) uint8 RGB.
        heat: (h, w) float, 0 = as the golden, 1 = worst, NaN = not judged; in the upload's frame, of any resolution;
            None = no map.
        sku: Of the product.
        score: Of the photo.
        code: Of the defect, or what the photo is.
    """

    golden: Photo
    upload: Photo
    heat: NDArray[np.float32] | None = None
    sku: str = ""
    score: float = float("nan")
    code: str = ""


def image_grid(examples: Sequence[Example], title: str) -> bytes:
    """A picture of the examples, the first `MOST` of them, two to a row; without maps where none has one.

    Args:
        examples: In the order they are to be looked at.
        title: Over the picture.

    Returns:
        PNG.
    """
    shown = list(examples[:MOST])
    across = 1 if len(shown) == 1 else 2
    down = max(1, -(-len(shown) // across))
    kinds = ("golden", "upload", "map") if any(each.heat is not None for each in shown) else ("golden", "upload")
    wide = len(kinds)
    grid = {"nrows": down, "ncols": wide * across, "squeeze": False}
    with drawing(title, width=2.1 * wide * across, height=0.6 + 2.45 * down, **grid) as drawn:
        for axes in drawn.axes.flat:
            axes.set_axis_off()
        if not shown:
            drawn.axes[0, 1].text(0.5, 0.5, "none", ha="center", va="center")
        for number, example in enumerate(shown):
            row, first = divmod(number, across)
            panels = drawn.axes[row, wide * first : wide * (first + 1)]
            pictures = (example.golden, example.upload, overlay(example.upload, example.heat))
            for axes, picture, what in zip(panels, pictures, kinds, strict=False):
                axes.imshow(_square(picture))
                axes.text(0.02, 0.02, what, transform=axes.transAxes, fontsize=7, color="white", bbox=_LABEL)
            panels[0].set_title(_caption(example), loc="left", fontsize=9)
    return drawn.png


def overlay(photo: Photo, heat: NDArray[np.float32] | None) -> Photo:
    """The map over a grey copy of the photo, so that a colour is the map's own; where nothing is judged, grey alone."""
    grey: Photo = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.uint8)
    if heat is None:
        return grey
    size = photo.shape[1], photo.shape[0]
    known = cv2.resize(np.isfinite(heat).astype(np.float32), size, interpolation=cv2.INTER_NEAREST)[..., None]
    level = cv2.resize(np.nan_to_num(np.clip(heat, 0, 1)).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    colours = cv2.cvtColor(cv2.applyColorMap((level * 255).astype(np.uint8), cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    weight = known * (0.15 + 0.6 * level[..., None])
    return np.asarray(grey * (1 - weight) + colours * weight, np.uint8)


def worst(
    scores: ArrayLike, defective: ArrayLike, threshold: float, *, most: int = MOST
) -> tuple[list[int], list[int]]:
    """Which photos to look at.

    Args:
        scores: (N,) higher = worse.
        defective: (N,) bool.
        threshold: Flagged at or above.
        most: Of each kind.

    Returns:
        Places of the worst false alarms, highest score first, and of the worst misses, lowest first.
    """
    values, labels = np.asarray(scores, np.float64), np.asarray(defective, bool)
    order = np.argsort(values, kind="stable")
    alarms = [int(each) for each in order[::-1] if not labels[each] and values[each] >= threshold]
    misses = [int(each) for each in order if labels[each] and values[each] < threshold]
    return alarms[:most], misses[:most]


_LABEL = {"boxstyle": "square,pad=0.15", "facecolor": "black", "edgecolor": "none", "alpha": 0.6}


def _caption(example: Example) -> str:
    score = f"{example.score:.3f}" if np.isfinite(example.score) else ""
    parts = [part for part in (_short(example.sku, 28), score, _short(example.code, 18)) if part]
    return "  ".join(parts)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _square(photo: Photo) -> Photo:
    """The photo in a square of `SIDE_PX`, its sides kept in proportion, the rest white."""
    scale = SIDE_PX / max(photo.shape[:2])
    size = max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    square = np.full((SIDE_PX, SIDE_PX, 3), 255, np.uint8)
    top, left = (SIDE_PX - size[1]) // 2, (SIDE_PX - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square
