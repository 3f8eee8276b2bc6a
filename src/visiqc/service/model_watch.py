"""A new champion takes over while the service runs: found, loaded, warmed beside the old one, then swapped in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, cast

import structlog

from visiqc.domain.model_set import ModelSet
from visiqc.errors import VisiQCError
from visiqc.inspection.model_ports import ModelSetRecords
from visiqc.inspection.parts import Parts
from visiqc.service.metrics import Metrics

RETRY_S: Final = 30.0
"""Pause after a set that could not be loaded, before it is tried again."""
STOP_S: Final = 5.0
"""How long the end of the service waits for a set that is just being loaded."""
Load = Callable[[ModelSet | None, Parts], Parts]
"""Parts with the models of a set, verified, open and warm; None = what ships."""

log = structlog.get_logger("visiqc.service.models")


class PartsKeeper:
    """The parts in force. Whoever begins a piece of work asks once, and ends it with what it was given."""

    def __init__(self, parts: Parts) -> None:
        """`parts`, until others take their place."""
        self._parts = parts

    @property
    def current(self) -> Parts:
        """The parts for work that begins now."""
        return self._parts

    def put(self, parts: Parts) -> None:
        """Give `parts` to all work that begins from now on; one assignment, so nobody sees half of it."""
        self._parts = parts


class ModelWatch:
    """Looks for another promoted set every few seconds, in a thread of its own: no request pays for it."""

    def __init__(self, keeper: PartsKeeper, load: Load, metrics: Metrics, *, every_s: float) -> None:
        """A watch at rest; `start` begins it.

        Args:
            keeper: Where the parts in force are.
            load: Opens a set.
            metrics: Where swaps and failures are counted.
            every_s: Seconds between two looks.
        """
        self._keeper = keeper
        self._load = load
        self._metrics = metrics
        self._every_s = every_s
        self._in_force: str | None = None
        self._behind = ""
        self._again_at = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def behind(self) -> bool:
        """Whether a set was promoted that cannot be loaded, so that the one before still scores."""
        return bool(self._behind)

    def start(self) -> None:
        """Look from now on."""
        self._thread = threading.Thread(target=self._watch, name="model-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_S)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception as err:  # as in the queue: whatever it is, the models in force go on and it is tried again
                log.error("looking for promoted models failed", exc_info=err)
            self._stopping.wait(self._every_s)

    def look(self) -> None:
        """Look once, and take over what was promoted since."""
        try:
            chosen = cast("ModelSetRecords", self._keeper.current.records).current_model_set()
        except VisiQCError as err:
            log.warning("promoted models cannot be looked up", error=str(err))
            return
        wanted = chosen.id if chosen else ""
        if wanted == self._in_force or (wanted == self._behind and time.monotonic() < self._again_at):
            return
        if chosen is None and self._in_force is None:  # the service was started with what ships, and nothing changed
            self._in_force = wanted
        elif chosen is not None and chosen.members.digests == _digests(self._keeper.current):
            self._settled(wanted)
        else:
            self._take_over(chosen, wanted)

    def _take_over(self, chosen: ModelSet | None, wanted: str) -> None:
        began = time.monotonic()
        try:
            parts = self._load(chosen, self._keeper.current)
        except Exception as err:
            log.error(
                "promoted models cannot be loaded; those before go on",
                model_set=wanted,
                error=str(err),
                exc_info=not isinstance(err, VisiQCError),
            )
            self._behind, self._again_at = wanted, time.monotonic() + RETRY_S
            self._metrics.model_failures.inc()
            self._metrics.models_behind.set(1)
            return
        self._keeper.put(parts)
        self._settled(wanted)
        self._metrics.model_swaps.inc()
        self._metrics.describe_build(parts.models.digests)
        log.info("promoted models took over", model_set=wanted, ms=round(1000 * (time.monotonic() - began)))

    def _settled(self, wanted: str) -> None:
        self._in_force, self._behind = wanted, ""
        self._metrics.models_behind.set(0)


def _digests(parts: Parts) -> tuple[str, ...]:
    return (*parts.models.digests, parts.fleet.digest)
