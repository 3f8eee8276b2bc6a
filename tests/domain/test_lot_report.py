"""What a lot's report says of its counts, and what it does not pass over in silence."""

from __future__ import annotations

from typing import Any

from builders import a_lot, later
from visiqc.cli.lot_text import describe_findings, describe_lot
from visiqc.domain.lot_findings import FindingCode, findings
from visiqc.domain.lot_report import GoldenShare, LotProgress, LotReport, UnitTally, milestone_report
from visiqc.domain.outcome import Outcome
from visiqc.domain.upload import PutOff


def a_tally(**changes: Any) -> UnitTally:
    defaults = {"milestone": "pre-shipment", "outcome": Outcome.PASS, "mixed": False, "units": 4, "photos": 8}
    return UnitTally(**defaults | changes)


def report(
    *tallies: UnitTally,
    units: int | None = None,
    goldens: dict[int, int] | None = None,
    repeated: int = 0,
    **more: Any,
) -> LotReport:
    """A lot of one milestone; `goldens` are photos judged by each version, `more` its progress."""
    lot = a_lot(units=units)
    shares = tuple(GoldenShare(version=v, photos=photos, judged=photos) for v, photos in (goldens or {1: 8}).items())
    return LotReport(
        lot=lot,
        milestones=(
            milestone_report("pre-shipment", lot, tallies, unseen=((1, 2),) if units else (), repeated=repeated),
        ),
        progress=LotProgress(goldens=shares, **more),
        current_golden=2,
    )


def said(found: LotReport) -> dict[FindingCode, tuple[str, str]]:
    return {each.code: (each.message, each.advice) for each in findings(found)}


def test_units_are_counted_by_outcome_and_those_that_were_never_photographed_are_named() -> None:
    found = report(a_tally(), a_tally(outcome=None, units=2, photos=2), a_tally(milestone="other"), units=9)
    (milestone,) = found.milestones
    assert (milestone.units, milestone.photos, milestone.counts["PASS"], milestone.counts["open"]) == (6, 10, 4, 2)
    assert (milestone.unseen, milestone.unseen_ranges) == (3, ((1, 2),))
    (_, line) = describe_lot(found, lambda _: ())
    assert line == "  pre-shipment: 6 units, 10 photos: 4 PASS, 2 open; 3 never photographed: 1 to 2 and others"


def test_a_lot_without_a_size_says_nothing_of_units_it_does_not_know() -> None:
    (milestone,) = report(a_tally()).milestones
    assert (milestone.unseen, milestone.unseen_ranges) == (None, ())


def test_units_judged_by_several_golden_versions_are_a_finding_with_the_command_that_mends_it() -> None:
    found = report(a_tally(), a_tally(mixed=True, units=3), goldens={1: 5, 2: 9})
    message, advice = said(found)[FindingCode.GOLDENS_MIXED]
    assert message.startswith(
        "3 units were judged by more than one golden version (photos: 5 by version 1, 9 by version 2)"
    )
    assert "visiqc rescore --order PO-7 --lot L1 --golden-version 2;" in advice
    assert "visiqc lot show PO-7 L1 --golden-version 2." in advice


def test_a_lot_that_one_golden_version_judged_says_which_and_has_no_finding() -> None:
    found = report(a_tally())
    assert findings(found) == ()
    assert next(describe_lot(found, lambda _: ())).startswith(
        "PO-7 L1: halo-1, judged by golden version 1; opened 2026"
    )


def test_photos_that_something_else_keeps_from_their_score_are_a_finding_with_its_last_reason() -> None:
    found = report(pending=12, put_off=3, last_put_off=PutOff(later(0), "the photo store cannot be read"))
    message, advice = said(found)[FindingCode.PHOTOS_PUT_OFF]
    assert message == (
        "12 photos wait for a score; 3 of them were put off, last at 2026-03-02 09:30 UTC because: "
        "the photo store cannot be read"
    )
    assert "tried again by themselves" in advice


def test_photos_that_could_not_be_scored_are_a_finding_with_the_command_that_tries_them_again() -> None:
    assert "visiqc lot retry PO-7 L1" in "\n".join(describe_findings(report(failed=2)))


def test_files_that_came_before_are_counted_and_a_finding_with_the_command_that_names_them() -> None:
    found = report(a_tally(), repeated=2)
    message, advice = said(found)[FindingCode.FILES_REPEATED]
    assert message.startswith("2 photos are files that came before, at another milestone or in another lot")
    assert advice.endswith("visiqc lot show PO-7 L1")
    assert list(describe_lot(found, lambda _: ()))[-1].endswith("4 PASS; 2 files that came before")


def test_photos_that_only_wait_are_counted_without_a_finding() -> None:
    found = report(pending=1)
    assert findings(found) == ()
    assert "  1 photo still without a score" in list(describe_lot(found, lambda _: ()))
