"""Two sets of answers about the same photos, figure by figure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rendered_answers import a_defect, a_row, answers
from visiqc.domain.outcome import Outcome
from visiqc.errors import InputError
from visiqc.evaluation.paired_differences import Difference, paired_differences

PRIMARY = ["image AUROC", "visible defects flagged", "good photos flagged", "mix-ups flagged"]


def by_name(found: tuple[Difference, ...]) -> dict[str, Difference]:
    return {one.name: one for one in found}


def test_answers_against_themselves_gain_nothing() -> None:
    found = paired_differences(answers(), answers(), draws=200)
    assert {(one.gain, *one.interval) for one in found} == {(0.0, 0.0, 0.0)}
    assert not any(one.surely_better or one.surely_worse for one in found)


def test_the_primary_figures_come_first_and_are_these() -> None:
    found = paired_differences(answers(), answers(), draws=200)
    assert [one.name for one in found if one.primary] == PRIMARY
    assert [one.name for one in found[:4]] == PRIMARY


def test_defects_that_stand_out_less_are_a_loss_beyond_chance() -> None:
    found = by_name(paired_differences(answers(apart=2.0), answers(apart=0.5), draws=400))
    assert found["image AUROC"].surely_worse
    assert found["visible defects flagged"].surely_worse
    assert found["good photos flagged"].gain == 0.0


def test_fewer_false_alarms_are_a_gain_although_the_figure_falls() -> None:
    found = by_name(paired_differences(answers(), answers(shift=-1.0), draws=400))
    alarms = found["good photos flagged"]
    assert alarms.challenger < alarms.champion
    assert alarms.surely_better
    assert found["image AUROC"].gain == pytest.approx(0.0)


def test_pairing_sees_what_two_separate_intervals_would_not() -> None:
    small = by_name(paired_differences(answers(apart=1.5), answers(apart=1.2), draws=400))["image AUROC"]
    assert small.surely_worse
    assert abs(small.gain) < 0.08


def test_roles_exchanged_exchange_every_sign() -> None:
    there = paired_differences(answers(apart=2.0), answers(apart=1.0, shift=0.5), draws=300)
    back = paired_differences(answers(apart=1.0, shift=0.5), answers(apart=2.0), draws=300)
    for one, other in zip(there, back, strict=True):
        assert one.gain == pytest.approx(-other.gain)
        assert one.interval == pytest.approx((-other.interval.high, -other.interval.low))


def test_recall_is_over_photos_that_both_compared() -> None:
    challenger = answers()
    challenger[0] = replace(challenger[0], score=None, outcome=Outcome.RETAKE)
    found = by_name(paired_differences(answers(), challenger, draws=100))
    recall = found["recall at 5 % false alarms, compared by both"]
    assert recall.n == found["image AUROC"].n - 1
    assert recall.champion > 0


def test_other_photos_or_too_few_are_refused() -> None:
    with pytest.raises(InputError, match="the same photos"):
        paired_differences(answers(), answers(designs=3))
    one_design = [a_row("a/1.jpg"), a_defect("a/2.jpg")]
    with pytest.raises(InputError, match="1 good and 1 defective photos of 1 designs"):
        paired_differences(one_design, one_design)
    no_defect = [a_row("a/1.jpg"), a_row("b/1.jpg")]
    with pytest.raises(InputError, match="2 good and 0 defective"):
        paired_differences(no_defect, no_defect)
