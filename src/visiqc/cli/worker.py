"""`visiqc worker`: scores accepted photos in this process, beside the service or instead of its own workers."""

from __future__ import annotations

from typing import Annotated

import typer


def worker(
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Photos scored at the same time; default VISIQC_WORKERS, or 1.")
    ] = None,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that stopping waits for the photos in hand.")] = 25.0,
) -> None:
    """Score accepted photos until Ctrl-C or SIGTERM; any number of workers, on any machine, share the work."""
    from visiqc.bootstrap import build_parts
    from visiqc.service.logs import configure_logging
    from visiqc.service.worker import run_worker
    from visiqc.settings import Settings

    settings = Settings()
    configure_logging(settings.log_format)
    count = workers or settings.workers or 1

    def announce() -> None:
        print(f"VisiQC scores {count} at a time; Ctrl-C stops it", flush=True)

    run_worker(build_parts(settings), settings, workers=count, on_ready=announce, grace_s=grace)
