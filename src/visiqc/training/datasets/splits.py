"""Parts of a data set that share no product, no lot and no photo, so that a score on one says nothing learned by heart.

A product's part hangs on its name and the seed alone: it stays where it is when other products come or go, and is the
same in every set that photographs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Mapping, Sequence

from visiqc.errors import BadRecipe, InputError
from visiqc.training.datasets.pairs import Pair

Group = tuple[tuple[str, ...], tuple[int, ...]]
"""Names of the products that hang together, sorted, and the indices of their pairs."""


def split_pairs(pairs: Sequence[Pair], shares: Mapping[str, float], *, seed: int) -> dict[str, tuple[Pair, ...]]:
    """Pairs by part; what hangs together by product, lot or photo stays together.

    Args:
        pairs: In any order; the order inside a part is theirs.
        shares: Part to share, all over 0; they need not add up to one. Sizes meet them on average: few products, or
            lots that tie many together, make coarse parts. No part is empty.
        seed: Of the draw.

    Raises:
        BadRecipe: No part, or a share that is not over 0.
        InputError: Fewer groups than parts.
    """
    if not shares or not all(share > 0 for share in shares.values()):
        raise BadRecipe(f"shares of a split must be over 0, got {dict(shares)}")
    groups = connected_groups(pairs)
    if len(groups) < len(shares):
        raise InputError(
            f"{len(groups)} group(s) of pairs that share no product, lot or photo cannot be split into "
            f"{len(shares)} parts ({', '.join(shares)}); add products from other lots"
        )
    placed = sorted((_position(group, seed), group) for group in groups)
    parts = _assigned([position for position, _ in placed], list(shares.values()))
    names = list(shares)
    part_of = {n: names[part] for (_, (_, members)), part in zip(placed, parts, strict=True) for n in members}
    return {name: tuple(pair for n, pair in enumerate(pairs) if part_of[n] == name) for name in names}


def connected_groups(pairs: Sequence[Pair]) -> list[Group]:
    """Pairs that hang together by product, lot or photo, the groups by name."""
    above: dict[Hashable, Hashable] = {}

    def root(key: Hashable) -> Hashable:
        while above.setdefault(key, key) != key:
            above[key] = above[above[key]]
            key = above[key]
        return key

    for pair in pairs:
        for key in _keys(pair):
            above[root(key)] = root(("sku", pair.sku))
    members: dict[Hashable, list[int]] = {}
    for number, pair in enumerate(pairs):
        members.setdefault(root(("sku", pair.sku)), []).append(number)
    return sorted((tuple(sorted({pairs[n].sku for n in group})), tuple(group)) for group in members.values())


def _keys(pair: Pair) -> Iterator[Hashable]:
    # Two lots of different products may bear one number by chance; joining them costs only fineness.
    if pair.lot:
        yield "lot", pair.lot
    yield from (("photo", path) for path in (*pair.goldens, pair.upload))


def _position(group: Group, seed: int) -> float:
    """Where the group lies in [0, 1)."""
    text = hashlib.sha256(f"{seed}\n{group[0][0]}".encode()).digest()
    return int.from_bytes(text[:6]) / 2**48


def _assigned(positions: Sequence[float], shares: Sequence[float]) -> list[int]:
    """The part of each ascending position; an empty part takes its nearest group from a part that has two."""
    edges = [sum(shares[:n]) / sum(shares) for n in range(len(shares) + 1)]
    parts = [max(n for n in range(len(shares)) if position >= edges[n]) for position in positions]
    for part in range(len(shares)):
        if part in parts:
            continue
        middle = (edges[part] + edges[part + 1]) / 2
        free = [n for n, owner in enumerate(parts) if parts.count(owner) > 1]
        parts[min(free, key=lambda n: abs(positions[n] - middle))] = part
    return parts
