"""How well the types of found defects are named, and how far their probabilities can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visiqc.errors import InputError
from visiqc.evaluation.rendered_rows import PhotoRow

FEWEST_OF_A_CODE = 10
"""Defects a code needs before its F1 counts in the mean."""
RELIABILITY_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDefect:
    """A defect that was found.

    Attributes:
        code: What it is.
        named: What it was called, a code or `unknown`.
        likeliest: The code that was the likeliest, even where it was not likely enough to be named; None where the
            model knows no code.
        probability: Given to that code, in [0, 1]; None without one.
    """

    code: str
    named: str
    likeliest: str | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Defects whose likeliest code has a probability between `low` and `high`: what was said on average, and how often
    that code was right.
    """

    low: float
    high: float
    n: int
    said: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeMetrics:
    """What the names are worth.

    Attributes:
        macro_f1: Mean F1 over the codes with at least `fewest` defects; NaN where there is none.
        f1: Of every code.
        counts: Defects of every code.
        fewest: See `macro_f1`.
        accuracy: Share of all defects that were named rightly.
        codes: Rows of the confusion matrix, ascending.
        names: Its columns, ascending; names that are no row, such as `unknown`, among them.
        confusion: (rows, columns) how often a defect of the row was given the name of the column.
        calibration_error: Expected calibration error of the likeliest code, in [0, 1]; NaN where there is none.
        reliability: Bins that are not empty, ascending.
    """

    macro_f1: float
    f1: Mapping[str, float]
    counts: Mapping[str, int]
    fewest: int
    accuracy: float
    codes: tuple[str, ...]
    names: tuple[str, ...]
    confusion: NDArray[np.int64]
    calibration_error: float
    reliability: tuple[ReliabilityBin, ...]


def measure_types(defects: Sequence[NamedDefect], *, fewest: int = FEWEST_OF_A_CODE) -> TypeMetrics:
    """Measure the names of some found defects.

    F1 of a code counts as wrong both its defects that got another name, `unknown` included, and other defects that
    got its name. A code with fewer than `fewest` defects does not count in the mean, but its defects do as others.
    Calibration is that of the likeliest codes, named or not: `unknown` is what no defect is, so a probability held
    against that name would never come true.

    Raises:
        InputError: There is no defect, or a probability is not in [0, 1].

    Source:
        Naeini, Cooper and Hauskrecht, AAAI 2015: expected calibration error in bins of equal width.
    """
    if not defects:
        raise InputError("no defect was found and named; there is nothing to measure")
    if not all(one.probability is None or 0 <= one.probability <= 1 for one in defects):
        raise InputError("a type's probability lies in [0, 1]; one does not")
    codes = tuple(sorted({one.code for one in defects}))
    names = tuple(sorted({one.named for one in defects} | set(codes)))
    confusion = np.zeros((len(codes), len(names)), np.int64)
    for one in defects:
        confusion[codes.index(one.code), names.index(one.named)] += 1
    counts = {code: int(row.sum()) for code, row in zip(codes, confusion, strict=True)}
    f1 = {code: _f1(confusion, codes.index(code), names.index(code)) for code in codes}
    counted = [f1[code] for code in codes if counts[code] >= fewest]
    reliability = reliability_bins(defects)
    return TypeMetrics(
        macro_f1=float(np.mean(counted)) if counted else float("nan"),
        f1=f1,
        counts=counts,
        fewest=fewest,
        accuracy=float(np.mean([one.code == one.named for one in defects])),
        codes=codes,
        names=names,
        confusion=confusion,
        calibration_error=_gap(reliability),
        reliability=reliability,
    )


def reliability_bins(defects: Sequence[NamedDefect], *, bins: int = RELIABILITY_BINS) -> tuple[ReliabilityBin, ...]:
    """The defects sorted by the probability of their likeliest code into bins of equal width; 1.0 is in the highest."""
    said, right = stated(defects)
    place = np.minimum((said * bins).astype(int), bins - 1)
    return tuple(
        ReliabilityBin(
            at / bins,
            (at + 1) / bins,
            int(np.sum(place == at)),
            float(said[place == at].mean()),
            float(right[place == at].mean()),
        )
        for at in range(bins)
        if np.any(place == at)
    )


def stated(defects: Sequence[NamedDefect]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(n,) probabilities of the likeliest codes, and (n,) whether each was right; defects without one are left out."""
    known = [one for one in defects if one.likeliest is not None and one.probability is not None]
    right = np.array([one.code == one.likeliest for one in known], bool)
    return np.array([one.probability for one in known], np.float64), right


def _gap(reliability: Sequence[ReliabilityBin]) -> float:
    gaps = [abs(one.said - one.right) for one in reliability]
    return float(np.average(gaps, weights=[one.n for one in reliability])) if gaps else float("nan")


def _f1(confusion: NDArray[np.int64], row: int, column: int) -> float:
    right = int(confusion[row, column])
    return 2 * right / int(confusion[row].sum() + confusion[:, column].sum())


def named_defects(rows: Sequence[PhotoRow]) -> tuple[list[NamedDefect], int]:
    """What the regions on visible defects were called, and how many defects had no region with a name on them.

    Of several regions on one defect, the one with the highest peak speaks.
    """
    named: list[NamedDefect] = []
    missed = 0
    for row in rows:
        if not row.shows_defect or row.code is None:
            continue
        there = [one for one in row.regions if one.on_defect and one.type is not None]
        if there:
            best = max(there, key=lambda one: one.peak)
            named.append(
                NamedDefect(
                    code=row.code,
                    named=best.type or "",
                    likeliest=best.likeliest,
                    probability=best.likeliest_probability,
                )
            )
        else:
            missed += 1
    return named, missed
