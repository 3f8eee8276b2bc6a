"""What the piece lies or stands on, and what lies about: sweeps, cloth, wood, acrylic, a ring stand, the scale card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.errors import BadRecipe
from visiqc.rendering.light import towards
from visiqc.rendering.mesh import Mesh, Points, frame_of, grid_faces, joined, outward, unit
from visiqc.rendering.noise import octaves
from visiqc.rendering.piece import Piece
from visiqc.vision.types import FloatArray

_TEXELS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A surface under the piece.

    Attributes:
        name: Key in `GROUNDS`.
        colour: (H, W, 3) float32 linear reflectance, one tile.
        tile_mm: Side of the tile.
        height: (H, W) float32 mm, of the same tile; None = flat.
        gloss: GGX alpha of a polished top layer; None = matte.
        grey: Luminance the camera's exposure aims at in the middle of the histogram, linear.
    """

    name: str
    colour: FloatArray
    tile_mm: float
    height: FloatArray | None = None
    gloss: float | None = None
    grey: float


def draw_ground(name: str, rng: Generator) -> Ground:
    """A surface of a kind, its texture and tint drawn.

    Raises:
        BadRecipe: No such surface.
    """
    if name not in GROUNDS:
        raise BadRecipe(f"no ground {name!r}; known are {', '.join(GROUNDS)}")
    return GROUNDS[name](rng)


def _plain(rng: Generator, grey: float, grain: float, tint: float = 0.012) -> FloatArray:
    colour = np.clip(grey * (1 + rng.normal(0, tint, 3)), 0.004, 0.95)
    return np.clip(colour * (1 + grain * octaves(rng, 512, count=6)[..., None]), 0.003, 0.95).astype(np.float32)


def _white(rng: Generator) -> Ground:
    return Ground(name="white", colour=_plain(rng, rng.uniform(0.72, 0.84), 0.008), tile_mm=60, grey=0.70)


def _white_acrylic(rng: Generator) -> Ground:
    return Ground(name="white_acrylic", colour=_plain(rng, 0.76, 0.003), tile_mm=60, gloss=0.05, grey=0.70)


def _grey(rng: Generator) -> Ground:
    shade = rng.uniform(0.14, 0.36)
    return Ground(name="grey", colour=_plain(rng, shade, 0.045, 0.03), tile_mm=60, gloss=0.28, grey=0.20)


def _black_acrylic(rng: Generator) -> Ground:
    return Ground(name="black_acrylic", colour=_plain(rng, 0.012, 0.02), tile_mm=60, gloss=0.04, grey=0.05)


def _linen(rng: Generator) -> Ground:
    thread = [(0.66, 0.60, 0.50), (0.58, 0.57, 0.55), (0.40, 0.36, 0.31)][int(rng.integers(3))]
    return _cloth("linen", thread, rng, grey=0.32)


def _navy(rng: Generator) -> Ground:
    return _cloth("navy", (0.035, 0.05, 0.11), rng, grey=0.06)


def _cloth(name: str, thread: tuple[float, float, float], rng: Generator, *, grey: float) -> Ground:
    """A plain weave: threads over and under one another, none as thick as the next."""
    count = int(rng.integers(56, 84))
    y, x = np.mgrid[0:_TEXELS, 0:_TEXELS].astype(np.float32) / _TEXELS
    thick = 1 + 0.25 * rng.standard_normal((2, count)).astype(np.float32)
    column, row = np.minimum((x * count).astype(int), count - 1), np.minimum((y * count).astype(int), count - 1)
    across = np.abs(np.sin(np.pi * count * x)) * thick[0][column]
    down = np.abs(np.sin(np.pi * count * y)) * thick[1][row]
    woven = np.where((column + row) % 2 == 1, across, down) + 0.10 * octaves(rng, _TEXELS, cells=16, count=7)
    woven = cv2.GaussianBlur(np.pad(woven.astype(np.float32), 8, mode="wrap"), (0, 0), 1.2)[8:-8, 8:-8]
    uneven = 1 + 0.03 * octaves(rng, _TEXELS, cells=8)
    colour = np.asarray(thread) * (0.72 + 0.32 * woven[..., None]) * uneven[..., None]
    return Ground(
        name=name,
        colour=np.clip(colour, 0.003, 0.95).astype(np.float32),
        tile_mm=float(rng.uniform(32, 48)),
        height=(0.2 * woven).astype(np.float32),
        grey=grey,
    )


def _wood(rng: Generator) -> Ground:
    """A planed board: rings cut along, pores, and a thin varnish."""
    y = np.mgrid[0:_TEXELS, 0:_TEXELS][0].astype(np.float32) / _TEXELS
    rings = y * int(rng.integers(8, 18)) + 0.5 * _grained(octaves(rng, _TEXELS, cells=2, count=4), 6)
    late = (rings - np.floor(rings)) ** 3 * (1 - (rings - np.floor(rings))) * 6
    fibre = _grained(rng.standard_normal((_TEXELS, _TEXELS)).astype(np.float32), 40)
    fibre /= fibre.std()
    light, dark = [((0.46, 0.29, 0.15), (0.24, 0.12, 0.055)), ((0.22, 0.12, 0.06), (0.09, 0.045, 0.022))][
        int(rng.integers(2))
    ]
    share = np.clip(0.75 * late + 0.10 * fibre + 0.15, 0, 1)[..., None]
    colour = np.asarray(light) * (1 - share) + np.asarray(dark) * share
    return Ground(
        name="wood",
        colour=np.clip(colour, 0.004, 0.95).astype(np.float32),
        tile_mm=float(rng.uniform(70, 110)),
        height=(0.015 * fibre).astype(np.float32),
        gloss=0.22,
        grey=0.17,
    )


