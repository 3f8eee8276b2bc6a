"""When a challenger is worse, when better, and when neither."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rendered_answers import answers
from visiqc.domain.outcome import Outcome
from visiqc.errors import InputError
from visiqc.evaluation.intervals import Interval
from visiqc.evaluation.model_comparison import ModelComparison, compare_rows
from visiqc.evaluation.paired_differences import DEFECTS, MIX_UPS, Difference
from visiqc.evaluation.rendered_rows import PhotoRow


def difference(gain: float, spread: float, *, primary: bool = True, about: str = DEFECTS) -> Difference:
    interval = Interval(gain - spread, gain + spread)
    return Difference(
        name="a figure",
        primary=primary,
        champion=0.5,
        challenger=0.5 + gain,
        gain=gain,
        interval=interval,
        n=10,
        about=about,
    )


def comparison(*differences: Difference, failures: tuple[int, int] = (0, 0)) -> ModelComparison:
    return ModelComparison(
        differences=differences, photos=10, designs=5, champion_failures=failures[0], challenger_failures=failures[1]
    )


def failed(row: PhotoRow) -> PhotoRow:
    return replace(row, outcome=None, score=None, failure="InputError: broken")


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([difference(0.0, 0.0)], "no different"),
        ([difference(-0.1, 0.2)], "no different"),  # a loss that could be chance
        ([difference(-0.1, 0.05)], "worse"),
        ([difference(0.1, 0.05)], "better"),
        ([difference(-0.1, 0.05), difference(0.05, 0.01)], "worse"),  # wins less than it loses
        ([difference(-0.1, 0.05), difference(0.2, 0.05)], "better"),  # wins more than it loses
        ([difference(-0.1, 0.05), difference(0.1, 0.05)], "no different"),
        ([difference(-0.1, 0.05), difference(0.2, 0.3)], "worse"),  # a win that could be chance excuses nothing
        ([difference(-0.3, 0.01, primary=False)], "no different"),
        ([difference(-0.2, 0.01), difference(0.3, 0.01, about=MIX_UPS)], "worse"),
        ([difference(0.3, 0.01), difference(-0.2, 0.01, about=MIX_UPS)], "worse"),
        ([difference(0.0, 0.1), difference(0.3, 0.01, about=MIX_UPS)], "better"),
    ],
)
def test_losses_and_wins_beyond_chance_decide(differences: list[Difference], verdict: str) -> None:
    assert comparison(*differences).verdict == verdict


def test_failing_on_more_photos_is_worse_whatever_the_figures_say() -> None:
    won = difference(0.3, 0.01)
    assert comparison(won, failures=(0, 1)).worse
    assert not comparison(won, failures=(0, 1)).better
    assert comparison(difference(0.0, 0.0), failures=(2, 0)).better


def test_answers_against_themselves_are_neither() -> None:
    found = compare_rows(answers(), answers(), draws=200)
    assert (found.worse, found.better) == (False, False)


@pytest.mark.parametrize("seed", range(4))
def test_a_degraded_scorer_is_worse_and_the_other_way_round_better(seed: int) -> None:
    whole, degraded = answers(apart=2.5, seed=seed), answers(apart=0.8, seed=seed)
    there, back = compare_rows(whole, degraded, draws=300), compare_rows(degraded, whole, draws=300)
    assert (there.worse, there.better) == (True, False)
    assert (back.worse, back.better) == (False, True)


@pytest.mark.parametrize("seed", range(6))
def test_no_challenger_is_both_and_roles_exchange(seed: int) -> None:
    one, other = answers(apart=1.5, seed=seed), answers(apart=1.2 + 0.1 * seed, shift=0.2, seed=seed)
    there, back = compare_rows(one, other, draws=200), compare_rows(other, one, draws=200)
    assert (there.worse, there.better) == (back.better, back.worse)
    assert not (there.worse and there.better)


def test_photos_that_either_fails_on_are_counted_and_left_out_for_both() -> None:
    champion, challenger = answers(designs=6), answers(designs=6)
    challenger[0] = failed(challenger[0])
    champion[1] = failed(champion[1])
    found = compare_rows(champion, challenger, draws=100)
    assert (found.photos, found.champion_failures, found.challenger_failures) == (len(champion) - 2, 1, 1)
    assert not found.worse


def test_failures_are_told_with_the_first_reason() -> None:
    champion, challenger = answers(designs=6), answers(designs=6)
    challenger[3] = failed(challenger[3])
    said = f"the challenger failed on 1 of 66 photos, the first: {challenger[3].name}: InputError: broken"
    assert said in compare_rows(champion, challenger, draws=100).text()


def test_a_challenger_that_fails_on_every_photo_is_blamed_and_not_the_set() -> None:
    champion = answers(designs=6)
    said = r"^the challenger failed on 66 of 66 photos, the first: d0/good-0\.jpg: InputError: broken; without these"
    with pytest.raises(InputError, match=said):
        compare_rows(champion, [failed(row) for row in champion], draws=100)
    with pytest.raises(InputError, match=r"^a comparison needs good photos"):
        compare_rows(champion[:1], champion[:1], draws=100)


def mistaken(outcome: Outcome) -> list[PhotoRow]:
    """Every photo of another design answered so."""
    return [replace(row, outcome=outcome, score=0.0) if row.role == "wrong_sample" else row for row in answers()]


def test_other_designs_that_pass_now_make_a_challenger_worse() -> None:
    assert compare_rows(answers(), mistaken(Outcome.PASS), draws=200).worse


def test_other_designs_flagged_for_another_reason_are_shown_but_decide_nothing() -> None:
    found = compare_rows(answers(), mistaken(Outcome.REVIEW), draws=200)
    (lost,) = [one for one in found.differences if one.name == "other designs recognised"]
    assert lost.surely_worse
    assert not found.worse


def test_people_and_programs_are_told_the_same() -> None:
    found = compare_rows(answers(apart=2.0), answers(apart=0.5), draws=200)
    text, values = found.text(), json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert text.startswith("The challenger is worse: 264 photos of 24 designs. Renders prove the pipeline")
    assert values["verdict"] == "worse"
    assert values["figures"][0]["name"] == "image AUROC"
    assert f"{values['figures'][0]['champion']:.3f}" in text
    assert "Fewer than" not in text
    assert "Fewer than 20 designs" in compare_rows(answers(designs=5), answers(designs=5), draws=100).text()
