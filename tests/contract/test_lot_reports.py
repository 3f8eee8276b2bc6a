"""What every filling of `Records` promises about how lots stand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders import a_golden, a_golden_photo, a_lot, a_unit_photo, a_verdict, an_order, an_upload, digest_of, later
from memory import MemoryRecords
from visiqc.domain.lot_report import LotProgress, UnitPage, UnitTally
from visiqc.domain.outcome import Outcome
from visiqc.domain.upload import PutOff
from visiqc.inspection.ports import Records
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords

APART = "Ru\u0308ckseite"
"""A name of a view that a Mac writes otherwise than `checked_view`."""
VIEWS = {1: ("front", "back"), 2: ("front", APART)}


@pytest.fixture
def stocked(records: Records) -> Records:
    return stock(records)


def stock(records: Records) -> Records:
    """Records with an order, and two versions of a golden sample that show different views."""
    for views in VIEWS.values():
        records.add_golden(a_golden(photos=tuple(a_golden_photo(name=view, view=view) for view in views)))
    records.add_order(an_order())
    records.add_lot(a_lot())
    return records


def send(records: Records, name: str, *, version: int = 1, **place: object) -> None:
    upload = an_upload(id=name, photo_digest=digest_of(name), golden_version=version)
    records.accept_unit_photos([upload], [a_unit_photo(upload_id=name, **place)])


def judge(records: Records, name: str, outcome: Outcome, *, version: int = 1, **more: object) -> None:
    records.add_verdict(a_verdict(id=name, outcome=outcome, golden_version=version, **more))


def test_results_are_those_of_the_verdicts_of_record_in_the_order_photos_came(stocked: Records) -> None:
    for name in "abc":
        send(stocked, name)
    judge(stocked, "b", Outcome.REJECT)
    judge(stocked, "b", Outcome.PASS, model_digests=())
    stocked.fail("c", "lost")
    results = stocked.photo_results("PO-7", "L1")
    assert [(each.upload_id, each.outcome, each.failure, each.found_view, each.pending) for each in results] == [
        ("a", None, None, None, True),
        ("b", Outcome.REJECT, None, "front", False),
        ("c", None, "lost", None, False),
    ]
    assert {each.golden_version for each in results} == {1}


def test_asked_for_a_golden_version_the_first_verdict_under_it_is_the_result(stocked: Records) -> None:
    for name in "ab":
        send(stocked, name)
        judge(stocked, name, Outcome.REJECT)
    judge(stocked, "a", Outcome.PASS, version=2)
    judge(stocked, "a", Outcome.REVIEW, version=2, model_digests=())
    results = stocked.photo_results("PO-7", "L1", golden_version=2)
    assert [(each.outcome, each.golden_version, each.pending) for each in results] == [
        (Outcome.PASS, 2, False),
        (None, 2, True),
    ]
    (share,) = stocked.lot_progress("PO-7", "L1", golden_version=2).goldens
    assert (share.version, share.photos, share.judged) == (2, 2, 1)


def test_a_page_holds_the_photos_of_the_next_units_of_a_milestone(stocked: Records) -> None:
    for name, unit in (("a", 9), ("b", 2), ("c", 2), ("d", 5)):
        send(stocked, name, unit=unit)
    send(stocked, "elsewhere", unit=5, milestone="raw-material")

    def page(after: int) -> list[str]:
        asked = UnitPage(milestone="pre-shipment", after=after, limit=2)
        return [each.upload_id for each in stocked.photo_results("PO-7", "L1", page=asked)]

    assert page(0) == ["b", "c", "d"]
    assert page(5) == ["a"]
    assert page(9) == []


def test_progress_counts_photos_by_golden_version_and_those_that_wait_or_failed(stocked: Records) -> None:
    for name, version in (("a", 1), ("b", 1), ("c", 2), ("d", 2)):
        send(stocked, name, version=version)
    judge(stocked, "a", Outcome.PASS)
    stocked.fail("c", "lost")
    progress = stocked.lot_progress("PO-7", "L1")
    assert [(each.version, each.photos, each.judged) for each in progress.goldens] == [(1, 2, 1), (2, 2, 0)]
    assert (progress.pending, progress.failed, progress.put_off) == (2, 1, 0)
    assert stocked.lot_progress("PO-7", "L9") == LotProgress()


def test_photos_that_were_put_off_are_counted_with_the_last_reason_until_they_have_an_answer(stocked: Records) -> None:
    for nth, (name, why) in enumerate((("a", "no disk"), ("b", "no model"), ("c", ""))):
        send(stocked, name)
        assert stocked.lease("one", now=later(nth), until=later(99), upload_id=name)
        if why:
            stocked.release("one", name, put_off=PutOff(later(10 - nth), why))
    progress = stocked.lot_progress("PO-7", "L1")
    assert (progress.pending, progress.put_off, progress.last_put_off) == (3, 2, PutOff(later(10), "no disk"))
    judge(stocked, "a", Outcome.PASS)
    assert stocked.lot_progress("PO-7", "L1").last_put_off == PutOff(later(9), "no model")
    stocked.fail("b", "lost")
    assert stocked.lot_progress("PO-7", "L1").last_put_off is None


def test_runs_of_units_without_a_photo_are_named(stocked: Records) -> None:
    lot = stocked.add_lot(a_lot(code="L2", units=20))
    assert stocked.unseen_units(lot, "pre-shipment", most=5) == ((1, 20),)
    for unit in (3, 4, 9, 20):
        send(stocked, f"{unit}", lot="L2", unit=unit)
        send(stocked, f"{unit} again", lot="L2", unit=unit)
    assert stocked.unseen_units(lot, "pre-shipment", most=5) == ((1, 2), (5, 8), (10, 19))
    assert stocked.unseen_units(lot, "pre-shipment", most=1) == ((1, 2),)
    assert stocked.unseen_units(a_lot(), "pre-shipment", most=5) == ()


def test_a_lot_without_a_photo_has_no_units(stocked: Records) -> None:
    assert stocked.unit_tallies(a_lot(), {}) == ()


PASS, REVIEW, REJECT, RETAKE, WRONG = Outcome
STATES = (None, "failed", PASS, PASS, PASS, PASS, RETAKE, REVIEW, REJECT, WRONG)
PHOTO = st.fixed_dictionaries(
    {
        "view": st.sampled_from(("front", "front", "back", APART, "detail")),
        "state": st.sampled_from(STATES),
        "unit": st.sampled_from((1, 1, 1, 2)),
        "version": st.sampled_from((1, 1, 2)),
        "shows": st.sampled_from(("its view", "its view", "nothing", "front")),
        "again": st.sampled_from((None, None, 1, 2)),
    }
)


def shot(view: str, state: Outcome | str | None, **more: object) -> dict:
    return {"view": view, "state": state, "unit": 1, "version": 1, "shows": "its view", "again": None, **more}


class Twins:
    """The same photos in memory, which asks the domain, and in a database, which counts for itself."""

    def __init__(self, database: Path) -> None:
        self.memory = stock(MemoryRecords())
        self.sql = stock(SqlRecords(open_database(f"sqlite:///{database}")))
        self._names = count()

    def tallies(
        self, photos: list[dict], required: tuple[str, ...], golden_version: int | None
    ) -> tuple[set[UnitTally], set[UnitTally]]:
        names = [f"{next(self._names)}" for _ in photos]
        lot = a_lot(code=f"L-{next(self._names)}", required_views=required)
        views = VIEWS if golden_version is None else {golden_version: VIEWS[golden_version]}
        for records in (self.memory, self.sql):
            records.add_lot(lot)
            for name, photo in zip(names, photos, strict=True):
                send(records, name, version=photo["version"], lot=lot.code, unit=photo["unit"], view=photo["view"])
                self._answer(records, name, photo)
        return tuple(
            set(each.unit_tallies(lot, views, golden_version=golden_version)) for each in (self.memory, self.sql)
        )

    def _answer(self, records: Records, name: str, photo: dict) -> None:
        if photo["state"] == "failed":
            records.fail(name, "lost")
        elif photo["state"] is not None:
            shown = {"its view": photo["view"], "nothing": None, "front": "front"}[photo["shows"]]
            judge(records, name, photo["state"], version=photo["version"], golden_view=shown)
            if photo["again"]:
                judge(records, name, Outcome.PASS, version=photo["again"], model_digests=())


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    both = Twins(tmp_path_factory.mktemp("twins") / "visiqc.sqlite3")
    yield both
    both.sql.close()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(PHOTO, max_size=6), st.sampled_from(((), ("front",), ("front", "back", APART))), st.sampled_from((None, 2))
)
@example([shot("front", PASS), shot("front", None)], ("front",), None)
@example([shot("front", RETAKE), shot("front", None)], (), None)
@example([shot("front", PASS, version=2), shot(APART, PASS, version=2)], (), None)
@example([shot("front", PASS), shot("back", PASS, shows="front")], (), None)
@example([shot("front", PASS), shot("detail", RETAKE)], ("front",), None)
@example([shot("front", PASS), shot("detail", PASS, version=2), shot("detail", RETAKE)], ("front",), None)
@example([shot("front", PASS), shot("back", PASS, version=2), shot("front", PASS, version=2)], (), None)
@example([shot("front", PASS, again=2), shot(APART, PASS, version=2), shot("front", PASS)], (), 2)
def test_units_are_counted_in_the_database_as_the_domain_judges_each(
    twins: Twins, photos: list[dict], required: tuple[str, ...], golden_version: int | None
) -> None:
    by_domain, by_database = twins.tallies(photos, required, golden_version)
    assert by_database == by_domain
