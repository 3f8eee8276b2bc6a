"""What every filling of `Blobs` promises."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from memory import MemoryBlobs
from visiqc.errors import IntegrityError, NotFound
from visiqc.inspection.ports import Blobs
from visiqc.storage.blobs import DiskBlobs


class Filling(NamedTuple):
    """The blobs, and how to change one stored byte behind their back."""

    blobs: Blobs
    damage: Callable[[str], None]


def on_disk(root: Path) -> Filling:
    def damage(digest: str) -> None:
        path = root / digest[:2] / digest[2:4] / digest
        content = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])

    return Filling(DiskBlobs(root), damage)


@pytest.fixture(params=["memory", "disk"])
def filling(request: pytest.FixtureRequest, tmp_path: Path) -> Filling:
    if request.param == "disk":
        return on_disk(tmp_path / "blobs")
    memory = MemoryBlobs()
    return Filling(memory, memory.damage)


@pytest.fixture
def blobs(filling: Filling) -> Blobs:
    return filling.blobs


@pytest.mark.parametrize("content", [b"a photo", b"", bytes(range(256)) * 4096], ids=["short", "empty", "1 MiB"])
def test_what_was_put_comes_back_under_its_sha256(blobs: Blobs, content: bytes) -> None:
    digest = blobs.put(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert blobs.get(digest) == content


def test_the_same_content_twice_is_one_blob(blobs: Blobs) -> None:
    assert blobs.put(b"a photo") == blobs.put(b"a photo")
    assert blobs.get(blobs.put(b"a photo")) == b"a photo"


def test_an_unknown_digest_is_not_found_by_name(blobs: Blobs) -> None:
    digest = hashlib.sha256(b"never stored").hexdigest()
    with pytest.raises(NotFound, match=digest):
        blobs.get(digest)


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "abc",
        "../../etc/passwd",
        "A" * 64,
        "g" * 64,
        "0" * 63 + "\n",
        "0" * 65,
        "..",
        "0" * 64 + "/../x",
        "\x00" * 64,
    ],
)
def test_what_is_no_digest_is_not_found(blobs: Blobs, digest: str) -> None:
    blobs.put(b"a photo")
    with pytest.raises(NotFound):
        blobs.get(digest)


def test_a_changed_byte_is_reported_with_the_digest(filling: Filling) -> None:
    digest = filling.blobs.put(b"a photo")
    filling.damage(digest)
    with pytest.raises(IntegrityError, match=digest):
        filling.blobs.get(digest)


def test_many_threads_may_put_the_same_content_at_once(blobs: Blobs) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(blobs.put, [b"one photo" * 1000] * 40))
    assert len(digests) == 1
    assert blobs.get(digests.pop()) == b"one photo" * 1000


def test_a_store_that_works_is_ready(blobs: Blobs) -> None:
    blobs.ready()
