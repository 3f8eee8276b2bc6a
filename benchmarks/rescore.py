"""How fast history is scored again: python benchmarks/rescore.py [--photos 500] [--processes 0] [--kills 10]

Distinct photos are made from the samples by a seed and kept with verdicts of record. The plain loop, every library on
one thread, and the pool then score the same photos in one go, each from a fresh copy of the home; then the command is
killed at random again and again, and what it found in the end is compared with the plain loop's verdicts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
COMMAND = [sys.executable, "-c", "from visiqc.cli import main; raise SystemExit(main())", "rescore"]
GOLDENS = 3


def main() -> None:
    arguments = _arguments()
    if arguments.part:
        print(json.dumps(measure(arguments.part, arguments.home, arguments.processes)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        home = Path(folder) / "home"
        make_history(home, arguments.photos, arguments.seed, arguments.long_side)
        plain = _measured("plain", home, Path(folder) / "plain", arguments)
        pool = _measured("pool", home, Path(folder) / "pool", arguments)
        _print_rates(plain, pool, arguments)
        if arguments.kills:
            _print_kills(home, Path(folder), pool, arguments)


# -- the photos


def make_history(home: Path, photos: int, seed: int, long_side: int) -> None:
    """A home with the samples' goldens and that many different photos, each with a verdict of record."""
    from visiqc.bootstrap import build_parts
    from visiqc.domain.golden import ScoringPolicy
    from visiqc.inspection.enrol import approve_golden, enrol_golden
    from visiqc.inspection.inspect import accept_photos
    from visiqc.inspection.parts import SentPhoto
    from visiqc.runtime.bundle import bundled_samples
    from visiqc.settings import Settings

    parts, products = build_parts(Settings(home=home)), sorted(bundled_samples().glob("*/uploads/"))
    for product in products:
        files = sorted((product.parent / "golden").glob("*.jpg"))[:GOLDENS]
        sent = [SentPhoto(name=file.name, content=file.read_bytes()) for file in files]
        golden = enrol_golden(product.parent.name, sent, parts, policy=ScoringPolicy(long_side=long_side))
        approve_golden(golden.sku, golden.version, by="benchmark", parts=parts)
    for number, (sku, content) in zip(range(photos), distinct_photos(products, seed), strict=False):
        (upload,) = accept_photos(sku, [SentPhoto(name=f"{number:05}.jpg", content=content)], parts)
        parts.records.add_verdict(_of_record(upload, parts.clock()))
        print(f"\rphotos made: {number + 1}/{photos}", end="", file=sys.stderr)
    print(file=sys.stderr)


def distinct_photos(products: list[Path], seed: int) -> Iterator[tuple[str, bytes]]:
    """Endlessly, the samples cropped, brightened, with noise and compressed, no two alike."""
    import cv2
    import numpy as np

    chance, noise = random.Random(seed), np.random.default_rng(seed)
    for number in count():
        product = products[number % len(products)]
        pixels = cv2.imread(str(chance.choice(sorted(product.glob("*.jpg")))))
        height, width = pixels.shape[:2]
        top, bottom = (round(chance.uniform(0, 0.03) * height) for _ in range(2))
        left, right = (round(chance.uniform(0, 0.03) * width) for _ in range(2))
        part = pixels[top : height - bottom, left : width - right].astype(np.float32)
        part = part * chance.uniform(0.92, 1.08) + noise.normal(0, chance.uniform(0.5, 3.0), part.shape)
        options = [cv2.IMWRITE_JPEG_QUALITY, chance.randint(85, 95)]
        yield product.parent.name, cv2.imencode(".jpg", np.clip(part, 0, 255).astype(np.uint8), options)[1].tobytes()


def _of_record(upload: Any, now: Any) -> Any:
    from visiqc.domain.outcome import Outcome
    from visiqc.domain.verdict import Verdict

    return Verdict(
        id=upload.id,
        sku=upload.sku,
        golden_version=upload.golden_version,
        golden_view=None,
        photo_name=upload.photo_name,
        photo_digest=upload.photo_digest,
        outcome=Outcome.PASS,
        model_digests=("models of long ago",),
        made_at=now,
    )


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
    memory: list[tuple[int, float]] = []
    before, start = _cpu_s(), time.perf_counter()
    counts = run_rescore(
        begun.run,
        parts.records,
        InThisProcess() if part == "plain" else LocalProcesses(processes),
        RescoreWork(settings, members),
        progress=lambda _, done, __: memory.append((done, _resident_mb())),
    )
    whole = time.perf_counter() - start
    return {
        "photos": counts.scored,
        "errors": counts.errors,
        "seconds": whole,
        "cpu_s": _cpu_s() - before,
        "memory": [max(mb for done, mb in memory if done <= counts.planned * share) for share in (0.25, 0.5, 1.0)],
        "stages": _stages(parts.records, begun.run.id),
    }


