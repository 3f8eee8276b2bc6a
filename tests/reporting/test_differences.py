from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from builders import MOMENT, a_reason, a_region, a_rescore, a_review, a_unit_photo, a_verdict
from pages import Page
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreCounts, RescoreTask
from visiqc.domain.rescore_results import RescoredPhoto, RescoreTally
from visiqc.domain.review import Decision
from visiqc.inspection.pictures import jpeg
from visiqc.reporting.differences import DifferenceRow, difference_page, lot_differences

PICTURE = jpeg(np.zeros((8, 8, 3), np.uint8))


def changed(**changes: object) -> RescoredPhoto:
    """A photo of an accepted lot that passed and is rejected now."""
    photo = RescoredPhoto(
        task=RescoreTask(position=1, upload_id="upload-1", sku="halo-1", golden_version=1),
        photo_name="IMG_0001.jpg",
        received_at=MOMENT,
        place=a_unit_photo(),
        in_accepted_lot=True,
        before=a_verdict(outcome=Outcome.PASS),
        now=a_verdict(golden_frame=(768, 1024)),
        moved=2.2,
    )
    return replace(photo, **changes)  # type: ignore[arg-type]


def a_row(photo: RescoredPhoto | None = None, **pictures: bytes | None) -> DifferenceRow:
    shown = dict.fromkeys(("golden", "sent", "before", "now"), PICTURE) | pictures
    return DifferenceRow(photo=photo or changed(), **shown)


def tally(
    before: Outcome, now: Outcome | None, photos: int, *, lot: str | None = "L1", accepted: bool = True, **more: Any
) -> RescoreTally:
    order = "PO-7" if lot else None
    return RescoreTally(order=order, lot=lot, accepted=accepted, before=before, now=now, photos=photos, **more)


def a_page(*rows: DifferenceRow, tallies: tuple[RescoreTally, ...] = (), **counts: int) -> str:
    found = RescoreCounts(**{"planned": 9, "scored": 9, "errors": 0, "changed": len(rows)} | counts)
    return difference_page(a_rescore(), found, tallies, rows, made_at=MOMENT)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_page_is_well_nested_runs_no_script_and_fetches_nothing() -> None:
    page = Page(a_page(a_row(), a_row(before=None, now=None)))
    sources = [attrs.get("src") or attrs.get("href") for _, attrs in page.tags if {"src", "href"} & set(attrs)]
    assert len(sources) == 6
    assert all(source is not None and source.startswith("data:image/jpeg;base64,") for source in sources)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe"}


def test_both_outcomes_the_place_and_what_moved_are_told() -> None:
    text = words(a_page(a_row()))
    assert "PASS → REJECT accepted lot p moved 2.2 powers of ten down" in text
    assert "order PO-7, lot L1, pre-shipment, unit 1, view front" in text


def test_boxes_stand_on_the_new_heatmap_in_its_frame() -> None:
    tags = Page(a_page(a_row(changed(now=a_verdict(golden_frame=(768, 1024), regions=(a_region(),)))))).tags
    assert [attrs["viewbox"] for tag, attrs in tags if tag == "svg"] == ["0 0 1024 768"]


def test_the_total_is_said_where_not_all_are_shown() -> None:
    assert "The first 2 of 70; all of them are in differences.csv" in words(a_page(a_row(), a_row(), changed=70))
    assert "All 2 that changed; also in differences.csv" in words(a_page(a_row(), a_row()))
    assert "No photo changed its outcome" in words(a_page())


def test_accepted_lots_that_would_be_questioned_are_counted_and_stand_first() -> None:
    tallies = (
        tally(Outcome.REJECT, Outcome.PASS, 5, lot="open", accepted=False),
        tally(Outcome.PASS, Outcome.REVIEW, 1, lot="L2"),
        tally(Outcome.PASS, Outcome.PASS, 8, lot="L2"),
        tally(Outcome.PASS, Outcome.REJECT, 2, lot="open", accepted=False),
        tally(Outcome.PASS, None, 3, lot=None, accepted=False),
    )
    lots = lot_differences(tallies)
    assert [lot.name for lot in lots] == ["PO-7 / L2", "PO-7 / open", "photos without a lot"]
    assert (lots[0].photos, lots[0].changed, lots[0].questioned) == (9, 1, 1)
    assert (lots[1].changed, lots[1].worse, lots[1].escaped, lots[2].errors) == (7, 2, 2, 3)
    text = words(a_page(tallies=tallies, changed=8, errors=3))
    assert "8 of 9 photos changed their outcome; 2 that passed would be rejected today" in text
    assert "1 accepted lot of 2 lots would be questioned today" in text


def test_it_is_counted_how_often_inspectors_were_agreed_with_before_and_after() -> None:
    tallies = (
        tally(Outcome.REVIEW, Outcome.PASS, 4, decision=Decision.ACCEPT),
        tally(Outcome.PASS, Outcome.REJECT, 3, decision=Decision.REJECT),
        tally(Outcome.PASS, Outcome.REJECT, 1, decision=Decision.ACCEPT),
        tally(Outcome.PASS, None, 5, decision=Decision.ACCEPT),
        tally(Outcome.PASS, Outcome.REJECT, 9),
    )
    said = (
        "Of 8 photos that inspectors answered, the verdicts of record agreed with 1 and contradicted 3; "
        "the new ones agree with 7 and contradict 1 ."
    )
    assert said in words(a_page(tallies=tallies))
    assert "inspectors answered" not in words(a_page(tallies=tallies[-1:]))


def test_a_lot_whose_flagged_photos_an_inspector_accepted_is_not_questioned() -> None:
    (lot,) = lot_differences([tally(Outcome.PASS, Outcome.REVIEW, 2, decision=Decision.ACCEPT)])
    assert (lot.changed, lot.questioned) == (2, 0)


def test_the_inspectors_decision_stands_beside_both_outcomes() -> None:
    review = a_review(decision=Decision.ACCEPT, note="only dust")
    text = words(a_page(a_row(changed(review=review))))
    assert "PASS → REJECT Ana (inspector) accepted it, which the new verdict contradicts" in text
    assert "Ana (inspector) accepted it, 2026-03-02 09:30 UTC: only dust" in text
    agreed = words(a_page(a_row(changed(review=a_review(decision=Decision.REJECT)))))
    assert "Ana (inspector) rejected it accepted lot" in agreed


@given(st.text(min_size=1, max_size=40))
def test_names_cannot_write_html(name: str) -> None:
    hostile = f'"><script>{name}</script><img src=x onerror=alert(1)>'
    verdict = a_verdict(photo_name=hostile, reasons=(a_reason(message=hostile),))
    place, review = a_unit_photo(view="front"), a_review(author_name=hostile, note=hostile)
    page = Page(a_page(a_row(changed(photo_name=hostile, now=verdict, place=place, review=review))))
    assert "script" not in {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
