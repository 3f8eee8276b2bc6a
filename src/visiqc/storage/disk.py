"""What storage needs of the operating system: folders that outlive a power cut, and its refusals in our words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visiqc.errors import Unavailable

_ADVICE = {
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EDQUOT: "the disk quota is used up; free some space and try again",
    errno.EFBIG: "the file would pass the size limit set for this process; raise the limit and try again",
    errno.EROFS: "the disk is read-only; mount it writable",
    errno.EACCES: "this user may not use the folder; check its owner and permissions",
    errno.EPERM: "this user may not use the folder; check its owner and permissions",
    errno.ENOTDIR: "something on the way to the folder is a file; check where the setting points",
    errno.EEXIST: "a file stands where the folder should be; move it or choose another folder",
    errno.ENOENT: "the folder is gone; mount or restore it",
}


def make_folder(path: Path) -> None:
    """Make `path` and its parents so that they outlive a power cut: each new name is flushed in its parent.

    Raises:
        OSError: As the operating system says; call it inside `disk_errors`.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """Flush the names in a folder to the disk.

    Raises:
        OSError: As the operating system says; call it inside `disk_errors`.
    """
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_errors(wanted: str) -> Iterator[None]:
    """Raise `Unavailable`, without machine paths, for whatever the operating system refuses.

    Args:
        wanted: The sentence's beginning, such as `the photo store cannot be written`.
    """
    try:
        yield
    except OSError as err:
        said = os.strerror(err.errno) if err.errno else type(err).__name__
        raise Unavailable(f"{wanted}: {_ADVICE.get(err.errno or 0, said)}") from err
