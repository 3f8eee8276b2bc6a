"""Products that nobody makes, drawn in code: what the change model sees besides jewelry.

Each is a photo with its product mask, at any size. They are flat, and lit by no lamp of this world; their worth is that
parts, prints and textures differ from scene to scene, so that only comparing helps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.errors import BadRecipe
from visiqc.training.synth.goods import pinned, vessel
from visiqc.training.synth.masks import perlin
from visiqc.training.synth.matter import ground, matter, relief, varied
from visiqc.training.synth.outlines import Cover, disc, outline, plate, softened
from visiqc.vision.types import FloatArray, Mask, Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A drawn product.

    Attributes:
        photo: (H, W, 3) uint8 RGB.
        product: (H, W) bool.
        kind: Key in `KINDS`.
    """

    photo: Photo
    product: Mask
    kind: str


def scene(rng: Generator, *, side: int = 320, kind: str = "") -> Scene:
    """A product on its ground.

    Args:
        rng: Draws everything; the same state gives the same pixels.
        side: Height and width in pixels, at least 32.
        kind: Key in `KINDS`; empty = drawn.

    Raises:
        BadRecipe: No such kind, or a side under 32.
    """
    if kind and kind not in KINDS:
        raise BadRecipe(f"there is no scene {kind!r}; known: {', '.join(KINDS)}")
    if side < 32:
        raise BadRecipe(f"a scene has a side of at least 32 pixels, got {side}")
    chosen = kind or list(KINDS)[int(rng.integers(len(KINDS)))]
    colours, cover = KINDS[chosen](rng, side)
    share = cv2.GaussianBlur(cover, (0, 0), 0.6).astype(np.float32)[..., None] / 255
    table = ground(rng, side)
    if rng.random() < 0.7 and cover.min() == 0:
        reach = rng.uniform(0.01, 0.05) * side
        fallen = cv2.warpAffine(cover, np.array([[1, 0, rng.normal(0, reach)], [0, 1, reach]]), (side, side))
        table *= 1 - rng.uniform(0.1, 0.5) * softened(fallen, reach)[..., None]
    seen = table * (1 - share) + colours * share
    return Scene(photo=np.asarray(np.clip(seen, 0, 255), np.uint8), product=cover > 127, kind=chosen)


def leaves(rng: Generator, side: int) -> tuple[FloatArray, Cover]:
    """Overlapping discs, boxes and blades whose sizes follow a power law: the statistics of natural pictures.

    Source:
        Lee, Mumford and Huang, Occlusion models for natural images, IJCV 41, 2001 (dead leaves).
    """
    colours = np.full((side, side, 3), varied(rng), np.float32).astype(np.uint8)
    for size in np.sort(1 / rng.uniform(1 / 0.3, 1 / 0.012, 110))[::-1] * side:
        centre = tuple(int(v) for v in rng.integers(0, side, 2))
        _leaf(colours, centre, float(size), rng)
    grain = 1 + rng.uniform(0, 0.15) * perlin((side, side), rng.uniform(2, 8), rng)[..., None]
    return np.asarray(colours * grain, np.float32), outline(rng, side)


def board(rng: Generator, side: int) -> tuple[FloatArray, Cover]:
    """A circuit board: traces with corners of 45°, pads, chips with legs, rows of drills, white print."""
    base = np.array(((24, 84, 46), (20, 46, 110), (30, 30, 34), (120, 24, 26), (220, 220, 214))[rng.integers(5)])
    picture = np.full((side, side, 3), base, np.uint8)
    unit = side / 320
    copper = tuple(int(v) for v in np.clip(base * 1.35 + 18, 0, 255))
    metal = ((200, 200, 196), (214, 178, 90))[int(rng.integers(2))]
    for _ in range(int(rng.integers(8, 24))):
        path = np.cumsum(np.vstack([rng.integers(0, side, 2), _turns(rng, side)]), 0)
        width = max(1, round(rng.uniform(1, 4) * unit))
        cv2.polylines(picture, [path.reshape(-1, 1, 2).astype(np.int32)], False, copper, width, cv2.LINE_AA)  # noqa: FBT003
        for x, y in path[[0, -1]]:
            cv2.circle(picture, (int(x), int(y)), 2 * width, metal, -1, cv2.LINE_AA)
            cv2.circle(picture, (int(x), int(y)), width, (30, 28, 26), -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(4, 14))):
        _chip(picture, rng, unit, metal)
    for _ in range(int(rng.integers(0, 6))):
        _print(picture, rng, (230, 230, 225), unit)
    return picture.astype(np.float32), plate(rng, side, round_corners=rng.random() < 0.5)


