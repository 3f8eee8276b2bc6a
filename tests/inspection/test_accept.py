from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import photo_of, sent, stored_blobs
from builders import MOMENT, a_golden, a_request, digest_of
from pictures import board
from visiqc.errors import Conflict, InputError, NotFound, TooLarge
from visiqc.inspection.inspect import accept_photos
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.inspection.reading import RecentCopies
from visiqc.vision.photo import DecodeLimits

PHOTOS = [sent(f"{n}.jpg", photo_of(board(), noise=n)) for n in range(5)]
BROKEN = SentPhoto(name="broken.jpg", content=PHOTOS[0].content[:3000])
EMPTY = SentPhoto(name="empty.jpg", content=b"")


@pytest.fixture
def parts(parts: Parts) -> Parts:
    """Parts with an approved golden version whose features nobody will ask for."""
    parts.records.add_golden(a_golden(sku="board", model_digests=parts.models.digests))
    parts.records.approve_golden("board", 1, by="anna", at=MOMENT)
    return parts


def test_what_is_accepted_is_in_the_record_and_its_bytes_in_the_store(parts: Parts) -> None:
    uploads = accept_photos("board", PHOTOS[:2], parts)
    assert parts.records.pending() == uploads
    assert [upload.photo_name for upload in uploads] == ["0.jpg", "1.jpg"]
    assert [parts.blobs.get(upload.photo_digest) for upload in uploads] == [p.content for p in PHOTOS[:2]]
    assert {(upload.sku, upload.golden_version, upload.received_at) for upload in uploads} == {("board", 1, MOMENT)}


def test_all_are_accepted_or_none_and_every_bad_one_is_named(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        accept_photos("board", [PHOTOS[0], BROKEN, PHOTOS[1], EMPTY], parts)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == ["broken.jpg", "empty.jpg"]
    assert parts.records.pending() == ()
    assert stored_blobs(tmp_path) == set()


def test_the_same_file_twice_in_one_request_is_refused_by_both_names(parts: Parts) -> None:
    with pytest.raises(InputError, match=r"^copy\.jpg: it is the same file as 0\.jpg; send each photo once$"):
        accept_photos("board", [PHOTOS[0], PHOTOS[1], replace(PHOTOS[0], name="copy.jpg")], parts)


def test_no_photo_is_refused(parts: Parts) -> None:
    with pytest.raises(InputError, match="no photo was sent"):
        accept_photos("board", [], parts)


@pytest.mark.parametrize("sku", ["..", "a/b", "../board", "board\n", "", "b" * 65])
def test_a_sku_that_cannot_name_a_product_is_refused(parts: Parts, sku: str) -> None:
    with pytest.raises(InputError, match="not a usable SKU"):
        accept_photos(sku, PHOTOS[:1], parts)


@pytest.mark.parametrize(("sku", "version"), [("ring", None), ("ring", 1), ("board", 7), ("board", 0), ("board", -1)])
def test_what_does_not_exist_is_not_found(parts: Parts, sku: str, version: int | None) -> None:
    with pytest.raises(NotFound, match=sku):
        accept_photos(sku, PHOTOS[:1], parts, golden_version=version)
    with pytest.raises(NotFound):
        accept_photos("board", PHOTOS[:1], parts, golden_version=10**40)


def test_names_in_any_script_are_kept_and_those_that_are_no_text_refused(parts: Parts) -> None:
    (upload,) = accept_photos("board", [replace(PHOTOS[0], name="戒指 💍 ñ́.jpg")], parts)
    assert parts.records.upload(upload.id).photo_name == "戒指 💍 ñ́.jpg"
    with pytest.raises(InputError, match="not valid Unicode"):
        accept_photos("board", [replace(PHOTOS[0], name="\udc80.jpg")], parts)


def test_limits_are_those_of_the_parts(parts: Parts) -> None:
    small = replace(parts, limits=DecodeLimits(max_pixels=1000))
    with pytest.raises(TooLarge, match=r"^0\.jpg: "):
        accept_photos("board", PHOTOS[:1], small)


def test_a_request_asked_for_again_gives_the_same_uploads_and_decodes_nothing(parts: Parts) -> None:
    request = a_request()
    first = accept_photos("board", PHOTOS[:2], parts, request=request)
    blind = replace(parts, limits=DecodeLimits(max_pixels=1))  # nothing at all could be decoded
    assert accept_photos("board", PHOTOS[:2], blind, request=request) == first
    assert parts.records.pending() == first


def test_a_request_is_replayed_even_when_its_golden_is_no_longer_current(parts: Parts) -> None:
    first = accept_photos("board", PHOTOS[:1], parts, request=a_request())
    parts.records.add_golden(a_golden(sku="board", model_digests=(digest_of("x"), digest_of("y"))))
    parts.records.approve_golden("board", 2, by="anna", at=MOMENT)
    assert accept_photos("board", PHOTOS[:1], parts, request=a_request()) == first


def test_a_request_key_used_for_something_else_is_a_conflict(parts: Parts) -> None:
    accept_photos("board", PHOTOS[:1], parts, request=a_request())
    with pytest.raises(Conflict, match="request-1"):
        accept_photos("board", PHOTOS[1:2], parts, request=a_request(fingerprint=digest_of("other")))


def test_of_many_photos_only_the_first_few_wait_decoded(parts: Parts) -> None:
    copy = 384 * 512 * 3
    some = replace(parts, recent=RecentCopies(kept_bytes=3 * copy + 10))
    uploads = accept_photos("board", PHOTOS, some)
    assert [some.recent.take(upload.id) is not None for upload in uploads] == [True, True, True, False, False]


def test_photos_that_were_refused_do_not_wait_decoded(parts: Parts) -> None:
    with pytest.raises(InputError):
        accept_photos("board", [PHOTOS[0], BROKEN], parts)
    assert not parts.recent._copies


def test_photos_are_accepted_against_the_version_current_then(parts: Parts) -> None:
    (early,) = accept_photos("board", PHOTOS[:1], parts)
    parts.records.add_golden(a_golden(sku="board", model_digests=parts.models.digests))
    parts.records.approve_golden("board", 2, by="anna", at=MOMENT)
    (late,) = accept_photos("board", PHOTOS[1:2], parts)
    assert (early.golden_version, late.golden_version) == (1, 2)
