"""The colour of metal and stones of an upload against the golden frames, light and white balance taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.domain.colour import BalanceBasis, ColourPart, ColourReport, PartColour
from visiqc.errors import InputError
from visiqc.vision.colour import delta_e00, lab_of_linear
from visiqc.vision.colour_card import CardReading
from visiqc.vision.colour_light import FITTED, LightChange, LightModel, Shift, agreed, light_change, unexplained
from visiqc.vision.colour_parts import ColourParts, Medians, find_parts, medians, tints
from visiqc.vision.colour_spot import Toned, find_spot
from visiqc.vision.types import Mask, Photo, require_same_size

LONG_SIDE = 224
"""Colour is measured at this size: it needs no resolution, and averaging takes noise and small misplacement away."""
_LUMA = np.array([0.2126, 0.7152, 0.0722])
_SHOWN_AT = 0.4  # luminance at which differences are stated: metal has no lightness of its own


@dataclass(frozen=True, slots=True)
class Cards:
    """What the photos made of a neutral card.

    Attributes:
        goldens: One reading a golden frame, None where its photo shows no card.
        upload: The upload's.
    """

    goldens: tuple[CardReading | None, ...] = ()
    upload: CardReading | None = None

    def change(self, number: int) -> NDArray[np.float64] | None:
        """(2,) change of neutral grey, a golden to the upload; None unless both show a card."""
        golden = self.goldens[number] if number < len(self.goldens) else None
        if golden is None or self.upload is None:
            return None
        return self.upload.chromaticity - golden.chromaticity


def measure_colour(
    goldens: Sequence[Photo],
    upload: Photo,
    *,
    product: Mask,
    surroundings: Mask | None = None,
    cards: Cards | None = None,
    model: LightModel = FITTED,
) -> ColourReport:
    """Hold the colour of an upload's metal and stones against the golden frames'.

    Args:
        goldens: One or more golden frames, (H, W, 3) uint8 RGB, aligned to each other; those under different lights
            tell what light does.
        upload: The upload laid over them, the same size.
        product: (H, W) bool, True on the piece.
        surroundings: (H, W) bool, where ground may be looked for, such as what the upload reaches; None = all that is
            not product.
        cards: Readings of a neutral card, from the whole photos; see `colour_card.read_card`.
        model: What light does, in numbers.

    Returns:
        ΔE00 and its uncertainty for the parts that can be compared, and the spot that differs most, its box in
        pixels of `upload`; nothing of a piece that is next to no metal. Nothing is judged: limits and p-values are
        None.

    Raises:
        InputError: No golden frame was given.
        ShapeMismatch: The pictures or masks differ in size.
    """
    if not goldens:
        raise InputError("colour is held against at least one golden frame, got none; enrol a golden photo first")
    masks = {} if surroundings is None else {"surroundings": surroundings}
    require_same_size(upload=upload, product=product, **masks)
    for golden in goldens:
        require_same_size(golden=golden, upload=upload)
    frames = [reduced_frame(frame) for frame in (*goldens, upload)]
    *known, seen = [tints(frame) for frame in frames]
    inside, around = reduced_mask(product, seen.sound.shape), None
    if surroundings is not None:
        around = reduced_mask(surroundings, seen.sound.shape)
    parts = find_parts(known, product=inside, surroundings=around)
    before, now = [medians(one, parts) for one in known], medians(seen, parts)
    lights = [
        light_change(_less(now.ground, one.ground), cards.change(number) if cards else None, model)
        for number, one in enumerate(before)
    ]
    metal = _metal(before, now, lights, parts, model)
    stones = _stones(before, now, lights, metal, model)
    offsets = [_zero(_less(now.metal, one.metal)) for one in before]
    area = max(int(inside.sum()), 1)
    toned = [Toned.of(frame, tint) for frame, tint in zip(frames, (*known, seen), strict=True)]
    return ColourReport(
        basis=_basis(lights),
        shared_ground=_mean([light.shared_ground for light in lights]),
        parts=(
            *_told(ColourPart.METAL, metal, parts.tint, int(parts.metal.sum()) / area, model),
            *_told(ColourPart.STONES, stones, _tint_of_stones(before), int(parts.stones.sum()) / area, model),
        ),
        # Without metal nothing says what light did to the piece, nor what of it is a stone.
        spot=find_spot(toned[:-1], toned[-1], offsets, product=inside, size=(upload.shape[0], upload.shape[1]))
        if parts.metal.any()
        else None,
    )


def _metal(
    before: Sequence[Medians], now: Medians, lights: Sequence[LightChange], parts: ColourParts, model: LightModel
) -> list[Shift | None]:
    """What of the metal's change light does not explain, golden by golden."""
    changes = [_less(now.metal, one.metal) for one in before]
    return [
        None if change is None else unexplained(change, light, parts.tint, model)
        for change, light in zip(changes, lights, strict=True)
    ]


