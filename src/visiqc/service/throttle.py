"""Failed log-ins cost time: the first few are free, then each one doubles the wait, by name and by address.

Kept in this process and in bounded memory. Several processes count apart, so each adds its own few free tries.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

from visiqc.errors import TooManyAttempts

FREE_BY_NAME: Final = 5
FREE_BY_ADDRESS: Final = 20
"""More than for a name: a factory may reach us through one address."""
LONGEST_WAIT_S: Final = 300.0
"""Short enough that no stranger keeps a person out for good, and 300 guesses a day still find no password."""
FORGET_S: Final = 3600.0
"""Quiet after which failures no longer count."""
MOST_KEPT: Final = 10_000
"""Names, and addresses, that are remembered at once; the ones left alone for longest go first."""


@dataclass(slots=True)
class _Tries:
    failed: int = 0
    last: float = 0.0
    free_at: float = 0.0


class Throttle:
    """Counts log-ins that failed, and says when the next may be tried."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic, most_kept: int = MOST_KEPT) -> None:
        """Nothing has failed yet; `now` tells seconds that never go back."""
        self._now = now
        self._lock = threading.Lock()
        self._by_name = _Counts(FREE_BY_NAME, most_kept)
        self._by_address = _Counts(FREE_BY_ADDRESS, most_kept)

    def begin(self, name: str, address: str) -> None:
        """Admit one try and count it as failed at once, so that tries side by side cannot pass together.

        Raises:
            TooManyAttempts: It is too early for this name or from this address; then it counts for nothing.
        """
        counts = ((self._by_name, name), (self._by_address, network_of(address)))
        with self._lock:
            now = self._now()
            wait = max(count.wait_s(key, now) for count, key in counts)
            if wait > 0:
                seconds = ceil(wait)
                raise TooManyAttempts(f"too many log-ins failed; wait {seconds} s and try again", retry_after_s=seconds)
            for count, key in counts:
                count.failed(key, now)

    def succeeded(self, name: str, address: str) -> None:
        """Take back what `begin` counted: the name starts anew, the address loses one failure.

        An address does not start anew: whoever has one password could otherwise guess others' for ever.
        """
        with self._lock:
            self._by_name.forget(name)
            self._by_address.undo(network_of(address))


class _Counts:
    """Failures by key, the most recent last."""

    def __init__(self, free: int, most_kept: int) -> None:
        self._free = free
        self._most_kept = most_kept
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait_s(self, key: str, now: float) -> float:
        tries = self._tries.get(key)
        return tries.free_at - now if tries else 0.0

    def failed(self, key: str, now: float) -> None:
        tries = self._tries.pop(key, None)
        if tries is None or now - tries.last > FORGET_S:
            tries = _Tries()
        tries.failed, tries.last = tries.failed + 1, now
        beyond = tries.failed - self._free
        tries.free_at = now + min(2.0 ** min(beyond, 20), LONGEST_WAIT_S) if beyond >= 0 else now
        self._tries[key] = tries
        if len(self._tries) > self._most_kept:
            self._tries.popitem(last=False)

    def undo(self, key: str) -> None:
        if tries := self._tries.get(key):
            tries.failed, tries.free_at = tries.failed - 1, 0.0

    def forget(self, key: str) -> None:
        self._tries.pop(key, None)


def network_of(address: str) -> str:
    """What one sender can hardly change: an IPv4 address, the /64 of an IPv6 one.

    Example:
        >>> network_of("2001:db8::7") == network_of("2001:db8::8"), network_of("203.0.113.7")
        (True, '203.0.113.7')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> 64)
    return str(parsed)
