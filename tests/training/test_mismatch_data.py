"""Which identity a photo shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pair_sets import rendered
from visiqc.errors import InputError
from visiqc.training.datasets.pairs import Pair, Relation
from visiqc.training.datasets.rendered import read_rendered
from visiqc.training.mismatch_data import held_out, shown_in

RUBY = {"family": "signet", "look": {"metal": "gold14", "gem": "ruby"}, "shape": {"prongs": 4}}


def recorded(
    root: Path, name: str, design: Mapping[str, Any], *, share: float | None = None, turn: float = 0.0
) -> Path:
    """A photo's path inside a rendered product, with the record the renderer writes beside it."""
    record = root / "truth" / f"{name}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    measured = {} if share is None else {"area_share": share}
    record.write_text(json.dumps({"planned": {"design": design, "turn_deg": turn}, "measured": measured}))
    return root / f"{name}.jpg"


def pair(root: Path, name: str, design: Mapping[str, Any], **changes: Any) -> Pair:
    golden = recorded(root, "golden/1", RUBY)
    share = changes.pop("share", None)
    upload = recorded(root, f"uploads/{name}", design, share=share)
    return Pair(**{"sku": root.name, "goldens": (golden,), "upload": upload, "defective": False} | changes)


def test_without_records_the_product_is_the_identity_and_what_was_sent_in_its_place_is_none(tmp_path: Path) -> None:
    folder = rendered(tmp_path / "set", ("good", "variant", "wrong_sample"), skus=("one", "two"))
    shown = shown_in(read_rendered(folder).pairs)
    own = [one for one in shown if one.genuine]
    assert {one.identity for one in own} == {"one", "two"}
    assert [one.role for one in own] == ["golden", "golden", "same", "same"]
    strange = [one for one in shown if not one.genuine]
    assert len({one.identity for one in strange} | {"one", "two"}) == 6


def test_a_golden_is_shown_once_however_many_uploads_are_held_against_it(tmp_path: Path) -> None:
    folder = rendered(tmp_path / "set", ("good", "good", "good"))
    pairs = (pair for pair in read_rendered(folder).pairs)
    assert [one.role for one in shown_in(pairs)] == ["golden", "same", "same", "same"]


def enrolled(*sets: tuple[Path, ...]) -> list[set[str]]:
    """The goldens by view, as photos of a ring that were held against these sets tell it."""
    pairs = [Pair(sku="ring", goldens=one, upload=Path(f"{n}.jpg"), defective=False) for n, one in enumerate(sets)]
    views: dict[str, set[str]] = {}
    for one in shown_in(pairs):
        for name in one.views:
            views.setdefault(name, set()).add(one.photo.stem)
    return sorted(views.values(), key=sorted)


A, B, C, D = (Path(f"{name}.jpg") for name in "abcd")


def test_a_golden_knows_those_it_is_enrolled_with() -> None:
    assert enrolled((A, B), (C,)) == [{"a", "b"}, {"c"}]


@pytest.mark.parametrize("sets", [((A, B, C), (A, B), (C,)), ((A, B), (C,), (A, B, C))])
def test_an_upload_that_names_no_view_makes_none(sets: tuple[tuple[Path, ...], ...]) -> None:
    assert enrolled(*sets) == [{"a", "b"}, {"c"}]


def test_a_golden_of_two_versions_stands_in_both() -> None:
    assert enrolled((A, B, C), (A, B, C, D)) == [{"a", "b", "c"}, {"a", "b", "c", "d"}]


def test_the_stops_of_a_turntable_are_views_of_their_own(tmp_path: Path) -> None:
    goldens = tuple(recorded(tmp_path / "ring", f"golden/{n}", RUBY, turn=turn) for n, turn in enumerate((0, 0, 90)))
    pairs = [Pair(sku="ring", goldens=goldens, upload=tmp_path / "1.jpg", defective=False)]
    first, second, turned, _ = (one.views for one in shown_in(pairs))
    assert first == second != turned


def test_one_design_in_two_sets_is_one_identity(tmp_path: Path) -> None:
    pairs = [pair(tmp_path / name / "ring", "1", RUBY) for name in ("large", "small")]
    assert len({one.identity for one in shown_in(pairs)}) == 1


def test_a_variant_is_another_identity_and_the_same_variant_the_same(tmp_path: Path) -> None:
    blue = RUBY | {"look": {"metal": "gold14", "gem": "sapphire"}}
    changes = {"relation": Relation.VARIANT, "attribute": "stone_colour"}
    pairs = [pair(tmp_path / "ring", name, blue, **changes) for name in ("2", "3")]
    shown = shown_in(pairs)
    assert [one.genuine for one in shown] == [True, False, False]
    assert shown[1].identity == shown[2].identity != shown[0].identity
    assert shown[1].look == {"metal": "gold14", "stone": "sapphire", "prongs": "4"}


def test_a_small_defect_leaves_the_design_what_it_is(tmp_path: Path) -> None:
    golden, upload = shown_in([pair(tmp_path / "ring", "2", RUBY, defective=True, share=0.02)])
    assert golden.identity == upload.identity


def test_a_piece_changed_all_over_is_left_out(tmp_path: Path) -> None:
    shown = shown_in([pair(tmp_path / "ring", "2", RUBY, defective=True, share=0.4)])
    assert [one.role for one in shown] == ["golden"]


def products(families: Mapping[str, int], *, lot: str = "") -> list[Pair]:
    return [
        Pair(
            sku=f"{family}-{n}",
            lot=lot,
            goldens=(Path(f"{family}-{n}-golden.jpg"),),
            upload=Path(f"{family}-{n}.jpg"),
            defective=False,
            family=family,
        )
        for family, count in families.items()
        for n in range(count)
    ]


def test_of_every_family_about_that_share_is_held_out() -> None:
    kept = held_out(products({"signet": 12, "chain": 12, "halo": 6}), 1 / 6, seed=0)
    assert [sum(name.startswith(family) for name in kept) for family in ("signet", "chain", "halo")] == [2, 2, 1]


def test_another_seed_holds_out_others() -> None:
    pairs = products({"signet": 30})
    assert held_out(pairs, 0.2, seed=0) == held_out(pairs[::-1], 0.2, seed=0) != held_out(pairs, 0.2, seed=1)


def test_products_of_one_lot_cannot_be_parted() -> None:
    with pytest.raises(InputError, match=r"of 1 products .* leaves nothing to validate on"):
        held_out(products({"signet": 4}, lot="L-1"), 0.5, seed=0)
