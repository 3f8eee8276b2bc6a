from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench import damage, enrolled, other_models, photo_of, sent
from builders import a_model_set, members
from pictures import board
from visiqc.domain.model_set import ModelSet, Move
from visiqc.errors import Conflict, InputError, NotFound, Unavailable
from visiqc.inspection.calibrate import Specimen, calibrate_golden
from visiqc.inspection.parts import Parts
from visiqc.inspection.promotion import gate, promote, roll_back, rollback_target


@dataclass(frozen=True)
class Found:
    """What a comparison found."""

    worse: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"worse": self.worse, "auroc": {"champion": 0.97, "challenger": 0.98}}


@pytest.fixture
def challenger(own_shop: Parts) -> Parts:
    models, fleet = other_models()
    return replace(own_shop, models=models, fleet=fleet)


def test_a_challenger_that_is_not_worse_is_put_in_force_with_what_was_measured(challenger: Parts) -> None:
    moved = promote(members(), challenger, Found(), supersedes="", by="anna")
    row = moved.model_set
    assert challenger.records.current_model_set() == row
    assert (row.move, row.members, row.made_by, row.overridden) == (Move.PROMOTED, members(), "anna", False)
    assert row.comparison == Found().as_json()
    assert row.made_at == challenger.clock()
    assert [one.sku for one in moved.refitted] == ["board", "plate"]


