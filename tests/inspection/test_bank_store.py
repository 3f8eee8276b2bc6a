from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bench import photo_of, real_models, sent
from pictures import board
from visiqc.errors import IntegrityError, NotFound
from visiqc.inspection.bank_store import BankStore
from visiqc.inspection.enrol import build_bank
from visiqc.inspection.parts import Parts
from visiqc.vision.bank import to_bytes
from visiqc.vision.photo import DecodeLimits


class CountingBlobs:
    """Blobs in memory that count how often each is read."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents = contents
        self.read: list[str] = []

    def get(self, digest: str) -> bytes:
        self.read.append(digest)
        return self.contents[digest]

    def put(self, content: bytes) -> str:
        raise NotImplementedError

    def ready(self) -> None:
        return


@pytest.fixture(scope="module")
def content() -> bytes:
    bank, _ = build_bank([sent("a.jpg", photo_of(board()))], real_models(), DecodeLimits(), long_side=256)
    return to_bytes(bank)


def test_a_bank_is_read_once(content: bytes) -> None:
    blobs = CountingBlobs({"a": content})
    banks = BankStore(blobs)
    assert banks.get("a") is banks.get("a")
    assert blobs.read == ["a"]


def test_the_banks_used_last_are_kept_within_the_bound(content: bytes) -> None:
    blobs = CountingBlobs(dict.fromkeys("abc", content))
    banks = BankStore(blobs, kept_bytes=2 * len(content))
    for digest in ("a", "b", "a", "c", "a", "b"):  # c takes the place of b, not of a
        banks.get(digest)
    assert blobs.read == ["a", "b", "c", "b"]


def test_a_bank_over_the_bound_still_serves_but_alone(content: bytes) -> None:
    blobs = CountingBlobs(dict.fromkeys("ab", content))
    banks = BankStore(blobs, kept_bytes=10)
    assert banks.get("a") is banks.get("a")
    banks.get("b")
    banks.get("a")
    assert blobs.read == ["a", "b", "a"]


def test_threads_may_ask_at_once(content: bytes) -> None:
    banks = BankStore(CountingBlobs(dict.fromkeys("abcd", content)), kept_bytes=2 * len(content))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(banks.get, "abcdabcd" * 4))
    assert all(bank.views for bank in found)


def test_what_is_no_bank_is_an_integrity_error_and_what_is_not_there_not_found(parts: Parts) -> None:
    digest = parts.blobs.put(b"not a bank")
    with pytest.raises(IntegrityError, match="enrol the golden again"):
        parts.banks.get(digest)
    with pytest.raises(NotFound):
        parts.banks.get("0" * 64)
