from __future__ import annotations

from pathlib import Path

import pytest

from visiqc.errors import InputError, NotAllowed
from visiqc.training.datasets.pairs import (
    OWN,
    LabelledRegion,
    Licence,
    Pair,
    PairSet,
    licence_hint,
    require_shippable,
    unshippable,
)

RESEARCH = Licence(name="CC BY-NC-SA 4.0", commercial=False)


def pair(sku: str = "a", *, defective: bool | None = False) -> Pair:
    return Pair(sku=sku, goldens=(Path("golden.jpg"),), upload=Path(f"{sku}.jpg"), defective=defective)


def pairs_of(name: str, licence: Licence) -> PairSet:
    return PairSet(name=name, licence=licence, digest="0", pairs=(pair(),))


def test_a_model_that_learned_from_a_non_commercial_set_is_not_shippable_and_the_set_is_named() -> None:
    sets = [pairs_of("renders", OWN), pairs_of("mvtec-bottle", RESEARCH)]
    assert unshippable(sets) == ("mvtec-bottle (CC BY-NC-SA 4.0)",)
    with pytest.raises(NotAllowed, match=r"mvtec-bottle \(CC BY-NC-SA 4\.0\) may not be shipped"):
        require_shippable(sets)


def test_a_model_that_learned_from_own_photos_alone_is_shippable() -> None:
    require_shippable([pairs_of("renders", OWN)])


@pytest.mark.parametrize(
    "name",
    [
        "CC BY-NC-SA 4.0",
        "CC BY-NC4.0",
        "cc_by_nc",
        "non-commercial use only",
        "non commercial use only",
        "for academic use only",
        "Research use only",
        "research-only",
        "CC BY-NCSA",
        "not for commercial use",
        "no commercial use",
        "only for research",
        "for research purpose only",
    ],
)
def test_a_licence_that_says_non_commercial_cannot_be_called_commercial(name: str) -> None:
    with pytest.raises(InputError, match="does not allow commercial use"):
        Licence(name=name, commercial=True)


@pytest.mark.parametrize("name", ["CC BY 4.0", "Apache-2.0", "own photos", "NCR Ltd's photos", "research photos"])
def test_a_licence_that_does_not_may_be(name: str) -> None:
    assert Licence(name=name, commercial=True).commercial


def test_a_set_without_a_pair_says_why_it_has_none() -> None:
    with pytest.raises(InputError, match="bottle has nothing to learn from: 3 photos cannot be read"):
        PairSet(name="bottle", licence=OWN, digest="", pairs=(), notes=("3 photos cannot be read",))


def test_a_pair_needs_a_golden() -> None:
    with pytest.raises(InputError, match=r"a: up\.jpg has no golden photo"):
        Pair(sku="a", goldens=(), upload=Path("up.jpg"), defective=None)


def test_a_region_with_a_code_that_is_not_in_the_catalogue_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="no code 'SCRATCH'"):
        LabelledRegion(polygon=((0, 0), (1, 0), (1, 1)), code="SCRATCH")


def test_a_licence_file_gives_its_first_line_as_a_hint(tmp_path: Path) -> None:
    assert licence_hint(tmp_path) == ""
    (tmp_path / "license.txt").write_text("\n  Attribution 4.0 International\nmore\n")
    assert licence_hint(tmp_path) == "Attribution 4.0 International"


def test_the_summary_counts_products_and_labels() -> None:
    both = PairSet(name="s", licence=OWN, digest="0", pairs=(pair("a"), pair("b", defective=True)))
    assert both.summary == "s: 2 products, 1 defective, 1 good"
