"""What the size of the golden frame does to scores by both maps, fitted on the same good photos at several sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from visiqc.errors import InputError
from visiqc.evaluation.fusion_fit import FEWEST, STEADY, MapPair, log_score, scale_of
from visiqc.vision.fusion import Fusion, SizeScale

_UNLIKE = 0.05  # share of the fleet's good photos whose views may look less like it than it takes to be known
_ONE_SIZE = 1.05  # sides nearer than that are one size: photos are not enlarged, so that larger ones may give the same
_OUTSIDE = 1.1  # how far beyond the sizes the usual side may lie


def fit_sizes(groups: Sequence[Sequence[MapPair]], fusion: Fusion, *, usual_side: float) -> Fusion:
    """The weights with scales and shifts by which good photos reach the same scores at every size of the golden frame.

    Restlessness grows with the size too; that is forgiven to views that look as much like the fleet as its own do.
    Those held against one golden and those held against several are fitted apart; a kind of which a size shows fewer
    than `FEWEST` good photos shares all of this with the other.

    Args:
        groups: One of each size, of the same photos held against the same goldens; defective ones are passed over.
        fusion: Weights that hold at `usual_side`; sizes that it knows already are passed over.
        usual_side: Longer side of the frames the weights come from, in pixels: there, nothing changes.

    Raises:
        InputError: There are too few good photos of either kind, the usual side lies far from all sizes, or all good
            photos score alike.
    """
    unsized = replace(fusion, sizes=(), single_sizes=())
    good = [[photo for photo in group if not photo.defective] for group in groups]
    kinds = [
        [[photo for photo in group if photo.footing.single is single] for group in good] for single in (False, True)
    ]
    enough = [kind for kind in kinds if kind and min(map(len, kind)) >= FEWEST]
    if not enough:
        found = ", ".join(f"{len(several)} and {len(single)}" for several, single in zip(*kinds, strict=True))
        raise InputError(
            f"each size needs at least {FEWEST} good photos that can be compared with several goldens, or with one; "
            f"got {found or 'none'}; add photos"
        )
    several, single = enough[0], enough[-1]
    return replace(
        fusion,
        sizes=_fitted(several, unsized, usual_side),
        single_sizes=_fitted(single, unsized, usual_side),
        known=known_likeness(_likeness(several)),
        single_known=known_likeness(_likeness(single)),
    )


def known_likeness(views: Sequence[float]) -> float:
    """Likeness to other designs of the fleet that nineteen in twenty of its views have."""
    return round(float(np.quantile(views, _UNLIKE)), 4)


def _likeness(groups: Sequence[Sequence[MapPair]]) -> list[float]:
    return [photo.footing.likeness for group in groups for photo in group]


def _fitted(groups: Sequence[Sequence[MapPair]], fusion: Fusion, usual_side: float) -> tuple[SizeScale, ...]:
    absolute = _apart(sorted((_absolute(group, fusion) for group in groups), key=lambda size: size.side))
    least, most = absolute[0].side, absolute[-1].side
    if not least / _OUTSIDE <= usual_side <= most * _OUTSIDE:
        raise InputError(
            f"the weights come from golden frames of {usual_side:.0f} px, the sizes give frames of {least:.0f} to "
            f"{most:.0f} px; name sizes on both sides of it"
        )
    base = replace(fusion, sizes=tuple(absolute)).size(STEADY._replace(side=usual_side))
    relative = [
        SizeScale(
            side=round(size.side, 1),
            scale=round(size.scale / base.scale, 6),
            shift=round((size.shift - base.shift) / base.scale, 6),
            # Small frames are calmer, but not all views alike: taken off, those that are not would lose belief.
            calm=round(max(0.0, size.calm - base.calm), 4),
        )
        for size in absolute
    ]
    usual = SizeScale(side=round(usual_side, 1), scale=1.0, shift=0.0)
    others = [size for size in relative if size.side != usual.side]
    return tuple(sorted([*others, usual], key=lambda size: size.side))


def _apart(sizes: Sequence[SizeScale]) -> list[SizeScale]:
    """Those that differ; of frames that are as large the first tells all."""
    kept = list(sizes[:1])
    kept += [size for before, size in pairwise(sizes) if size.side > _ONE_SIZE * before.side]
    return kept


def _absolute(good: Sequence[MapPair], fusion: Fusion) -> SizeScale:
    """What brings half of the good photos to 0.5 and one in twenty to 1.0, whatever the weights' own size does."""
    scale, unusual = scale_of([log_score(photo, fusion) for photo in good])
    side = math.exp(float(np.median([math.log(photo.footing.side) for photo in good])))
    calm = float(np.median([photo.footing.restless for photo in good]))
    return SizeScale(side=side, scale=scale, shift=-scale * unusual, calm=calm)
