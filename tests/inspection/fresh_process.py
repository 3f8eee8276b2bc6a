"""Enrol and score, and tell every figure of it: in another process it must be the same."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from bench import enrolled, parts_in, photo_of, scored, scratched, sent
from pictures import board
from visiqc.storage.records import SqlRecords


def figures(home: Path) -> list[Any]:
    """The digest of the golden features, and two verdicts without their names and times."""
    parts = parts_in(home)
    golden = enrolled("board", [sent("golden.jpg", photo_of(board()))], parts)
    found = []
    for name, product in (("good", board()), ("bad", scratched(board()))):
        verdict = asdict(scored("board", sent(f"{name}.jpg", photo_of(product, 25, 0.9, noise=3)), parts))
        found.append({key: value for key, value in verdict.items() if key not in {"id", "timings_ms", "made_at"}})
    cast("SqlRecords", parts.records).close()
    return [golden.bank_digest, found]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(figures(Path(sys.argv[1]))))
