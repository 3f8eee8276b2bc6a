"""Send a run's entries to MLflow, or keep them until it answers; in order, and nothing twice."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from visiqc.errors import Conflict, Unavailable
from visiqc.training.mlflow_store import Away, Refused, Store, Unsent, Withheld, tracking_uri
from visiqc.training.offline import QUEUE, Entry, Outbox
from visiqc.training.run_folder import claimed, write_whole

WHERE = "tracking.json"
"""The run's name in MLflow: its key, the store's digest (an address may hold a password) and the run's id there."""
FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 600.0
log = structlog.get_logger("visiqc.training")


class Sender:
    """The way of one run's entries.

    Args:
        folder: Of the run.
        experiment: Its name in MLflow; empty = as it was when the run began.
        clock: Seconds that only go up.

    Attributes:
        away: Whether the server itself was out of reach when it was tried last.
    """

    def __init__(self, folder: Path, experiment: str = "", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._outbox = Outbox(folder)
        self._where = self._known(experiment)
        self._store: Store | None = None
        self._run = ""
        self._wait, self._next_try = 0.0, -1.0
        self.away = False

    def put(self, entry: Entry) -> str:
        """Send the entry, after all that waits; or keep it.

        Returns:
            What MLflow answered; empty where it keeps nothing of the kind or is away.
        """
        try:
            if not self._outbox and self._may_try:
                try:
                    return self._send(entry)
                except Away as err:
                    self._gone(err)
            self._outbox.add(entry)
        except OSError as err:
            log.warning("the run's log cannot be kept", kind=entry["kind"], error=err.strerror)
            return ""
        if self._may_try:
            self.flush()
        return ""

    def flush(self) -> int:
        """Send what waits; the number of entries that still do."""
        before = len(self._outbox)
        try:
            for entry in self._outbox.waiting():
                self._send(entry)
        except Away as err:
            self._gone(err)
        except OSError as err:
            log.warning("the run's log cannot be sent", error=err.strerror)
        left = len(self._outbox)
        if before and not left:
            log.info("what the tracking server missed has been sent", entries=before)
        return left

    @property
    def _may_try(self) -> bool:
        return self._clock() >= self._next_try

    def _send(self, entry: Entry) -> str:
        try:
            answer = self._answer(entry)
        except Refused as err:
            log.warning("the tracking server refuses an entry, which is left out", kind=entry["kind"], error=str(err))
            return ""
        self._wait, self._next_try, self.away = 0.0, -1.0, False
        return answer

    def _answer(self, entry: Entry) -> str:
        """What MLflow answers; the rest of a run that was deleted there goes into the one its key finds or makes."""
        store = self._store = self._store or Store(tracking_uri())
        lost = ""
        if self._run:
            try:
                return store.send(self._run, entry)
            except Withheld:
                lost, self._run = self._run, ""
        self._run = store.run(self._where["experiment"], self._where["key"], self._folder.name)
        if lost:
            log.warning("the run was deleted in MLflow; the rest of its log goes into another", deleted=lost)
        return store.send(self._run, entry)

    def _gone(self, err: Away) -> None:
        self.away = not isinstance(err, Unsent)
        if not self._wait:
            said = "the tracking server is away" if self.away else "nothing more of this run can be sent"
            log.warning(f"{said}; the log is kept and sent later", error=str(err))
        self._wait = min(LONGEST_WAIT_S, 2 * self._wait or FIRST_WAIT_S)
        self._next_try = self._clock() + self._wait

    def _known(self, experiment: str) -> dict[str, Any]:
        """The run's key, made once and kept: the run that goes on after a kill is the same one."""
        store = hashlib.sha256(tracking_uri().encode()).hexdigest()[:8]
        try:
            known = json.loads((self._folder / WHERE).read_text(encoding="utf-8"))
            found = {name: str(known[name]) for name in ("key", "experiment", "store")}
        except (OSError, ValueError, KeyError, TypeError):
            found = {"key": uuid.uuid4().hex, "experiment": experiment or "visiqc", "store": store}
            self._keep(found)
        return found

    def _keep(self, where: dict[str, Any]) -> None:
        try:
            write_whole(self._folder / WHERE, json.dumps(where).encode())
        except OSError as err:
            log.warning("the run's key cannot be kept", error=err.strerror)


def send_all(runs: Path) -> dict[str, int | None]:
    """Send what every run in a folder has kept; a folder that this user may not use is named and passed over.

    Args:
        runs: Folder of the runs' folders.

    Returns:
        Entries that still wait, by run, up to the first one whose server is away; runs at work send their own. None
        for a run that was passed over.
    """
    left: dict[str, int | None] = {}
    for folder in sorted(queue.parent for queue in runs.glob(f"*/{QUEUE}")):
        try:
            with claimed(folder):
                sender = Sender(folder)
                left[folder.name] = sender.flush()
        except Conflict:
            continue
        except (Unavailable, OSError) as err:  # where several people share a cache, it may be a colleague's
            said = err.strerror if isinstance(err, OSError) else str(err)
            log.warning("what a run has kept cannot be sent; it is passed over", run=folder.name, error=said)
            left[folder.name] = None
            continue
        if sender.away:
            break  # each run would wait for the server anew
    return left
