"""Guessing passwords gets slower and slower, and memory stays bounded."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import TooManyAttempts
from visiqc.service.throttle import FORGET_S, FREE_BY_ADDRESS, FREE_BY_NAME, LONGEST_WAIT_S, Throttle

HOME = "203.0.113.7"


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def wait_of(throttle: Throttle, name: str = "ana", address: str = HOME, *, known: bool = False) -> int:
    try:
        throttle.begin(name, address, known=known)
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


def test_no_stranger_keeps_a_person_out_of_where_he_usually_logs_in() -> None:
    clock = Seconds()
    throttle = Throttle(now=clock)
    for day_long in range(FREE_BY_NAME + 24 * 12):
        assert wait_of(throttle, "ana", f"198.51.100.{day_long % 200}") == 0
        clock.now += LONGEST_WAIT_S
    assert wait_of(throttle, "ana", f"198.51.100.{day_long % 200}") == 0
    assert wait_of(throttle, "ana", HOME, known=True) == 0
    assert wait_of(throttle, "ana", HOME, known=False) == LONGEST_WAIT_S, "unless he never logged in from there"


def test_guessing_from_a_network_where_the_name_is_known_is_slowed_as_well() -> None:
    throttle = Throttle(now=Seconds())
    waits = [wait_of(throttle, known=True) for _ in range(FREE_BY_NAME + 1)]
    assert waits == [0] * FREE_BY_NAME + [1]
    assert wait_of(throttle, address="198.51.100.1") == 0, "and slows the name nowhere else"


def test_logging_in_where_the_name_is_known_gives_strangers_no_new_guesses() -> None:
    throttle = Throttle(now=Seconds())
    while not wait_of(throttle, address="198.51.100.1"):
        pass
    throttle.succeeded(throttle.begin("ana", HOME, known=True))
    assert wait_of(throttle, address="198.51.100.2") > 0


def test_logging_in_clears_the_name_but_not_the_address() -> None:
    throttle = Throttle(now=Seconds())
    for guess in range(FREE_BY_ADDRESS):
        assert wait_of(throttle, f"user {guess}") == 0
        if guess < FREE_BY_ADDRESS - 1:
            throttle.succeeded(throttle.begin("mallory", HOME, known=True))
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
    assert len(throttle._by_name_there._tries) <= 4
    assert len(throttle._by_network._tries) <= 4
