"""Files that are written piece by piece and stand under their name only when they are whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from visiqc.errors import Unavailable


@contextmanager
def whole_file(target: Path) -> Iterator[IO[bytes]]:
    """A file to write; it takes its place when the block ends well and is gone when it does not. Folders are made.

    Raises:
        Unavailable: The disk is full or read-only, or the place is taken by a folder.
    """
    draft = target.parent / f".visiqc-{secrets.token_hex(8)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as err:
        raise Unavailable(f"{target.name} cannot be written: {(err.strerror or str(err)).lower()}") from err
    finally:
        draft.unlink(missing_ok=True)
