"""What the size of the golden frame does to scores by both maps, fitted on the same good photos at several sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from visiqc.errors import InputError
from visiqc.evaluation.fusion_fit import STEADY, MapPair, log_score, scale_of
from visiqc.vision.fusion import Fusion, SizeScale

_UNLIKE = 0.05  # share of the fleet's views that may look less like it than it takes to be known
FEWEST = 20
"""Good photos that a size takes: one in twenty of them reaches 1.0."""


def fit_sizes(groups: Sequence[Sequence[MapPair]], fusion: Fusion, *, usual_side: float) -> Fusion:
    """The weights with scales and shifts by which good photos reach the same scores at every size of the golden frame.

    Restlessness grows with the size too; that is forgiven to views that look as much like the fleet as its own do.
    Those held against one golden and those held against several are fitted apart; a kind of which no photo is there
    shares the sizes of the other.

    Args:
        groups: One of each size, of the same photos held against the same goldens; defective ones are passed over.
        fusion: Weights that hold at `usual_side`; sizes that it knows already are passed over.
        usual_side: Longer side of the frames the weights come from, in pixels: there, nothing changes.

    Raises:
        InputError: A size has too few good photos of a kind, or frames as large as another's, or all score alike.
    """
    unsized = replace(fusion, sizes=(), single_sizes=())
    kinds = [
        [[photo for photo in group if photo.footing.single is single] for group in groups] for single in (False, True)
    ]
    there = [kind if any(kind) else other for kind, other in zip(kinds, reversed(kinds), strict=True)]
    sizes, single_sizes = (_fitted(kind, unsized, usual_side) for kind in there)
    known, single_known = map(_known, there)
    return replace(fusion, sizes=sizes, single_sizes=single_sizes, known=known, single_known=single_known)


def _known(groups: Sequence[Sequence[MapPair]]) -> float:
    """How much nineteen in twenty good photos' views look like the fleet."""
    looks = [photo.footing.likeness for group in groups for photo in group if not photo.defective]
    return round(float(np.quantile(looks, _UNLIKE)), 4)


def _fitted(groups: Sequence[Sequence[MapPair]], fusion: Fusion, usual_side: float) -> tuple[SizeScale, ...]:
    absolute = sorted((_absolute(group, fusion) for group in groups), key=lambda size: size.side)
    sides = [round(size.side) for size in absolute]
    if len(set(sides)) < len(sides):
        raise InputError(f"two sizes give golden frames of one size ({sides} px); photos are not enlarged, name others")
    usual = STEADY._replace(side=usual_side)
    base = replace(fusion, sizes=tuple(absolute)).size(usual)
    return tuple(
        SizeScale(
            side=round(size.side, 1),
            scale=round(size.scale / base.scale, 6),
            shift=round((size.shift - base.shift) / base.scale, 6),
            # Small frames are calmer, but not all views alike: taken off, those that are not would lose belief.
            calm=round(max(0.0, size.calm - base.calm), 4),
        )
        for size in absolute
    )


def _absolute(group: Sequence[MapPair], fusion: Fusion) -> SizeScale:
    """What brings half of the good photos to 0.5 and one in twenty to 1.0, whatever the weights' own size does."""
    good = [photo for photo in group if not photo.defective]
    if len(good) < FEWEST:
        raise InputError(f"a size needs at least {FEWEST} good photos that can be compared, got {len(good)}")
    scale, unusual = scale_of([log_score(photo, fusion) for photo in good])
    side = math.exp(float(np.median([math.log(photo.footing.side) for photo in good])))
    calm = float(np.median([photo.footing.restless for photo in good]))
    return SizeScale(side=side, scale=scale, shift=-scale * unusual, calm=calm)
