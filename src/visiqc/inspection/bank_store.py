"""Golden features by blob digest, the latest few kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict

from visiqc.inspection.ports import Blobs
from visiqc.vision.bank import FORMAT, GoldenBank, format_of, from_bytes

KEPT_BYTES = 96 * 1024 * 1024
"""Memory the store may hold, counted by the blobs' sizes."""


class BankStore:
    """Reads golden features once; safe to use from several threads."""

    def __init__(self, blobs: Blobs, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._blobs = blobs
        self._kept_bytes = kept_bytes
        self._banks: OrderedDict[str, tuple[int, GoldenBank]] = OrderedDict()
        self._current: set[str] = set()
        self._lock = threading.Lock()

    def readable(self, digest: str) -> bool:
        """Whether the bank under `digest` is of the format that is read now; errors as `Blobs.get`.

        One that is broken counts as readable: it must be reported, not quietly made again.
        """
        with self._lock:
            if digest in self._banks or digest in self._current:
                return True
        content = self._blobs.get(digest)
        if format_of(content) in {FORMAT, None}:
            with self._lock:
                self._current.add(digest)
            return True
        return False

    def get(self, digest: str) -> GoldenBank:
        """The bank under `digest`; errors as `Blobs.get` and `bank.from_bytes`."""
        with self._lock:
            if digest in self._banks:
                self._banks.move_to_end(digest)
                return self._banks[digest][1]
        content = self._blobs.get(digest)
        bank = from_bytes(content)
        with self._lock:
            self._banks[digest] = (len(content), bank)
            while len(self._banks) > 1 and sum(size for size, _ in self._banks.values()) > self._kept_bytes:
                self._banks.popitem(last=False)
        return bank
