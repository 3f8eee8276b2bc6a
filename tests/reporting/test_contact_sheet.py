from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MOMENT, a_calibration_report, a_reason, a_region, a_verdict
from pages import Page
from visiqc.domain.outcome import Outcome
from visiqc.domain.reasons import ReasonCode
from visiqc.domain.verdict import Verdict
from visiqc.inspection.pictures import jpeg
from visiqc.reporting.contact_sheet import SheetRow, contact_sheet, score_bar

PICTURE = jpeg(np.zeros((8, 8, 3), np.uint8))


def row(verdict: Verdict | None = None, *, compared: bool = True, shows: str = "") -> SheetRow:
    heatmap = PICTURE if compared else None
    return SheetRow(verdict=verdict or a_verdict(), golden=PICTURE, upload=PICTURE, heatmap=heatmap, shows=shows)


def sheet(*rows: SheetRow) -> str:
    return contact_sheet(rows, title="Lot 7", made_at=MOMENT)


def test_the_page_is_well_nested_and_fetches_nothing() -> None:
    page = Page(sheet(row(), row(compared=False)))
    sources = [attrs.get("src") or attrs.get("href") for _, attrs in page.tags if {"src", "href"} & set(attrs)]
    assert len(sources) == 5
    assert all(source is not None and source.startswith("data:image/jpeg;base64,") for source in sources)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe"}


def test_every_outcome_is_counted_also_those_that_did_not_occur() -> None:
    counted = re.findall(r'<span class="badge [a-z-]+">([A-Z ]+)</span><b>(\d+)</b>', sheet(row(), row()))
    assert counted == [("PASS", "0"), ("REVIEW", "0"), ("REJECT", "2"), ("RETAKE", "0"), ("WRONG SAMPLE", "0")]


@given(st.text(min_size=1, max_size=40))
def test_names_cannot_write_html(name: str) -> None:
    hostile = f'"><script>{name}</script><img src=x onerror=alert(1)>'
    verdict = a_verdict(photo_name=hostile, golden_view=hostile, sku=hostile, reasons=(a_reason(message=hostile),))
    page = Page(sheet(row(verdict, shows=hostile)))
    assert "script" not in {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_boxes_stand_in_the_golden_frame() -> None:
    verdict = a_verdict(golden_frame=(768, 1024), regions=(a_region(box=(100, 120, 164, 180)),))
    tags = Page(sheet(row(verdict))).tags
    assert [attrs["viewbox"] for tag, attrs in tags if tag == "svg"] == ["0 0 1024 768"]
    places = {tuple(attrs[key] for key in ("x", "y", "width", "height")) for tag, attrs in tags if tag == "rect"}
    assert places == {("100", "120", "64", "60")}


def test_a_retake_shows_the_complaint_with_its_figures_and_no_heatmap() -> None:
    blurred = a_reason(code=ReasonCode.BLURRED, message="the photo is blurred", advice="Wipe it.", value=3.1, limit=2.5)
    html = sheet(row(a_verdict(outcome=Outcome.RETAKE, reasons=(blurred,), calibration=None), compared=False))
    assert "The photo is blurred." in html
    assert "Wipe it." in html
    assert "BLURRED: measured 3.1, limit 2.5" in html
    assert "not compared" in html


def test_a_provisional_p_value_says_so_and_a_calibrated_one_does_not() -> None:
    assert "provisional: from 400 comparisons of good photos of other products" in sheet(row())
    own = a_verdict(calibration=a_calibration_report(stage=2, n=60, provisional=False))
    assert "stage 2, from 60 accepted pieces" in sheet(row(own))


@given(st.floats(min_value=0, max_value=1e6), st.floats(min_value=1e-6, max_value=1e6))
def test_the_bar_passes_its_line_exactly_when_the_score_passes_the_threshold(score: float, threshold: float) -> None:
    bar = score_bar(a_verdict(calibration=a_calibration_report(score=score, review_threshold=threshold)))
    assert bar is not None
    assert 0 <= bar.score <= 100
    if not math.isclose(score, threshold):
        assert (bar.score > bar.threshold) == (score > threshold)


@pytest.mark.parametrize(("threshold", "line"), [(math.inf, 100.0), (-math.inf, 0.0), (0.0, 0.0)])
def test_a_threshold_that_nothing_or_everything_reaches_can_be_drawn(threshold: float, line: float) -> None:
    bar = score_bar(a_verdict(calibration=a_calibration_report(review_threshold=threshold)))
    assert bar is not None
    assert bar.threshold == pytest.approx(line)


def test_a_photo_that_was_not_compared_has_no_bar() -> None:
    assert score_bar(a_verdict(calibration=None)) is None


def test_pictures_are_reduced_and_never_enlarged() -> None:
    from visiqc.reporting.contact_sheet import PICTURE_SIDE, _fitted

    assert max(_fitted(np.zeros((2000, 1000, 3), np.uint8)).shape) == PICTURE_SIDE
    assert _fitted(np.zeros((100, 50, 3), np.uint8)).shape == (100, 50, 3)
