"""Promote a candidate and be killed on the way: python child_that_promotes.py HOME CANDIDATE WHERE"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from visiqc.bootstrap import build_records
from visiqc.cli.model_moves import challenge
from visiqc.inspection import promotion, recalibrate
from visiqc.settings import Settings
from visiqc.storage import database


class AsGood:
    worse = False

    def as_json(self) -> dict[str, Any]:
        return {}


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(home: Path, candidate: Path, where: str) -> None:
    settings = Settings(home=home, device="cpu", threads=1)
    build_records(settings)
    if where == "copying":  # in the middle of the second file
        copy, seen = shutil.copyfileobj, []

        def copy_some(reader: Any, writer: Any) -> None:
            seen.append(1)
            if len(seen) == 2:
                writer.write(reader.read(100))
                die()
            copy(reader, writer)

        shutil.copyfileobj = copy_some  # type: ignore[assignment]
    elif where == "moved":
        rename = Path.rename

        def rename_and_die(self: Path, target: Path) -> None:
            rename(self, target)
            die()

        Path.rename = rename_and_die  # type: ignore[assignment,method-assign]
    asked = challenge(settings, [candidate])
    if where == "fitting":
        recalibrate.recalibrate = die  # type: ignore[assignment]
    elif where == "committing":  # the row is written, the transaction is not ended
        write = database.Database.write

        def write_and_die(self: database.Database, work: Any) -> Any:
            return write(self, lambda connection: (work(connection), die()))

        promotion._prepared(asked.parts, "anna", None)
        database.Database.write = write_and_die  # type: ignore[method-assign]
    promotion.promote(asked.members, asked.parts, AsGood(), supersedes=asked.supersedes, by="anna")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
