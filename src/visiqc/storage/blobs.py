"""Photos and score maps in a folder, each file named by the SHA-256 of what is in it."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from visiqc.errors import IntegrityError, NotFound
from visiqc.storage.disk import disk_errors, flush_folder, make_folder

STALE_AFTER_S = 3600
"""Age at which an unfinished file belongs to a process that was killed, not to one that is writing."""

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = re.compile(r"put-[0-9a-f]{16}\.part")


class DiskBlobs:
    """Fills `Blobs` with a folder: `aa/bb/<sha256>`.

    `put` returns once the bytes *and* the directory entries that lead to them were flushed to the disk, so a row
    written afterwards never names a photo that a power cut can take away. This is why plain files stand here
    and not obstore's local store, which renames atomically but flushes nothing; obstore belongs behind the same
    port for S3, where the bucket owns durability. The port is small: keep this class so.

    Safe for any number of threads and processes: the same content is the same file, moved into place whole.
    """

    def __init__(self, root: Path) -> None:
        """Open the folder, making it if absent, and clear what killed processes left unfinished.

        Raises:
            Unavailable: The folder cannot be made.
        """
        self._root = root.absolute()
        self._incoming = self._root / "incoming"
        with disk_errors("the photo store cannot be opened"):
            make_folder(self._root)
        with suppress(OSError):  # a read-only store can still be read
            self._sweep()

    def put(self, content: bytes) -> str:
        """Store `content` durably and return its digest; see `Blobs.put`."""
        digest = hashlib.sha256(content).hexdigest()
        target = self._path(digest)
        with disk_errors("the photo store cannot be written"):
            if not _has_size(target, len(content)):
                self._write(content, target)
            # Also when file and folders were there: who made them may have been killed before this line, or not
            # have reached it yet. Flushing a folder in which nothing changed costs 0.03 ms.
            for folder in (target.parent, target.parent.parent, self._root):
                flush_folder(folder)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes under `digest`, verified; see `Blobs.get`."""
        if not _DIGEST.fullmatch(digest):
            raise NotFound(f"not a blob digest: {digest[:80]!r}; wanted 64 characters 0-9 and a-f")
        with disk_errors("the photo store cannot be read"):
            content = self._read(digest)
        if hashlib.sha256(content).hexdigest() != digest:
            raise IntegrityError(
                f"blob {digest} is not the {len(content)} bytes that were stored; restore it from a backup"
            )
        return content

    def ready(self) -> None:
        """Return when a file can be written and flushed; raise `Unavailable` otherwise."""
        with disk_errors("the photo store cannot be written"), self._unfinished_file(b"ready"):
            pass

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:4] / digest

    def _read(self, digest: str) -> bytes:
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError as err:
            if self._root.is_dir():
                raise NotFound(f"no blob {digest}") from err
            raise

    def _write(self, content: bytes, target: Path) -> None:
        # Not `parents=True`: a root that is gone is a disk that is not mounted, and must not be made anew.
        target.parent.parent.mkdir(exist_ok=True)
        target.parent.mkdir(exist_ok=True)
        with self._unfinished_file(content) as written:
            written.replace(target)

    @contextmanager
    def _unfinished_file(self, content: bytes) -> Iterator[Path]:
        """A flushed file on the store's own file system; gone afterwards unless it was moved away."""
        self._incoming.mkdir(exist_ok=True)
        path = self._incoming / f"put-{secrets.token_hex(8)}.part"
        try:
            # 0o444: nothing may edit a blob in place, and an accidental `> file` in a shell is refused.
            with os.fdopen(os.open(path, _NEW_FILE, 0o444), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove unfinished files older than an hour; nothing else in the folder is touched."""
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError):
                if _UNFINISHED.fullmatch(path.name) and time.time() - path.stat().st_mtime > STALE_AFTER_S:
                    path.unlink()


def _has_size(path: Path, size: int) -> bool:
    """Whether a whole file stands at `path`; one of another size is damaged and is written anew."""
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False
