"""A process that holds a re-score until a line comes: python rescore_holder.py DATABASE_URL LEASE_S RENEW_S."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from builders import a_rescore_request
from visiqc.batch.rescore_hold import RescoreHold
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords


def main(url: str, lease_s: str, renew_s: str) -> None:
    records = SqlRecords(open_database(url))
    request = a_rescore_request()
    with RescoreHold(request, records, lambda: datetime.now(UTC), lease_s=float(lease_s), renew_s=float(renew_s)):
        sys.stdout.write("held\n")
        sys.stdout.flush()
        sys.stdin.readline()
    records.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
