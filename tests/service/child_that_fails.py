"""A service whose database fails while secrets are about; its JSON log is on stderr, the secrets on stdout.

python child_that_fails.py Unavailable|RuntimeError
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).parents[1]))

from services import HERE, PASSWORD, a_service
from visiqc.errors import Unavailable
from visiqc.service.logs import configure_logging

KINDS = {"Unavailable": Unavailable, "RuntimeError": RuntimeError}


def main(kind: str) -> None:
    def fail(*_values: object, **_named: object) -> NoReturn:
        raise KINDS[kind]("the database is away")

    configure_logging("json")
    service = a_service(open_access=False)
    key, session = service.key(), service.session()
    form = {"name": "ana", "password": PASSWORD}
    with service.client() as client:
        own = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
        service.parts.records.begin_session = fail
        statuses = [client.post("/login", data=form, headers=own).status_code]
        for broken in ("user", "session", "key"):
            setattr(service.parts.records, broken, fail)
        statuses.append(client.post("/login", data=form, headers=own).status_code)
        statuses += [client.get("/v1/goldens", headers=headers).status_code for headers in (key, session)]
    print(*statuses)  # noqa: T201
    print(PASSWORD, key["Authorization"].partition(" ")[2], session["Cookie"].partition("=")[2], sep="\n")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
