"""Polygons cut to a photo."""

from __future__ import annotations

from visiqc.training.datasets.pairs import Polygon
from visiqc.vision.warp import Size


def clipped(polygon: Polygon, size: Size) -> Polygon:
    """The part of a polygon inside a photo; the polygon itself where all of it is.

    Args:
        polygon: Corners (x, y) in pixels; pixel n covers n to n+1.
        size: Height and width of the photo.

    Returns:
        Corners in 0…width, 0…height; empty where nothing is inside. Parts of a concave polygon that fall apart stay
        joined along the photo's edge, where they enclose nothing.

    Source:
        Sutherland and Hodgman, Reentrant polygon clipping, CACM 17(1), 1974.
    """
    height, width = size
    if all(0 <= x <= width and 0 <= y <= height for x, y in polygon):
        return polygon
    for axis, limit, sign in ((0, 0.0, 1), (0, float(width), -1), (1, 0.0, 1), (1, float(height), -1)):
        polygon = _cut(polygon, axis, limit, sign)
    return polygon


def area_of(polygon: Polygon) -> float:
    """Area in square pixels, 0 of fewer than three corners."""
    turned = polygon[1:] + polygon[:1]
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(polygon, turned, strict=True))) / 2


def _cut(polygon: Polygon, axis: int, limit: float, sign: int) -> Polygon:
    """The part on the side of `limit` where `sign` times the coordinate is larger."""
    kept: list[tuple[float, float]] = []
    for n, here in enumerate(polygon):
        before = polygon[n - 1]
        inside, was_inside = (sign * (point[axis] - limit) >= 0 for point in (here, before))
        if inside != was_inside:
            share = (limit - before[axis]) / (here[axis] - before[axis])
            other = before[1 - axis] + share * (here[1 - axis] - before[1 - axis])
            kept.append((limit, other) if axis == 0 else (other, limit))
        if inside:
            kept.append(here)
    return tuple(kept)
