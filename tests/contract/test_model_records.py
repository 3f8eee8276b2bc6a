"""What every filling of `Records` promises about models, and about what was computed with them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from builders import SKU, a_calibration, a_model_set, digest_of, members
from visiqc.errors import Conflict, NotFound
from visiqc.inspection.ports import Records

# calibrations under several fleets


def test_a_calibration_is_found_by_the_fleet_that_scaled_it(enrolled: Records) -> None:
    old, newer = (enrolled.add_calibration(a_calibration(id=f"old-{n}", fleet="old")) for n in (1, 2))
    new = enrolled.add_calibration(a_calibration(id="new", fleet="new", specimens=(("a", "b"), ("c",))))
    assert enrolled.calibration(SKU, 1) == enrolled.calibration(SKU, 1, "new") == new
    assert enrolled.calibration(SKU, 1, "old") == newer
    assert enrolled.calibration(SKU, 1, "other") is None
    assert enrolled.calibrations(SKU, 1) == (old, newer, new)
    assert enrolled.calibrations(SKU, 2) == ()


# golden features under other models


def test_features_are_kept_by_golden_and_models_and_the_first_stands(enrolled: Records) -> None:
    models = ("a", "b")
    assert enrolled.features(SKU, 1, models) is None
    assert enrolled.add_features(SKU, 1, models, digest_of("bank")) == digest_of("bank")
    assert enrolled.add_features(SKU, 1, models, digest_of("late twin")) == digest_of("bank")
    assert enrolled.features(SKU, 1, models) == digest_of("bank")
    for other in (("b", "a"), ("ab",), ("a", "b", "c")):
        assert enrolled.features(SKU, 1, other) is None


def test_features_need_their_golden(enrolled: Records) -> None:
    with pytest.raises(NotFound):
        enrolled.add_features(SKU, 2, ("a",), digest_of("bank"))
    with pytest.raises(NotFound):
        enrolled.add_features("other", 1, ("a",), digest_of("bank"))


# sets of models


def test_what_ships_is_in_force_until_a_set_is_promoted(records: Records) -> None:
    assert (records.current_model_set(), records.model_sets()) == (None, ())
    first = records.add_model_set(a_model_set())
    assert records.current_model_set() == first == a_model_set()


def test_the_last_set_is_in_force_and_history_stays(records: Records) -> None:
    rows = [
        a_model_set(),
        a_model_set(id="set-2", supersedes="set-1", members=members("halo-2", defect=None), overridden=True, why="now"),
        a_model_set(id="set-3", supersedes="set-2", move="rolled_back", restores="set-1", comparison={}),
    ]
    assert [records.add_model_set(row) for row in rows] == rows
    assert records.model_sets() == tuple(rows)
    assert records.current_model_set() == rows[-1]


@pytest.mark.parametrize("late", ["", "set-0"])
def test_a_set_that_was_compared_with_another_than_is_in_force_is_refused(records: Records, late: str) -> None:
    records.add_model_set(a_model_set())
    with pytest.raises(Conflict, match="another set of models was put in force meanwhile"):
        records.add_model_set(a_model_set(id="set-2", supersedes=late))
    assert len(records.model_sets()) == 1


def test_two_promotions_at_once_are_one_promotion_and_one_conflict(records: Records) -> None:
    def promote(name: str) -> str | None:
        try:
            return records.add_model_set(a_model_set(id=name)).id
        except Conflict:
            return None

    with ThreadPoolExecutor(4) as pool:
        done = [name for name in pool.map(promote, "abcd") if name]
    assert [row.id for row in records.model_sets()] == done
    assert len(done) == 1
