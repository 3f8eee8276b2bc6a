"""`visiqc demo`: the whole job on the sample photos that ship."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visiqc.domain.outcome import Outcome

if TYPE_CHECKING:
    from visiqc.cli.progress import Steps
    from visiqc.domain.verdict import Verdict
    from visiqc.inspection.enrol import Progress
    from visiqc.inspection.parts import Parts, SentPhoto

_MARK = "made-by-visiqc-demo"
_SHOWS = {"good": "a good piece", "wrong_sample": "another design", "variant": "a variant: other "}
_FLAGGED = {Outcome.REVIEW, Outcome.REJECT}
_EXPECTED = {
    "good": {Outcome.PASS},
    "defective": _FLAGGED,
    "variant": {*_FLAGGED, Outcome.WRONG_SAMPLE},
    "wrong_sample": {Outcome.WRONG_SAMPLE},
    "unusable": {Outcome.RETAKE},
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample photo.

    Attributes:
        sku: The product it is sent for.
        path: Where it is.
        role: `golden`, `good`, `defective`, `variant`, `wrong_sample` or `unusable`.
        defect: What is wrong with it; empty where nothing is.
        visible: Whether that can be seen in the photo.
    """

    sku: str
    path: Path
    role: str
    defect: str
    visible: bool = True

    @property
    def shows(self) -> str:
        """What the photo is known to show, in words."""
        words = self.defect.replace("_", " ")
        if self.role in {"good", "wrong_sample", "variant"}:
            return _SHOWS[self.role] + (words if self.role == "variant" else "")
        return words if self.visible else f"{words}, hidden"


@dataclass(frozen=True, slots=True)
class Tried:
    """A sample and the verdict about it."""

    sample: Sample
    verdict: Verdict

    @property
    def remark(self) -> str:
        """How the verdict differs from what the photo shows; empty where it does not."""
        outcome = self.verdict.outcome
        if outcome in _EXPECTED[self.sample.role] or not self.sample.visible:
            return ""
        if self.sample.role == "good":
            return "false alarm"
        return "missed" if outcome is Outcome.PASS else "misnamed"


def demo(
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder for the demo's database and contact sheet.")
    ] = Path("visiqc-demo"),
) -> None:
    """Try VisiQC on the sample photos that ship.

    Enrols and approves the sample goldens in a fresh home, scores the sample photos, prints a table, and
    writes a contact sheet to look at.
    """
    from visiqc.bootstrap import build_parts
    from visiqc.cli.demo_table import print_table
    from visiqc.cli.files import write_whole
    from visiqc.cli.progress import progress
    from visiqc.reporting.contact_sheet import contact_sheet, sheet_row
    from visiqc.settings import Settings

    samples = read_samples()
    parts = build_parts(Settings(home=_fresh_home(out), database_url=""))
    with progress("demo") as steps:
        tried = try_samples(samples, parts, steps)
        rows = [sheet_row(each.verdict, parts, shows=_told(each)) for each in tried]
    page = contact_sheet(rows, title="VisiQC demo", made_at=parts.clock())
    sheet = out / "contact-sheet.html"
    write_whole(sheet, page.encode())
    print_table(tried)
    print(f"Contact sheet: {sheet}")
    print(f"To open it:    python3 -m webbrowser {sheet.resolve().as_uri()}")


def read_samples() -> list[Sample]:
    """The sample photos that ship.

    Raises:
        NotFound: The installation is incomplete.
        IntegrityError: Their manifest cannot be read.
    """
    from visiqc.errors import InputError, IntegrityError
    from visiqc.evaluation.rendered_sets import read_manifest
    from visiqc.runtime.bundle import bundled_samples

    folder = bundled_samples()
    try:
        items = read_manifest(folder).items
    except InputError as err:
        raise IntegrityError("the manifest of the sample photos cannot be read; install VisiQC again") from err
    return [
        Sample(
            item.sku,
            folder / item.file,
            item.role,
            item.defect or item.attribute or "",
            visible=item.visible is not False,
        )
        for item in items
    ]


def try_samples(samples: Iterable[Sample], parts: Parts, steps: Steps) -> list[Tried]:
    """Enrol and approve every golden sample, then score every upload against its own."""
    from visiqc.domain.people import Author
    from visiqc.inspection.enrol import approve_golden, enrol_golden
    from visiqc.inspection.inspect import accept_photos, score_upload

    uploads = [sample for sample in samples if sample.role != "golden"]
    for sku in dict.fromkeys(sample.sku for sample in uploads):
        goldens = [_sent(sample) for sample in samples if sample.sku == sku and sample.role == "golden"]
        golden = enrol_golden(sku, goldens, parts, progress=_named(steps, f"enrolling {sku}"))
        approve_golden(sku, golden.version, by="visiqc demo", parts=parts)
    tried = []
    for done, sample in enumerate(uploads):
        steps(f"scoring {sample.sku}", done, len(uploads))
        (upload,) = accept_photos(sample.sku, [_sent(sample)], parts, sent_by=Author(name="visiqc demo"))
        tried.append(Tried(sample, score_upload(upload.id, parts)))
    return tried


def _told(each: Tried) -> str:
    return each.sample.shows + (f" ({each.remark})" if each.remark else "")


def _sent(sample: Sample) -> SentPhoto:
    from visiqc.inspection.parts import SentPhoto

    return SentPhoto(name=sample.path.name, content=sample.path.read_bytes())


def _named(steps: Steps, what: str) -> Progress:
    return lambda _, done, total: steps(what, done, total)


def _fresh_home(out: Path) -> Path:
    """An empty home in `out`; one that an earlier demo made is removed, anything else is left alone.

    Raises:
        Conflict: The place is taken.
        Unavailable: It cannot be made.
    """
    from visiqc.cli.photos import shown
    from visiqc.errors import Conflict, Unavailable

    home = out / "home"
    try:
        if (home / _MARK).is_file():
            shutil.rmtree(home)
        home.mkdir(parents=True)
        (home / _MARK).touch()
    except FileExistsError as err:
        raise Conflict(f"{shown(home)} is there already and no demo made it; choose another folder with --out") from err
    except OSError as err:
        raise Unavailable(f"{shown(home)} cannot be made: {(err.strerror or str(err)).lower()}") from err
    return home
