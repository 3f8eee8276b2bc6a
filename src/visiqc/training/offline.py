"""What a run has still to send: kept in its folder, in order, through kills and restarts."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

QUEUE, SENT, FILES = "offline.jsonl", "offline.sent", "offline-files"
log = structlog.get_logger("visiqc.training")

Entry = Mapping[str, Any]


def paths_of(entry: Entry) -> list[Path]:
    """Every file and folder that an entry sends."""
    return [Path(path) for path in (*([entry["path"]] if "path" in entry else []), *entry.get("beside", ()))]


def _with_paths(entry: Entry, place: Callable[[str], Path]) -> Entry:
    """The entry with each of its paths replaced."""
    made = dict(entry)
    if "path" in entry:
        made["path"] = str(place(entry["path"]))
    if "beside" in entry:
        made["beside"] = [str(place(path)) for path in entry["beside"]]
    return made


def _entry_of(line: str) -> Entry | None:
    """The entry in a line of the queue; None where a kill, a full disk or a power cut left no whole one."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "kind" in entry else None


class Outbox:
    """Entries that wait for the tracking server, first in, first out.

    A kill between sending an entry and noting it sends it again; every entry is such that the server takes a second
    one for the first.

    Args:
        folder: Of the run; files inside it are named, not copied.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue, self._sent = folder / QUEUE, folder / SENT
        self._mend()

    def __bool__(self) -> bool:
        return self._queue.exists()

    def add(self, entry: Entry) -> None:
        """Put an entry last.

        Raises:
            OSError: The disk is full or may not be written; nothing of the entry is left in the queue.
        """
        entry = _with_paths(entry, lambda path: self._inside(Path(path).absolute()))
        self._folder.mkdir(parents=True, exist_ok=True)
        size = self._queue.stat().st_size if self else 0
        try:
            with self._queue.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError:
            # Half a line may have found room, and the next entry would be written behind it, onto the same line.
            with suppress(OSError):
                os.truncate(self._queue, size)
            raise

    def waiting(self) -> Iterator[Entry]:
        """The entries in order; each is taken for sent when the next one is asked for. A damaged line is left out.

        Raises:
            OSError: The disk is full, or may not be read or written.
        """
        done = self._done()
        for number, line in enumerate(self._lines()):
            if number >= done:
                if (entry := _entry_of(line)) is not None:
                    yield self._placed(entry)
                else:
                    log.warning("a damaged line of a run's log is left out", run=self._folder.name, line=number + 1)
                self._sent.write_text(str(number + 1), encoding="utf-8")
        # The mark goes first: a kill in between sends all again, the other way round it would skip what comes later.
        self._sent.unlink(missing_ok=True)
        self._queue.unlink(missing_ok=True)
        shutil.rmtree(self._folder / FILES, ignore_errors=True)

    def __len__(self) -> int:
        return max(0, len(self._lines()) - self._done())

    def _lines(self) -> list[str]:
        return self._queue.read_text(encoding="utf-8", errors="replace").splitlines() if self else []

    def _done(self) -> int:
        try:
            return int(self._sent.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0

    def _mend(self) -> None:
        """Drop the half line that a kill or a full disk left at the end."""
        if self and not (content := self._queue.read_bytes()).endswith(b"\n"):
            with self._queue.open("r+b") as file:
                file.truncate(content.rfind(b"\n") + 1)

    def _placed(self, entry: Entry) -> Entry:
        return _with_paths(entry, lambda path: self._folder / path)

    def _inside(self, path: Path) -> Path:
        """The path as seen from the run's folder, which may move; what stands elsewhere is copied into it first."""
        home = self._folder.absolute()
        return (path if path.is_relative_to(home) else self._copied(path)).relative_to(home)

    def _copied(self, path: Path) -> Path:
        """A copy of a file or folder that may be gone by the time it is sent; its name and its folder's stay."""
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, f"{path.name} is not there", path.name)
        place = self._folder.absolute() / FILES
        place.mkdir(parents=True, exist_ok=True)
        own = place / str(sum(1 for _ in place.iterdir())) / path.parent.name
        own.mkdir(parents=True)
        if path.is_dir():
            shutil.copytree(path, own / path.name)
        else:
            shutil.copy2(path, own / path.name)
        return own / path.name
