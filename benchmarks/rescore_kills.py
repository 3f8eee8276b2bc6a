"""Kill `visiqc rescore` at random moments, again and again, and see whether what it found in the end is exact."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-c", "from visiqc.cli import main; raise SystemExit(main())", "rescore"]
START_S = 300.0
"""How long the command may take until its next result, the wait for its killed forerunner's lease included."""

Answers = dict[str, list[tuple[str, float]]]
"""Outcome and score of every new verdict of a photo, by its name; a verdict that stands twice is there twice."""


def print_kills(
    home: Path, plain: Path, *, kills: int, processes: int, seconds: float, ready_s: float, seed: int
) -> None:
    """Kill the whole command at random moments of its work, let it end, and compare with the plain loop.

    Every third kill comes at a random moment before the first result, the others at one after the first that was
    written, soon enough that there is work left for all of them.

    Args:
        home: Photos that were not scored again yet; it is worked on.
        plain: A home in which the plain loop scored these photos, and perhaps more.
        kills: How often.
        processes: As the command has it.
        seconds: What all these photos take, about.
        ready_s: How long after its start the pool has its first result.
        seed: Of the moments.
    """
    environment = os.environ | {"VISIQC_HOME": str(home)}
    command, chance = [*COMMAND, "--processes", str(processes)], random.Random(seed)
    begun, done = time.perf_counter(), [0]
    for kill in range(kills):
        process = subprocess.Popen(
            command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait(process, partial(_holds, home, process.pid))
        if kill % 3:
            _wait(process, partial(_more_than, done[-1], home))
            time.sleep(chance.uniform(0.0, seconds / kills / 2))
        else:
            time.sleep(chance.uniform(0.0, ready_s))
        if process.poll() is not None:
            raise SystemExit(f"the command ended before kill {kill + 1}, with code {process.returncode}")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done.append(_done(home))
    print(f"kill -9 {kills} times, when {', '.join(map(str, done[1:]))} photos had their result")
    ended = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    took = time.perf_counter() - begun
    print(f"then left alone, exit code {ended.returncode}: {ended.stdout.strip()} (all of it {took:.0f} s)")
    print(_compared(answers(plain), answers(home)))


def _more_than(before: int, home: Path) -> bool:
    return _done(home) > before


def _wait(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """Return when something is reached, or the process ended."""
    give_up = time.monotonic() + START_S
    while process.poll() is None and not reached():
        if time.monotonic() > give_up:
            raise SystemExit(f"the command did not begin within {START_S:.0f} s")
        time.sleep(0.05)


def _holds(home: Path, process: int) -> bool:
    """Whether this very process holds the re-score, as it does before it works."""
    return any(f":{process}:" in worker for (worker,) in _rows(home, "SELECT worker FROM rescore_leases"))


def _done(home: Path) -> int:
    """Photos of the first run, which all others go on with, that have a result."""
    rows = _rows(home, "SELECT count(*) FROM rescore_photos WHERE verdict_seq IS NOT NULL OR error IS NOT NULL")
    return int(rows[0][0])


def _rows(home: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(home / "visiqc.sqlite3", timeout=10)) as database:
        return database.execute(query).fetchall()


def answers(home: Path) -> Answers:
    """What the latest run of a home found."""
    from visiqc.bootstrap import build_records
    from visiqc.reporting.rescore_table import all_photos
    from visiqc.settings import Settings

    ((run_id,),) = _rows(home, "SELECT id FROM rescores ORDER BY seq DESC LIMIT 1")
    records: Any = build_records(Settings(home=home))
    with closing(records):
        uploads = [(photo.photo_name, photo.task.upload_id) for photo in all_photos(records, run_id)]
        verdicts = {name: records.verdicts(upload_id)[1:] for name, upload_id in uploads}
    return {
        name: [(v.outcome.value, v.calibration.score if v.calibration else 0.0) for v in found]
        for name, found in verdicts.items()
    }


def _compared(plain: Answers, killed: Answers) -> str:
    """Whether the same was found, scores bit for bit."""
    once = killed.keys() <= plain.keys() and all(len(found) == 1 for found in killed.values())
    other = [name for name, found in killed.items() if [o for o, _ in plain.get(name, [])] != [o for o, _ in found]]
    pairs = [(plain.get(name, []), found) for name, found in killed.items()]
    apart = max((abs(a - b) for one, two in pairs for (_, a), (_, b) in zip(one, two, strict=False)), default=0.0)
    each = f"each of {len(killed)} photos has exactly one new verdict" if once else "NOT one new verdict for each photo"
    return f"{each}; {len(other)} outcomes differ from the plain loop's; scores differ by at most {apart:.1e}"
