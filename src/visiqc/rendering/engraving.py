"""Engravings: letters and lines cut into metal, as patches of height that belong to the design."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.decals import CHART, Decal, Overlay
from visiqc.rendering.mesh import Points
from visiqc.vision.types import FloatArray, Mask

FONTS = ("sans", "italic", "uni")
"""OpenCV's own typefaces."""
WORDS = (
    *("forever", "always", "amor", "Toujours", "je t'aime", "Für immer", "Mia", "Anna", "Leo & Ida", "A + M", "J & K"),
    *("12.06.21", "03.09.1998", "24.12.2019", "21 VI 2014", "XII", "LOVE", "HOPE", "Carpe diem", "VINCIT", "No. 7"),
)
"""What customers have engraved."""
_KNOWN = frozenset(chr(code) for code in range(32, 127)) | frozenset("äöüÄÖÜßéèêàáíóúçñÉÀ")
_LETTER_PX = 220


def engraved(
    text: str,
    *,
    centre: Points,
    normal: Points,
    across: Points,
    size_mm: float,
    height_mm: float,
    rng: Generator | None = None,
    depth_mm: float = 0.09,
    border: Sequence[Points] = (),
) -> Decal:
    """Letters cut as V grooves; they read along `across` seen from outside.

    Args:
        text: One line; empty = only the border.
        centre: (3,) mm, on the surface.
        normal: (3,) unit vector out of it.
        across: (3,) unit vector along the line of letters.
        size_mm: Side of the chart; a line that is longer is made smaller.
        height_mm: Height of a capital.
        rng: Decides typeface and weight; None = the plain one.
        depth_mm: Of the deepest grooves.
        border: Closed lines, (N, 2) mm from the centre, cut as grooves too.

    Raises:
        InputError: A letter the typefaces lack.
    """
    cut = _letters(text, height_mm / size_mm, rng) if text else np.zeros((CHART, CHART), bool)
    for line in border:
        cut |= _line(line / size_mm, width=0.22 / size_mm)
    groove = _grooved(cut, size_mm, depth_mm)
    weight = cv2.GaussianBlur(cut.astype(np.float32), (0, 0), 1.5) * np.float32(0.8)
    return Decal(
        name="engraving",
        centre=np.asarray(centre, float),
        normal=np.asarray(normal, float),
        across=np.asarray(across, float),
        size_mm=size_mm,
        weight=_open_edges(weight),
        overlay=Overlay(kind="metal", roughness=0.16),
        height=_open_edges(-groove),
        footprint=np.zeros((CHART, CHART), bool),
    )


def _letters(text: str, height: float, rng: Generator | None) -> Mask:
    """(CHART, CHART) the line of letters about the middle, row = v upwards; `height` is a capital's share of it."""
    if not set(text) <= _KNOWN:
        raise InputError(f"cannot engrave {text!r}: use Latin letters, digits and common signs")
    font = FONTS[0] if rng is None else str(rng.choice(FONTS))
    weight = 400 if rng is None else int(rng.integers(250, 650))
    long = _LETTER_PX * (len(text) + 2)
    sheet = np.zeros((3 * _LETTER_PX, long, 3), np.uint8)
    cv2.putText(sheet, text, (_LETTER_PX, 2 * _LETTER_PX), (255, 255, 255), cv2.FontFace(font), _LETTER_PX, weight)
    columns = np.flatnonzero(sheet[..., 0].any(axis=0))
    low, high = int(columns[0]), int(columns[-1]) + 1
    drawn = sheet[:, low:high, 0]
    scale = min(height * CHART / (0.7 * _LETTER_PX), 0.94 * CHART / (high - low), 0.94 * CHART / (1.3 * _LETTER_PX))
    # a capital is 0.7 of the type's size and stands on the base line
    shift_u, shift_v = CHART / 2 - scale * (high - low) / 2, CHART / 2 - scale * 1.65 * _LETTER_PX
    move = np.array([[scale, 0, shift_u], [0, scale, shift_v]])
    laid = cv2.warpAffine(drawn, move, (CHART, CHART), flags=cv2.INTER_AREA)
    return np.asarray(laid[::-1] > 127)


def _line(points: Points, *, width: float) -> Mask:
    """(CHART, CHART) a closed line; points and width as shares of the chart, from its middle."""
    texels = np.round((points + 0.5) * CHART * 16).astype(np.int32)
    sheet = np.zeros((CHART, CHART), np.uint8)
    cv2.polylines(sheet, [texels[:, None]], isClosed=True, color=255, thickness=max(2, round(width * CHART)), shift=4)
    return np.asarray(sheet > 127)


def _grooved(cut: Mask, size_mm: float, depth_mm: float) -> FloatArray:
    """(CHART, CHART) float32 mm below the surface: sloping sides to a rounded bottom."""
    inside = cv2.distanceTransform(cut.astype(np.uint8), cv2.DIST_L2, 5) * np.float32(size_mm / CHART)
    deep = depth_mm * np.tanh(1.1 * inside / depth_mm)
    return np.asarray(cv2.GaussianBlur(deep.astype(np.float32), (0, 0), 1.6))


def _open_edges(sheet: FloatArray) -> FloatArray:
    sheet[:2] = sheet[-2:] = 0
    sheet[:, :2] = sheet[:, -2:] = 0
    return sheet
