"""Where the time of one photo goes: python benchmarks/scoring.py [--photo FILE] [--repeat 12]

A 12-megapixel JPEG in, the verdict's parts and the heatmap out, at 320 and 1024 px, on one and two threads,
against 1 and 5 goldens. Every row is measured in a fresh process, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

STAGES = ("decode", "mask", "quality", "identify", "align", "trunk", "match", "change", "colour", "heatmap")
PHOTO_LONG_SIDE = 4000  # with 4:3 it is 12 megapixels


def main() -> None:
    arguments = _arguments()
    if arguments.row:
        print(json.dumps(measure(arguments.photo, *arguments.row, repeat=arguments.repeat)))
        return
    print("   px threads goldens  p50 ms  p95 ms photos/s RSS MB  stage shares")
    for long_side in (320, 1024):
        for threads in (1, 2):
            for goldens in (1, 5):
                _print_row(arguments, long_side, threads, goldens)
    print(_trunk_limit())


def measure(photo: Path | None, long_side: int, threads: int, goldens: int, *, repeat: int) -> dict[str, object]:
    """One row, in this process."""
    import cv2
    import numpy as np

    from visiqc.bootstrap import load_fleet
    from visiqc.inspection.compare import compare
    from visiqc.inspection.enrol import build_bank
    from visiqc.inspection.parts import SentPhoto
    from visiqc.inspection.reading import read_photo
    from visiqc.runtime.models import load_models
    from visiqc.vision.photo import DecodeLimits
    from visiqc.vision.regions import overlay

    cv2.setNumThreads(threads)
    models = load_models(device="cpu", threads=threads)
    fleet = load_fleet(models)
    contents = _twelve_megapixels(photo)
    sent = [
        SentPhoto(name=f"{i}", content=contents[i % len(contents)] + bytes(i), view="front") for i in range(goldens)
    ]
    bank, _ = build_bank(sent, models, DecodeLimits(), long_side=long_side)
    totals, stages = list[float](), {name: list[float]() for name in STAGES}
    for n in range(repeat + 2):
        start = time.perf_counter()
        copy = read_photo(contents[n % len(contents)], DecodeLimits(), frame_long_side=long_side)
        decoded = time.perf_counter()
        found = compare(copy.photo, copy.original_size, bank, models, fleet)
        compared = time.perf_counter()
        if found.scores is None or found.view is None:
            raise SystemExit(f"the benchmark photo was not compared: {found.complaints}")
        frame = np.asarray(cv2.resize(copy.photo, found.view.frame_size[::-1]), np.uint8)
        picture = overlay(frame, found.scores, low=fleet.heat_low, high=fleet.heat_high)
        cv2.imencode(".jpg", picture)
        end = time.perf_counter()
        if n < 2:  # warm-up
            continue
        totals.append(1000 * (end - start))
        spent = {"decode": 1000 * (decoded - start), "heatmap": 1000 * (end - compared), **found.timings_ms}
        for name in STAGES:
            stages[name].append(spent.get(name, 0.0))
    return {
        "p50": statistics.median(totals),
        "p95": sorted(totals)[max(0, round(0.95 * len(totals)) - 1)],
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "stages": {name: statistics.median(values) for name, values in stages.items()},
    }


def _twelve_megapixels(photo: Path | None) -> list[bytes]:
    """The photo, or bundled samples, enlarged to 12 megapixels: the pixels are not real, the work is."""
    import cv2

    from visiqc.runtime.bundle import bundled_samples

    files = [photo] if photo else sorted((bundled_samples() / "celeste-halo" / "golden").glob("*.jpg"))
    contents = []
    for file in files:
        pixels = cv2.imread(str(file))
        if pixels is None:
            raise SystemExit(f"{file.name} cannot be read as a photo; give a JPEG or PNG")
        scale = PHOTO_LONG_SIDE / max(pixels.shape[:2])
        grown = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        contents.append(cv2.imencode(".jpg", grown, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())
    return contents


def _print_row(arguments: argparse.Namespace, long_side: int, threads: int, goldens: int) -> None:
    command = [
        sys.executable,
        __file__,
        "--repeat",
        str(arguments.repeat),
        "--row",
        *map(str, (long_side, threads, goldens)),
    ]
    if arguments.photo:
        command += ["--photo", str(arguments.photo)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)
    whole = sum(row["stages"].values())
    shares = "  ".join(f"{name} {value:.0f} ms {value / whole:.0%}" for name, value in row["stages"].items())
    print(
        f"{long_side:>5} {threads:>7} {goldens:>7} {row['p50']:>7.0f} {row['p95']:>7.0f} "
        f"{1000 / row['p50']:>8.2f} {row['rss']:>6.0f}  {shares}",
        flush=True,
    )


def _trunk_limit() -> str:
    return "The trunk beside its FLOPs at this machine's peak: python benchmarks/trunk.py"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", type=Path, help="a photo of a product; default: the bundled samples")
    parser.add_argument("--repeat", type=int, default=12, help="photos a row")
    parser.add_argument("--row", type=int, nargs=3, metavar=("PX", "THREADS", "GOLDENS"), help="one row, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
