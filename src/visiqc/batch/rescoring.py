"""Score history again with any runner: tasks stream out of the record, results stream back into it in small batches.

A kill at any moment loses the results of one batch that was not written yet and the photos in hand; these photos are
open in the plan, so the next start does them and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from visiqc.batch.runner import Finished, Runner
from visiqc.bootstrap import build_records, load_exactly, parts_with
from visiqc.domain.model_set import Members
from visiqc.domain.rescore import RescoreCounts, RescoreResult, RescoreRun, RescoreTask
from visiqc.errors import NotFound, Unavailable, VisiQCError
from visiqc.inspection.calibrate import Progress
from visiqc.inspection.parts import Parts
from visiqc.inspection.ports import Records
from visiqc.inspection.rescore import Golden, score_again
from visiqc.settings import Settings

BATCH: Final = 8
"""Results that are written in one transaction; as many may have to be made again after a kill."""
WRITE_EVERY_S: Final = 2.0
"""Results wait no longer than this to be written, once another one comes."""
PAGE: Final = 256
"""Photos of the plan that are in memory at a time."""

log = structlog.get_logger("visiqc.batch.rescoring")


@dataclass(frozen=True, slots=True)
class RescoreWork:
    """What a worker opens before its first photo: record, photo store and models, on one thread.

    Attributes:
        settings: Where things are.
        members: The models that score.
    """

    settings: Settings
    members: Members

    def __call__(self) -> Callable[[RescoreTask], RescoreResult]:
        """Open everything and return the work."""
        settings = self.settings.model_copy(update={"threads": 1})
        models, fleet = load_exactly(settings, self.members)
        return partial(rescored, parts=parts_with(settings, build_records(settings), models, fleet))


def rescored(task: RescoreTask, parts: Parts) -> RescoreResult:
    """Score one photo again; what is wrong with it is its result.

    Raises:
        Unavailable: Something the work needs is out of reach, which says nothing about the photo.
    """
    try:
        return RescoreResult(position=task.position, verdict=score_again(task, parts))
    except Unavailable:
        raise
    except NotFound as err:
        return RescoreResult(position=task.position, error=f"{err}; restore it from a backup and score again")
    except Exception as err:
        log.error("scoring again failed", upload_id=task.upload_id, exc_info=err)
        why = str(err) if isinstance(err, VisiQCError) else f"scoring failed inside VisiQC: {type(err).__name__}: {err}"
        return RescoreResult(position=task.position, error=why)


def run_rescore(
    run: RescoreRun,
    records: Records,
    runner: Runner,
    opener: Callable[[], Callable[[RescoreTask], RescoreResult]],
    *,
    unusable: Mapping[Golden, str] | None = None,
    progress: Progress | None = None,
    still_ours: Callable[[], None] = lambda: None,
) -> RescoreCounts:
    """Do what a run has left to do.

    Args:
        run: The run, its plan written.
        records: The written record; only this process writes to it about the run.
        runner: Who does the work.
        opener: What the workers open, such as `RescoreWork`.
        unusable: Golden versions that cannot be used, and why: the result of all their photos.
        progress: Told after every photo.
        still_ours: Asked after every batch; it raises where another process does the run now, see `RescoreHold`.

    Returns:
        How far the run is: all of it is done.

    Raises:
        Unavailable: Database, disk or memory are out of reach. What was finished is kept; the same call goes on.
    """
    keeper = _Keeper(run, records, progress)
    try:
        with closing(runner.run(_tasks(run, records, unusable or {}, keeper), opener)) as finished:
            for each in finished:
                if keeper.add(each.result or _given_up(each)):
                    still_ours()
    finally:
        keeper.write()
    return records.rescore_counts(run.id)


def _tasks(run: RescoreRun, records: Records, unusable: Mapping[Golden, str], keeper: _Keeper) -> Iterator[RescoreTask]:
    """What is left to be worked on; what needs no work is kept on the way."""
    after = 0
    while page := records.open_photos(run.id, after=after, limit=PAGE):
        for task, known in page:
            if known is not None:
                keeper.add(RescoreResult(position=task.position, verdict=known))
            elif why := unusable.get((task.sku, task.golden_version)):
                keeper.add(RescoreResult(position=task.position, error=why))
            else:
                yield task
        after = page[-1][0].position


def _given_up(finished: Finished[RescoreTask, RescoreResult]) -> RescoreResult:
    why = f"it ended {finished.died} worker processes, perhaps for want of memory; look at the photo"
    return RescoreResult(position=finished.task.position, error=why)


class _Keeper:
    """Writes results in batches, and tells how far the run is."""

    def __init__(self, run: RescoreRun, records: Records, progress: Progress | None) -> None:
        self._run = run
        self._records = records
        self._progress = progress
        self._waiting: list[RescoreResult] = []
        self._written_at = time.monotonic()
        self._done = records.rescore_counts(run.id).done
        self._tell("")

    def add(self, result: RescoreResult) -> bool:
        """Keep a result; returns whether what waited was written."""
        self._waiting.append(result)
        self._done += 1
        full = len(self._waiting) >= BATCH or time.monotonic() - self._written_at > WRITE_EVERY_S
        if full:
            self.write()
        self._tell(result.verdict.photo_name if result.verdict else "")
        return full

    def write(self) -> None:
        self._records.add_rescore_results(self._run.id, self._waiting)
        self._waiting.clear()
        self._written_at = time.monotonic()

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(what, self._done, self._run.photos)
