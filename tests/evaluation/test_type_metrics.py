"""Names of found defects, and whether their probabilities can be believed."""

from __future__ import annotations

import numpy as np
import pytest

from rendered_answers import a_defect, a_row
from visiqc.errors import InputError
from visiqc.evaluation.rendered_rows import FoundRegion
from visiqc.evaluation.type_metrics import NamedDefect, measure_types, named_defects, reliability_bins


def named(code: str, name: str, times: int, probability: float = 0.9) -> list[NamedDefect]:
    return [NamedDefect(code=code, named=name, probability=probability)] * times


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


def test_the_region_on_the_defect_with_the_highest_peak_gives_the_name() -> None:
    away = FoundRegion(peak=9.0, type="ST-MIS", probability=0.9)
    weak = FoundRegion(peak=1.0, type="ME-SCR", probability=0.8, on_defect=True)
    strong = FoundRegion(peak=2.0, type="ME-DNT", probability=0.7, on_defect=True)
    rows = [
        a_defect("a/1.jpg", regions=(away, weak, strong)),
        a_defect("a/2.jpg", regions=(away,)),
        a_defect("a/3.jpg", regions=(FoundRegion(peak=1.0, on_defect=True),)),
        a_row("a/4.jpg", regions=(strong,)),
    ]
    assert named_defects(rows) == ([NamedDefect(code="ME-DNT", named="ME-DNT", probability=0.7)], 2)


@pytest.mark.parametrize("defects", [[], named("A", "A", 1, 1.5), named("A", "A", 1, float("nan"))])
def test_nothing_to_measure_and_impossible_probabilities_are_refused(defects: list[NamedDefect]) -> None:
    with pytest.raises(InputError):
        measure_types(defects)
