"""`visiqc evaluate`: a folder of labelled photos, scored the way it would be used."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    folder: Annotated[Path, typer.Argument(help="MVTec-style folder: train/good, test/*, ground_truth/*.")],
    k: Annotated[list[int] | None, typer.Option("--k", help="Golden photos; repeat for several runs.")] = None,
    seeds: Annotated[int, typer.Option(help="Draws of goldens, with seeds 0, 1, 2, …", min=1, max=100)] = 3,
    long_side: Annotated[int, typer.Option(help="Resolution of the comparison in pixels.", min=256, max=2048)] = 1024,
    out: Annotated[Path | None, typer.Option(help="Folder for the CSV, JSON and text files.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure how well an evaluation folder's good and defective photos are told apart.

    Goldens are drawn from train/good, the rest of it calibrates, and test photos do neither. Prints image
    AUROC, F1-max, pixel AUROC, AU-PRO(0.3), and the rates at the deployed threshold, with intervals.
    """
    from visiqc.bootstrap import load_fleet
    from visiqc.domain.golden import ScoringPolicy
    from visiqc.evaluation import tables
    from visiqc.evaluation.datasets import read_folder
    from visiqc.evaluation.golden_scorer import golden_scorers
    from visiqc.evaluation.protocol import run_protocol
    from visiqc.runtime.models import load_models
    from visiqc.settings import Settings

    settings = Settings()
    dataset = read_folder(folder)
    models = load_models(home=settings.home, trunk=settings.trunk, device=settings.device, threads=settings.threads)
    make = golden_scorers(models, load_fleet(models), ScoringPolicy(long_side=long_side))
    documents = []
    for goldens in k or [4]:
        result = run_protocol(dataset, make, k=goldens, seeds=range(seeds), progress=_tell)
        if out is not None:
            tables.write_results(result, out)
        documents.append(tables.as_json(result) if as_json else tables.as_text(result))
    print("[" + ",\n".join(documents) + "]" if as_json else "\n\n".join(documents))


def _tell(done: int, total: int, name: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done}/{total} {name[:60]:<60}", end=end, file=sys.stderr, flush=True)
    elif done == total or done % 25 == 0:
        print(f"{done}/{total} {name}", file=sys.stderr, flush=True)
