"""Where the product is, told from its background without a network.

The background of an inspection photo is what touches the frame: its colour is fitted as a smooth surface
through the border, so that vignetting and a gradient of light are background too. What departs from that
surface by more than the border itself does, in colour or in fine structure, is product. Soft shadows depart
in lightness alone and without edges; they are left out.
"""

from __future__ import annotations

import cv2
import numpy as np

from visiqc.vision.types import FloatArray, Mask, Photo

WORKING_SIDE = 256
"""Long side in pixels at which the mask is computed; finer adds time, not truth."""
_BORDER = 0.05  # width of the border ring, share of the shorter side
_FILLED = 0.82  # a larger product share means that the border was product too: no background to tell from
_CLEAR = 3.0  # normalised colour departure that 30 % of a product's pixels exceed
_TINY = 0.002  # a smaller one means that nothing stands out
_BUSY_BORDER = 22.0  # ΔE spread of the border beyond which it is no background


def foreground_mask(photo: Photo) -> Mask:
    """The product's pixels.

    Args:
        photo: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) bool; True everywhere when no background can be told from the product, such as a close-up
        that fills the frame.
    """
    height, width = photo.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    mask = _small_mask(small)
    if mask is None:
        return np.ones((height, width), bool)
    grown = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    found = np.asarray(grown > 0.5)
    return found if found.any() else np.ones((height, width), bool)  # a frame of a few rows can lose it all


def _small_mask(small: Photo) -> Mask | None:
    sharp = cv2.cvtColor(small.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    lab = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 0.8), np.float32)
    ring = _border_ring(lab.shape[0], lab.shape[1])
    surface, background = _background_surface(lab, ring)
    departure = lab - surface
    spread = _spread(departure, background)
    if float(np.linalg.norm(spread)) > _BUSY_BORDER:
        return None
    distance = np.sqrt(((departure / (3.0 * spread + 2.0)) ** 2).sum(axis=2))
    edges = _edge_strength(lab)
    edge_limit = 3.0 * float(np.percentile(edges[background], 90)) + 1.0
    certain = (distance > 1.6) & ~_is_soft_shadow(lab, departure, distance, edges > edge_limit)
    mask = _connected(certain | (edges > edge_limit), distance > 1.0)
    share = float(mask.mean())
    if share > _FILLED or share < _TINY or not _stands_out(mask, distance):
        return None
    return mask


def _stands_out(mask: Mask, distance: FloatArray) -> bool:
    """Whether the mask departs clearly from the background; the darker patches of a texture do not."""
    return float(np.percentile(distance[mask], 70)) > _CLEAR


def _border_ring(height: int, width: int) -> Mask:
    ring = np.ones((height, width), bool)
    inset = max(2, round(_BORDER * min(height, width)))
    ring[inset:-inset, inset:-inset] = False
    return ring


def _background_surface(lab: FloatArray, ring: Mask) -> tuple[FloatArray, Mask]:
    """Quadratic colour surface through the border, refitted without what sticks out (product at the edge)."""
    height, width = ring.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height, dtype="f4"), np.linspace(-1, 1, width, dtype="f4"), indexing="ij")
    basis = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    centre = np.median(lab[ring], axis=0)
    distance = np.linalg.norm(lab - centre, axis=2)
    inliers = ring & (distance <= max(12.0, 2.5 * float(np.median(distance[ring]))))
    surface = np.broadcast_to(centre, lab.shape).astype(np.float32)
    for _ in range(3):
        if inliers.sum() < 24:
            break
        terms = basis[inliers]
        weights = np.linalg.solve(terms.T @ terms + 1e-3 * np.eye(6, dtype=np.float32), terms.T @ lab[inliers])
        surface = (basis.reshape(-1, 6) @ weights).reshape(lab.shape)
        residual = np.linalg.norm(lab - surface, axis=2)
        limit = max(4.0, 2.5 * float(np.median(residual[inliers])))
        inliers = ring & (residual < limit)
    # Beyond the border the quadratic must not run away: hold it within the colours seen there.
    seen = surface[ring]
    return np.clip(surface, seen.min(axis=0) - 3.0, seen.max(axis=0) + 3.0), inliers if inliers.any() else ring


def _spread(departure: FloatArray, background: Mask) -> FloatArray:
    values = np.abs(departure[background])
    return np.asarray(1.4826 * np.median(values, axis=0), np.float32)


def _edge_strength(lab: FloatArray) -> FloatArray:
    gx = cv2.Sobel(lab, cv2.CV_32F, 1, 0, ksize=3)
    gy = cv2.Sobel(lab, cv2.CV_32F, 0, 1, ksize=3)
    return np.asarray(np.sqrt((gx * gx + gy * gy).sum(axis=2)) / 4.0, np.float32)


def _is_soft_shadow(lab: FloatArray, departure: FloatArray, distance: FloatArray, edges: Mask) -> Mask:
    """Darker than the background, though not black, of its colour, and fading into it without an edge.

    The middle of a plain grey part is dark and of no colour too, but edges stand all around it.
    """
    behind = lab[..., 0] - departure[..., 0]
    darker = (departure[..., 0] < 0) & (lab[..., 0] > 0.55 * behind)
    chroma = np.linalg.norm(departure[..., 1:], axis=2)
    near_edge = cv2.dilate(edges.astype(np.uint8), _disc(3)) > 0
    shadow = darker & (chroma < 0.35 * np.abs(departure[..., 0]) + 3.0) & ~near_edge
    _, labels = cv2.connectedComponents(shadow.astype(np.uint8), connectivity=4)
    fading = np.unique(labels[shadow & (distance <= 1.0)])
    return np.asarray(shadow & np.isin(labels, fading))


def _connected(seeds: Mask, support: Mask) -> Mask:
    """Seeds with the support they touch, closed over small gaps, without specks."""
    grown = (cv2.dilate(seeds.astype(np.uint8), _disc(1)) > 0) & (support | seeds)
    closed = cv2.morphologyEx((grown | seeds).astype(np.uint8), cv2.MORPH_CLOSE, _disc(2))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    if count <= 1:
        return closed > 0
    areas = stats[1:, cv2.CC_STAT_AREA]
    keep = np.flatnonzero(areas >= max(12.0, 0.03 * float(areas.max()))) + 1
    return np.isin(labels, keep)


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