def _stages(records: Any, run_id: str) -> dict[str, float]:
    from visiqc.reporting.rescore_table import all_photos

    total: Counter[str] = Counter()
    for photo in all_photos(records, run_id):
        total.update(photo.now.timings_ms if photo.now else {})
    return dict(total)


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


def _measured(part: str, home: Path, copy: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    shutil.copytree(home, copy)
    command = [sys.executable, __file__, "--part", part, "--home", str(copy), "--processes", str(arguments.processes)]
    environment = os.environ | (ONE_THREAD if part == "plain" else {})
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=-1, env=environment).stdout)
    return found


def _print_rates(plain: dict[str, Any], pool: dict[str, Any], arguments: argparse.Namespace) -> None:
    from visiqc.batch.local import usable_cores

    print("         photos errors seconds photos/s  CPU s/photo  MB at 25 %, 50 %, 100 %")
    for name, row in (("plain", plain), ("pool", pool)):
        rate, memory = row["photos"] / row["seconds"], ", ".join(f"{mb:.0f}" for mb in row["memory"])
        counts = f"{name:<8} {row['photos']:>6} {row['errors']:>6}"
        print(f"{counts} {row['seconds']:>7.1f} {rate:>8.3f} {row['cpu_s'] / row['photos']:>12.3f}  {memory}")
    ratio = plain["seconds"] / pool["seconds"]
    cores = min(arguments.processes or usable_cores(), usable_cores())
    limit = cores / (plain["cpu_s"] / plain["photos"])
    reached = pool["photos"] / pool["seconds"] / limit
    print(
        f"the pool is {ratio:.2f} times as fast; {cores} cores could do {limit:.3f} photos/s, it reached {reached:.0%}"
    )
    whole = sum(plain["stages"].values())
    shares = sorted(plain["stages"].items(), key=lambda stage: -stage[1])
    print("plain: " + ", ".join(f"{name} {spent / whole:.0%}" for name, spent in shares))


def _print_kills(home: Path, folder: Path, pool: dict[str, Any], arguments: argparse.Namespace) -> None:
    """Kill the whole command at random moments of its work, and compare what it found with the plain loop."""
    shutil.copytree(home, folder / "killed")
    environment = os.environ | {"VISIQC_HOME": str(folder / "killed")}
    command, chance = [*COMMAND, "--processes", str(arguments.processes)], random.Random(arguments.seed)
    mean = pool["seconds"] / arguments.kills
    for _ in range(arguments.kills):
        process = subprocess.Popen(command, env=environment, start_new_session=True, stdout=-3, stderr=-3)
        time.sleep(chance.uniform(0.1, 2.0) * mean)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    start = time.perf_counter()
    ended = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    print(f"killed {arguments.kills} times, the rest took {time.perf_counter() - start:.1f} s: {ended.stdout.strip()}")
    print(_compared(_answers(folder / "plain"), _answers(folder / "killed")))


def _answers(home: Path) -> dict[str, list[tuple[str, float]]]:
    """Outcome and score of every new verdict by photo name; one that stands twice is there twice."""
    from visiqc.bootstrap import build_records
    from visiqc.reporting.rescore_table import all_photos
    from visiqc.settings import Settings

    records: Any = build_records(Settings(home=home))
    with closing(records):
        with records._database.reading() as connection:  # noqa: SLF001 - to see every row there is
            run_id = connection.exec_driver_sql("SELECT id FROM rescores ORDER BY seq DESC LIMIT 1").scalar_one()
        uploads = [(photo.photo_name, photo.task.upload_id) for photo in all_photos(records, run_id)]
        verdicts = {name: records.verdicts(upload_id)[1:] for name, upload_id in uploads}
    return {
        name: [(v.outcome.value, v.calibration.score if v.calibration else 0.0) for v in found]
        for name, found in verdicts.items()
    }


def _compared(plain: dict[str, list[tuple[str, float]]], killed: dict[str, list[tuple[str, float]]]) -> str:
    """Whether the same was found. Scores may differ in the fifth digit by where arrays happen to lie in memory."""
    once = plain.keys() == killed.keys() and all(len(found) == 1 for found in killed.values())
    other = [name for name in plain if [o for o, _ in plain[name]] != [o for o, _ in killed.get(name, [])]]
    pairs = zip(plain.values(), killed.values(), strict=False)
    apart = max((abs(a - b) for one, two in pairs for (_, a), (_, b) in zip(one, two, strict=False)), default=0.0)
    each = "each photo has exactly one new verdict" if once else "NOT one new verdict for each photo"
    return f"{each}; {len(other)} outcomes differ from the plain loop's; scores differ by at most {apart:.1e}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--processes", type=int, default=0, help="0 = one for each core")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--long-side", type=int, default=1024)
    parser.add_argument("--folder", type=Path, help="where to work; default: the folder for temporary files")
    parser.add_argument("--part", choices=("plain", "pool"), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
