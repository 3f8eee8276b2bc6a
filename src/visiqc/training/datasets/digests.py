"""One SHA-256 for all the files of a data set, the same on every machine and in every order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from visiqc.errors import InputError


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise InputError(f"{path.parent.name}/{path.name} cannot be read: {err.strerror}") from err


def files_digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 over path inside `root` and content of every file, each once.

    A file that was moved or renamed changes it, for its folder may be its label.

    Raises:
        InputError: A file cannot be read or lies outside `root`.
    """
    lines = set()
    for path in set(files):
        if not path.is_relative_to(root):
            raise InputError(f"{path.name} lies outside the data set {root.name}")
        lines.add(f"{path.relative_to(root).as_posix()} {file_digest(path)}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def joint_digest(digests: Sequence[str]) -> str:
    """One digest for several data sets, in whatever order they are named; of one set it is its own."""
    if len(set(digests)) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(sorted(set(digests))).encode()).hexdigest()
