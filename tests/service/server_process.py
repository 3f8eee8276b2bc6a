"""A service in a process of its own, on a real database and blob folder: python server_process.py HOME GRACE

Its scoring story answers at once, except that it waits while the file HOME/hold exists.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import SKU, a_golden, a_verdict
from services import memory_parts
from visiqc.batch import leases
from visiqc.bootstrap import now
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Verdict
from visiqc.inspection.parts import Parts
from visiqc.service.app import create_app
from visiqc.service.logs import configure_logging
from visiqc.service.server import bind, run, url_of
from visiqc.settings import Settings
from visiqc.storage.blobs import DiskBlobs
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


def main(home: Path, grace_s: float) -> None:
    def score(upload_id: str, parts: Parts) -> Verdict:
        while (home / "hold").exists():
            time.sleep(0.01)
        upload = parts.records.upload(upload_id)
        parts.blobs.get(upload.photo_digest)
        made = {"id": upload_id, "photo_digest": upload.photo_digest, "photo_name": upload.photo_name}
        return parts.records.add_verdict(a_verdict(outcome=Outcome.PASS, **made))

    configure_logging("json")
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(home=home)
    records = SqlRecords(open_database(settings.resolved_database_url))
    if not records.goldens():
        golden = records.add_golden(a_golden(sku=SKU))
        records.approve_golden(SKU, golden.version, by="anna", at=golden.made_at)
    leases.LEASE_S, leases.RENEW_S = 2.0, 0.5  # what a killed server held is free again within the tests' patience
    parts = replace(memory_parts(), records=records, blobs=DiskBlobs(home / "blobs"), clock=now)
    with bind("127.0.0.1", 0) as listener:
        app = create_app(parts, settings, open_access=True, score=score, grace_s=grace_s)
        run(app, listener, on_ready=lambda: print(url_of(listener), flush=True), grace_s=grace_s)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
