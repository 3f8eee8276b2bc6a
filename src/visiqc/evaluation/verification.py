"""Same item or not: error rates over pairs, and whether the nearest photo is the right one.

Similarity: higher = more alike. A pair is accepted when its similarity is *at least* the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visiqc.errors import InputError

Similarities = NDArray[np.float64]


class Pairs(NamedTuple):
    """Similarities of pairs that show the same item, and of pairs that do not."""

    genuine: Similarities
    impostor: Similarities


class TarAtFar(NamedTuple):
    """What a threshold that keeps the false acceptance rate does.

    Attributes:
        tar: Share of genuine pairs accepted.
        far: Share of impostor pairs accepted, at most the one asked for.
        threshold: The lowest similarity among the pairs that keeps it; +inf where none does.
    """

    tar: float
    far: float
    threshold: float


def all_pairs(similarity: ArrayLike, labels: Sequence[str]) -> Pairs:
    """Every unordered pair of two different photos.

    Args:
        similarity: (N, N), symmetric; the diagonal is not looked at.
        labels: (N,) what each photo shows.

    Raises:
        InputError: The matrix is not square, holds NaN or is not symmetric, or the labels are not as many.
    """
    matrix, names = _checked(similarity, labels)
    upper = np.triu_indices(len(names), k=1)
    if not np.allclose(matrix, matrix.T, atol=1e-5):
        raise InputError("a similarity matrix of all pairs must be symmetric")
    same = (names[:, None] == names[None, :])[upper]
    return Pairs(matrix[upper][same], matrix[upper][~same])


def tar_at_far(pairs: Pairs, far: float) -> TarAtFar:
    """Share of genuine pairs accepted at the lowest threshold that accepts at most `far` of the impostors.

    Never interpolated: with 50 impostor pairs, FAR 1 % means that none is accepted.

    Args:
        pairs: Both kinds, at least one each.
        far: In [0, 1].

    Raises:
        InputError: A kind of pair is missing, or `far` is out of range.
    """
    thresholds, tars, fars = _rates(pairs)
    if not 0 <= far <= 1:
        raise InputError(f"a false acceptance rate lies in [0, 1], got {far}")
    kept = int(np.flatnonzero(fars <= far)[-1])
    return TarAtFar(float(tars[kept]), float(fars[kept]), float(thresholds[kept]))


def equal_error_rate(pairs: Pairs) -> float:
    """The rate at which false acceptances and false rejections are equally frequent, in [0, 1].

    Between two thresholds both rates are joined by straight lines.

    Raises:
        InputError: A kind of pair is missing.
    """
    _, tars, fars = _rates(pairs)
    gap = fars - (1 - tars)  # rises from -1 to 1
    after = int(np.flatnonzero(gap >= 0)[0])
    step = -gap[after - 1] / (gap[after] - gap[after - 1])
    return float(fars[after - 1] + step * (fars[after] - fars[after - 1]))


def recall_at_1(similarity: ArrayLike, labels: Sequence[str]) -> float:
    """Share of photos whose most similar other photo shows the same item.

    Photos whose item has no second photo are not asked about. A tie between a right and a wrong photo is a miss.

    Args:
        similarity: (N, N); row i holds what photo i is like.
        labels: (N,) what each photo shows.

    Raises:
        InputError: As `all_pairs`, or no item has two photos.
    """
    matrix, names = _checked(similarity, labels)
    same = names[:, None] == names[None, :]
    other = ~np.eye(len(names), dtype=bool)
    right = np.where(same & other, matrix, -np.inf).max(axis=1, initial=-np.inf)
    wrong = np.where(~same, matrix, -np.inf).max(axis=1, initial=-np.inf)
    asked = (same & other).any(axis=1)
    if not asked.any():
        raise InputError("recall@1 needs at least one item with two photos")
    return float(np.mean(right[asked] > wrong[asked]))


def _checked(similarity: ArrayLike, labels: Sequence[str]) -> tuple[Similarities, NDArray[np.str_]]:
    matrix, names = np.asarray(similarity, np.float64), np.asarray(labels, str)
    if matrix.ndim != 2 or matrix.shape != (names.size, names.size):
        raise InputError(f"wanted one row and one column a photo, got {matrix.shape} for {names.size} labels")
    if np.isnan(matrix[~np.eye(names.size, dtype=bool)]).any():
        raise InputError("a similarity is NaN; leave that photo out first")
    return matrix, names


def _rates(pairs: Pairs) -> tuple[Similarities, Similarities, Similarities]:
    """Thresholds downwards from +inf, with the shares of genuine and impostor pairs that each accepts."""
    genuine, impostor = np.sort(pairs.genuine), np.sort(pairs.impostor)
    if not genuine.size or not impostor.size:
        raise InputError(
            f"genuine and impostor pairs are both needed, got {genuine.size} genuine, {impostor.size} impostor"
        )
    thresholds = np.r_[np.inf, np.unique(np.r_[genuine, impostor])[::-1]]
    # Counted, then divided: 1 - 114 / 120 is more than 0.05, and 6 of 120 would not be 5 %.
    tars = (genuine.size - np.searchsorted(genuine, thresholds, side="left")) / genuine.size
    fars = (impostor.size - np.searchsorted(impostor, thresholds, side="left")) / impostor.size
    return np.asarray(thresholds), np.asarray(tars), np.asarray(fars)
