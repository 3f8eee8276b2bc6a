"""Photos that cannot be read: named, skipped and counted; a data set full of them is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import structlog

from visiqc.errors import BadRecipe, InputError, UnreadablePhoto

MAX_UNREADABLE = 10
"""Photos of a data set that may be broken before it is refused; a key `max_unreadable` of the recipes."""
log = structlog.get_logger("visiqc.training")


def require_limit(max_unreadable: int | None) -> None:
    """Raise `BadRecipe` unless a key `max_unreadable` is a number of photos, or left to the recipe's own."""
    if max_unreadable is not None and max_unreadable < 0:
        raise BadRecipe(f"max_unreadable must be a number of photos, 0 = none may be broken; got {max_unreadable}")


class Broken(NamedTuple):
    """A file that cannot be read, for people: they are not told of folders of this machine."""

    name: str
    why: str


@dataclass(slots=True)
class Unreadable:
    """What could not be read so far, and when that is too much.

    Attributes:
        limit: How many files may be broken.
        files: By path, for many photos of a set may have one name; a file that is met again counts once.
    """

    limit: int = MAX_UNREADABLE
    files: dict[Path, Broken] = field(default_factory=dict)

    def add(self, photo: Path, name: str, why: str) -> None:
        """Note a file, and how people are told of it.

        Raises:
            InputError: It is one too many.
        """
        if photo not in self.files:
            log.warning("photo skipped", photo=name, why=why)
        self.files[photo] = Broken(name, why)
        if len(self.files) > self.limit:
            raise InputError(
                f"{len(self.files)} photos cannot be read ({self._first}, …), {self.limit} are allowed: {why}; "
                "mend the data set, or raise max_unreadable"
            )

    @property
    def _first(self) -> str:
        return ", ".join(one.name for one in list(self.files.values())[:3])

    @property
    def notes(self) -> tuple[str, ...]:
        """One note for a `PairSet`, or none."""
        if not self.files:
            return ()
        return (f"{len(self.files)} photos cannot be read, left out: {self._first}",)


def name_of(sku: str, photo: Path) -> str:
    """A photo as people are told of it: product, folder and file, for `000.png` may stand in any of its folders."""
    folder = photo.parent.name
    return f"{sku}/{photo.name}" if folder == sku else f"{sku}/{folder}/{photo.name}"


def bytes_of(photo: Path) -> bytes:
    """The bytes of a photo.

    Raises:
        UnreadablePhoto: It is gone, or may not be read.
    """
    try:
        return photo.read_bytes()
    except OSError as err:
        raise UnreadablePhoto(f"{photo.name} cannot be read: {err.strerror}") from err