def _stones(
    before: Sequence[Medians],
    now: Medians,
    lights: Sequence[LightChange],
    metal: Sequence[Shift | None],
    model: LightModel,
) -> list[Shift | None]:
    """The same of the stones, which share a part of what the metal shows unexplained: the room's other colours."""
    found: list[Shift | None] = []
    for one, light, shift in zip(before, lights, metal, strict=True):
        change = _less(now.stones, one.stones)
        if change is None or one.stones is None:
            found.append(None)
            continue
        left = change - light.expected.mean - (0.0 if shift is None else model.stone_follows * shift.mean)
        own = model.stone_noise**2 * np.eye(2) + model.tint**2 * np.outer(one.stones, one.stones)
        found.append(Shift(left, light.expected.covariance + own))
    return found


def _told(
    part: ColourPart, shifts: Sequence[Shift | None], tint: NDArray[np.float64] | None, share: float, model: LightModel
) -> tuple[PartColour, ...]:
    usable = [shift for shift in shifts if shift is not None]
    if not usable or tint is None:
        return ()
    shift = agreed(usable)
    golden, upload = _shown(tint), _shown(tint + shift.mean)
    spread = np.linalg.cholesky(shift.covariance).T
    around = delta_e00(golden, np.array([_shown(tint + step) for step in (*spread, *-spread)]))
    return (
        PartColour(
            part=part,
            delta_e00=float(delta_e00(golden, upload)),
            delta_a=float(upload[1] - golden[1]),
            delta_b=float(upload[2] - golden[2]),
            delta_chroma=float(np.hypot(*upload[1:]) - np.hypot(*golden[1:])),
            uncertainty=float(np.sqrt(np.mean(around**2) * 2)),
            evidence=shift.evidence(model.another),
            share=share,
        ),
    )


def _shown(tint: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of a tint at the luminance differences are stated at."""
    rgb = np.exp(np.array([tint[0], 0.0, tint[1]]))
    return lab_of_linear(rgb * _SHOWN_AT / (rgb @ _LUMA))


def _tint_of_stones(before: Sequence[Medians]) -> NDArray[np.float64] | None:
    seen = [one.stones for one in before if one.stones is not None]
    return np.asarray(np.mean(seen, axis=0)) if seen else None


def _less(upload: NDArray[np.float64] | None, golden: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    return None if upload is None or golden is None else upload - golden


def _zero(change: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return np.zeros(2) if change is None else change


def _basis(lights: Sequence[LightChange]) -> BalanceBasis:
    if any(light.carded for light in lights):
        return BalanceBasis.CARD
    grounded = any(light.shared_ground is not None for light in lights)
    return BalanceBasis.GROUND if grounded else BalanceBasis.NONE


def _mean(chances: Sequence[float | None]) -> float | None:
    known = [chance for chance in chances if chance is not None]
    return float(np.mean(known)) if known else None


def reduced_frame(frame: Photo) -> Photo:
    """(H, W, 3) uint8 at the size colour is measured at; never enlarged."""
    height, width = frame.shape[:2]
    ratio = LONG_SIDE / max(height, width)
    if ratio >= 1:
        return frame
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def reduced_mask(mask: Mask, size: tuple[int, ...]) -> Mask:
    """(H, W) bool at a height and width."""
    return np.asarray(cv2.resize(mask.astype(np.uint8) * 255, size[1::-1], interpolation=cv2.INTER_AREA) > 127)
