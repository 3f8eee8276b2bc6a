"""Score a rendered set the way it would be used: enrol every design, answer every upload, keep a row of each.

Rows are kept as they come, under a digest of everything that decides them, so that the same call goes on where it was
stopped and a call with another model starts anew. A photo that failed is tried again by the next call.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from visiqc.errors import Conflict, InputError, Unavailable
from visiqc.evaluation.protocol import Progress
from visiqc.evaluation.rendered_photos import KnownProduct, KnownSet, content_digest
from visiqc.evaluation.rendered_pool import score_in_processes
from visiqc.evaluation.rendered_rows import PhotoRow, RowStore
from visiqc.evaluation.rendered_scoring import Job, Loader, ModelSet, RunKey, score_product
from visiqc.evaluation.scoring_code import scoring_code_digest

RUN_FILE = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedRun:
    """A finished run.

    Attributes:
        key: What decided it.
        rows: A row for every upload of the designs that have enough goldens; of a design on a turntable, of those that
            show it as one of the goldens in use does.
        left_out: Designs that have fewer, or none of whose uploads is shown so.
        store: Where its maps are.
        known: The set that was scored.
    """

    key: RunKey
    rows: tuple[PhotoRow, ...]
    left_out: tuple[str, ...]
    store: RowStore
    known: KnownSet


def run_rendered(
    known: KnownSet,
    load: Loader,
    folder: Path,
    *,
    goldens: int = 3,
    long_side: int = 1024,
    aligned: bool = True,
    processes: int = 1,
    progress: Progress | None = None,
) -> RenderedRun:
    """Enrol every design that has enough goldens with its first ones, and score all its uploads.

    Args:
        known: From `read_known`.
        load: Opens the models; called here, and once more in each further process.
        folder: Where runs are kept, each in a folder of its own; answers that are there are not made again.
        goldens: Golden photos of each design.
        long_side: Resolution of the comparison, pixels.
        aligned: Whether photos are laid over the golden view first; False measures what that is worth.
        processes: That score at the same time; each takes one design at a time.
        progress: Called as photos are done.

    Raises:
        InputError: No design has so many goldens, or no upload shows a side that they do.
        Conflict: Another call is scoring the same photos with the same models.
        Unavailable: The folder cannot be written, a process died, or a model failed for want of memory or its device;
            the same call goes on.
    """
    products = _with_goldens(known, goldens)
    parts = load()
    key = replace(_key(known, parts, goldens, long_side), aligned=aligned)
    place = folder / key.digest[:12]
    store = RowStore(place)
    with _claimed(place, key):
        jobs = [Job(product=product, photos=known.folder, key=key, place=place) for product in products]
        _score(jobs, parts, load, processes=processes, progress=progress)
    return RenderedRun(
        key=key,
        rows=tuple(row for product in products for row in _ordered(store, product)),
        left_out=_left_out(known, products),
        store=store,
        known=known,
    )


def _score(jobs: Sequence[Job], parts: ModelSet, load: Loader, *, processes: int, progress: Progress | None) -> None:
    """Score what has no answer yet."""
    store = RowStore(jobs[0].place)
    left = {job.product.sku: _unanswered(job.product, store) for job in jobs}
    open_jobs = [job for job in jobs if left[job.product.sku]]
    total = sum(len(job.product.uploads) for job in jobs)
    done = total - sum(left.values())
    if processes > 1 and len(open_jobs) > 1:
        score_in_processes(open_jobs, load, processes, done=done, total=total, progress=progress)
        return
    for name in (name for job in open_jobs for name in score_product(job, parts)):
        done += 1
        if progress is not None:
            progress(done, total, name)


def _left_out(known: KnownSet, products: Sequence[KnownProduct]) -> tuple[str, ...]:
    scored = {product.sku for product in products}
    return tuple(product.sku for product in known.products if product.sku not in scored)


def most_goldens(known: KnownSet) -> int:
    """The most golden photos any design of a set has."""
    return max(len(product.goldens) for product in known.products)


def require_goldens(known: KnownSet, goldens: int) -> None:
    """Raise `InputError` for a number of golden photos that no design of the set has."""
    most = most_goldens(known)
    if not 1 <= goldens <= most:
        raise InputError(f"no design of {known.folder.name} can be enrolled with {goldens} goldens; wanted 1 to {most}")


def _with_goldens(known: KnownSet, goldens: int) -> list[KnownProduct]:
    require_goldens(known, goldens)
    enough = (_as_shown(product, goldens) for product in known.products if len(product.goldens) >= goldens)
    shown = [product for product in enough if product.uploads]
    if not shown:
        raise InputError(f"no upload of {known.folder.name} shows a side that the first {goldens} goldens show")
    return shown


def _as_shown(product: KnownProduct, goldens: int) -> KnownProduct:
    """The product without uploads of a turntable's stops that none of its first goldens shows.

    Nothing is known of that side of it, and an answer about it would say nothing of the models.
    """
    stops = {golden.turn for golden in product.goldens[:goldens]}
    return replace(product, uploads=tuple(photo for photo in product.uploads if photo.turn in stops))


def _key(known: KnownSet, parts: ModelSet, goldens: int, long_side: int) -> RunKey:
    models, fleet = parts
    return RunKey(
        data=known.manifest.digest,
        photos=content_digest(known),
        models=(*models.digests, fleet.digest),
        goldens=goldens,
        long_side=long_side,
        code=scoring_code_digest(),
    )


@contextmanager
def _claimed(place: Path, key: RunKey) -> Iterator[None]:
    """The run's folder for this call alone: two that score the same photos would tear each other's rows."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / RUN_FILE).write_text(json.dumps(asdict(key), indent=1) + "\n", encoding="utf-8")
        lock = (place / ".lock").open("ab")
    except OSError as err:
        raise Unavailable(f"the results cannot be kept: {err.strerror or err}") from err
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise Conflict("another call is scoring the same photos with the same models; wait for it") from err
        yield


def _unanswered(product: KnownProduct, store: RowStore) -> int:
    answered = {row.name for row in store.answered(product.sku)}
    return sum(photo.name not in answered for photo in product.uploads)


def _ordered(store: RowStore, product: KnownProduct) -> Sequence[PhotoRow]:
    rows = {row.name: row for row in store.rows(product.sku)}
    return [rows[photo.name] for photo in product.uploads]
