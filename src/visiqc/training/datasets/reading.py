"""Photos that cannot be read: named, skipped and counted; a data set full of them is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import structlog

from visiqc.errors import BadRecipe, InputError, UnreadablePhoto

MAX_UNREADABLE = 10
"""Photos of a data set that may be broken before it is refused; a key `max_unreadable` of the recipes."""
log = structlog.get_logger("visiqc.training")


def require_limit(max_unreadable: int | None) -> None:
    """Raise `BadRecipe` unless a key `max_unreadable` is a number of photos, or left to the recipe's own."""
    if max_unreadable is not None and max_unreadable < 0:
        raise BadRecipe(f"max_unreadable must be a number of photos, 0 = none may be broken; got {max_unreadable}")


@dataclass(slots=True)
class Unreadable:
    """What could not be read so far, by name, and when that is too much.

    Attributes:
        limit: How many files may be broken.
        files: Name to reason; a file that is met again counts once.
    """

    limit: int = MAX_UNREADABLE
    files: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, why: str) -> None:
        """Note a file.

        Raises:
            InputError: It is one too many.
        """
        if name not in self.files:
            log.warning("photo skipped", photo=name, why=why)
        self.files[name] = why
        if len(self.files) > self.limit:
            named = ", ".join(list(self.files)[:3])
            raise InputError(
                f"{len(self.files)} photos cannot be read ({named}, …), {self.limit} are allowed: {why}; "
                "mend the data set, or raise max_unreadable"
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """One note for a `PairSet`, or none."""
        if not self.files:
            return ()
        return (f"{len(self.files)} photos cannot be read, left out: {', '.join(list(self.files)[:3])}",)


def name_of(sku: str, photo: Path) -> str:
    """A photo as people are told of it, and as it is counted."""
    return f"{sku}/{photo.name}"


def bytes_of(photo: Path) -> bytes:
    """The bytes of a photo.

    Raises:
        UnreadablePhoto: It is gone, or may not be read.
    """
    try:
        return photo.read_bytes()
    except OSError as err:
        raise UnreadablePhoto(f"{photo.name} cannot be read: {err.strerror}") from err
