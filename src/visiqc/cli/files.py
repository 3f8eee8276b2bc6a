"""Files that the command writes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from visiqc.cli.photos import shown
from visiqc.errors import Unavailable


def write_whole(target: Path, content: bytes) -> None:
    """Write a file whole or not at all; folders are made, a link of that name is replaced and not followed.

    Raises:
        Unavailable: The disk is full or read-only, or the place is taken by a folder.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".visiqc-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(draft).chmod(0o666 & ~_umask())
            Path(draft).replace(target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as err:
        raise Unavailable(f"{shown(target)} cannot be written: {(err.strerror or str(err)).lower()}") from err


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
