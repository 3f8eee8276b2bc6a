"""What the folder promises beyond the contract: durability, healing, and plain refusals."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest

from visiqc.errors import Unavailable
from visiqc.storage.blobs import STALE_AFTER_S, DiskBlobs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "new" / "blobs"


def files(root: Path) -> list[Path]:
    return sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())


def test_a_blob_is_one_read_only_file_named_by_its_digest(root: Path) -> None:
    digest = DiskBlobs(root).put(b"a photo")
    path = Path(digest[:2]) / digest[2:4] / digest
    assert files(root) == [path]
    assert (root / path).stat().st_mode & 0o222 == 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to see which file was flushed")
def test_bytes_are_flushed_before_the_name_and_the_name_before_the_answer(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs, steps = DiskBlobs(root), []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (steps.append(Path(f"/proc/self/fd/{fd}").resolve()), fsync(fd)))
    monkeypatch.setattr(Path, "replace", lambda old, new: (steps.append("renamed"), replace(old, new)))
    digest = blobs.put(b"a photo")
    assert steps[0].suffix == ".part"
    assert steps[1] == "renamed"
    assert steps[2:] == [root / digest[:2] / digest[2:4], root / digest[:2], root]


def test_content_that_is_there_is_not_written_again(root: Path) -> None:
    digest = DiskBlobs(root).put(b"a photo")
    before = (root / files(root)[0]).stat()
    assert DiskBlobs(root).put(b"a photo") == digest
    assert (root / files(root)[0]).stat() == before


def test_a_cut_off_blob_is_healed_by_putting_it_again(root: Path) -> None:
    blobs = DiskBlobs(root)
    digest = blobs.put(b"a photo")
    path = root / files(root)[0]
    path.unlink()
    path.write_bytes(b"a ph")
    assert blobs.put(b"a photo") == digest
    assert blobs.get(digest) == b"a photo"


def test_what_killed_processes_left_is_swept_and_nothing_else(root: Path) -> None:
    digest = DiskBlobs(root).put(b"a photo")
    old = time.time() - STALE_AFTER_S - 60
    names = {"put-0123456789abcdef.part": old, "put-fedcba9876543210.part": time.time(), "notes.part": old}
    for name, age in names.items():
        (root / "incoming" / name).write_bytes(b"half")
        os.utime(root / "incoming" / name, (age, age))
    os.utime(root / digest[:2] / digest[2:4] / digest, (old, old))
    assert DiskBlobs(root).get(digest) == b"a photo"
    assert {path.name for path in files(root)} == {digest, "put-fedcba9876543210.part", "notes.part"}


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "size limit"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permissions"),
        (errno.EIO, "Input/output error"),
    ],
)
@pytest.mark.parametrize("step", ["open", "fsync"])
def test_a_refusal_is_explained_and_leaves_nothing_behind(
    root: Path, monkeypatch: pytest.MonkeyPatch, refusal: int, advice: str, step: str
) -> None:
    blobs = DiskBlobs(root)
    blobs.ready()

    def refuse(*_: object) -> None:
        raise OSError(refusal, "refused", str(root))

    with monkeypatch.context() as patched:
        patched.setattr(os, step, refuse)
        with pytest.raises(Unavailable, match=advice) as caught:
            blobs.put(b"a photo")
    assert str(root) not in str(caught.value)
    assert files(root) == []


def test_a_file_in_place_of_the_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for root in (tmp_path / "file", tmp_path / "file" / "blobs"):
        with pytest.raises(Unavailable, match=r"photo store.*file") as caught:
            DiskBlobs(root)
        assert str(tmp_path) not in str(caught.value)


def test_a_store_that_vanished_is_unavailable_and_not_made_anew(root: Path) -> None:
    blobs = DiskBlobs(root)
    digest = blobs.put(b"a photo")
    shutil.rmtree(root)
    for use in (lambda: blobs.get(digest), lambda: blobs.put(b"a photo"), blobs.ready):
        with pytest.raises(Unavailable, match="gone"):
            use()
    assert not root.exists()


def test_being_ready_leaves_no_file(root: Path) -> None:
    DiskBlobs(root).ready()
    assert files(root) == []


def test_a_relative_folder_is_meant_from_where_the_store_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blobs = DiskBlobs(Path("blobs"))
    monkeypatch.chdir("/")
    assert blobs.put(b"a photo") == hashlib.sha256(b"a photo").hexdigest()
    assert len(files(tmp_path / "blobs")) == 1
