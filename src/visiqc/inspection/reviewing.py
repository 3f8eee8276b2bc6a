"""An inspector answers a photo."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import cv2
import numpy as np

from visiqc.domain.people import Author
from visiqc.domain.review import UNKNOWN, Decision, Polygon, Review, ReviewedRegion
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, InputError
from visiqc.inspection.parts import Parts
from visiqc.inspection.side_by_side import SharedFrame, shared_frame
from visiqc.vision.outlines import box_outline, moved
from visiqc.vision.warp import Size

OPEN_FOR = timedelta(seconds=30)
"""For how long after its last sign of life a page counts as open."""

SMALLEST_DRAWN = 4.0
"""Square pixels of the shared frame; less is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidRegion:
    """What an inspector says about one place.

    Attributes:
        nth: Number of the verdict's region, from 0; None = drawn by hand.
        polygon: Of a drawn one: its corners in the frame it was shown in.
        code: A code of the catalogue or `unknown`; empty = as the verdict has it.
        dismissed: It is nothing.
    """

    nth: int | None = None
    polygon: Polygon = ()
    code: str = ""
    dismissed: bool = False


def review_photo(
    upload_id: str,
    decision: Decision,
    parts: Parts,
    *,
    author: Author,
    supersedes: str = "",
    regions: Sequence[SaidRegion] = (),
    codes: Sequence[str] = (),
    note: str = "",
) -> Review:
    """Keep what an inspector says about a photo's verdict of record.

    Args:
        upload_id: The photo.
        decision: Accepting dismisses every region of the verdict.
        parts: The ports.
        author: Who says it.
        supersedes: Id of the newest review of the photo that the inspector saw; empty = there was none.
        regions: What is said about places.
        codes: Types of defects that no place shows.
        note: In the inspector's own words.

    Raises:
        NotFound: No such photo.
        InputError: A region or type does not exist, or the decision contradicts it.
        Conflict: There is no verdict yet, or somebody else answered meanwhile.
    """
    upload, verdict = parts.records.upload(upload_id), parts.records.verdict(upload_id)
    if verdict is None:
        raise Conflict("the photo has no verdict yet, so there is nothing to answer; wait for it")
    frame = shared_frame(upload, verdict, parts)
    said = [SaidRegion(nth=n, dismissed=True) for n in range(len(verdict.regions))]
    if decision is not Decision.ACCEPT or any(region.nth is None for region in regions):
        said = list(regions)  # a drawn region contradicts an acceptance; the review itself says so
    review = Review(
        id=uuid.uuid4().hex,
        upload_id=upload_id,
        decision=decision,
        regions=tuple(_region(one, verdict, frame) for one in said),
        codes=tuple(dict.fromkeys(codes)),
        note=note.strip(),
        author=author.id,
        author_name=author.name,
        made_at=parts.clock(),
        supersedes=supersedes,
        golden_version=verdict.golden_version,
        models=verdict.models,
    )
    return parts.records.add_review(review)


def others_looking(upload_id: str, author: Author, parts: Parts) -> tuple[str, ...]:
    """Say that `author` has a photo open; returns the names of others who do, too."""
    now = parts.clock()
    return parts.records.look_at(upload_id, author.id, author.name, at=now, since=now - OPEN_FOR)


def _region(said: SaidRegion, verdict: Verdict, frame: SharedFrame) -> ReviewedRegion:
    to_upload = np.asarray(np.linalg.inv(frame.warp), np.float64)
    if said.nth is None:
        drawn = moved(_inside(said.polygon, frame.size), to_upload) if said.polygon else ()
        return ReviewedRegion(polygon=drawn, code=said.code or UNKNOWN, origin="inspector", dismissed=said.dismissed)
    if not 0 <= said.nth < len(verdict.regions):
        raise InputError(f"the verdict has {len(verdict.regions)} regions, none of number {said.nth}; count from 0")
    found = verdict.regions[said.nth]
    return ReviewedRegion(
        polygon=moved(box_outline(found.box), to_upload),
        code=said.code or found.type or UNKNOWN,
        origin="model",
        dismissed=said.dismissed,
    )


def _inside(drawn: Polygon, size: Size) -> Polygon:
    """A drawn polygon cut to the picture it was drawn on: a pen may slip over the edge.

    Raises:
        InputError: Hardly anything of it lies on the picture, or it has a corner that is no place.
    """
    height, width = size
    far = 2 * max(size)
    if not all(abs(value) < far for corner in drawn for value in corner):  # NaN is not less either
        raise InputError(f"a region has a corner that is no place on the picture, {width} × {height}; draw it again")
    corners = tuple((min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))) for x, y in drawn)
    if abs(cv2.contourArea(np.array(corners, np.float32))) < SMALLEST_DRAWN:
        raise InputError(
            f"a drawn region covers under {SMALLEST_DRAWN:g} pixels of the picture, {width} × {height}; draw it larger"
        )
    return corners
