"""Failed log-ins cost time: the first few are free, then each one doubles the wait.

They count for the network they come from, for the name in that network, and for the name everywhere. The last holds up
only networks from which the name never logged in: a stranger who fails all day long, just to keep a person out, keeps
out nobody who logs in from where he usually does.

Kept in this process and in bounded memory. Several processes count apart, so each adds its own few free tries.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Final

from visiqc.domain.people import network_of
from visiqc.errors import NotAuthenticated, TooManyAttempts

FREE_BY_NAME: Final = 5
FREE_BY_ADDRESS: Final = 20
"""More than for a name: a factory may reach us through one address."""
LONGEST_WAIT_S: Final = 300.0
"""300 guesses a day find no password of 12 characters."""
FORGET_S: Final = 3600.0
"""Quiet after which failures no longer count."""
MOST_KEPT: Final = 10_000
"""Names, and addresses, that are remembered at once; the ones left alone for longest go first."""


@dataclass(slots=True)
class _Tries:
    failed: int = 0
    last: float = 0.0
    free_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try that was admitted, and counted as failed until it is known to be none.

    Attributes:
        name: As `name_key` has it.
        network: Where it came from, see `network_of`.
        known: Whether the name has logged in from there before.
    """

    name: str
    network: str
    known: bool


class Throttle:
    """Counts log-ins that failed, and says when the next may be tried."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic, most_kept: int = MOST_KEPT) -> None:
        """Nothing has failed yet; `now` tells seconds that never go back."""
        self._now = now
        self._lock = threading.Lock()
        self._by_name = _Counts(FREE_BY_NAME, most_kept)
        self._by_name_there = _Counts(FREE_BY_NAME, most_kept)
        self._by_network = _Counts(FREE_BY_ADDRESS, most_kept)

    def begin(self, name: str, address: str, *, known: bool) -> Attempt:
        """Admit one try and count it as failed at once, so that tries side by side cannot pass together.

        Args:
            name: Whose password is tried, one spelling for each user.
            address: Where the request came from.
            known: Whether the name has logged in from that network before.

        Raises:
            TooManyAttempts: It is too early for this name or this network; then it counts for nothing.
        """
        attempt = Attempt(name=name, network=network_of(address), known=known)
        with self._lock:
            now = self._now()
            wait = max(count.wait_s(key, now) for count, key in self._counts(attempt))
            if wait > 0:
                seconds = ceil(wait)
                raise TooManyAttempts(f"too many log-ins failed; wait {seconds} s and try again", retry_after_s=seconds)
            for count, key in self._counts(attempt):
                count.failed(key, now)
        return attempt

    @contextmanager
    def trying(self, name: str, address: str, *, known: bool) -> Iterator[None]:
        """Count what the block does as a log-in: failed where it raises `NotAuthenticated`, none where it breaks off.

        Raises:
            TooManyAttempts: As `begin`.
        """
        attempt = self.begin(name, address, known=known)
        try:
            yield
        except NotAuthenticated:
            raise
        except BaseException:  # the database is away, say: nobody guessed anything
            self._take_back(attempt)
            raise
        self.succeeded(attempt)

    def succeeded(self, attempt: Attempt) -> None:
        """Take back what `begin` counted: the name starts anew, the network loses one failure.

        A network does not start anew: whoever has one password could otherwise guess others' for ever.
        """
        with self._lock:
            for count, key in self._counts(attempt):
                if count is self._by_network:
                    count.undo(key)
                else:
                    count.forget(key)

    def _take_back(self, attempt: Attempt) -> None:
        with self._lock:
            for count, key in self._counts(attempt):
                count.undo(key)

    def _counts(self, attempt: Attempt) -> list[tuple[_Counts, Hashable]]:
        there = (attempt.name, attempt.network)
        counts: list[tuple[_Counts, Hashable]] = [
            (self._by_network, attempt.network),
            (self._by_name_there, there),
        ]
        return counts if attempt.known else [*counts, (self._by_name, attempt.name)]


class _Counts:
    """Failures by key, the most recent last."""

    def __init__(self, free: int, most_kept: int) -> None:
        self._free = free
        self._most_kept = most_kept
        self._tries: OrderedDict[Hashable, _Tries] = OrderedDict()

    def wait_s(self, key: Hashable, now: float) -> float:
        tries = self._tries.get(key)
        return tries.free_at - now if tries else 0.0

    def failed(self, key: Hashable, now: float) -> None:
        tries = self._tries.pop(key, None)
        if tries is None or now - tries.last > FORGET_S:
            tries = _Tries()
        tries.failed, tries.last = tries.failed + 1, now
        beyond = tries.failed - self._free
        tries.free_at = now + min(2.0 ** min(beyond, 20), LONGEST_WAIT_S) if beyond >= 0 else now
        self._tries[key] = tries
        if len(self._tries) > self._most_kept:
            self._tries.popitem(last=False)

    def undo(self, key: Hashable) -> None:
        if tries := self._tries.get(key):
            tries.failed, tries.free_at = tries.failed - 1, 0.0

    def forget(self, key: Hashable) -> None:
        self._tries.pop(key, None)