def _grained(noise: FloatArray, times: int) -> FloatArray:
    """Noise drawn out along x, mirrored so that it tiles."""
    half = cv2.resize(noise[:, : _TEXELS // 2 // times], (_TEXELS // 2, _TEXELS), interpolation=cv2.INTER_CUBIC)
    return np.concatenate([half, half[:, ::-1]], axis=1).astype(np.float32)


GROUNDS: Mapping[str, Callable[[Generator], Ground]] = {
    "white": _white,
    "white_acrylic": _white_acrylic,
    "grey": _grey,
    "linen": _linen,
    "wood": _wood,
    "black_acrylic": _black_acrylic,
    "navy": _navy,
}
"""Surfaces by name."""


def ring_stand(piece: Piece, rng: Generator) -> Mesh:
    """A padded block with a slot that holds the lowest part of a standing ring; its top lies above the ground."""
    points = np.concatenate([part.mesh.vertices for part in piece.parts.values()])
    deep = float(rng.uniform(0.10, 0.16)) * float(np.ptp(points[:, 2]))
    length = float(np.ptp(points[:, 0])) * float(rng.uniform(1.15, 1.6))
    width = float(rng.uniform(9, 14))
    return _padded_block(np.array([length, width, 2 * deep]), softness=min(1.6, 0.45 * deep))


def _padded_block(size: Points, *, softness: float) -> Mesh:
    """A block about the origin with rounded edges and corners."""
    half = size / 2
    sides = []
    for axis in range(3):
        across, down = (_edged(half[other], softness) for other in range(3) if other != axis)
        for end in (-half[axis], half[axis]):
            x, y = np.meshgrid(across, down, indexing="ij")
            grid = np.insert(np.stack([x, y], axis=-1), axis, end, axis=-1).reshape(-1, 3)
            core = np.clip(grid, softness - half, half - softness)
            normals = unit(grid - core)
            faces = grid_faces(len(across), len(down))
            sides.append(outward(Mesh(core + softness * normals, faces, normals)))
    return joined(sides)


def _edged(half: float, softness: float) -> Points:
    """Places along an edge, dense where it is rounded."""
    bend = softness * np.linspace(0, 1, 9)
    return np.concatenate([bend - half, half - bend[::-1]])


CARD_MM = (34.0, 22.0)
"""Width and depth of the scale card."""


def scale_card() -> FloatArray:
    """The card's print, (H, W, 3) float32 linear, 30 texels a millimetre: ruler, grey and colour patches, a marker."""
    scale = 30
    card = np.full((int(CARD_MM[1] * scale), int(CARD_MM[0] * scale), 3), 0.83, np.float32)
    for millimetre in range(int(CARD_MM[0]) - 1):
        length = 2.6 if millimetre % 5 == 0 else 1.5
        left = int((millimetre + 0.75) * scale)
        card[: int(length * scale), left : left + 4] = 0.03
    patches = [(g, g, g) for g in (0.03, 0.09, 0.19, 0.36, 0.59, 0.80)]
    patches += [(0.43, 0.04, 0.05), (0.06, 0.27, 0.07), (0.04, 0.06, 0.28), (0.60, 0.50, 0.03)]
    for number, colour in enumerate(patches):
        row, column = divmod(number, 6)
        top, left = int((4 + 5 * row) * scale), int((1 + 4.2 * column) * scale)
        card[top : top + int(4.4 * scale), left : left + int(3.7 * scale)] = colour
    marker = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50), 7, 7 * scale)
    top, left = int(13.8 * scale), int(26.0 * scale)
    card[top : top + 7 * scale, left : left + 7 * scale] = (0.03 + 0.8 * (marker[..., None] > 0)).astype(np.float32)
    return card


def card_place(piece: Piece, azimuth_deg: float, rng: Generator) -> Points:
    """(4, 4) where the card lies: flat, to the right or left of the piece, or before one whose chain runs sideways."""
    points = np.concatenate([part.mesh.vertices for name, part in piece.parts.items() if _frames(piece, name)])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    back = towards(azimuth_deg, 0.0)
    right = np.array([-back[1], back[0], 0.0])
    out, along = (back, right) if piece.focus else (float(rng.choice([-1, 1])) * right, back)
    half = CARD_MM[1 if piece.focus else 0] / 2
    reach = float(((points - middle) @ out).max()) + half + float(rng.uniform(1.5, 4))
    centre = middle + out * reach + along * float(rng.uniform(-4, 3))
    askew = np.deg2rad(rng.normal(0, 4))
    x, y = right * np.cos(askew) - back * np.sin(askew), -(back * np.cos(askew) + right * np.sin(askew))
    return frame_of(np.stack([x, y, [0.0, 0.0, 1.0]], axis=1), [centre[0], centre[1], 0.15])


def card_corners(place: Points) -> Points:
    """(4, 3) corners of a card that lies at a (4, 4) place."""
    half = np.array(CARD_MM) / 2
    flat = np.array([[x, y, 0.0, 1.0] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]) * [*half, 1.0, 1.0]
    return np.asarray((flat @ place.T)[:, :3])


def _frames(piece: Piece, name: str) -> bool:
    return not piece.focus or name.partition("#")[0] in piece.focus
