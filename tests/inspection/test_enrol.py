from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import POLICY, enrolled, photo_of, scored, sent, stored_blobs
from builders import MOMENT
from pictures import board, plate
from visiqc.domain.golden import GoldenVersion, ScoringPolicy
from visiqc.errors import BadRecipe, InputError, NotApproved, NotFound, UnreadablePhoto
from visiqc.inspection.enrol import approve_golden, enrol_golden
from visiqc.inspection.inspect import accept_photos, score_upload
from visiqc.inspection.parts import Parts, SentPhoto

FRONT = sent("front.jpg", photo_of(board()))
TURNED = sent("turned.jpg", photo_of(board(), 8, 0.95, noise=1))
BACK = sent("back.jpg", photo_of(plate(), noise=2))
DARK = sent("dark.jpg", (photo_of(board()) // 12).astype(np.uint8))
BROKEN = SentPhoto(name="broken.jpg", content=FRONT.content[:2000])


def assert_nothing_kept(parts: Parts, home: Path) -> None:
    assert parts.records.goldens() == ()
    assert stored_blobs(home) == set()


def test_what_was_enrolled_is_kept_with_policy_and_models_and_progress_was_told(parts: Parts, tmp_path: Path) -> None:
    policy = ScoringPolicy(long_side=300, alpha_review=0.1, alpha_reject=0.02, min_region_px=99)
    large, told = sent("large.jpg", photo_of(board(), size=(1200, 1600))), list[tuple[str, int, int]]()
    golden = enrol_golden("戒指-1", [large], parts, policy=policy, progress=lambda *step: told.append(step))
    assert golden == parts.records.golden("戒指-1", 1)
    assert golden.policy == policy
    assert golden.model_digests == (parts.models.trunk.digest, parts.models.identity.digest)
    assert (golden.made_at, golden.approved) == (MOMENT, False)
    (photo,) = golden.photos
    assert (photo.name, photo.width, photo.height) == ("large.jpg", 1600, 1200)
    assert parts.blobs.get(photo.digest) == large.content
    assert stored_blobs(tmp_path) == {photo.digest, golden.bank_digest}
    assert_never_falls_and_ends(told)


def assert_never_falls_and_ends(told: list[tuple[str, int, int]]) -> None:
    done, totals = [step[1] for step in told], {step[2] for step in told}
    assert done == sorted(done)
    assert {done[-1]} == totals
    assert {step[0] for step in told} == {"reading photos", "grouping views", "simulating good photos", "done"}


@pytest.mark.parametrize("count", [0, 21])
def test_one_to_twenty_photos_are_taken(parts: Parts, tmp_path: Path, count: int) -> None:
    with pytest.raises(InputError, match=f"1 to 20 photos, got {count}"):
        enrol_golden("board", [FRONT] * count, parts, policy=POLICY)
    assert_nothing_kept(parts, tmp_path)


@pytest.mark.slow
def test_twenty_photos_of_two_views_can_be_enrolled(parts: Parts) -> None:
    fronts = [sent(f"front-{n}.jpg", photo_of(board(), 2.0 * n, noise=n)) for n in range(10)]
    backs = [sent(f"back-{n}.jpg", photo_of(plate(), 2.0 * n, noise=n)) for n in range(10)]
    golden = enrolled("board", fronts + backs, parts)
    assert golden.views == ("view-1", "view-2")
    assert [photo.view for photo in golden.photos] == ["view-1"] * 10 + ["view-2"] * 10


def test_every_refused_photo_is_named_with_advice_and_nothing_is_kept(parts: Parts, tmp_path: Path) -> None:
    text = SentPhoto(name="notes.jpg", content=b"Dear factory, ...")
    again = replace(FRONT, name="again.jpg")
    with pytest.raises(InputError) as caught:
        enrol_golden("board", [BROKEN, FRONT, DARK, text, again], parts, policy=POLICY)
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["broken.jpg", "dark.jpg", "notes.jpg", "again.jpg"]
    assert "send the whole file again" in lines[0]
    assert "too dark" in lines[1]
    assert "take the photo again" in lines[1]
    assert "same file as front.jpg" in lines[3]
    assert_nothing_kept(parts, tmp_path)


def test_one_unreadable_photo_keeps_the_class_of_its_error(parts: Parts) -> None:
    with pytest.raises(UnreadablePhoto, match=r"^broken\.jpg: "):
        enrol_golden("board", [FRONT, BROKEN], parts, policy=POLICY)


def test_the_same_file_twice_is_refused_by_both_names(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"copy\.jpg: it is the same file as front\.jpg"):
        enrol_golden("board", [FRONT, replace(FRONT, name="copy.jpg")], parts, policy=POLICY)
    assert_nothing_kept(parts, tmp_path)


def test_a_name_that_is_no_text_is_refused_before_anything_is_kept(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not valid Unicode"):
        enrol_golden("board", [replace(FRONT, name="front\udce9.jpg")], parts, policy=POLICY)
    assert_nothing_kept(parts, tmp_path)


def test_photos_of_one_pose_share_a_view_and_another_side_is_a_second_one(parts: Parts) -> None:
    golden = enrolled("board", [FRONT, replace(BACK, view="view-1"), TURNED], parts)
    assert [photo.view for photo in golden.photos] == ["view-2", "view-1", "view-2"]  # view-1 was given to another
    bank = parts.banks.get(golden.bank_digest)
    assert [(view.name, len(view.maps)) for view in bank.views] == [("view-2", 2), ("view-1", 1)]
    assert scored("board", sent("new.jpg", photo_of(plate(), 5, noise=9)), parts).golden_view == "view-1"


def test_photos_given_a_wrong_view_are_refused_by_name(parts: Parts, tmp_path: Path) -> None:
    wrong = [replace(BACK, view="front"), replace(sent("back-2.jpg", photo_of(plate(), 3)), view="front")]
    with pytest.raises(InputError) as caught:
        enrol_golden("board", [replace(FRONT, view="front"), *wrong], parts, policy=POLICY)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == ["back.jpg", "back-2.jpg"]
    assert "front.jpg, the first photo of view 'front'" in str(caught.value)
    assert "give it a view of its own" in str(caught.value)
    assert_nothing_kept(parts, tmp_path)


@pytest.mark.parametrize("view", ["", " front", "front\n", "x" * 65, "a\x00b"])
def test_a_view_that_cannot_be_named_is_refused(parts: Parts, view: str) -> None:
    with pytest.raises(InputError, match=r"front\.jpg: not a usable name of a view"):
        enrol_golden("board", [replace(FRONT, view=view)], parts, policy=POLICY)


@pytest.mark.parametrize("sku", ["..", "a/b", "", "-x", "a b", "x" * 65, "a\n", "a\x00", "../../etc/passwd"])
def test_a_sku_that_cannot_name_a_product_is_refused(parts: Parts, sku: str) -> None:
    with pytest.raises(InputError, match="not a usable SKU"):
        enrol_golden(sku, [FRONT], parts)
    with pytest.raises(InputError, match="not a usable SKU"):
        approve_golden(sku, 1, by="anna", parts=parts)


def test_a_policy_out_of_range_is_refused() -> None:
    with pytest.raises(BadRecipe, match="long_side must be 256 to 2048"):
        ScoringPolicy(long_side=100)


def test_an_enrolment_that_is_stopped_keeps_nothing(parts: Parts, tmp_path: Path) -> None:
    def stop(_what: str, done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enrol_golden("board", [FRONT], parts, policy=POLICY, progress=stop)
    assert_nothing_kept(parts, tmp_path)


def test_scoring_waits_for_an_approval_and_says_how_to_give_it(own_shop: Parts) -> None:
    draft = as_draft(own_shop, sku="bracelet")
    with pytest.raises(
        NotApproved, match=r"version 1 of bracelet is not approved; .*`visiqc golden approve bracelet 1`"
    ):
        accept_photos("bracelet", [FRONT], own_shop)
    with pytest.raises(InputError, match="who gives it"):
        approve_golden("bracelet", 1, by="  ", parts=own_shop)
    assert own_shop.records.golden("bracelet", 1) == draft
    approve_golden("bracelet", 1, by="anna", parts=own_shop)
    assert accept_photos("bracelet", [FRONT], own_shop)


def as_draft(parts: Parts, **changes: Any) -> GoldenVersion:
    """The golden board once more, as a proposal."""
    golden = parts.records.golden("board", 1)
    return parts.records.add_golden(replace(golden, **{"approved_at": None, "approved_by": None} | changes))


def test_versions_count_up_and_the_one_approved_last_is_current(own_shop: Parts) -> None:
    first, second = own_shop.records.golden("board", 1), as_draft(own_shop)
    assert second.version == 2
    assert accept_photos("board", [TURNED], own_shop)[0].golden_version == 1
    with pytest.raises(NotApproved, match="`visiqc golden approve board 2`"):
        accept_photos("board", [TURNED], own_shop, golden_version=2)
    approve_golden("board", 2, by="anna", parts=own_shop)
    assert scored("board", TURNED, own_shop).golden_version == 2
    (named,) = accept_photos("board", [TURNED], own_shop, golden_version=1)
    assert score_upload(named.id, own_shop).golden_version == 1
    assert own_shop.records.golden("board", 1) == first
    assert enrolled("board", [FRONT], own_shop, approve=False).version == 3


def test_what_does_not_exist_cannot_be_approved(own_shop: Parts) -> None:
    with pytest.raises(NotFound, match="ring"):
        approve_golden("ring", 1, by="anna", parts=own_shop)
    with pytest.raises(NotFound, match="no golden version 2; there is version 1"):
        approve_golden("board", 2, by="anna", parts=own_shop)
