"""What the trunk and its identity model cost on this machine, beside what its cores can multiply at most.

    python benchmarks/trunk.py [--rounds 9] [--threads 1 2]

Rows of one size are taken in turns, so that a neighbour's load falls on all of them; `min` is nearest to idle cores.
`peak` is the share of the machine's measured float32 matrix multiplication (NumPy) that the convolutions reach.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from visiqc.runtime.bundle import find_model
from visiqc.runtime.cards import ModelCard, verified_model
from visiqc.runtime.models import OnnxIdentity, OnnxTrunk
from visiqc.runtime.sessions import open_session

VERSIONS = ("lite0-1",)
SIZES = ((768, 1024), (480, 640), (320, 320))
IDENTITY_SIZE = (320, 320)
MATMUL = """
import time, numpy as np
a = np.random.default_rng(0).random((2048, 2048), np.float32); a @ a; best = 9e9
for _ in range(8):
    start = time.perf_counter(); a @ a; best = min(best, time.perf_counter() - start)
print(2048**3 / best)
"""


def peak(threads: int) -> float:
    """Multiply-adds a second of a 2048 × 2048 float32 product, best of eight."""
    limits = {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL")}
    done = subprocess.run([sys.executable, "-c", MATMUL], env=os.environ | limits, capture_output=True, check=True)
    return float(done.stdout)


def trunk_and_identity(version: str, threads: int) -> tuple[OnnxTrunk, OnnxIdentity]:
    """Both models of a version on the CPU."""
    base, head = (verified_model(find_model(task, version)) for task in ("trunk", "identity"))
    sessions = [
        open_session(each.content, name=each.card.title, device="cpu", threads=threads) for each in (base, head)
    ]
    return OnnxTrunk(base.card, sessions[0]), OnnxIdentity(head.card, sessions[1])


Figures = dict[str, tuple[float, float, float]]


def timed(jobs: Mapping[str, Callable[[], object]], rounds: int) -> Figures:
    """Wall minimum, wall median and CPU minimum of each job in ms, the jobs taken in turns."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(rounds):
        for name, job in jobs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            job()
            taken[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    columns = {name: np.array(rows) * 1e3 for name, rows in taken.items()}
    return {name: (ms[:, 0].min(), float(np.median(ms[:, 0])), ms[:, 1].min()) for name, ms in columns.items()}


def print_rows(size: tuple[int, int], cards: dict[str, ModelCard], cells: int, figures: Figures, best: float) -> None:
    for name, (least, median, cpu) in figures.items():
        work = cards[name].multiply_adds * cells
        where = f"{size[1]}×{size[0]}"
        share = work / (least / 1e3) / best
        print(f"| {name} | {where} | {work / 1e9:.2f} | {least:.1f} | {median:.1f} | {cpu:.1f} | {share:.0%} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    for threads in options.threads:
        best = peak(threads)
        print(f"\n{threads} thread(s); measured peak {best / 1e9:.0f} GMAC/s\n")
        print("| model | photo | GMAC | min ms | median ms | CPU ms | peak |\n|---|---|---|---|---|---|---|")
        models = {version: trunk_and_identity(version, threads) for version in VERSIONS}
        for size in SIZES:
            photo = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
            jobs = {f"trunk {v}": partial(trunk.features, [photo]) for v, (trunk, _) in models.items()}
            cards = {f"trunk {v}": trunk.card for v, (trunk, _) in models.items()}
            print_rows(size, cards, size[0] * size[1], timed(jobs, options.rounds), best)
        small = rng.integers(0, 256, (*IDENTITY_SIZE, 3), dtype=np.uint8)
        maps = {v: trunk.features([small]).stride16 for v, (trunk, _) in models.items()}
        heads = {f"identity {v}": partial(head.vectors, maps[v]) for v, (_, head) in models.items()}
        cards = {f"identity {v}": head.card for v, (_, head) in models.items()}
        print_rows(IDENTITY_SIZE, cards, maps[VERSIONS[0]][0, 0].size, timed(heads, options.rounds), best)


if __name__ == "__main__":
    main()
