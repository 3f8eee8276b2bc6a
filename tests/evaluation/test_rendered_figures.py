"""Every table of a run, from made-up answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from rendered_answers import a_defect, a_row, answers
from small_renders import small_set
from visiqc.domain.outcome import Outcome
from visiqc.evaluation import rendered_figures as figures
from visiqc.evaluation.clustered import Estimate
from visiqc.evaluation.rendered_photos import KnownSet, read_known
from visiqc.evaluation.rendered_protocol import RenderedRun
from visiqc.evaluation.rendered_rows import PhotoRow, RowStore
from visiqc.evaluation.rendered_scoring import RunKey


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> KnownSet:
    return read_known(small_set(tmp_path_factory.mktemp("renders")))


def table(known: KnownSet, rows: list[PhotoRow], which: str) -> dict[tuple[str, str], Estimate]:
    key = RunKey(data="", photos="", models=(), goldens=3, long_side=1024, code="")
    run = RenderedRun(key=key, rows=tuple(rows), left_out=(), store=RowStore(Path("none")), known=known)
    cells = figures.measure_run(run, draws=100, maps=False)
    return {(cell.row, cell.column): cell.estimate for cell in cells if cell.table == which}


def test_every_pose_level_and_all_of_them_are_ranked(known: KnownSet) -> None:
    found = table(known, answers(), figures.RANKING)
    assert {row for row, _ in found} == {"jig", "guided", figures.ALL_POSES}
    assert 0.8 < found["jig", "image AUROC"].value < 1.0
    assert found["jig", "image AUROC"].n == 48
    assert found["jig", "image AUROC"].designs == 24


def test_unusable_photos_and_other_designs_are_in_no_ranking(known: KnownSet) -> None:
    others = [a_row("d0/x.jpg", role="unusable", score=99.0), a_row("d0/y.jpg", role="wrong_sample", score=99.0)]
    hidden = [a_defect("d0/z.jpg", visible=False, score=-99.0)]
    for which in (figures.RANKING, figures.DECISIONS, figures.BY_CODE):
        assert table(known, [*answers(), *others, *hidden], which) == table(known, answers(), which)


def test_good_photos_that_were_not_compared_are_counted_apart_and_cost_the_ranking(known: KnownSet) -> None:
    retaken = [a_row(f"d{n}/r.jpg", score=None, golden_score=None, outcome=Outcome.RETAKE) for n in range(24)]
    decisions = table(known, [*answers(), *retaken], figures.DECISIONS)
    assert decisions["jig", "good: RETAKE"].value == 24 / 96
    ranking, before = (table(known, rows, figures.RANKING) for rows in ([*answers(), *retaken], answers()))
    assert ranking["jig", "image AUROC"].value < before["jig", "image AUROC"].value - 0.15
    assert ranking["jig", "image AUROC, compared"].value == before["jig", "image AUROC, compared"].value


def test_defects_are_binned_by_area_and_contrast(known: KnownSet) -> None:
    rows = [*answers(apart=0.0), *(a_defect(f"d{n}/big.jpg", area_share=0.1, contrast=80, score=9.0) for n in range(5))]
    area = table(known, rows, figures.BY_AREA)
    assert area["jig: 2 % and over", "recall at 5 %"].value == 1.0
    assert area["jig: 0.5 to 2 %", "recall at 5 %"].n == 48
    assert area["jig: 0.5 to 2 %", "recall at 5 %"].value < 0.3
    assert table(known, rows, figures.BY_CONTRAST)["jig: 50 and over", "flagged"].n == 5


def test_a_code_with_few_photos_is_marked(known: KnownSet) -> None:
    rows = [*answers(), a_defect("d0/s.jpg", code="ST-MIS", score=9.0)]
    assert {row for row, _ in table(known, rows, figures.BY_CODE)} == {"ME-DNT", "ST-MIS (few)"}


def test_light_of_the_goldens_is_told_from_other_light(known: KnownSet) -> None:
    own = [a_row(f"d{n}/own.jpg", own_light=True, score=9.0 if n < 2 else 0.0) for n in range(20)]
    other = [a_row(f"d{n}/other.jpg", light="flash", score=9.0 if n < 4 else 0.0) for n in range(20)]
    found = table(known, [*own, *other], figures.LIGHTS)
    assert found["jig", "FPR, the goldens' light"].value == 0.1
    assert found["jig", "times as often"].value == pytest.approx(2.0)
    assert table(known, [*own, *other], figures.BY_LIGHT)["flash", "FPR"].value == 0.2


def test_variants_and_other_uploads_have_tables_of_their_own(known: KnownSet) -> None:
    metal = [a_row(f"d{n}/v.jpg", role="variant", attribute="metal", score=9.0) for n in range(4)]
    found = table(known, [*answers(), *metal], figures.VARIANTS)
    assert found["metal", "recall at 5 %"].value == 1.0
    others = table(known, [*answers(), *metal], figures.OTHERS)
    assert others["wrong sample", "WRONG_SAMPLE"].value == 1.0
    assert others["variant", "REVIEW"].value == 1.0


def test_each_map_is_measured_alone(known: KnownSet) -> None:
    rows = [a_row(f"d{n}/g.jpg", score=0.0, golden_score=0.0, change_score=-3.0) for n in range(20)]
    rows += [a_defect(f"d{n}/b.jpg", score=1.0, golden_score=0.0, change_score=3.0) for n in range(20)]
    found = table(known, rows, figures.ABLATION)
    column = "image AUROC, compared"
    assert [found[f"jig: {one}", column].value for one in ("fused", "golden map", "change map")] == [1.0, 0.5, 1.0]


def test_nothing_answered_has_no_figures(known: KnownSet) -> None:
    assert table(known, [a_row("a/1.jpg", failure="broken")], figures.RANKING) == {}
