"""Guessing passwords gets slower and slower, and memory stays bounded."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import TooManyAttempts
from visiqc.service.throttle import FORGET_S, FREE_BY_ADDRESS, FREE_BY_NAME, LONGEST_WAIT_S, Throttle, network_of

HOME = "203.0.113.7"


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def wait_of(throttle: Throttle, name: str = "ana", address: str = HOME) -> int:
    try:
        throttle.begin(name, address)
    except TooManyAttempts as err:
        return err.retry_after_s
    return 0


def test_the_first_failures_are_free_and_each_further_one_doubles_the_wait() -> None:
    clock = Seconds()
    throttle = Throttle(now=clock)
    assert [wait_of(throttle) for _ in range(FREE_BY_NAME)] == [0] * FREE_BY_NAME
    waits = []
    for _ in range(12):
        waits.append(wait_of(throttle))
        clock.now += waits[-1]
        assert wait_of(throttle) == 0, "who waits as told may try again"
    assert waits == [min(2**n, LONGEST_WAIT_S) for n in range(12)]


def test_trying_too_early_does_not_make_it_later() -> None:
    throttle = Throttle(now=Seconds())
    assert [wait_of(throttle) for _ in range(FREE_BY_NAME + 50)][-1] == 1


def test_one_name_from_many_addresses_is_slowed_and_so_are_many_names_from_one() -> None:
    throttle = Throttle(now=Seconds())
    assert any(wait_of(throttle, "ana", f"203.0.113.{n}") for n in range(FREE_BY_NAME + 1))
    assert any(wait_of(throttle, f"user {n}", "198.51.100.1") for n in range(FREE_BY_ADDRESS + 1))
    assert wait_of(throttle, "bo", "198.51.100.2") == 0, "others are not"


def test_logging_in_clears_the_name_but_not_the_address() -> None:
    throttle = Throttle(now=Seconds())
    for guess in range(FREE_BY_ADDRESS):
        assert wait_of(throttle, f"user {guess}") == 0
        if guess < FREE_BY_ADDRESS - 1:
            assert wait_of(throttle, "mallory") == 0
            throttle.succeeded("mallory", HOME)
    assert wait_of(throttle, "somebody") > 0


def test_failures_are_forgotten_after_a_quiet_hour() -> None:
    clock = Seconds()
    throttle = Throttle(now=clock)
    while not wait_of(throttle):
        clock.now += 0.01
    clock.now += FORGET_S + 1
    assert [wait_of(throttle) for _ in range(FREE_BY_NAME)] == [0] * FREE_BY_NAME


def test_a_hundred_tries_at_the_same_moment_do_not_pass_together() -> None:
    throttle, passed = Throttle(now=Seconds()), []
    guessers = [threading.Thread(target=lambda: passed.append(wait_of(throttle) == 0)) for _ in range(100)]
    for guesser in guessers:
        guesser.start()
    for guesser in guessers:
        guesser.join()
    assert sum(passed) == FREE_BY_NAME


@given(st.lists(st.tuples(st.text(max_size=3), st.sampled_from(["1.2.3.4", "::1", "unknown"])), max_size=60))
def test_memory_stays_bounded_whatever_is_tried(tries: list[tuple[str, str]]) -> None:
    throttle = Throttle(now=Seconds(), most_kept=4)
    for name, address in tries:
        wait_of(throttle, name, address)
    assert len(throttle._by_name._tries) <= 4
    assert len(throttle._by_address._tries) <= 4


def test_one_ipv6_subscriber_is_one_address() -> None:
    assert network_of("2001:db8:1:2::7") == network_of("2001:db8:1:2:ffff::1")
    assert network_of("2001:db8:1:2::7") != network_of("2001:db8:1:3::7")
    assert network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert network_of("unknown") == "unknown"
