"""What is said about a unit, whatever photos come in whatever order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_unit_photo
from visiqc.domain.outcome import Outcome
from visiqc.domain.unit import PhotoResult, UnitResult, unit_outcome

REQUIRED = ("front", "back")
PASS, REVIEW, REJECT, RETAKE, WRONG = Outcome
STATES = st.one_of(st.none(), st.just("failed"), st.sampled_from(Outcome))
PHOTOS = st.lists(st.tuples(st.sampled_from(("front", "back", "detail")), STATES), max_size=8)


def results(*photos: tuple[str, Outcome | str | None]) -> list[PhotoResult]:
    """Photos by view and state: an outcome, `failed`, or None while pending."""
    return [
        PhotoResult(
            photo=a_unit_photo(upload_id=f"{n}", view=view),
            golden_version=1,
            outcome=state if isinstance(state, Outcome) else None,
            failure="failed" if state == "failed" else None,
        )
        for n, (view, state) in enumerate(photos)
    ]


def unit(*photos: tuple[str, Outcome | str | None]) -> UnitResult:
    return unit_outcome(1, REQUIRED, results(*photos))


@given(PHOTOS)
def test_a_unit_passes_only_with_every_required_view_compared_and_nothing_worse_or_waiting(photos: list) -> None:
    found = unit(*photos)
    compared = {view for view, state in photos if state is PASS}
    bad = [state for _, state in photos if state in {REVIEW, REJECT, WRONG}]
    waiting = any(state is None for _, state in photos)
    assert (found.outcome is PASS) == (compared >= set(REQUIRED) and not bad and not waiting)


@given(PHOTOS, st.sampled_from(("front", "back", "detail")))
def test_no_further_photo_makes_a_reject_better(photos: list, view: str) -> None:
    rejected = [*photos, (view, REJECT)]
    assert unit(*rejected).outcome is REJECT
    for later in (PASS, REVIEW, RETAKE, None, "failed"):
        views = {each.view: each.outcome for each in unit(*rejected, (view, later)).views}
        assert views[view] is REJECT


@given(PHOTOS, st.randoms())
def test_the_order_of_photos_changes_nothing_that_is_said(photos: list, random: object) -> None:
    shuffled = [*photos]
    random.shuffle(shuffled)
    one, other = unit(*photos), unit(*shuffled)
    assert (one.outcome, one.missing) == (other.outcome, other.missing)
    assert {each.view: each.outcome for each in one.views} == {each.view: each.outcome for each in other.views}


@given(PHOTOS)
def test_missing_are_the_required_views_without_a_photo_that_could_be_scored(photos: list) -> None:
    sent = {view for view, state in photos if state != "failed"}
    assert unit(*photos).missing == tuple(view for view in REQUIRED if view not in sent)


@pytest.mark.parametrize(
    ("photos", "outcome"),
    [
        ([], None),
        ([("front", PASS)], None),
        ([("front", PASS), ("back", PASS)], PASS),
        ([("front", REJECT)], REJECT),
        ([("front", RETAKE), ("front", PASS), ("back", PASS)], PASS),
        ([("front", RETAKE), ("back", PASS)], RETAKE),
        ([("front", RETAKE), ("front", None), ("back", PASS)], None),
        ([("front", REJECT), ("front", PASS), ("back", PASS)], REJECT),
        ([("front", PASS), ("back", PASS), ("detail", REJECT)], REJECT),
        ([("front", PASS), ("back", PASS), ("detail", RETAKE)], PASS),
        ([("front", PASS), ("back", PASS), ("back", "failed")], PASS),
        ([("front", PASS), ("back", "failed")], None),
        ([("front", REVIEW), ("back", WRONG)], WRONG),
        ([("front", REJECT), ("back", RETAKE)], REJECT),
        ([("front", REJECT), ("front", WRONG), ("back", WRONG)], REJECT),
    ],
)
def test_a_unit_is_as_good_as_its_worst_view(photos: list, outcome: Outcome | None) -> None:
    assert unit(*photos).outcome is outcome


def test_a_photo_of_another_view_does_not_stand_for_the_one_it_claims() -> None:
    front, back = results(("front", PASS), ("back", PASS))
    found = unit_outcome(1, REQUIRED, [front, replace(back, found_view="front")])
    assert (found.outcome, found.missing) == (None, ("back",))
    assert {each.view: each.outcome for each in found.views} == {"front": PASS, "back": None}


@pytest.mark.parametrize("outcome", [REVIEW, REJECT, WRONG])
def test_what_a_photo_of_another_view_found_wrong_counts_and_its_claimed_view_stays_missing(outcome: Outcome) -> None:
    front, back = results(("front", PASS), ("back", outcome))
    found = unit_outcome(1, REQUIRED, [front, replace(back, found_view="front")])
    assert (found.outcome, found.missing) == (outcome, ("back",))


def test_each_photo_s_outcome_is_listed_with_its_view() -> None:
    (front, _) = unit(("front", PASS), ("front", REJECT), ("front", None)).views
    assert (front.upload_ids, front.outcomes) == (("0", "1", "2"), (PASS, REJECT, None))


def test_waiting_failed_and_misnamed_photos_are_named() -> None:
    photos = results(("front", PASS), ("back", None), ("back", "failed"))
    photos[0] = replace(photos[0], found_view="back")
    found = unit_outcome(1, REQUIRED, photos)
    assert (found.pending, found.failed, found.misnamed) == (("1",), ("2",), (photos[0],))


def test_a_view_is_the_same_in_either_form_of_its_letters() -> None:
    composed, apart = "R\u00fcckseite", "Ru\u0308ckseite"
    (photo,) = results((apart, PASS))
    found = unit_outcome(1, [apart], [replace(photo, found_view=apart)])
    assert (found.outcome, found.misnamed) == (PASS, ())
    assert photo.view == composed


def test_required_views_come_first_and_in_their_order() -> None:
    found = unit(("detail", PASS), ("back", PASS))
    assert [(each.view, each.required) for each in found.views] == [("front", True), ("back", True), ("detail", False)]


def versions(photos: list[PhotoResult], *versions: int) -> list[PhotoResult]:
    return [replace(photo, golden_version=version) for photo, version in zip(photos, versions, strict=True)]


def test_a_unit_whose_required_views_were_judged_by_different_golden_versions_is_named() -> None:
    found = unit_outcome(1, REQUIRED, versions(results(("front", PASS), ("back", PASS)), 1, 2))
    assert (found.outcome, found.mixed, found.golden_versions) == (PASS, True, (1, 2))
    one = unit_outcome(1, REQUIRED, versions(results(("front", PASS), ("back", PASS)), 2, 2))
    assert (one.mixed, one.golden_versions) == (False, (2,))


@pytest.mark.parametrize("first", [("front", RETAKE), ("front", None), ("front", "failed"), ("detail", PASS)])
def test_a_photo_that_says_nothing_of_a_required_view_mixes_no_golden_versions(first: tuple) -> None:
    found = unit_outcome(1, REQUIRED, versions(results(first, ("front", PASS), ("back", PASS)), 1, 2, 2))
    assert not found.mixed


def test_a_reject_that_stands_beside_a_newer_pass_mixes_golden_versions() -> None:
    found = unit_outcome(1, REQUIRED, versions(results(("front", REJECT), ("front", PASS), ("back", PASS)), 1, 2, 2))
    assert (found.outcome, found.mixed) == (REJECT, True)
