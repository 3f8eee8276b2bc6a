"""What the mismatch model learns from: single photos, each with the identity it shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visiqc.errors import InputError
from visiqc.training.datasets.pairs import Pair, Relation
from visiqc.training.datasets.splits import Group, connected_groups
from visiqc.training.mismatch_looks import look_of

_CHANGED_ALL_OVER = 0.1
"""Share of the product a defect may change: a ring plated in another colour is neither its design nor another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One photo of a product.

    Attributes:
        photo: The file.
        mask: Its label image (0 ground, 64 product, 128 and 255 defect), where there is one.
        sku: The product it was sent for.
        identity: What it shows. Photos of one product share it, a variant's photo has another.
        role: `golden`, `same`, `variant` or `other`.
        family: Kind of product, where known.
        attribute: What a variant differs in.
        look: What a record tells of `mismatch_looks.ATTRIBUTES`.
        views: Of a golden photo, names of those it is enrolled with, of each version one; empty = all of its product.
    """

    photo: Path
    mask: Path | None = None
    sku: str
    identity: str
    role: str
    family: str = ""
    attribute: str | None = None
    look: Mapping[str, str] = field(default_factory=dict)
    views: tuple[str, ...] = ()

    @property
    def genuine(self) -> bool:
        """Whether it shows the product it was sent for."""
        return self.role in ("golden", "same")


def shown_in(pairs: Iterable[Pair]) -> tuple[Shown, ...]:
    """Every photo of the pairs once, goldens first.

    A rendered photo's record says what design it shows, so that one design in two sets is one identity, and two
    variants that are the same one are too. Without records the SKU names the identity, and every variant or other
    product is an identity of its own.

    Args:
        pairs: Of one data set or several.
    """
    found: dict[Path, Shown] = {}
    pairs = tuple(pairs)  # gone through several times
    together = _together(pairs)
    for pair in pairs:
        for golden in pair.goldens:
            if golden not in found:
                found[golden] = _golden(golden, pair, together[pair.sku])
    for pair in pairs:
        if pair.upload not in found and (shown := _upload(pair)) is not None:
            found[pair.upload] = shown
    return tuple(found.values())


def held_out(pairs: Sequence[Pair], share: float, *, seed: int) -> frozenset[str]:
    """Products nothing is learned from: that share of every kind of product; what shares a lot or photo stays together.

    A draw over all products alike may keep most signets of a small set and leave none to learn signets from.

    Args:
        pairs: Of all data sets.
        share: In [0, 1); 0 = none.
        seed: Of the draw.

    Raises:
        InputError: Nothing would be left to learn from or to validate on.
    """
    if not share:
        return frozenset()
    families = [pair.family for pair in pairs]

    def place(group: Group) -> tuple[str, str]:
        names, members = group
        return families[members[0]], hashlib.sha256(f"{seed} {' '.join(names)}".encode()).hexdigest()

    groups = sorted(connected_groups(pairs), key=place)
    kept = [group for n, group in enumerate(groups) if int((n + 1) * share) > int(n * share)]
    if not kept or len(kept) == len(groups):
        raise InputError(
            f"of {len(groups)} products that share no lot or photo, a share of {share:.3g} leaves nothing to "
            f"{'validate on' if not kept else 'learn from'}; add products or change held_out"
        )
    return frozenset(name for names, _ in kept for name in names)


def _together(pairs: Iterable[Pair]) -> dict[str, list[frozenset[Path]]]:
    """The sets of golden photos that are asked together, by product.

    An upload that names no view is held against all of them: what other sets make up is no set of its own.
    """
    named: dict[str, dict[frozenset[Path], None]] = {}
    for pair in pairs:
        named.setdefault(pair.sku, {})[frozenset(pair.goldens)] = None
    return {
        sku: [one for one in sets if one != frozenset[Path]().union(*(other for other in sets if other < one))]
        for sku, sets in named.items()
    }


def _golden(photo: Path, pair: Pair, together: Sequence[frozenset[Path]]) -> Shown:
    planned, _ = _record(photo)
    stop = planned.get("turn_deg", 0)  # of the turntable: sides of one product are views of their own
    mask = _beside(photo, ".png")
    return Shown(
        photo=photo,
        mask=mask if mask.is_file() else None,
        sku=pair.sku,
        identity=_identity(planned, pair.sku),
        role="golden",
        family=_family(planned, pair.family),
        look=look_of(planned.get("design", {})),
        views=tuple(f"{n} at {stop}" for n, one in enumerate(together) if photo in one),
    )


def _upload(pair: Pair) -> Shown | None:
    planned, measured = _record(pair.upload)
    share = measured.get("area_share")
    if pair.defective is not False and isinstance(share, float) and share > _CHANGED_ALL_OVER:
        return None
    alone = pair.sku if pair.relation is Relation.SAME else f"{pair.sku}/{pair.upload.name}"
    return Shown(
        photo=pair.upload,
        mask=None if pair.binary_mask else pair.mask,
        sku=pair.sku,
        identity=_identity(planned, alone),
        role=str(pair.relation),
        family=_family(planned, pair.family),
        attribute=pair.attribute,
        look=look_of(planned.get("design", {})),
    )


def _record(photo: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What was planned for a rendered photo and what was measured on it; empty where there is no record."""
    path = _beside(photo, ".json")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return record["planned"], record["measured"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}, {}


def _beside(photo: Path, suffix: str) -> Path:
    """A rendered product's folder holds `golden/`, `uploads/` and, with the same names inside, `truth/`."""
    return photo.parent.parent / "truth" / photo.parent.name / f"{photo.stem}{suffix}"


def _identity(planned: Mapping[str, Any], otherwise: str) -> str:
    design = planned.get("design")
    if not design:
        return otherwise
    return hashlib.sha256(json.dumps(design, sort_keys=True).encode()).hexdigest()[:16]


def _family(planned: Mapping[str, Any], otherwise: str) -> str:
    return str(planned.get("design", {}).get("family", otherwise))
