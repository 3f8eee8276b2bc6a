"""A worker in a process of its own, on a real database: python worker_process.py HOME

Its scoring story takes a moment, or as long as the file HOME/hold exists, and writes one line for each photo it begins
into HOME/begun.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import SKU, a_verdict
from services import memory_parts
from visiqc.batch import leases
from visiqc.bootstrap import now
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Verdict
from visiqc.inspection.parts import Parts
from visiqc.service.logs import configure_logging
from visiqc.service.worker import run_worker
from visiqc.settings import Settings
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


def main(home: Path) -> None:
    begun = os.open(home / "begun", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def score(upload_id: str, parts: Parts) -> Verdict:
        os.write(begun, f"{upload_id}\n".encode())
        time.sleep(0.02)
        while (home / "hold").exists():
            time.sleep(0.01)
        return parts.records.add_verdict(
            a_verdict(id=upload_id, sku=SKU, outcome=Outcome.PASS, software=f"process {os.getpid()}")
        )

    configure_logging("json")
    leases.LEASE_S, leases.RENEW_S = 1.5, 0.3
    settings = Settings(home=home)
    parts = replace(memory_parts(), records=SqlRecords(open_database(settings.resolved_database_url)), clock=now)
    run_worker(parts, settings, workers=2, on_ready=lambda: print("ready", flush=True), score=score)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
