"""Names of found defects, and whether their probabilities can be believed."""

from __future__ import annotations

import numpy as np
import pytest

from rendered_answers import a_defect, a_row
from visiqc.domain.verdict import LEAST_SURE, UNKNOWN
from visiqc.errors import InputError
from visiqc.evaluation.rendered_rows import FoundRegion, PhotoRow
from visiqc.evaluation.type_metrics import NamedDefect, measure_types, named_defects, reliability_bins


def named(code: str, name: str, times: int, probability: float = 0.9) -> list[NamedDefect]:
    return [NamedDefect(code=code, named=name, likeliest=name, probability=probability)] * times


def test_f1_counts_both_what_was_missed_and_what_was_called_so_wrongly() -> None:
    found = measure_types([*named("A", "A", 8), *named("A", "B", 2), *named("B", "B", 10)])
    assert found.f1 == pytest.approx({"A": 16 / 18, "B": 20 / 22})
    assert found.macro_f1 == pytest.approx((16 / 18 + 20 / 22) / 2)
    assert found.accuracy == 0.9


def test_a_rare_code_is_left_out_of_the_mean_but_spoils_others() -> None:
    found = measure_types([*named("A", "A", 10), *named("B", "A", 5)])
    assert found.macro_f1 == pytest.approx(20 / 25)
    assert found.f1["B"] == 0.0
    assert np.isnan(measure_types(named("B", "B", 5)).macro_f1)


def test_unknown_is_a_column_of_the_confusion_matrix_and_no_row() -> None:
    found = measure_types([*named("A", "A", 2), *named("A", "unknown", 3)])
    assert (found.codes, found.names) == (("A",), ("A", "unknown"))
    assert found.confusion.tolist() == [[2, 3]]


def test_the_calibration_error_is_the_published_one() -> None:
    defects = [*named("A", "A", 6, 0.8), *named("A", "B", 4, 0.8), *named("A", "A", 10, 1.0)]
    assert measure_types(defects).calibration_error == pytest.approx(0.5 * 0.2)
    assert [(one.low, one.n, one.right) for one in reliability_bins(defects)] == [(0.8, 10, 0.6), (0.9, 10, 1.0)]


def answered(place: int, odds: np.ndarray, code: str) -> PhotoRow:
    """A defect of `code` as it is named by a model of three codes that gives `odds` to them and to `unknown`."""
    names = ("ME-DNT", "ME-SCR", "ST-MIS", UNKNOWN)
    first, likeliest = int(odds.argmax()), int(odds[:-1].argmax())
    sure = float(odds[first])
    region = FoundRegion(
        peak=1.0,
        type=names[first] if sure >= LEAST_SURE else UNKNOWN,
        probability=sure if sure >= LEAST_SURE else None,
        likeliest=names[likeliest],
        likeliest_probability=float(odds[likeliest]),
        on_defect=True,
    )
    return a_defect(f"ring/{place}.jpg", code=code, regions=(region,))


def test_a_model_that_is_right_as_often_as_it_says_has_next_to_no_calibration_error() -> None:
    draws = np.random.default_rng(0)
    every = draws.dirichlet([0.7] * 4, size=4000)
    there = ("ME-DNT", "ME-SCR", "ST-MIS", "FI-CON")  # the last one is none of the model's codes: `unknown` to it
    rows = [answered(place, odds, there[draws.choice(4, p=odds)]) for place, odds in enumerate(every)]
    found = measure_types(named_defects(rows)[0])
    assert sum(one.named == UNKNOWN for one in named_defects(rows)[0]) > 1000
    assert found.calibration_error < 0.03
    unsure = next(one for one in found.reliability if one.low == 0.4)
    assert unsure.right == pytest.approx(unsure.said, abs=0.08)


def test_a_name_that_was_withheld_is_wrong_in_the_matrix_and_right_in_the_reliability() -> None:
    withheld = [NamedDefect(code="A", named=UNKNOWN, likeliest="A", probability=0.4)] * 3
    found = measure_types(withheld)
    assert (found.accuracy, found.confusion.tolist()) == (0.0, [[0, 3]])
    assert found.calibration_error == pytest.approx(0.6)
    assert [(one.said, one.right) for one in found.reliability] == [(pytest.approx(0.4), 1.0)]


def test_names_without_a_likeliest_code_are_counted_and_no_calibration_is_invented() -> None:
    found = measure_types([NamedDefect(code="A", named=UNKNOWN)])
    assert (found.names, found.reliability) == (("A", UNKNOWN), ())
    assert np.isnan(found.calibration_error)


def test_the_region_on_the_defect_with_the_highest_peak_gives_the_name() -> None:
    away = FoundRegion(peak=9.0, type="ST-MIS", probability=0.9)
    weak = FoundRegion(peak=1.0, type="ME-SCR", probability=0.8, on_defect=True)
    pair = {"likeliest": "ME-DNT", "likeliest_probability": 0.7}
    strong = FoundRegion(peak=2.0, type="ME-DNT", probability=0.7, on_defect=True, **pair)
    rows = [
        a_defect("a/1.jpg", regions=(away, weak, strong)),
        a_defect("a/2.jpg", regions=(away,)),
        a_defect("a/3.jpg", regions=(FoundRegion(peak=1.0, on_defect=True),)),
        a_row("a/4.jpg", regions=(strong,)),
    ]
    best = NamedDefect(code="ME-DNT", named="ME-DNT", likeliest="ME-DNT", probability=0.7)
    assert named_defects(rows) == ([best], 2)


@pytest.mark.parametrize("defects", [[], named("A", "A", 1, 1.5), named("A", "A", 1, float("nan"))])
def test_nothing_to_measure_and_impossible_probabilities_are_refused(defects: list[NamedDefect]) -> None:
    with pytest.raises(InputError):
        measure_types(defects)
