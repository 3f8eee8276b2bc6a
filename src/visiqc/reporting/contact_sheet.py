"""The contact sheet: one HTML file that shows a batch of verdicts and needs nothing beside itself."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import cv2
from jinja2 import Environment, PackageLoader, StrictUndefined

from visiqc import __version__
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Verdict
from visiqc.inspection.parts import Parts
from visiqc.inspection.pictures import heatmap_image, jpeg
from visiqc.vision.photo import decode_rgb
from visiqc.vision.types import Photo

PICTURE_SIDE = 480
"""Longest side of a picture on the sheet, in pixels; smaller photos keep their size."""

ENVIRONMENT = Environment(
    loader=PackageLoader("visiqc.reporting"),
    autoescape=True,  # names of photos and views come from strangers
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
"""How every page of ours is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One verdict and its pictures.

    Attributes:
        verdict: The verdict.
        golden: The golden view it was held against, JPEG; the first golden photo where no view was chosen.
        upload: The photo as it was sent, upright, JPEG.
        heatmap: The heatmap over the golden view, JPEG; None when the photo was not compared.
        shows: What the photo is known to show, where that is known.
    """

    verdict: Verdict
    golden: bytes
    upload: bytes
    heatmap: bytes | None
    shows: str = ""


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """A score against the review threshold, in percent of the bar's length.

    Attributes:
        score: Where the score lies, 0 to 100.
        threshold: Where review begins.
    """

    score: float
    threshold: float


def sheet_rows(verdicts: Iterable[Verdict], parts: Parts) -> list[SheetRow]:
    """The rows of verdicts, with pictures small enough for a sheet; errors as `heatmap_image`."""
    return [sheet_row(verdict, parts) for verdict in verdicts]


def sheet_row(verdict: Verdict, parts: Parts, *, shows: str = "") -> SheetRow:
    """One row; errors as `heatmap_image`."""
    compared = verdict.score_map_digest is not None
    return SheetRow(
        verdict=verdict,
        golden=reduced(heatmap_image(verdict, parts, layer="golden") if compared else _golden_photo(verdict, parts)),
        upload=reduced(parts.blobs.get(verdict.photo_digest)),
        heatmap=reduced(heatmap_image(verdict, parts)) if compared else None,
        shows=shows,
    )


def contact_sheet(rows: Sequence[SheetRow], *, title: str, made_at: datetime) -> str:
    """The whole page.

    Args:
        rows: In the order they shall stand in.
        title: Heading.
        made_at: UTC.

    Returns:
        HTML with styles and pictures inside; it fetches nothing.
    """
    counts = Counter(row.verdict.outcome for row in rows)
    return ENVIRONMENT.get_template("contact_sheet.html").render(
        title=title,
        rows=rows,
        counts=[(outcome, counts[outcome]) for outcome in Outcome],
        made_at=made_at,
        software=f"VisiQC {__version__}",
        score_bar=score_bar,
        data_uri=data_uri,
        stem=outcome_class,
    )


def score_bar(verdict: Verdict) -> ScoreBar | None:
    """How to draw the score of a verdict; None when it has none.

    The bar is three review thresholds long; a longer score fills it.
    """
    calibration = verdict.calibration
    if calibration is None:
        return None
    length = 3.0 * calibration.review_threshold
    if not 0.0 < length < float("inf"):  # every score, or none, would be flagged
        return ScoreBar(score=0.0, threshold=100.0 if length > 0 else 0.0)
    return ScoreBar(score=100.0 * min(1.0, max(0.0, calibration.score / length)), threshold=100.0 / 3.0)


def outcome_class(outcome: Outcome) -> str:
    """The CSS class of an outcome."""
    return outcome.value.lower().replace("_", "-")


def _golden_photo(verdict: Verdict, parts: Parts) -> bytes:
    golden = parts.records.golden(verdict.sku, verdict.golden_version)
    shown = next((photo for photo in golden.photos if photo.view == verdict.golden_view), golden.photos[0])
    return parts.blobs.get(shown.digest)


def reduced(content: bytes) -> bytes:
    """A picture, upright, at most `PICTURE_SIDE` long, as JPEG."""
    return jpeg(_fitted(decode_rgb(content, max_side=2 * PICTURE_SIDE)))


def _fitted(photo: Photo) -> Photo:
    scale = PICTURE_SIDE / max(photo.shape[:2])
    if scale >= 1:
        return photo
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def data_uri(picture: bytes) -> str:
    """A JPEG as the source of an `img`, so that the page needs nothing beside itself."""
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()
