from __future__ import annotations

import numpy as np
import pytest

from bench import jpeg
from visiqc.errors import InputError, TooLarge, UnreadablePhoto
from visiqc.inspection.reading import Arrivals, RecentCopies, Refusals, WorkingCopy, read_photo
from visiqc.vision.photo import DecodeLimits


def copy_of(kilobytes: int) -> WorkingCopy:
    return WorkingCopy(np.zeros((kilobytes, 1024 // 3 + 1, 3), np.uint8)[:, :341], (10, 10))


@pytest.mark.parametrize(("long_side", "longest"), [(256, 512), (512, 1000), (1024, 1000)])
def test_a_working_copy_is_twice_the_frame_and_never_enlarged(long_side: int, longest: int) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (600, 1000, 3), dtype=np.uint8)
    copy = read_photo(jpeg(photo), DecodeLimits(), frame_long_side=long_side)
    assert max(copy.photo.shape) == pytest.approx(longest, rel=0.06)
    assert copy.original_size == (600, 1000)


def test_one_refusal_keeps_its_class_and_gains_the_name() -> None:
    refusals = Refusals()
    with refusals.of("戒指.jpg"):
        raise UnreadablePhoto("it is cut short")
    with pytest.raises(UnreadablePhoto, match=r"^戒指\.jpg: it is cut short$"):
        refusals.raise_any()


def test_several_refusals_are_told_together_in_the_class_they_share() -> None:
    refusals = Refusals()
    for name, error in (("a.jpg", TooLarge("80 MB")), ("b.jpg", TooLarge("90 MB"))):
        with refusals.of(name):
            raise error
    with pytest.raises(TooLarge, match=r"^a\.jpg: 80 MB\nb\.jpg: 90 MB$"):
        refusals.raise_any()
    with refusals.of("c.jpg"):
        raise UnreadablePhoto("empty")
    with pytest.raises(InputError, match=r"c\.jpg: empty") as caught:
        refusals.raise_any()
    assert type(caught.value) is InputError


def test_only_errors_of_the_sender_are_gathered() -> None:
    with pytest.raises(KeyError), Refusals().of("a.jpg"):
        raise KeyError("a mistake of ours")


def test_without_refusals_nothing_is_raised() -> None:
    refusals = Refusals()
    with refusals.of("a.jpg"):
        pass
    refusals.raise_any()


def test_a_file_is_welcome_once_whatever_its_name() -> None:
    arrivals = Arrivals()
    arrivals.check("a.jpg", b"1")
    arrivals.check("a.jpg", b"2")  # two photos may share a name
    for name in ("a.jpg", "b.jpg"):
        with pytest.raises(InputError, match=r"same file as a\.jpg"):
            arrivals.check(name, b"1")


def test_a_name_that_is_no_text_is_refused_and_can_still_be_printed() -> None:
    refusals = Refusals()
    with refusals.of("ring\udcff.jpg"):
        Arrivals().check("ring\udcff.jpg", b"1")
    with pytest.raises(InputError, match="Unicode") as caught:
        refusals.raise_any()
    assert str(caught.value).encode().startswith(rb"ring\udcff.jpg: ")


def test_a_recent_copy_can_be_taken_once() -> None:
    recent, copy = RecentCopies(), copy_of(1)
    recent.put("a", copy)
    assert recent.take("a") is copy
    assert recent.take("a") is None


def test_recent_copies_hold_no_more_memory_than_allowed() -> None:
    recent = RecentCopies(kept_bytes=10 * 1024)
    for n in range(30):
        recent.put(str(n), copy_of(3))
    assert [n for n in range(30) if recent.take(str(n))] == [27, 28, 29]


def test_a_copy_too_large_to_wait_is_not_kept() -> None:
    recent = RecentCopies(kept_bytes=10 * 1024)
    recent.put("large", copy_of(11))
    assert recent.take("large") is None
