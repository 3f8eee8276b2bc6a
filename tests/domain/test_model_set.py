from __future__ import annotations

from datetime import datetime

import pytest

from builders import a_model_set, digest_of, members
from visiqc.domain.model_set import ModelRef, ModelSet, Move, named_set, set_before
from visiqc.errors import InvalidRecord, NotFound


def promoted(name: str, after: str = "") -> ModelSet:
    return a_model_set(id=name, supersedes=after, members=members(name))


def returned(name: str, after: str, to: str) -> ModelSet:
    return a_model_set(id=name, supersedes=after, move=Move.ROLLED_BACK, restores=to, shipped=not to)


A, B = promoted("aa"), promoted("bb", "aa")


def test_digests_are_in_the_order_in_which_verdicts_name_them() -> None:
    names = ("trunk lite0-1", "identity x", "defect x", "fleet x")
    assert members("x").digests == tuple(map(digest_of, names))
    assert members("x", defect=None).digests == tuple(digest_of(name) for name in names if "defect" not in name)
    assert str(members("x", defect=None)) == "trunk lite0-1, identity x, fleet x"
    masked = members("x", mask=ModelRef(version="m", digest=digest_of("mask m")))
    assert masked.digests == tuple(map(digest_of, ("trunk lite0-1", "identity x", "defect x", "mask m", "fleet x")))
    assert str(masked) == "trunk lite0-1, identity x, defect x, mask m, fleet x"


@pytest.mark.parametrize(
    ("history", "before"),
    [
        ([A], None),
        ([A, B], A),
        ([A, B, returned("r1", "bb", "aa")], None),
        ([A, B, returned("r1", "bb", "")], "what ships"),
        ([A, returned("r1", "aa", ""), promoted("bb", "r1")], None),
        ([A, B, returned("r1", "bb", "aa"), promoted("cc", "r1")], A),
    ],
)
def test_rolling_back_goes_to_what_was_in_force_before_and_twice_goes_two_back(
    history: list[ModelSet], before: object
) -> None:
    if before == "what ships":
        with pytest.raises(NotFound, match="nothing to roll back to"):
            set_before(history)
    else:
        assert set_before(history) == before


def test_without_any_promotion_there_is_nothing_to_roll_back_to() -> None:
    with pytest.raises(NotFound, match="the models that ship are in force"):
        set_before([])


def test_a_set_is_named_by_the_beginning_of_its_id_and_a_rollback_stands_for_what_it_restored() -> None:
    history = [A, B, returned("r1", "bb", "aa"), returned("r2", "r1", "")]
    assert named_set(history, "b") == B
    assert named_set(history, "r1") == A
    assert named_set(history, "r2") is named_set(history, "shipped") is None


@pytest.mark.parametrize(("wanted", "said"), [("x", "no set begins"), ("", "no set begins"), ("r", "several")])
def test_a_name_that_fits_no_set_or_several_is_refused(wanted: str, said: str) -> None:
    with pytest.raises(NotFound, match=said):
        named_set([A, returned("r1", "aa", ""), returned("r2", "r1", "")], wanted)


@pytest.mark.parametrize(
    "changes",
    [
        {"made_at": datetime(2026, 1, 1)},
        {"id": ""},
        {"id": "shipped"},
        {"overridden": True},
        {"shipped": True},
    ],
)
def test_a_row_that_contradicts_itself_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidRecord):
        a_model_set(**changes)
