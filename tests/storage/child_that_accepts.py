"""Processes that accept and answer photos until they are killed: `python child_that_accepts.py HOME`.

For each line read, a name, one child process starts, works under that name and is waited for. Its id is printed
first, then `working`, then its promises, each after it was kept (`accepted UPLOAD DIGEST`, `answered UPLOAD`), then
`ended`. The children are forks of this process so that no time is spent importing; each opens blobs and database
for itself.
"""

from __future__ import annotations

import os
import random
import sys
from itertools import count
from pathlib import Path

from builders import SKU, a_golden, a_request, a_verdict, an_upload
from visiqc.errors import NotFound
from visiqc.storage import migrate  # noqa: F401 - loaded before the start; the first child migrates
from visiqc.storage.blobs import DiskBlobs
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


def work(home: Path, run: str) -> None:
    blobs, records = DiskBlobs(home / "blobs"), SqlRecords(open_database(f"sqlite:///{home / 'visiqc.sqlite3'}"))
    chance = random.Random(run)
    try:
        records.golden(SKU, 1)
    except NotFound:
        records.add_golden(a_golden())
    say("working")
    for number in count():
        accept_and_answer(blobs, records, chance, f"{run}-{number}")


def accept_and_answer(blobs: DiskBlobs, records: SqlRecords, chance: random.Random, name: str) -> None:
    """One request of many uploads that share a few large photos, so that a kill finds every step in the middle.

    The request's fingerprint is how many uploads it has.
    """
    photos = [blobs.put(f"{name} {n}".encode() + bytes(chance.randrange(1_000_000))) for n in range(3)]
    uploads = [an_upload(id=f"{name}-{n}", photo_digest=chance.choice(photos)) for n in range(chance.randint(1, 24))]
    for upload in records.accept(uploads, a_request(key=name, fingerprint=f"{len(uploads)}")):
        say("accepted", upload.id, upload.photo_digest)
    for upload in uploads[:3]:
        score_map = blobs.put(upload.id.encode() + bytes(100_000))
        records.add_verdict(a_verdict(id=upload.id, photo_digest=upload.photo_digest, score_map_digest=score_map))
        say("answered", upload.id)


def say(*words: str) -> None:
    """One line in one write, so that a kill leaves it whole or out."""
    os.write(1, (" ".join(words) + "\n").encode())


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if not child:
            say(f"{os.getpid()}")
            work(Path(sys.argv[1]), line.strip())
        os.waitpid(child, 0)
        say("ended")
