from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import BadRecipe, InputError
from visiqc.training.datasets.pairs import Pair
from visiqc.training.datasets.splits import split_pairs

SHARES = {"train": 0.8, "val": 0.2}


def pair(sku: str, lot: str = "", n: int = 0) -> Pair:
    return Pair(sku=sku, lot=lot, goldens=(Path(sku),), upload=Path(f"{sku}-{lot}-{n}"), defective=False)


def skus(pairs: Sequence[Pair]) -> set[str]:
    return {each.sku for each in pairs}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60)), min_size=1, max_size=60), st.integers(0, 99))
def test_no_product_and_no_lot_is_in_two_parts(drawn: list[tuple[int, int]], seed: int) -> None:
    pairs = [pair(f"s{sku}", f"l{lot}" if lot else "", n) for n, (sku, lot) in enumerate(drawn)]
    try:
        parts = split_pairs(pairs, SHARES, seed=seed)
    except InputError:
        return
    assert sum(map(len, parts.values())) == len(pairs)
    assert all(parts.values())
    assert not skus(parts["train"]) & skus(parts["val"])
    assert not {p.lot for p in parts["train"]} & {p.lot for p in parts["val"]} - {""}


def test_products_that_share_a_lot_stay_together_through_a_chain() -> None:
    chain = [pair("a", "1"), pair("b", "1"), pair("b", "2"), pair("c", "2")]
    for seed in range(8):
        parts = split_pairs([*chain, pair("d"), pair("e")], SHARES, seed=seed)
        assert any({"a", "b", "c"} <= skus(part) for part in parts.values())


def test_products_photographed_with_one_golden_stay_together() -> None:
    shared = [Pair(sku=s, goldens=(Path("g"),), upload=Path(s), defective=False) for s in "ab"]
    for seed in range(8):
        assert any({"a", "b"} <= skus(part) for part in split_pairs([*shared, pair("c")], SHARES, seed=seed).values())


def test_a_product_stays_where_it_is_when_others_come() -> None:
    few = [pair(f"s{n}") for n in range(40)]
    before = skus(split_pairs(few, SHARES, seed=1)["val"])
    after = skus(split_pairs([*few, *(pair(f"new{n}") for n in range(40))], SHARES, seed=1)["val"])
    assert before == after & skus(few)


def test_another_seed_is_another_split_and_the_same_the_same() -> None:
    pairs = [pair(f"s{n}") for n in range(60)]
    assert split_pairs(pairs, SHARES, seed=1) == split_pairs(pairs, SHARES, seed=1)
    assert split_pairs(pairs, SHARES, seed=1) != split_pairs(pairs, SHARES, seed=2)


def test_shares_are_met_on_average() -> None:
    pairs = [pair(f"s{n}") for n in range(2000)]
    assert len(split_pairs(pairs, SHARES, seed=1)["val"]) == pytest.approx(400, abs=60)


def test_one_product_cannot_be_split() -> None:
    with pytest.raises(InputError, match=r"1 group.* cannot be split into 2 parts \(train, val\)"):
        split_pairs([pair("a", n=0), pair("a", n=1)], SHARES, seed=0)


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(BadRecipe, match="over 0"):
        split_pairs([pair("a")], {"train": 1.0, "val": 0.0}, seed=0)
