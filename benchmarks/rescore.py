"""How fast history is scored again, and whether it survives kills: python benchmarks/rescore.py

Distinct photos are made from the samples by a seed. The plain loop, every library on one thread, scores the first
`--plain` of them again, the pool all; then the command is killed at random moments of scoring the first `--killed`, and
what it found in the end is compared with the plain loop's verdicts. It needs a machine that does nothing else; 500
photos take about a quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rescore_kills import print_kills
from rescore_photos import History

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
GOAL = 1.6
INFERENCE = ("identify", "trunk", "change")
"""Stages that are mostly neural networks."""
SAMPLE_S = 0.2
PHOTOS_A_KILL = 12


def main() -> None:
    arguments = _arguments()
    if arguments.part:
        print(json.dumps(measure(arguments.part, arguments.home, arguments.processes)))
        return
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        homes = make_homes(Path(folder), arguments)
        _say_machine()
        plain = _measured("plain", homes["plain"], arguments)
        _print_rate("plain", plain)
        pool = _measured("pool", homes["pool"], arguments)
        _print_rate("pool", pool)
        _print_limits(plain, pool, arguments)
        if arguments.kills:
            print_kills(
                homes["killed"],
                homes["plain"],
                kills=arguments.kills,
                processes=arguments.processes,
                seconds=arguments.killed / pool["rate"],
                ready_s=pool["ready_s"],
                seed=arguments.seed,
            )
    print(f"all of it took {(time.perf_counter() - begun) / 60:.1f} min")


def make_homes(folder: Path, arguments: argparse.Namespace) -> dict[str, Path]:
    """A home for each part, with as many of the same photos as it is for."""
    history = History(folder / "all", arguments.seed, arguments.long_side)
    wanted = {"killed": arguments.killed, "plain": arguments.plain, "pool": arguments.photos}
    for part, photos in sorted(wanted.items(), key=lambda each: each[1]):
        history.grow(photos)
        shutil.copytree(history.home, folder / part)
    return {part: folder / part for part in wanted}


# -- the measurement, in a process of its own


def measure(part: str, home: Path, processes: int) -> dict[str, Any]:
    """Score everything in `home` again; one row of figures."""
    import cv2

    from visiqc.batch.local import LocalProcesses
    from visiqc.batch.rescoring import RescoreWork, run_rescore
    from visiqc.batch.runner import InThisProcess
    from visiqc.cli.rescore_models import asked_models
    from visiqc.domain.rescore import RescoreRequest, Selection
    from visiqc.inspection.rescore import begin_rescore, prepare_goldens
    from visiqc.settings import Settings

    cv2.setNumThreads(1)
    settings = Settings(home=home, threads=1, device="cpu")
    members, parts = asked_models(settings, [])
    begun = begin_rescore(RescoreRequest(selection=Selection(), members=members), parts)
    prepare_goldens(begun.run, parts)
    with Watch() as watch:
        counts = run_rescore(
            begun.run,
            parts.records,
            InThisProcess() if part == "plain" else LocalProcesses(processes),
            RescoreWork(settings, members),
            progress=watch.done,
        )
    return {"errors": counts.errors, "stages": _stages(parts.records, begun.run.id)} | watch.figures()


class Watch:
    """When each photo was done, and how much memory and processor time that took."""

    def __init__(self) -> None:
        """Nothing is measured yet."""
        self._times: list[float] = []
        self._peaks: list[float] = []
        self._photos = 0
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Watch:
        """Measure from now on."""
        self._cpu_s, self._start = _cpu_s(), time.perf_counter()
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds = time.perf_counter() - self._start
        self._cpu_s = _cpu_s() - self._cpu_s
        self._ended.set()
        self._sampler.join()

    def done(self, _what: str, done: int, _total: int) -> None:
        """Progress of the run; it is told once before the first photo."""
        if done:
            self._times.append(time.perf_counter() - self._start)
        self._photos = done

    def figures(self) -> dict[str, Any]:
        """The rate counts from the first result on: a long run does not feel how long the start took."""
        photos, first, last = len(self._times), self._times[0], self._times[-1]
        marks = sorted({max(1, round(photos * share)) for share in (0.2, 0.6, 1.0)})
        return {
            "photos": photos,
            "seconds": self._seconds,
            "ready_s": first,
            "rate": (photos - 1) / (last - first),
            "cpu_s": self._cpu_s / photos,
            "memory": {f"{mark}": max(self._peaks[: mark + 1]) for mark in marks},
        }

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            now, done = _resident_mb(), self._photos
            self._peaks += [0.0] * (done + 1 - len(self._peaks))
            self._peaks[done] = max(self._peaks[done], now)


def _stages(records: Any, run_id: str) -> dict[str, float]:
    """Seconds a photo in each stage."""
    from visiqc.reporting.rescore_table import all_photos

    total: Counter[str] = Counter()
    photos = 0
    for photo in all_photos(records, run_id):
        photos += photo.now is not None
        total.update(photo.now.timings_ms if photo.now else {})
    return {name: spent / 1000 / photos for name, spent in total.most_common()}


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _resident_mb() -> float:
    """Resident memory of this process and its children; Linux tells it, elsewhere it is nan."""
    try:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return sum(_pages(pid) for pid in ("self", *children)) * resource.getpagesize() / 2**20
    except OSError:
        return float("nan")


def _pages(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0


# -- around it


def _measured(part: str, home: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--part", part, "--home", str(home), "--processes", str(arguments.processes)]
    environment = os.environ | (ONE_THREAD if part == "plain" else {})
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=-1, env=environment).stdout)
    return found


def _say_machine() -> None:
    from visiqc.batch.local import usable_cores

    busy = os.getloadavg()[0]
    warning = "" if busy < 1.5 else "; the machine is NOT idle, so the rates below do not count"
    print(f"{usable_cores()} cores, load {busy:.1f} (making the photos alone is about 1){warning}", flush=True)


def _print_rate(name: str, row: dict[str, Any]) -> None:
    memory = ", ".join(f"{mb:.0f} MB up to photo {mark}" for mark, mb in row["memory"].items())
    print(
        f"{name:<5} {row['photos']} photos, {row['errors']} errors, {row['seconds']:.1f} s, the first after "
        f"{row['ready_s']:.1f} s; {row['rate']:.3f} photos/s; {row['cpu_s']:.3f} s of processor each; peak {memory}",
        flush=True,
    )


def _print_limits(plain: dict[str, Any], pool: dict[str, Any], arguments: argparse.Namespace) -> None:
    from visiqc.batch.local import usable_cores

    stages, whole = plain["stages"], sum(plain["stages"].values())
    print("stages " + ", ".join(f"{name} {spent / whole:.0%}" for name, spent in stages.items()))
    decode, inference = stages.get("decode", 0.0), sum(stages.get(name, 0.0) for name in INFERENCE)
    print(
        f"limit  one core and photo: decode {decode:.3f} s, inference {inference:.3f} s, all stages {whole:.3f} s, "
        f"with reading and writing {1 / plain['rate']:.3f} s"
    )
    cores = min(arguments.processes or usable_cores(), usable_cores())
    most, ratio = cores * plain["rate"], pool["rate"] / plain["rate"]
    print(f"       {cores} cores can do {most:.3f} photos/s; the pool reached {pool['rate'] / most:.0%} of that")
    met = "reached" if ratio >= GOAL else "NOT reached"
    print(f"ratio  the pool is {ratio:.2f} times as fast as the plain loop; goal {GOAL}: {met}")
    first, *_, last = pool["memory"].values()
    print(f"memory grew by {last / first - 1:.1%} from the first mark to the last", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=500, help="that the pool scores")
    parser.add_argument("--plain", type=int, default=150, help="of them, that the plain loop scores")
    parser.add_argument("--killed", type=int, default=150, help="of these, that the command scores while it is killed")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--processes", type=int, default=0, help="0 = one for each core")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--long-side", type=int, default=1024)
    parser.add_argument("--folder", type=Path, help="where to work; default: the folder for temporary files")
    parser.add_argument("--part", choices=("plain", "pool"), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not 2 <= arguments.killed <= arguments.plain <= arguments.photos:
        parser.error("wanted 2 <= --killed <= --plain <= --photos: each part scores some of the photos of the next")
    if arguments.killed < PHOTOS_A_KILL * arguments.kills:
        parser.error(f"wanted {PHOTOS_A_KILL} photos in --killed for each of --kills, or it is done before the last")
    return arguments


if __name__ == "__main__":
    main()
