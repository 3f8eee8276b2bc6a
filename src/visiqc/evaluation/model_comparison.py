"""The measurement behind the promotion gate: two sets of models on the same frozen uploads.

A challenger is *worse* when it loses more, beyond chance, in one primary figure than it wins, beyond chance, in any
other about the same. Primary are, about defects, image AUROC (visible defects against good photos), the share of
visible defects flagged at the deployed threshold and the share of good photos flagged at it; about mix-ups (another
design, or a variant, sent in the product's place) the share of them flagged. Each is a share between 0 and 1 and so of
one unit. "Beyond chance" is: the 95 % interval of the paired difference, drawn over designs, does not hold 0. A win
that could be chance excuses nothing. It is worse too when it fails on more photos than the champion. *Better* is one
that is not worse and wins so about defects or mix-ups. No challenger is both, and most are neither.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visiqc.errors import InputError
from visiqc.evaluation.clustered import DRAWS
from visiqc.evaluation.paired_differences import DEFECTS, MIX_UPS, Difference, paired_differences
from visiqc.evaluation.protocol import Progress
from visiqc.evaluation.rendered_photos import read_known
from visiqc.evaluation.rendered_protocol import run_rendered
from visiqc.evaluation.rendered_report import DISCLAIMER, finite, grid
from visiqc.evaluation.rendered_rows import PhotoRow
from visiqc.evaluation.rendered_scoring import Loader, ModelSet, RunKey

ENOUGH_DESIGNS = 20
"""Designs from which a bootstrap over designs says what it claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelComparison:
    """What a comparison found.

    Attributes:
        differences: Figure by figure.
        photos: Photos that both answered.
        designs: Designs they show.
        champion_failures, challenger_failures: Photos that each failed on; these are in no figure.
        failures: The same in words, with the first reason; empty where none failed.
        champion, challenger: What decided each one's answers; None where only rows were compared.
    """

    differences: tuple[Difference, ...]
    photos: int
    designs: int
    champion_failures: int
    challenger_failures: int
    failures: str = ""
    champion: RunKey | None = None
    challenger: RunKey | None = None

    @property
    def worse(self) -> bool:
        """Whether the challenger should not be promoted; see the module."""
        lost = any(loss > win for win, loss in self._balances)
        return lost or self.challenger_failures > self.champion_failures

    @property
    def better(self) -> bool:
        """Whether it is not worse, and wins."""
        won = any(win > loss for win, loss in self._balances)
        return not self.worse and (won or self.champion_failures > self.challenger_failures)

    @property
    def verdict(self) -> str:
        """In a word: `worse`, `better` or `no different`."""
        return "worse" if self.worse else "better" if self.better else "no different"

    def text(self) -> str:
        """A table for people."""
        rows = [
            [
                f"{one.name}{'' if one.primary else ' (not decisive)'}",
                str(one.n),
                f"{one.champion:.3f}",
                f"{one.challenger:.3f}",
                f"{one.gain:+.3f} [{one.interval.low:+.3f} to {one.interval.high:+.3f}]",
                "better" if one.surely_better else "worse" if one.surely_worse else "",
            ]
            for one in self.differences
        ]
        head = ["", "photos", "champion", "challenger", "gain of the challenger [95 %]", "beyond chance"]
        lines = [f"The challenger is {self.verdict}: {self.photos} photos of {self.designs} designs. {DISCLAIMER}", ""]
        lines += grid(head, rows)
        if not any(one.about == MIX_UPS for one in self.differences):
            lines += ["", "No mix-ups among the photos: whether another design is noticed was not compared."]
        if self.designs < ENOUGH_DESIGNS:
            lines += ["", f"Fewer than {ENOUGH_DESIGNS} designs: intervals from so few are too narrow."]
        if self.failures:
            lines += ["", f"Left out, and tried again by the next call: {self.failures}."]
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        values: dict[str, Any] = {
            "verdict": self.verdict,
            "worse": self.worse,
            "better": self.better,
            "photos": self.photos,
            "designs": self.designs,
            "failures": {"champion": self.champion_failures, "challenger": self.challenger_failures},
            "champion": list(self.champion.models) if self.champion else None,
            "challenger": list(self.challenger.models) if self.challenger else None,
            "data": self.champion.data if self.champion else None,
            "goldens": self.champion.goldens if self.champion else None,
            "long_side": self.champion.long_side if self.champion else None,
            "figures": [_values(one) for one in self.differences],
            "note": DISCLAIMER,
        }
        found: dict[str, Any] = finite(values)
        return found

    @property
    def _balances(self) -> list[tuple[float, float]]:
        """Highest sure win and loss in the primary figures about each thing."""
        return [
            (
                max((one.gain for one in mine if one.surely_better), default=0.0),
                max((-one.gain for one in mine if one.surely_worse), default=0.0),
            )
            for about in (DEFECTS, MIX_UPS)
            for mine in [[one for one in self.differences if one.primary and one.about == about]]
        ]