def machined(rng: Generator, side: int) -> tuple[FloatArray, Cover]:
    """A turned or milled part: steps, bores, slots and brushed or cast surfaces."""
    heights = np.zeros((side, side), np.float32)
    cover = plate(rng, side, round_corners=True) if rng.random() < 0.5 else disc(rng, side)
    heights += cover * np.float32(1 / 255)
    for _ in range(int(rng.integers(4, 16))):
        step = np.zeros((side, side), np.uint8)
        x, y = (int(v) for v in rng.normal(side / 2, side / 6, 2))
        size = rng.uniform(0.015, 0.16) * side
        _feature(step, (x, y), size, rng)
        heights += step * np.float32(rng.choice([-1, 1]) * rng.uniform(0.3, 1.5) / 255)
        if rng.random() < 0.25:  # bored through
            cover[step > 127] = 0
    surface = matter(rng, side)
    return surface * relief(heights, rng)[..., None], cover


def label(rng: Generator, side: int) -> tuple[FloatArray, Cover]:
    """A printed label or box: fields of colour, lines of text, a bar code, a frame, a picture."""
    paper = rng.uniform(190, 250) * (1 + rng.normal(0, 0.03, 3))
    picture = np.full((side, side, 3), np.clip(paper, 0, 255), np.float32).astype(np.uint8)
    unit = side / 320
    for _ in range(int(rng.integers(1, 5))):
        x, y, w, h = (int(v * side) for v in rng.uniform((0, 0, 0.15, 0.06), (0.8, 0.8, 0.8, 0.3)))
        cv2.rectangle(picture, (x, y), (x + w, y + h), varied(rng), -1)
    for _ in range(int(rng.integers(5, 16))):
        _print(picture, rng, varied(rng) if rng.random() < 0.4 else (25, 25, 30), unit)
    if rng.random() < 0.6:
        x, y = (int(v) for v in rng.uniform(0.15, 0.6, 2) * side)
        bars = np.repeat(rng.random(int(rng.integers(20, 45))) < 0.5, max(1, round(1.6 * unit)))[: side - x]
        field = picture[y : y + int(0.12 * side), x : x + bars.size]
        field[...] = np.where(bars, 20, 245).astype(np.uint8)[None, :, None]
    for _ in range(int(rng.integers(0, 5))):
        _leaf(picture, tuple(int(v) for v in rng.integers(0, side, 2)), rng.uniform(0.03, 0.12) * side, rng)
    return picture.astype(np.float32), plate(rng, side, round_corners=rng.random() < 0.3)


def cloth(rng: Generator, side: int) -> tuple[FloatArray, Cover]:
    """A surface without an outline: weave, leather, tiles or stone, over all of the photo."""
    surface = matter(rng, side)
    if rng.random() < 0.6:
        y, x = np.mgrid[:side, :side].astype(np.float32)
        pitch, angle = rng.uniform(0.012, 0.09) * side, rng.uniform(0, np.pi / 2)
        bend = rng.uniform(0, 0.5) * pitch * perlin((side, side), 0.2 * side, rng)
        u, v = x * np.cos(angle) + y * np.sin(angle) + bend, y * np.cos(angle) - x * np.sin(angle) + bend
        weave = np.sin(2 * np.pi * u / pitch) * np.sin(2 * np.pi * v / (pitch * rng.uniform(0.5, 2)))
        surface = surface * (1 + rng.uniform(0.1, 0.4) * weave[..., None].astype(np.float32))
    return surface, np.full((side, side), 255, np.uint8)


