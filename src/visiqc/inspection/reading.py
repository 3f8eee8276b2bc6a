"""Photos in, working copies out, errors with the photo's name in them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from visiqc.errors import InputError
from visiqc.vision.photo import DecodeLimits, decode_rgb, inspect_header
from visiqc.vision.types import Photo
from visiqc.vision.warp import Size

WORKING_RATIO = 2
"""Long side of a working copy in long sides of the golden frame: a product that fills half of the photo is
still compared at the frame's full resolution."""

_NEARLY = 0.94


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """A decoded photo.

    Attributes:
        photo: (H, W, 3) uint8 RGB, upright, reduced to the working size.
        original_size: Height and width of the whole photo, upright.
    """

    photo: Photo
    original_size: Size


def read_photo(content: bytes, limits: DecodeLimits, *, frame_long_side: int) -> WorkingCopy:
    """Check a photo's header and decode it; errors as `decode_rgb`."""
    header = inspect_header(content, limits)
    longest, wanted = max(header.height, header.width), WORKING_RATIO * frame_long_side
    # A JPEG comes cheaply at a half, a quarter, an eighth: one of these that is nearly large enough will do.
    cheap = next((s for s in (8, 4, 2) if _NEARLY * wanted <= longest / s <= wanted), None)
    photo = decode_rgb(content, limits=limits, max_side=wanted if cheap is None else -(-longest // cheap))
    return WorkingCopy(photo, (header.height, header.width))


@contextmanager
def naming(photo_name: str) -> Iterator[None]:
    """Put the photo's name before the message of an `InputError` raised inside the block."""
    try:
        yield
    except InputError as err:
        raise type(err)(f"{photo_name}: {err}") from err


class RecentCopies:
    """The last few decoded photos: what was decoded to be accepted need not be decoded again to be scored."""

    def __init__(self, most: int = 3) -> None:
        self._most = most
        self._copies: OrderedDict[str, WorkingCopy] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: str, copy: WorkingCopy) -> None:
        """Keep `copy`, letting the oldest go."""
        with self._lock:
            self._copies[key] = copy
            while len(self._copies) > self._most:
                self._copies.popitem(last=False)

    def take(self, key: str) -> WorkingCopy | None:
        """The copy under `key`, which is then forgotten; None when it has gone."""
        with self._lock:
            return self._copies.pop(key, None)
