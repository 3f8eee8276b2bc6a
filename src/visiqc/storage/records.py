"""The written record in a SQL database."""

from __future__ import annotations

from sqlalchemy import select

from visiqc.storage.database import Database
from visiqc.storage.golden_records import GoldenRecords
from visiqc.storage.job_records import JobRecords
from visiqc.storage.key_records import KeyRecords
from visiqc.storage.lot_records import LotRecords
from visiqc.storage.lot_report_records import LotReportRecords
from visiqc.storage.model_records import ModelRecords
from visiqc.storage.people_records import UserRecords
from visiqc.storage.queue_records import QueueRecords
from visiqc.storage.repeated_files import RepeatedFileRecords
from visiqc.storage.requeue_records import RequeueRecords
from visiqc.storage.rescore_leases import RescoreLeaseRecords
from visiqc.storage.rescore_reading import RescoreReading
from visiqc.storage.rescore_records import RescoreRecords
from visiqc.storage.review_records import ReviewRecords
from visiqc.storage.schema import goldens
from visiqc.storage.upload_records import UploadRecords
from visiqc.storage.verdict_records import VerdictRecords


class SqlRecords(
    GoldenRecords,
    UploadRecords,
    VerdictRecords,
    JobRecords,
    LotRecords,
    LotReportRecords,
    RepeatedFileRecords,
    KeyRecords,
    ModelRecords,
    UserRecords,
    RescoreRecords,
    RescoreReading,
    RequeueRecords,
    RescoreLeaseRecords,
    ReviewRecords,
    QueueRecords,
):
    """Fills `Records` with a `Database`, for any number of threads and processes at once.

    Every method is one transaction. What a method returned was flushed to the disk before.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def ready(self) -> None:
        """Return when the database answers; raise `Unavailable` otherwise."""
        with self._database.reading() as connection:
            connection.execute(select(goldens.c.version).limit(1)).first()

    def close(self) -> None:
        """Close the database; the records cannot be used afterwards."""
        self._database.close()
