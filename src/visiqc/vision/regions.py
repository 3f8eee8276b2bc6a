"""From a tolerated map to regions a person can look at, and to a heatmap they can see."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from visiqc.vision.dense import CELL
from visiqc.vision.types import Mask, Photo, ScoreMap
from visiqc.vision.warp import Size

_MOST = 20


@dataclass(frozen=True, slots=True)
class Spot:
    """A connected part of the map at or over a threshold.

    Attributes:
        box: `(x0, y0, x1, y1)` golden-frame pixels, x1 and y1 excluded.
        area_px: Golden-frame pixels at or over the threshold.
        peak: Highest score inside.
        cells: (h, w) bool, the cells of the map it is made of.
    """

    box: tuple[int, int, int, int]
    area_px: int
    peak: float
    cells: Mask = field(compare=False)


def find_spots(scores: ScoreMap, threshold: float, frame_size: Size) -> list[Spot]:
    """The connected parts of `scores` at or over `threshold`, the highest peak first, 20 at most.

    Args:
        scores: (h, w) float32 tolerated map, a cell for 8 × 8 pixels, NaN = not judged.
        threshold: In the map's unit.
        frame_size: Height and width of the golden frame, to which boxes and areas are cut.
    """
    over = np.nan_to_num(scores, nan=-np.inf) >= threshold
    count, labels, stats, _ = cv2.connectedComponentsWithStats(over.astype(np.uint8), connectivity=8)
    spots = []
    for label in range(1, count):
        x, y, width, height, _ = (int(value) for value in stats[label])
        cells = labels[y : y + height, x : x + width] == label
        spots.append(
            Spot(
                box=(
                    x * CELL,
                    y * CELL,
                    min((x + width) * CELL, frame_size[1]),
                    min((y + height) * CELL, frame_size[0]),
                ),
                area_px=_area(cells, x, y, frame_size),
                peak=float(np.max(scores[y : y + height, x : x + width][cells])),
                cells=np.asarray(labels == label),
            )
        )
    return sorted(spots, key=lambda spot: -spot.peak)[:_MOST]


def _area(cells: np.ndarray, x: int, y: int, frame_size: Size) -> int:
    """Pixels of the cells that lie inside the frame: the last row and column of cells may hang over."""
    heights = np.minimum(CELL, frame_size[0] - (y + np.arange(cells.shape[0])) * CELL)
    widths = np.minimum(CELL, frame_size[1] - (x + np.arange(cells.shape[1])) * CELL)
    return int((cells * heights[:, None] * widths[None, :]).sum())


def heat_colours(scores: ScoreMap, *, low: float, high: float) -> Photo:
    """Scores as colours: transparent-looking dark at `low`, red at `high`; fixed numbers, never per picture.

    Args:
        scores: (h, w) float32, NaN = not judged.
        low: Score shown as nothing.
        high: Score shown in full.

    Returns:
        (h, w, 4) uint8 RGBA; alpha rises with the score, so that a good piece stays as it is.
    """
    level = np.clip((np.nan_to_num(scores, nan=low) - low) / max(high - low, 1e-6), 0.0, 1.0)
    colour = cv2.applyColorMap((255 * level).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    alpha = (200 * np.clip(level * 1.6, 0.0, 1.0)).astype(np.uint8)
    return np.dstack([colour, alpha])


def overlay(frame: Photo, scores: ScoreMap, *, low: float, high: float) -> Photo:
    """The heatmap laid over a picture in the golden frame, (H, W, 3) uint8 RGB."""
    size = (frame.shape[1], frame.shape[0])
    filled = np.nan_to_num(scores, nan=0.0).astype(np.float32)
    # Cells are 8 px: a map enlarged by its own factor may hang over the frame by part of a cell.
    grown = cv2.resize(filled, (scores.shape[1] * CELL, scores.shape[0] * CELL), interpolation=cv2.INTER_LINEAR)
    heat = heat_colours(np.asarray(grown[: size[1], : size[0]], np.float32), low=low, high=high)
    mixed = heat[..., :3].astype(np.float32)  # in place: a large frame in floats is 50 MB
    mixed -= frame
    mixed *= heat[..., 3:].astype(np.float32) / 255.0
    mixed += frame
    mixed += 0.5
    return mixed.astype(np.uint8)
