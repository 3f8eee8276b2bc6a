"""What storage does on a disk that is full, read-only or limited: `python child_on_a_poor_disk.py SCENE FOLDER`.

Run in a process of its own, because mounts and limits hold for a whole process. It ends well or with a traceback.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from builders import SKU, a_golden, a_request, a_verdict, an_upload
from visiqc.domain.upload import Upload
from visiqc.errors import Unavailable
from visiqc.storage.blobs import DiskBlobs
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords

MIB = 1024 * 1024


def stores(folder: Path) -> tuple[DiskBlobs, SqlRecords]:
    blobs, records = DiskBlobs(folder / "blobs"), SqlRecords(open_database(f"sqlite:///{folder / 'visiqc.sqlite3'}"))
    if not records.goldens(SKU):
        records.add_golden(a_golden())
    return blobs, records


def accept_until_refused(records: SqlRecords, advice: str) -> list[Upload]:
    """Accept uploads until `Unavailable` gives the advice; the ones that were accepted."""
    accepted: list[Upload] = []

    def accept_all() -> None:
        for name in map(str, range(10_000)):
            accepted.extend(records.accept([an_upload(id=name, photo_name="x" * 5_000)], a_request(key=name)))

    with pytest.raises(Unavailable, match=advice):
        accept_all()
    return accepted


def full_disk(folder: Path) -> None:
    """A tmpfs of 4 MiB: blobs until it is full, then rows until it is full, then space again."""
    blobs, records = stores(folder)
    kept: dict[str, bytes] = {}

    def put_all() -> None:
        for photo in (bytes([number]) * (MIB // 2) for number in range(100)):
            kept[blobs.put(photo)] = photo

    with pytest.raises(Unavailable, match="photo store cannot be written: the disk is full"):
        put_all()
    assert not list((folder / "blobs" / "incoming").iterdir())
    accepted = accept_until_refused(records, "database is not available: its disk is full")
    assert records.pending() == tuple(accepted)
    assert all(blobs.get(digest) == photo for digest, photo in kept.items())

    removed = next(iter(kept))
    (folder / "blobs" / removed[:2] / removed[2:4] / removed).unlink()
    assert blobs.get(blobs.put(b"a photo")) == b"a photo"
    records.accept([an_upload(id="after")])
    records.add_verdict(a_verdict(id="after"))
    blobs.ready()


def read_only_disk(folder: Path) -> None:
    """A tmpfs that becomes read-only between two starts: what was stored can be read, nothing can be written."""
    blobs, records = stores(folder)
    digest = blobs.put(b"a photo")
    records.close()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    blobs = DiskBlobs(folder / "blobs")
    assert blobs.get(digest) == b"a photo"
    for use in (blobs.ready, lambda: blobs.put(b"another")):
        with pytest.raises(Unavailable, match="read-only"):
            use()
    with pytest.raises(Unavailable, match=r"database is not available: .*(read-only|cannot be opened)"):
        stores(folder)
    with pytest.raises(Unavailable, match=r"folder of the database cannot be made: .*read-only"):
        open_database(f"sqlite:///{folder}/new/visiqc.sqlite3")


def limited_files(folder: Path) -> None:
    """No file may grow beyond 1 MiB (EFBIG, with SIGXFSZ ignored as Python does from its start)."""
    blobs, records = stores(folder)
    before = blobs.put(b"a photo")
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, resource.RLIM_INFINITY))
    with pytest.raises(Unavailable, match="size limit"):
        blobs.put(bytes(2 * MIB))
    assert not list((folder / "blobs" / "incoming").iterdir())
    assert blobs.get(before) == b"a photo"
    accepted = accept_until_refused(records, "database is not available: its disk")
    assert records.pending() == tuple(accepted)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    records.accept([an_upload(id="after")])
    assert len(records.pending()) == len(accepted) + 1


if __name__ == "__main__":
    {"full": full_disk, "read-only": read_only_disk, "limited": limited_files}[sys.argv[1]](Path(sys.argv[2]))
