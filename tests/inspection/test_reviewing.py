"""What an inspector says is kept where it is on the photo, and both sides are shown on one frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from bench import enrolled, parts_in, photo_of, scored, scratched, sent
from pictures import board
from visiqc.domain.outcome import Outcome
from visiqc.domain.people import Author
from visiqc.domain.review import Decision
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, InputError
from visiqc.inspection.parts import Parts
from visiqc.inspection.reviewing import SaidRegion, others_looking, review_photo
from visiqc.inspection.side_by_side import shared_frame, side_picture
from visiqc.vision.outlines import moved

ANA, BEN = Author(id="user-1", name="Ana (inspector)"), Author(id="user-2", name="Ben (inspector)")
DRAWN = ((10.0, 20.0), (40.0, 20.0), (40.0, 60.0), (10.0, 60.0))
SIZE = (900, 1200)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[Parts, Verdict]:
    """A scratched piece, photographed large and turned, with its verdict."""
    parts = parts_in(tmp_path_factory.mktemp("home"))
    product = board()
    enrolled("halo-1", [sent("front.jpg", photo_of(product))], parts)
    verdict = scored("halo-1", sent("bad.jpg", photo_of(scratched(product), 9.0, 0.95, noise=1, size=SIZE)), parts)
    assert verdict.regions
    assert verdict.alignment
    return parts, verdict


def pixels(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).astype(np.float32)


def newest(parts: Parts, verdict: Verdict) -> str:
    reviews = parts.records.reviews(verdict.id)
    return reviews[-1].id if reviews else ""


def test_regions_are_kept_in_pixels_of_the_photo(bench: tuple[Parts, Verdict]) -> None:
    parts, verdict = bench
    said = [SaidRegion(nth=0, code="ME-SCR"), SaidRegion(polygon=DRAWN, code="ST-CHP")]
    review = review_photo(verdict.id, Decision.REJECT, parts, author=ANA, regions=said, note=" deep ")
    by_model, by_hand = review.regions
    assert (by_model.origin, by_model.code, by_hand.origin, review.note) == ("model", "ME-SCR", "inspector", "deep")
    assert all(0 <= x <= SIZE[1] and 0 <= y <= SIZE[0] for x, y in by_model.polygon)
    widths = [max(x for x, _ in one) - min(x for x, _ in one) for one in (by_hand.polygon, DRAWN)]
    assert widths[0] > 2 * widths[1], "the photo is much larger than the frame"


def test_accepting_dismisses_all_regions_and_a_drawn_one_contradicts_it(bench: tuple[Parts, Verdict]) -> None:
    parts, verdict = bench
    with pytest.raises(InputError, match="accepted photo shows no defect"):
        review_photo(
            verdict.id,
            Decision.ACCEPT,
            parts,
            author=ANA,
            regions=[SaidRegion(polygon=DRAWN)],
            supersedes=newest(*bench),
        )
    review = review_photo(verdict.id, Decision.ACCEPT, parts, author=ANA, supersedes=newest(*bench))
    assert len(review.regions) == len(verdict.regions)
    assert all(region.dismissed and region.origin == "model" for region in review.regions)


def test_a_region_that_the_verdict_has_not_is_refused(bench: tuple[Parts, Verdict]) -> None:
    with pytest.raises(InputError, match="none of number 99"):
        review_photo(bench[1].id, Decision.REJECT, bench[0], author=ANA, regions=[SaidRegion(nth=99)])


@pytest.mark.parametrize(
    "drawn",
    [
        ((1e300, 1.0), (2.0, 3.0), (4.0, 1e300)),
        ((5000.0, 5000.0), (5100.0, 5000.0), (5100.0, 5100.0)),
        ((20.0, 20.0), (20.0, 20.0), (20.0, 20.0)),
        ((10.0, 10.0), (60.0, 60.0), (30.0, 30.0)),
        ((float("nan"), 10.0), (60.0, 10.0), (60.0, 60.0)),
    ],
    ids=["far", "beside", "point", "line", "nan"],
)
def test_a_drawn_region_that_hardly_lies_on_the_picture_is_refused(
    bench: tuple[Parts, Verdict], drawn: tuple[tuple[float, float], ...]
) -> None:
    before = newest(*bench)
    with pytest.raises(InputError, match=r"covers under 4 pixels|no place on the picture"):
        review_photo(
            bench[1].id,
            Decision.REJECT,
            bench[0],
            author=ANA,
            regions=[SaidRegion(polygon=drawn)],
            supersedes=before,
        )
    assert newest(*bench) == before


def test_a_drawn_region_ends_where_the_picture_does_and_a_type_is_said_once(bench: tuple[Parts, Verdict]) -> None:
    parts, verdict = bench
    over = ((-30.0, -30.0), (40.0, -30.0), (40.0, 60.0), (-30.0, 60.0))
    said = {"regions": [SaidRegion(polygon=over)], "codes": ["ME-SCR"] * 50, "supersedes": newest(*bench)}
    review = review_photo(verdict.id, Decision.REJECT, parts, author=ANA, **said)  # type: ignore[arg-type]
    frame = shared_frame(parts.records.upload(verdict.id), verdict, parts)
    shown = moved(review.regions[0].polygon, frame.warp)
    assert shown == tuple(pytest.approx(corner, abs=1e-6) for corner in ((0, 0), (40, 0), (40, 60), (0, 60)))
    assert review.codes == ("ME-SCR",)


def test_the_second_inspector_is_told_and_may_answer_knowingly(bench: tuple[Parts, Verdict]) -> None:
    parts, verdict = bench
    seen = newest(parts, verdict)
    others_looking(verdict.id, ANA, parts)
    assert others_looking(verdict.id, BEN, parts) == (ANA.name,)
    mine = review_photo(verdict.id, Decision.RETAKE, parts, author=ANA, supersedes=seen)
    with pytest.raises(Conflict, match=r"Ana \(inspector\) answered retake meanwhile"):
        review_photo(verdict.id, Decision.REJECT, parts, author=BEN, supersedes=seen)
    review_photo(verdict.id, Decision.REJECT, parts, author=BEN, supersedes=mine.id)
    assert [review.author_name for review in parts.records.reviews(verdict.id)][-2:] == [ANA.name, BEN.name]


def test_both_sides_show_the_same_piece_in_the_same_place_at_both_sizes(bench: tuple[Parts, Verdict]) -> None:
    parts, verdict = bench
    upload = parts.records.upload(verdict.id)
    frame = shared_frame(upload, verdict, parts)
    assert frame.compared
    assert frame.magnification > 2
    golden, photo = (pixels(side_picture(upload, verdict, parts, side=side, detail="frame")) for side in _SIDES)
    large = [pixels(side_picture(upload, verdict, parts, side=side, detail="full")) for side in _SIDES]
    assert golden.shape[:2] == photo.shape[:2] == frame.size
    assert large[0].shape == large[1].shape
    assert large[0].shape[1] == round(frame.size[1] * frame.magnification)
    for small, big in zip((golden, photo), large, strict=True):
        reduced = cv2.resize(big, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(reduced - small).mean() < 4


_SIDES = ("golden", "upload")


def test_a_photo_that_was_not_compared_is_shown_as_it_is(bench: tuple[Parts, Verdict]) -> None:
    parts, _ = bench
    verdict = scored("halo-1", sent("dark.jpg", (photo_of(board(), noise=7) // 30).astype(np.uint8)), parts)
    assert verdict.outcome is Outcome.RETAKE
    upload = parts.records.upload(verdict.id)
    frame = shared_frame(upload, verdict, parts)
    assert not frame.compared
    assert pixels(side_picture(upload, verdict, parts, side="upload", detail="frame")).shape[:2] == frame.size
    assert pixels(side_picture(upload, verdict, parts, side="golden", detail="frame")).size
    drawn = review_photo(verdict.id, Decision.REJECT, parts, author=ANA, regions=[SaidRegion(polygon=DRAWN)])
    assert drawn.regions[0].origin == "inspector"