def test_a_piece_that_was_accepted_while_products_were_fitted_is_counted_with_its_golden_version(
    challenger: Parts, own_shop: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def accept(noise: int) -> None:
        piece = Specimen(name=str(noise), photos=(sent(f"{noise}.jpg", photo_of(board(), noise=noise)),))
        calibrate_golden("board", [piece], own_shop)

    accept(3)
    put = challenger.records.add_model_set

    def meanwhile(row: ModelSet) -> ModelSet:
        accept(4)
        return put(row)

    monkeypatch.setattr(challenger.records, "add_model_set", meanwhile)
    moved = promote(members(), challenger, Found(), supersedes="", by="anna")
    assert [(one.title, one.added) for one in moved.refitted] == [("board version 1", 2), ("plate version 1", 0)]


def test_goldens_are_ready_before_the_pointer_moves(challenger: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    def ready_by_now(row: object) -> object:
        for golden in challenger.records.goldens():
            assert golden.model_digests != challenger.models.digests
            monkeypatch.setattr("visiqc.inspection.refit.build_bank", None)
            from visiqc.inspection.refit import features_of

            assert features_of(golden, challenger)
        return row

    monkeypatch.setattr(challenger.records, "add_model_set", ready_by_now)
    promote(members(), challenger, Found(), supersedes="", by="anna")


def test_a_worse_challenger_is_refused_before_anything_is_done(
    challenger: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visiqc.inspection.promotion.refit_all", None)
    with pytest.raises(Conflict, match=r"is worse than what is in force.*--override"):
        promote(members(), challenger, Found(worse=True), supersedes="", by="anna", override=" ")
    assert challenger.records.model_sets() == ()


def test_a_person_can_let_a_worse_one_through_and_the_reason_is_kept(challenger: Parts) -> None:
    moved = promote(members(), challenger, Found(worse=True), supersedes="", by="anna", override="new light table")
    assert (moved.model_set.overridden, moved.model_set.why) == (True, "new light table")
    assert not gate(Found(), override="not needed")


def test_one_that_learned_from_the_photos_needs_a_persons_word_too(challenger: Parts) -> None:
    learned = ("defect halo-1 learned from ring-7",)
    with pytest.raises(Conflict, match="learned from ring-7, which it was compared on"):
        promote(members(), challenger, Found(), supersedes="", by="anna", learned=learned)
    row = promote(members(), challenger, Found(), supersedes="", by="anna", override="known", learned=learned).model_set
    assert (row.overridden, row.why, row.comparison["learned"]) == (True, "known", list(learned))


def test_one_that_cannot_use_a_product_needs_a_persons_word_too(
    challenger: Parts, own_shop: Parts, tmp_path: Path
) -> None:
    damage(tmp_path, own_shop.records.current_golden("board").photos[0].digest)
    asked = partial(promote, members(), challenger, Found(), supersedes="", by="anna", champion=own_shop)
    with pytest.raises(Conflict, match=r"the challenger cannot use board version 1: .*--override"):
        asked()
    assert challenger.records.model_sets() == ()
    row = asked(override="it is made no more").model_set
    assert (row.overridden, row.comparison["cannot_use"]) == (True, ["board version 1"])


@pytest.mark.parametrize("override", ["", "it is worth it"])
def test_memory_that_ran_out_while_it_was_fitted_is_not_held_against_a_challenger(
    challenger: Parts, own_shop: Parts, monkeypatch: pytest.MonkeyPatch, override: str
) -> None:
    def no_memory(*_: object, **__: object) -> object:
        raise Unavailable("out of memory; try again")

    asked = partial(promote, members(), challenger, Found(), supersedes="", by="anna", champion=own_shop)
    with monkeypatch.context() as patch:
        patch.setattr("visiqc.inspection.refit.build_bank", no_memory)
        with pytest.raises(Unavailable, match="out of memory; try again"):
            asked(override=override)
    assert challenger.records.model_sets() == ()
    assert asked(override=override).model_set.comparison == Found().as_json()


def test_a_product_whose_next_version_it_can_use_stops_no_challenger(
    challenger: Parts, own_shop: Parts, tmp_path: Path
) -> None:
    damage(tmp_path, own_shop.records.current_golden("board").photos[0].digest)
    enrolled("board", [sent("again.jpg", photo_of(board(), noise=7))], own_shop)
    moved = promote(members(), challenger, Found(), supersedes="", by="anna", champion=own_shop)
    assert [(one.title, one.usable) for one in moved.refitted] == [
        ("board version 1", False),
        ("board version 2", True),
        ("plate version 1", True),
    ]
    assert not moved.model_set.overridden


def test_a_product_that_cannot_be_used_as_it_is_stops_no_challenger_and_no_rollback(
    challenger: Parts, own_shop: Parts, tmp_path: Path
) -> None:
    golden = own_shop.records.current_golden("board")
    for digest in (golden.bank_digest, golden.photos[0].digest):
        damage(tmp_path, digest)
    row = promote(members(), challenger, Found(), supersedes="", by="anna", champion=own_shop).model_set
    assert (row.overridden, row.comparison) == (False, Found().as_json())
    back = roll_back(None, members("lite0-1"), own_shop, supersedes=row.id, by="ben")
    assert [one.usable for one in back.refitted] == [False, True]


def test_a_promotion_that_was_overtaken_is_refused(challenger: Parts) -> None:
    challenger.records.add_model_set(a_model_set())
    with pytest.raises(Conflict, match="meanwhile"):
        promote(members("halo-2"), challenger, Found(), supersedes="", by="anna")
    assert challenger.records.current_model_set() == a_model_set()


def test_nobody_cannot_promote(challenger: Parts) -> None:
    with pytest.raises(InputError, match="name a person"):
        promote(members(), challenger, Found(), supersedes="", by=" ")


def test_rolling_back_adds_a_row_and_loses_none(challenger: Parts, own_shop: Parts) -> None:
    first = promote(members(), challenger, Found(), supersedes="", by="anna").model_set
    second = promote(members("halo-2"), challenger, Found(), supersedes=first.id, by="anna").model_set
    target = rollback_target(challenger.records.model_sets(), "")
    assert target == first
    row = roll_back(target, first.members, challenger, supersedes=second.id, by="ben", why="odd").model_set
    assert (row.move, row.restores, row.shipped, row.why) == (Move.ROLLED_BACK, first.id, False, "odd")
    last = roll_back(None, members("lite0-1"), own_shop, supersedes=row.id, by="ben").model_set
    assert (last.restores, last.shipped) == ("", True)
    assert own_shop.records.model_sets() == (first, second, row, last)


def test_what_is_in_force_is_not_returned_to() -> None:
    row = a_model_set()
    with pytest.raises(Conflict, match="in force already"):
        rollback_target([row], row.id)
    with pytest.raises(Conflict, match="in force already"):
        rollback_target([], "shipped")
    with pytest.raises(NotFound, match="nothing to roll back to"):
        rollback_target([], "")