def compare_models(
    folder: Path,
    champion: ModelSet,
    challenger: ModelSet,
    *,
    goldens: int = 3,
    long_side: int = 1024,
    keep: Path | None = None,
    progress: Progress | None = None,
) -> ModelComparison:
    """Score one rendered set with two sets of models and hold the answers against each other.

    Args:
        folder: A rendered set that neither was trained on.
        champion: Models in use, with their sidecar.
        challenger: Models that would take their place, with theirs.
        goldens: Golden photos each design is enrolled with.
        long_side: Resolution of the comparison, pixels.
        keep: Where answers are kept, so that the same call goes on where it was stopped; None = nowhere.
        progress: Called after every photo of either.

    Raises:
        InputError: It is no rendered set, or too small to compare on.
        Unavailable: The answers cannot be kept, or a model failed for want of memory or device; the same call goes on.
    """
    known = read_known(folder)
    with _place(keep) as place:
        runs = [
            run_rendered(known, _given(parts), place, goldens=goldens, long_side=long_side, progress=tell)
            for parts, tell in zip((champion, challenger), _halves(progress), strict=True)
        ]
    before, after = runs
    return compare_rows(before.rows, after.rows, keys=(before.key, after.key))


def compare_rows(
    champion: Sequence[PhotoRow],
    challenger: Sequence[PhotoRow],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    keys: tuple[RunKey, RunKey] | None = None,
) -> ModelComparison:
    """Hold two sets of answers about the same photos against each other; arguments and errors as `paired_differences`.

    Photos that either failed on are counted, and left out for both; where too few are left for that, the error says so.
    """
    both = [
        at for at, rows in enumerate(zip(champion, challenger, strict=True)) if all(row.failure is None for row in rows)
    ]
    before, after = ([rows[at] for at in both] for rows in (champion, challenger))
    failures = "; ".join(filter(None, [_failed("champion", champion), _failed("challenger", challenger)]))
    try:
        differences = paired_differences(before, after, draws=draws, seed=seed)
    except InputError as err:
        if not failures:
            raise
        raise InputError(f"{failures}; without these, {err}") from err
    return ModelComparison(
        differences=differences,
        photos=len(both),
        designs=len({row.sku for row in before}),
        champion_failures=sum(row.failure is not None for row in champion),
        challenger_failures=sum(row.failure is not None for row in challenger),
        failures=failures,
        champion=keys[0] if keys else None,
        challenger=keys[1] if keys else None,
    )


def _failed(who: str, rows: Sequence[PhotoRow]) -> str:
    """Of how many photos one side has no answer, and why not of the first; empty where it has all."""
    failed = [row for row in rows if row.failure is not None]
    if not failed:
        return ""
    return f"the {who} failed on {len(failed)} of {len(rows)} photos, the first: {failed[0].name}: {failed[0].failure}"


def _given(parts: ModelSet) -> Loader:
    return lambda: parts


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="visiqc-compare-") as folder:
        yield Path(folder)


def _halves(progress: Progress | None) -> tuple[Progress | None, Progress | None]:
    """Two runs told as one job of twice the photos."""
    if progress is None:
        return None, None
    tell = progress
    return (
        lambda done, total, name: tell(done, 2 * total, name),
        lambda done, total, name: tell(total + done, 2 * total, name),
    )


def _values(one: Difference) -> dict[str, Any]:
    return {
        "name": one.name,
        "primary": one.primary,
        "champion": one.champion,
        "challenger": one.challenger,
        "gain": one.gain,
        "low": one.interval.low,
        "high": one.interval.high,
        "n": one.n,
    }
