"""`visiqc score`: photos against the approved golden sample of their product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from visiqc.cli.photos import PhotoFile
    from visiqc.domain.verdict import Verdict
    from visiqc.errors import InputError
    from visiqc.inspection.parts import Parts


@dataclass(frozen=True, slots=True)
class Scored:
    """One photo of the command line and what came of it: a verdict, or the reason why it could not be read."""

    photo: PhotoFile
    result: Verdict | InputError
    heatmap: Path | None = None


def score(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="The product that the photos claim to show.")],
    photos: Annotated[list[str], typer.Argument(help="Photos, or folders of photos.", metavar="PHOTO")],
    golden_version: Annotated[
        int | None, typer.Option(min=1, help="Hold them against this golden version; default: the current one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
    heatmaps: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write <photo>.heatmap.jpg of every compared photo here.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a contact sheet of all photos, one HTML file.")
    ] = None,
) -> None:
    """Score photos against the golden sample.

    Exits 0 when every photo is PASS; otherwise with the highest of REVIEW 10, REJECT 11, RETAKE 12,
    WRONG_SAMPLE 13. A photo that cannot be read is named, the others are scored all the same, and the exit
    code is 3.
    """
    from visiqc.bootstrap import build_parts
    from visiqc.cli.exits import DONE, INPUT, OUTCOME_CODES
    from visiqc.cli.photos import find_photos
    from visiqc.cli.progress import progress
    from visiqc.cli.score_json import score_document
    from visiqc.cli.score_text import describe
    from visiqc.errors import InputError
    from visiqc.inspection.inspect import approved_golden

    files = find_photos(photos)
    parts = build_parts()
    version = approved_golden(sku, golden_version, parts).version
    done: list[Scored] = []
    with progress(f"score {sku}") as steps:
        for nth, scored in enumerate(score_files(sku, version, files, parts, heatmaps=heatmaps)):
            done.append(scored)
            steps(scored.photo.name, nth + 1, len(files))
            with steps.aside():
                if isinstance(scored.result, InputError):
                    typer.echo(f"visiqc: {scored.result}", err=True)
                elif not as_json:
                    print(describe(scored.result, heatmap=scored.heatmap), end="\n\n", flush=True)
    verdicts = [scored.result for scored in done if not isinstance(scored.result, InputError)]
    unread = len(done) - len(verdicts)
    code = INPUT if unread else max((OUTCOME_CODES[verdict.outcome] for verdict in verdicts), default=DONE)
    if sheet is not None:
        _write_sheet(sheet, sku, verdicts, parts)
    if as_json:
        print(score_document(sku, version, done, exit_code=code))
    elif unread:
        typer.echo(f"visiqc: {unread} of {len(done)} photos could not be read", err=True)
    raise typer.Exit(code)


def score_files(
    sku: str, version: int, files: list[PhotoFile], parts: Parts, *, heatmaps: Path | None = None
) -> Iterator[Scored]:
    """Score files one by one, in order; one at a time is in memory.

    Args:
        sku: The product.
        version: The golden version.
        files: The photos.
        parts: The ports.
        heatmaps: Folder for the heatmaps, made if absent; None writes none.

    Raises:
        Unavailable: As scoring, or the heatmap cannot be written.
    """
    from visiqc.batch.leases import Leases
    from visiqc.batch.scoring import score_leased
    from visiqc.cli.heatmaps import HeatmapFolder
    from visiqc.cli.who import author_if_known
    from visiqc.errors import InputError
    from visiqc.inspection.inspect import accept_photos

    sender = author_if_known()
    folder = HeatmapFolder(heatmaps) if heatmaps is not None else None
    with Leases(parts.records, parts.clock) as leases:
        for file in files:
            try:
                sent = file.read(max_bytes=parts.limits.max_bytes)
                (upload,) = accept_photos(sku, [sent], parts, golden_version=version, sent_by=sender)
            except InputError as err:
                yield Scored(file, err)
                continue
            verdict = score_leased(upload.id, parts, leases)
            yield Scored(file, verdict, folder.write(verdict, parts) if folder else None)


def _write_sheet(target: Path, sku: str, verdicts: list[Verdict], parts: Parts) -> None:
    from visiqc.cli.files import write_whole
    from visiqc.reporting.contact_sheet import contact_sheet, sheet_rows

    page = contact_sheet(sheet_rows(verdicts, parts), title=f"{sku}: {len(verdicts)} photos", made_at=parts.clock())
    write_whole(target, page.encode())
    typer.echo(f"contact sheet: {target}", err=True)
