"""Photos in, working copies out, and refusals that name the photo."""

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
KEPT_BYTES = 32 * 1024 * 1024
"""Memory the decoded photos that wait for their scoring may hold: three at the default resolution."""

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


class Refusals:
    """Why photos cannot be used, gathered so that their sender hears about all of them at once."""

    def __init__(self) -> None:
        self._errors: list[InputError] = []

    @contextmanager
    def of(self, photo_name: str) -> Iterator[None]:
        """Keep an `InputError` raised inside the block, the photo's name before its message."""
        try:
            yield
        except InputError as err:
            named = type(err)(f"{_shown(photo_name)}: {err}")
            named.__cause__ = err
            self._errors.append(named)

    def raise_any(self) -> None:
        """Raise what was kept, if anything: one error as it is, several as one of the class they share."""
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            kinds = {type(error) for error in self._errors}
            kind = kinds.pop() if len(kinds) == 1 else InputError
            raise kind("\n".join(str(error) for error in self._errors)) from self._errors[0]


class Arrivals:
    """The files of one request, each welcome once and under a name that can be kept."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}

    def check(self, photo_name: str, content: bytes) -> None:
        """Raise `InputError` if this very file came before, or its name is not text, which no record could hold."""
        if _shown(photo_name) != photo_name:
            raise InputError("its name is not valid Unicode text; rename the file")
        if content in self._names:
            raise InputError(f"it is the same file as {self._names[content]}; send each photo once")
        self._names[content] = photo_name


class RecentCopies:
    """The last few decoded photos: what was decoded to be accepted need not be decoded again to be scored.

    Args:
        kept_bytes: Memory the copies may hold together.
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self.kept_bytes = kept_bytes
        self._copies: OrderedDict[str, WorkingCopy] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: str, copy: WorkingCopy) -> None:
        """Keep `copy`, letting the oldest go; one that is too large on its own is not kept."""
        with self._lock:
            self._copies[key] = copy
            while sum(kept.photo.nbytes for kept in self._copies.values()) > self.kept_bytes:
                self._copies.popitem(last=False)

    def look(self, key: str) -> WorkingCopy | None:
        """The copy under `key`, which stays; None when it has gone."""
        with self._lock:
            return self._copies.get(key)

    def take(self, key: str) -> WorkingCopy | None:
        """The copy under `key`, which is then forgotten; None when it has gone."""
        with self._lock:
            return self._copies.pop(key, None)


def _shown(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()
