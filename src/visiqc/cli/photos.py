"""Photos named on the command line: files and folders in, bytes with a readable name out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from visiqc.errors import InputError, TooLarge, UnreadablePhoto
from visiqc.inspection.parts import SentPhoto
from visiqc.service.names import display_name

PICTURE_SUFFIXES = frozenset(
    [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff"]
)
"""What counts as a photo in a folder. Formats VisiQC cannot read are among them, so that they are refused by name
and not passed over in silence."""
_READ_ONLY = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without blocking, so that a pipe of that name is refused and not waited for."""


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo on disk that has not been read yet.

    Attributes:
        path: Where it is.
        view: The golden view it was said to show, or None.
    """

    path: Path
    view: str | None = None

    @property
    def name(self) -> str:
        """Its file name, safe to print."""
        return display_name(self.path.name, nth=1)

    def read(self, *, max_bytes: int) -> SentPhoto:
        """Read it.

        Raises:
            UnreadablePhoto: It is not there, not a file, or may not be read.
            TooLarge: It holds more than `max_bytes`.
        """
        try:
            with os.fdopen(os.open(self.path, _READ_ONLY), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise UnreadablePhoto(f"{self.name}: not a file; name a photo or a folder of photos")
                content = file.read(max_bytes + 1)
        except (OSError, ValueError) as err:  # ValueError: a name no file can have
            why = getattr(err, "strerror", None) or str(err)
            raise UnreadablePhoto(f"{shown(self.path)}: {why.lower()}") from err
        if len(content) > max_bytes:
            raise TooLarge(f"{self.name}: a photo may hold at most {max_bytes} bytes; send the original photo")
        return SentPhoto(name=self.name, content=content, view=self.view)


def shown(path: Path) -> str:
    """A path as it may be printed: what was never UTF-8, and control characters, become `?`."""
    return "".join(character if character.isprintable() else "?" for character in str(path))


def find_photos(arguments: Iterable[str]) -> list[PhotoFile]:
    """The photos that arguments name: a file is itself, a folder the photos directly in it, sorted by name.

    Raises:
        InputError: A folder without a photo in it, or one that may not be read.
    """
    return [photo for argument in arguments for photo in _expanded(Path(argument), None)]


def find_golden_photos(arguments: Iterable[str], named: Sequence[str]) -> list[PhotoFile]:
    """The photos of a golden sample; `VIEW=PATH` names the view, as a `--view` or where no file is called that.

    Raises:
        InputError: As `find_photos`, or a `--view` that is not `VIEW=PATH`.
    """
    found: list[PhotoFile] = []
    for argument in arguments:
        view, sign, path = argument.partition("=")
        is_view = bool(sign and view and path) and not Path(argument).exists()
        found += _expanded(Path(path), view) if is_view else _expanded(Path(argument), None)
    for argument in named:
        view, sign, path = argument.partition("=")
        if not (sign and view and path):
            raise InputError(f"--view takes NAME=PATH, such as front=front.jpg; got {argument!r}")
        found += _expanded(Path(path), view)
    return found


def _expanded(path: Path, view: str | None) -> Iterator[PhotoFile]:
    if not path.is_dir():
        yield PhotoFile(path, view)
        return
    try:
        entries = sorted(path.iterdir())
    except OSError as err:
        raise InputError(f"{shown(path)}: {(err.strerror or str(err)).lower()}") from err
    inside = [e for e in entries if e.suffix.lower() in PICTURE_SUFFIXES and not e.name.startswith(".")]
    if not inside:
        raise InputError(f"{shown(path)}: there is no photo in this folder; photos end in .jpg, .jpeg, .png or .webp")
    yield from (PhotoFile(entry, view) for entry in inside)
