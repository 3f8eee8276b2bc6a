"""The tables. A record is kept whole as a JSON document; columns beside it are for finding and joining it.

Rows are only ever added, but for `uploads.state`, `uploads.failure`, `api_keys.revoked_at`, a user's password and
`disabled_at`, `jobs`, `sessions`, `queue`, `viewings`, `rescore_leases`, and the results in `rescore_photos`. In
`goldens`, `approvals`, `calibrations`, `verdicts`, `model_sets`, `golden_features`, `orders`, `milestones`, `lots`,
`unit_photos`, `logins`, `rescores`, `rescore_ends` and `reviews` the database itself refuses changes, and it refuses to
delete an upload or a user (SQLite triggers, in the migrations).
"""

from visiqc.storage.schema.columns import FAILED, PENDING, SCORED, metadata
from visiqc.storage.schema.inspection import (
    queue,
    rescore_ends,
    rescore_leases,
    rescore_photos,
    rescores,
    reviews,
    viewings,
)
from visiqc.storage.schema.people import (
    api_keys,
    logins,
    sessions,
    users,
)
from visiqc.storage.schema.photos import (
    jobs,
    lots,
    milestones,
    orders,
    requests,
    unit_photos,
    uploads,
    verdicts,
)
from visiqc.storage.schema.products import (
    approvals,
    calibrations,
    golden_features,
    goldens,
    model_sets,
)

HEAD = "0006"
"""The newest migration; a database at this version is opened without importing Alembic."""

__all__ = [
    "FAILED",
    "HEAD",
    "PENDING",
    "SCORED",
    "api_keys",
    "approvals",
    "calibrations",
    "golden_features",
    "goldens",
    "jobs",
    "logins",
    "lots",
    "metadata",
    "milestones",
    "model_sets",
    "orders",
    "queue",
    "requests",
    "rescore_ends",
    "rescore_leases",
    "rescore_photos",
    "rescores",
    "reviews",
    "sessions",
    "unit_photos",
    "uploads",
    "users",
    "verdicts",
    "viewings",
]
