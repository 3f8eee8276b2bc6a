"""Figures of made-up answers that can be worked out by hand."""

from __future__ import annotations

import pytest

from rendered_answers import a_defect, a_row, answers
from visiqc.domain.outcome import Outcome
from visiqc.evaluation.drawn_rows import Drawn, auroc_of, compared, draw_rows, ratio_of, recall_of, share_of
from visiqc.evaluation.rendered_rows import CHANGE_MAP, PhotoRow


def bad(row: PhotoRow) -> bool:
    return row.shows_defect


def drawn(*rows: PhotoRow) -> Drawn:
    return draw_rows(rows, draws=100)


def test_recall_takes_the_threshold_of_each_pose_level() -> None:
    rows = [a_row(f"a/good-{n}.jpg", pose="jig", score=0.1 * n) for n in range(3)]
    rows += [a_row(f"a/loose-{n}.jpg", pose="handheld", score=5.0 + n) for n in range(3)]
    rows += [a_defect("a/1.jpg", pose="jig", score=0.9), a_defect("a/2.jpg", pose="handheld", score=6.5)]
    found = recall_of(drawn(*rows), bad)
    assert found is not None
    assert (found.value, found.n) == (0.5, 2)  # 0.9 exceeds all of its level, 6.5 not the 7.0 of its own


def test_recall_is_of_compared_photos_alone() -> None:
    rows = [a_row("a/good.jpg", score=0.2), a_row("a/blind.jpg", score=None, outcome=Outcome.RETAKE)]
    rows += [a_defect("a/1.jpg", score=0.9), a_defect("a/2.jpg", score=None, outcome=Outcome.WRONG_SAMPLE)]
    found = recall_of(drawn(*rows), bad)
    assert found is not None
    assert (found.value, found.n) == (1.0, 1)


def test_a_photo_that_was_not_compared_ranks_above_all_others() -> None:
    good = [a_row("a/1.jpg", score=0.1), a_row("a/2.jpg", score=None, outcome=Outcome.RETAKE)]
    rows = drawn(*good, a_defect("a/3.jpg", score=9.0))
    found = auroc_of(rows.pick(lambda row: row.good), rows.pick(bad))
    assert found is not None
    assert found.value == 0.5


def test_a_map_that_is_not_there_has_no_figure() -> None:
    rows = draw_rows(answers(designs=3), draws=100)
    good, defective = rows.pick(lambda row: row.good), rows.pick(bad)
    assert auroc_of(good, defective, CHANGE_MAP) is None
    assert recall_of(rows, bad, CHANGE_MAP) is None
    assert auroc_of(good, good.pick(bad)) is None


def test_failed_photos_are_in_no_figure() -> None:
    rows = drawn(a_row("a/1.jpg"), a_row("a/2.jpg", failure="broken"))
    assert len(rows.rows) == 1
    assert draw_rows([a_row("a/2.jpg", failure="broken")]).rows == ()


def test_shares_and_ratios_count_what_they_are_told_to() -> None:
    own = [a_row(f"{n}/own.jpg", own_light=True, score=2.0 if n == 0 else 0.0) for n in range(4)]
    other = [a_row(f"{n}/other.jpg", score=2.0 if n < 2 else 0.0) for n in range(4)]
    rows = drawn(*own, *other)
    flagged = share_of(rows, lambda row: row.flagged)
    assert flagged is not None
    assert flagged.value == 3 / 8
    here, there = rows.pick(lambda row: row.own_light), rows.pick(lambda row: not row.own_light)
    ratio = ratio_of(there, here, lambda row: row.flagged)
    assert ratio is not None
    assert ratio.value == pytest.approx(2.0)
    assert ratio_of(there, here, lambda row: row.missed) is None
    assert share_of(rows.pick(bad), compared) is None
