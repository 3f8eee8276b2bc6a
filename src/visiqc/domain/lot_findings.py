"""What a lot's report must not pass over in silence, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from visiqc.domain.lot_report import LotProgress, LotReport


class FindingCode(StrEnum):
    """What kind of finding it is; programs may test for these."""

    GOLDENS_MIXED = "GOLDENS_MIXED"
    FILES_REPEATED = "FILES_REPEATED"
    NOT_JUDGED = "NOT_JUDGED"
    PHOTOS_PUT_OFF = "PHOTOS_PUT_OFF"
    PHOTOS_FAILED = "PHOTOS_FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One of them.

    Attributes:
        code: Its kind.
        message: What is the matter, for people.
        advice: What to do about it.
    """

    code: FindingCode
    message: str
    advice: str


def findings(report: LotReport) -> tuple[Finding, ...]:
    """What holds a lot up or makes its counts less than they seem; the gravest first."""
    return (
        *_mixed(report),
        *_repeated(report),
        *_not_judged(report),
        *_put_off(report.progress),
        *_failed(report),
    )


def _mixed(report: LotReport) -> Iterator[Finding]:
    units = sum(milestone.mixed for milestone in report.milestones)
    if units:
        shares = ", ".join(f"{share.judged} by version {share.version}" for share in report.progress.goldens)
        newest = report.current_golden or max(report.golden_versions)
        yield Finding(
            code=FindingCode.GOLDENS_MIXED,
            message=f"{_counted(units, 'unit was', 'units were')} judged by more than one golden version "
            f"(photos: {shares}), so no version stands behind the outcome",
            advice=_as_judged_by(report, newest),
        )


def _repeated(report: LotReport) -> Iterator[Finding]:
    photos = sum(milestone.repeated for milestone in report.milestones)
    if photos:
        yield Finding(
            code=FindingCode.FILES_REPEATED,
            message=f"{_counted(photos, 'photo is a file', 'photos are files')} that came before, at another milestone "
            "or in another lot, and nothing was photographed anew",
            advice="No two photos are the same file: ask whoever sent them, and have these units photographed. Where "
            f"each file came first: visiqc lot show {report.lot.order} {report.lot.code}",
        )


def _not_judged(report: LotReport) -> Iterator[Finding]:
    version = report.golden_version
    if version is None:
        return
    lacking = sum(share.photos - share.judged for share in report.progress.goldens)
    lacking -= report.progress.pending + report.progress.failed
    if lacking > 0:
        yield Finding(
            code=FindingCode.NOT_JUDGED,
            message=f"{_counted(lacking, 'photo was', 'photos were')} never held against golden version {version}, and "
            f"{'counts' if lacking == 1 else 'count'} as pending here",
            advice=_as_judged_by(report, version),
        )


def _put_off(progress: LotProgress) -> Iterator[Finding]:
    last = progress.last_put_off
    if progress.put_off and last is not None:
        yield Finding(
            code=FindingCode.PHOTOS_PUT_OFF,
            message=f"{_counted(progress.pending, 'photo waits', 'photos wait')} for a score; {progress.put_off} of "
            f"them {'was' if progress.put_off == 1 else 'were'} put off, last at {last.at:%Y-%m-%d %H:%M} UTC because: "
            f"{last.why}",
            advice="Put right what is named there. While a service or a worker runs, these photos are tried again by "
            "themselves, after ten minutes at most; nothing has to be sent again.",
        )


def _failed(report: LotReport) -> Iterator[Finding]:
    if report.progress.failed:
        yield Finding(
            code=FindingCode.PHOTOS_FAILED,
            message=f"{_counted(report.progress.failed, 'photo', 'photos')} could not be scored",
            advice="Take another photo of the unit and view, or have them tried again: "
            f"visiqc lot retry {report.lot.order} {report.lot.code}",
        )


def _as_judged_by(report: LotReport, version: int) -> str:
    lot = report.lot
    return (
        f"Score the lot again: visiqc rescore --order {lot.order} --lot {lot.code} --golden-version {version}; then "
        f"read it as that version judged it: visiqc lot show {lot.order} {lot.code} --golden-version {version}. "
        "Verdicts of record stay."
    )


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
