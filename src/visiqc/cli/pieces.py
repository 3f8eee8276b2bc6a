"""Accepted pieces named on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload

from visiqc.cli.photos import PhotoFile, find_photos
from visiqc.errors import InputError
from visiqc.inspection.calibrate import Specimen
from visiqc.service.names import display_name


class Pieces(Sequence[Specimen]):
    """Pieces whose photos are read when they are asked for: hundreds of phone photos do not fit into memory."""

    def __init__(self, pieces: Sequence[tuple[str, Sequence[PhotoFile]]], *, max_bytes: int) -> None:
        self._pieces = pieces
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._pieces)

    @overload
    def __getitem__(self, index: int) -> Specimen: ...
    @overload
    def __getitem__(self, index: slice) -> Pieces: ...
    def __getitem__(self, index: int | slice) -> Specimen | Pieces:
        if isinstance(index, slice):
            return Pieces(self._pieces[index], max_bytes=self._max_bytes)
        name, files = self._pieces[index]
        return Specimen(name=name, photos=tuple(file.read(max_bytes=self._max_bytes) for file in files))


def readable_pieces(arguments: Iterable[str], *, max_bytes: int) -> tuple[Pieces, list[tuple[str, str]]]:
    """Every piece whose photos can be read, and name and reason of every other one.

    Args:
        arguments: A file is a piece; a folder is one piece of several photos.
        max_bytes: Largest photo.
    """
    pieces: list[tuple[str, Sequence[PhotoFile]]] = []
    unread: list[tuple[str, str]] = []
    for nth, argument in enumerate(arguments, start=1):
        name = display_name(Path(argument).name, nth=nth)
        try:
            files = find_photos([argument])
            for file in files:
                file.read(max_bytes=max_bytes)
        except InputError as err:
            unread.append((name, str(err)))
        else:
            pieces.append((name, files))
    return Pieces(pieces, max_bytes=max_bytes), unread