def assortment(rng: Generator, side: int) -> tuple[FloatArray, Cover]:
    """Small parts beside each other: pills, screws' heads, beads; one mask for all."""
    cover = np.zeros((side, side), np.uint8)
    colours = np.zeros((side, side, 3), np.uint8)
    count, tone = int(rng.integers(2, 6)), varied(rng)
    cell = side / count
    drawn = float(rng.uniform(0.22, 0.42)) * cell
    kind = int(rng.integers(3))
    for n in range(count * count):
        x, y = ((v + 0.5) * cell + rng.normal(0, 0.05 * cell) for v in divmod(n, count))
        at = (round(x), round(y))
        shade = tone if rng.random() < 0.8 else varied(rng)
        axes = (round(drawn), round(drawn * (1, 0.55, 0.8)[kind]))
        turn = float(rng.uniform(0, 360))
        for target, value in ((cover, (255,)), (colours, shade)):
            cv2.ellipse(target, at, axes, turn, 0, 360, value, -1, cv2.LINE_AA)
        inner = (axes[0] // 2, max(1, axes[1] // (2 if kind else 6)))
        cv2.ellipse(colours, at, inner, turn, 0, 360, varied(rng), max(1, int(drawn / 9)), cv2.LINE_AA)
    return colours * relief(6 * softened(cover, 0.15 * cell), rng)[..., None], cover


Painter = Callable[[Generator, int], tuple[FloatArray, Cover]]
KINDS: Mapping[str, Painter] = MappingProxyType(
    {
        "leaves": leaves,
        "board": board,
        "machined": machined,
        "label": label,
        "cloth": cloth,
        "assortment": assortment,
        "vessel": vessel,
        "pinned": pinned,
    }
)
"""Every kind of scene by name."""


def _leaf(picture: Photo, centre: tuple[int, ...], size: float, rng: Generator) -> None:
    colour, turn = varied(rng), float(rng.uniform(0, 180))
    axes = (max(1, round(size)), max(1, round(size * rng.uniform(0.25, 1))))
    if rng.random() < 0.6:
        cv2.ellipse(picture, (centre[0], centre[1]), axes, turn, 0, 360, colour, -1, cv2.LINE_AA)
    else:
        corners = cv2.boxPoints(((float(centre[0]), float(centre[1])), (2.0 * axes[0], 2.0 * axes[1]), turn))
        cv2.fillConvexPoly(picture, corners.astype(np.int32), colour, cv2.LINE_AA)


def _turns(rng: Generator, side: int) -> NDArray[np.int64]:
    """Steps of a trace, each in one of eight directions."""
    eighths = rng.integers(0, 8, int(rng.integers(2, 6))) * np.pi / 4
    lengths = rng.uniform(0.04, 0.3, eighths.size) * side
    return np.rint(np.stack([np.cos(eighths), np.sin(eighths)], -1) * lengths[:, None]).astype(np.int64)


def _chip(picture: Photo, rng: Generator, unit: float, metal: tuple[int, int, int]) -> None:
    side = picture.shape[0]
    x, y = (int(v) for v in rng.uniform(0.1, 0.85, 2) * side)
    w, h = (int(v) for v in rng.uniform(6, 60, 2) * unit)
    legs, long = max(2, round(w / (5 * unit))), max(2, round(4 * unit))
    for n in range(legs):
        left = x + round((n + 0.3) * w / legs)
        cv2.rectangle(picture, (left, y - long), (left + max(1, round(1.6 * unit)), y + h + long), metal, -1)
    body = (30, 30, 32) if rng.random() < 0.6 else varied(rng)
    cv2.rectangle(picture, (x, y), (x + w, y + h), body, -1)
    cv2.rectangle(picture, (x, y), (x + w, y + h), tuple(int(0.6 * v) for v in body), 1)
    cv2.circle(picture, (x + max(2, w // 8), y + max(2, h // 5)), max(1, round(1.5 * unit)), (150, 150, 150), -1)


def _print(picture: Photo, rng: Generator, colour: tuple[int, int, int], unit: float) -> None:
    letters = "ABCDEFGHJKLMNPRSTUVWXYZabcdefghkmnorstuvz0123456789-/."
    text = "".join(letters[n] for n in rng.integers(0, len(letters), int(rng.integers(3, 18))))
    at = tuple(int(v) for v in rng.uniform(0.08, 0.85, 2) * picture.shape[0])
    face = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)[int(rng.integers(3))]
    scale = float(rng.choice([0.28, 0.4, 0.6, 1.1])) * unit
    cv2.putText(picture, text, at, face, scale, colour, max(1, round(1.6 * scale)), cv2.LINE_AA)


def _feature(step: Cover, at: tuple[int, int], size: float, rng: Generator) -> None:
    form = int(rng.integers(4))
    if form == 0:
        cv2.circle(step, at, max(2, round(size)), 255, -1, cv2.LINE_AA)
    elif form == 1:
        cv2.circle(step, at, max(3, round(1.5 * size)), 255, max(1, round(0.3 * size)), cv2.LINE_AA)
    else:
        turn = float(rng.uniform(0, 180)) if form == 3 else 0.0
        box = cv2.boxPoints(((float(at[0]), float(at[1])), (3 * size, size * float(rng.uniform(0.4, 2))), turn))
        cv2.fillConvexPoly(step, box.astype(np.int32), 255, cv2.LINE_AA)
