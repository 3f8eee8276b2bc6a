"""Photos of an import folder that no line is about: nothing that lies there is passed over in silence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from visiqc.cli.lot_lines import BrokenLine, LotLine
from visiqc.cli.photos import PICTURE_SUFFIXES


class Leftovers:
    """The photos of a folder, those that lines were about struck off; it remembers a few bytes of each."""

    def __init__(self, folder: Path) -> None:
        """Nothing is struck off yet."""
        self._folder = folder
        self._named: set[object] = set()

    def strike(self, line: LotLine | BrokenLine) -> None:
        """Strike off the photo that a line names."""
        path = line.file.path if isinstance(line, LotLine) else line.path
        if path is not None:
            self._named.add(_identity(path))

    def __iter__(self) -> Iterator[Path]:
        """What is left, at any depth; links to folders are not followed."""
        for parent, folders, names in os.walk(self._folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(parent, name)
                picture = path.suffix.lower() in PICTURE_SUFFIXES and not name.startswith(".")
                if picture and _identity(path) not in self._named:
                    yield path.relative_to(self._folder)


def _identity(path: Path) -> object:
    """What two names of one file have in common, however they are spelled on this disk."""
    try:
        found = path.stat()
    except OSError:
        return str(path)
    return found.st_dev, found.st_ino
