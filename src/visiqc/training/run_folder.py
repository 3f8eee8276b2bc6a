"""A run's folder: one run at a time in it, and files that are whole."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visiqc.errors import Conflict
from visiqc.settings import cache_folder
from visiqc.storage.disk import disk_errors, flush_folder

_LOCK = ".lock"


def runs_folder() -> Path:
    """Where the runs' folders stand."""
    return cache_folder() / "runs"


def ranks_folder() -> Path:
    """Where the processes beside the first one of a run have theirs."""
    return runs_folder() / ".ranks"


def told_place(path: Path) -> str:
    """A file of a run for people: the way to it inside `VISIQC_CACHE`; elsewhere its folder's name and its own."""
    cache = cache_folder().absolute()
    if path.absolute().is_relative_to(cache):
        return f"{path.absolute().relative_to(cache)} in VISIQC_CACHE"
    return f"{path.parent.name}/{path.name}"


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """The folder, made if need be, for this process alone while the block runs; a kill frees it.

    Raises:
        Conflict: Another process is at work in it.
        Unavailable: It cannot be made or written.
    """
    with disk_errors("the run's folder cannot be written"):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise Conflict(f"another run is at work in {folder.name}; wait for it, or change the recipe") from err
        yield
    finally:
        os.close(handle)


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it is whole by the time it has its name, even after a power cut.

    Raises:
        OSError: As the operating system says.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    flush_folder(target.parent)
