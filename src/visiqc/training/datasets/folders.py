"""Pairs from an MVTec-style folder: `train/good`, `test/<type>`, `ground_truth/<type>/<stem>_mask.png`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from visiqc.errors import BadRecipe, InputError, NotFound, UnreadablePhoto
from visiqc.evaluation.datasets import GOOD, photos_in, upright_size
from visiqc.training.datasets.digests import files_digest, joint_digest
from visiqc.training.datasets.labels import require_same_shape
from visiqc.training.datasets.pairs import LicensedFolder, Pair, PairSet, checked_code
from visiqc.training.datasets.reading import MAX_UNREADABLE, Unreadable


@dataclass(frozen=True, kw_only=True)
class FolderSource(LicensedFolder):
    """An MVTec-style folder, as a recipe names it: `train/good`, and `test` where there are labelled photos."""

    goldens: int = 3
    """How many photos of `train/good` are the goldens; the others of that folder are good uploads."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Catalogue code of a defect folder, such as `scratch: ME-SCR`; folders not named are `unknown`."""
    seed: int = 0
    """Of the choice of goldens."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.goldens < 1:
            raise BadRecipe(f"goldens must be at least 1, got {self.goldens}")
        if self.seed < 0:
            raise BadRecipe(f"seed must be 0 or more, got {self.seed}")
        for code in self.codes.values():
            checked_code(code)


def read_folder_pairs(source: FolderSource, *, max_unreadable: int = MAX_UNREADABLE) -> PairSet:
    """Every photo of the folder but the goldens, held against the goldens.

    An empty defect folder and a folder without any defect are allowed, and told in the notes. The folder is one
    product: split it from others, never in itself.

    Args:
        source: The folder.
        max_unreadable: Photos and masks that may be broken before it is refused, where the source does not say.

    Raises:
        NotFound: The folder or `train/good` is missing.
        InputError: Nothing is left to hold against a golden, or too much is broken.
        ShapeMismatch: A mask has another shape than its photo; at another scale of the same shape it is fine.
    """
    root, broken = source.folder, Unreadable(source.limit(max_unreadable))
    if not root.is_dir():
        raise NotFound(f"no folder {root.name}; give the folder that holds the data set")
    good = _readable(root, root / "train" / GOOD, broken)
    chosen = np.random.default_rng(source.seed).permutation(len(good))[: source.goldens]
    goldens = tuple(good[n] for n in sorted(chosen))
    notes: list[str] = []
    pairs: list[Pair] = []
    if goldens:
        sku = root.name
        pairs += [Pair(sku=sku, goldens=goldens, upload=p, defective=False) for p in good if p not in goldens]
        pairs += _tested(source, goldens, broken, notes)
    if pairs and not any(pair.defective for pair in pairs):
        notes.append("no defective photo: every upload is good")
    files = [*good, *(pair.upload for pair in pairs), *(pair.mask for pair in pairs if pair.mask)]
    return PairSet(
        name=root.name,
        licence=source.terms,
        digest=_digest(source, files),
        pairs=tuple(pairs),
        notes=(*notes, *broken.notes),
    )


def _digest(source: FolderSource, files: Sequence[Path]) -> str:
    """Of the files and of the codes that the recipe gives them: laid photos are kept with theirs."""
    codes = (f"{kind}: {code}" for kind, code in source.codes.items())
    return joint_digest([files_digest(source.folder, files), "codes", *codes])


def _tested(source: FolderSource, goldens: tuple[Path, ...], broken: Unreadable, notes: list[str]) -> Iterator[Pair]:
    root = source.folder
    kinds = [path for path in sorted((root / "test").iterdir()) if path.is_dir()] if (root / "test").is_dir() else []
    if stray := sorted(set(source.codes) - {kind.name for kind in kinds}):
        raise InputError(f"{root.name}/test has no folder {stray[0]!r} to give a code to")
    for kind in kinds:
        photos = _readable(root, kind, broken)
        masks = _masks(root, kind.name)
        if not photos:
            notes.append(f"test/{kind.name} holds no photo")
        without = 0
        for photo in photos:
            mask = None if kind.name == GOOD else masks.get(photo.stem)
            if mask and not _fits(mask, photo, root, broken):
                continue
            without += mask is None and kind.name != GOOD
            yield Pair(
                sku=root.name,
                goldens=goldens,
                upload=photo,
                mask=mask,
                binary_mask=mask is not None,
                defective=kind.name != GOOD,
                codes=(source.codes[kind.name],) if kind.name in source.codes else (),
            )
        if without:
            notes.append(f"test/{kind.name}: {without} photos without a mask, labelled as a whole only")


def _masks(root: Path, kind: str) -> dict[str, Path]:
    folder = root / "ground_truth" / kind
    return {path.stem.removesuffix("_mask"): path for path in photos_in(folder)} if folder.is_dir() else {}


def _fits(mask: Path, photo: Path, root: Path, broken: Unreadable) -> bool:
    name = photo.relative_to(root).as_posix()
    try:
        size = upright_size(mask)
    except UnreadablePhoto as err:
        broken.add(mask, f"mask of {name}", str(err))
        return False
    require_same_shape(size, upright_size(photo), photo=name)
    return True


def _readable(root: Path, folder: Path, broken: Unreadable) -> list[Path]:
    """The photos of a folder whose header can be read; what breaks further on is met when pixels are read."""
    kept = []
    for path in photos_in(folder):
        try:
            upright_size(path)
        except UnreadablePhoto as err:
            broken.add(path, path.relative_to(root).as_posix(), str(err))
        else:
            kept.append(path)
    return kept
