"""Where a recipe's photos come from: rendered sets, MVTec-style folders, tables and inspectors' verdicts."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from visiqc.errors import BadRecipe, InputError
from visiqc.inspection.parts import Models
from visiqc.settings import cache_folder
from visiqc.training.datasets.digests import joint_digest
from visiqc.training.datasets.folders import FolderSource, read_folder_pairs
from visiqc.training.datasets.manifests import TableSource, read_table
from visiqc.training.datasets.pairs import Pair, PairSet, require_shippable, unshippable
from visiqc.training.datasets.reading import MAX_UNREADABLE
from visiqc.training.datasets.rendered import read_rendered
from visiqc.training.datasets.splits import connected_groups, split_pairs
from visiqc.training.datasets.verdicts import read_verdicts


@dataclass(frozen=True, kw_only=True)
class Sources:
    """All photos of a training; the key `data` of its recipe."""

    renders: tuple[Path, ...] = ()
    """Sets that `visiqc render` made: folders, or names of folders in the cache's `renders`."""
    folders: tuple[FolderSource, ...] = ()
    """MVTec-style folders, each with its licence."""
    tables: tuple[TableSource, ...] = ()
    """Folders with a `pairs.csv` that somebody wrote, each with its licence; see docs/command-line.md."""
    verdicts: tuple[Path, ...] = ()
    """Exports of inspectors' verdicts; see docs/verdict-export.md."""
    held_out: tuple[str, ...] = ()
    """Names of sets of whose products nothing is learned, whichever set shows them. Several models that name the same
    ones can be calibrated together on products new to all of them."""

    def __post_init__(self) -> None:
        if not (self.renders or self.folders or self.tables or self.verdicts):
            raise BadRecipe("data names no photos; give renders, folders, tables or verdicts")


def read_sources(sources: Sources, *, shippable: bool, max_unreadable: int = MAX_UNREADABLE) -> list[PairSet]:
    """Every set of the recipe.

    Args:
        sources: Where they are.
        shippable: Whether the model is meant to be given away.
        max_unreadable: Photos of a set that may be broken, unless its folder or table has a limit of its own.

    Raises:
        NotAllowed: It is, and a set's licence forbids that; the set is named.
        InputError: A set is missing, unfinished or empty, or too many of its photos are broken.
    """
    sets = [read_rendered(rendered_folder(path)) for path in sources.renders]
    sets += [read_folder_pairs(source, max_unreadable=max_unreadable) for source in sources.folders]
    for one in sources.tables:
        sets.append(read_table(one.folder, licence=one.terms, max_unreadable=one.limit(max_unreadable)))
    sets += [read_verdicts(path, max_unreadable=max_unreadable) for path in sources.verdicts]
    if shippable:
        require_shippable(sets)
    return sets


def rendered_folder(path: Path) -> Path:
    """The folder itself, or the newest set of that name in the cache.

    Raises:
        InputError: Neither is there.
    """
    if path.is_dir():
        return path
    renders = cache_folder() / "renders"
    found = sorted(
        (one for one in renders.glob(f"{path.name}*") if one.is_dir() and _is(one.name, path.name)),
        key=lambda one: one.stat().st_mtime,
    )
    if not found:
        raise InputError(
            f"there is no folder and no rendered set {path.name}; make it with `visiqc render configs/render_….yaml`"
        )
    return found[-1]


def _is(folder: str, name: str) -> bool:
    """Whether a cache folder, named by recipe and digest, is meant by a name."""
    return folder == name or (folder.startswith(f"{name}-") and len(folder) == len(name) + 9)


def seen_by(sets: Sequence[PairSet], models: Models) -> str:
    """SHA-256 of all sets and of what frames their photos: a run on photos seen otherwise is another run."""
    mask = [models.mask.digest] if models.mask is not None else []
    return joint_digest([*(one.digest for one in sets), models.trunk.digest, *mask])


def describe_sets(sets: Sequence[PairSet], held_out: frozenset[str]) -> list[str]:
    """What each set holds, how many of its products are learned from, and what was left out of it; for people."""
    lines = []
    for one in sets:
        skus = {pair.sku for pair in one.pairs}
        learned = len(skus - held_out)
        what = f"learned from {learned}, held out {len(skus) - learned}"
        if not learned:
            what = "nothing is learned from it, for all of them are held out"
        lines += [f"{one.summary}; {what}", *(f"  {note}" for note in one.notes)]
    return lines


def is_shippable(sets: Sequence[PairSet]) -> bool:
    """Whether every set allows to give a model away."""
    return not unshippable(sets)


def reserved_skus(sets: Sequence[PairSet], names: Sequence[str]) -> frozenset[str]:
    """The products of the sets of these names, and what shares a lot or a photo with one of them.

    Raises:
        BadRecipe: There is no set of such a name.
    """
    known = [one.name for one in sets]
    for name in names:
        if name not in known:
            raise BadRecipe(f"data.held_out names the set {name!r}, which is not among the photos: {', '.join(known)}")
    return with_kin(sets, {pair.sku for one in sets if one.name in names for pair in one.pairs})


def with_kin(sets: Sequence[PairSet], skus: Set[str]) -> frozenset[str]:
    """The products, and those of any set that share a lot or a photo with one of them."""
    groups = [frozenset(kin) for kin, _ in connected_groups([pair for one in sets for pair in one.pairs])]
    return frozenset().union(*(kin for kin in groups if kin & skus))


def require_learned(sets: Sequence[PairSet], held_out: frozenset[str]) -> None:
    """Raise `InputError` where no product is left to learn from, or none to measure on."""
    skus = {pair.sku for one in sets for pair in one.pairs}
    if not skus - held_out or not skus & held_out:
        raise InputError(
            f"{len(skus & held_out)} of {len(skus)} products are held out, which leaves none to "
            f"{'measure on' if skus - held_out else 'learn from'}; change held_out or data.held_out"
        )


def held_out_skus(sets: Sequence[PairSet], share: float, *, seed: int) -> frozenset[str]:
    """Products nothing is learned from: about that share of them, whole lots together; none for a share of 0.

    Raises:
        InputError: There are too few products to hold one out.
    """
    if not share:
        return frozenset()
    pairs: list[Pair] = [pair for one in sets for pair in one.pairs]
    parts = split_pairs(pairs, {"train": 1 - share, "held out": share}, seed=seed)
    return frozenset(pair.sku for pair in parts["held out"])
