"""Checkpoints that outlive a kill at any moment and a full disk: each is whole or not there, the one before is kept."""

from __future__ import annotations

import io
import os
import pickle
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import torch

from visiqc.errors import Conflict, Unavailable
from visiqc.storage.disk import disk_errors, flush_folder

NEWEST, PREVIOUS = "checkpoint.pt", "checkpoint.previous.pt"
FORMAT = 1
_DRAFT = "checkpoint.part"
log = structlog.get_logger("visiqc.training")


def save_checkpoint(folder: Path, state: Mapping[str, Any], *, digest: str) -> None:
    """Write the state beside the one before; a kill at any moment leaves at least one of the two whole.

    Args:
        folder: Of the run.
        state: Tensors, numbers, texts, lists and mappings of those.
        digest: Of the recipe and data the state belongs to.

    Raises:
        Unavailable: The disk is full or may not be written; the newest checkpoint is as it was.
    """
    buffer = io.BytesIO()  # torch's own writer turns a full disk into a message nobody understands
    torch.save({"format": FORMAT, "digest": digest, "state": dict(state)}, buffer)
    draft, newest = folder / _DRAFT, folder / NEWEST
    size = len(buffer.getbuffer()) / 1e6
    kept = "the one before it is whole: free the space, then the same command goes on from there"
    try:
        with disk_errors(
            f"the checkpoint of {size:.1f} MB cannot be written ({kept if newest.exists() else 'none yet'})"
        ):
            folder.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(buffer.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            if newest.exists():
                newest.replace(folder / PREVIOUS)
            draft.replace(newest)
            flush_folder(folder)
    except Unavailable:
        draft.unlink(missing_ok=True)
        raise


def load_checkpoint(folder: Path, *, digest: str) -> dict[str, Any] | None:
    """The newest state that can be read; None where there is none.

    Raises:
        Conflict: It belongs to another recipe or other data.
        Unavailable: Checkpoints are there and none can be read.
    """
    found = [path for name in (NEWEST, PREVIOUS) if (path := folder / name).exists()]
    for path in found:
        content = _read(path)
        if content is None:
            log.warning("checkpoint cannot be read", file=path.name, instead="the one before, or none")
            continue
        if content["digest"] != digest:
            raise Conflict(
                f"the checkpoint in this run's folder belongs to another recipe or other data (digest "
                f"{content['digest'][:8] or 'none'}, this run's is {digest[:8] or 'none'}); start over with --fresh"
            )
        state: dict[str, Any] = content["state"]
        return state
    if found:
        raise Unavailable(f"none of {len(found)} checkpoints can be read; start over with --fresh")
    return None


def remove_checkpoints(folder: Path) -> None:
    """Forget every checkpoint of a run."""
    for name in (NEWEST, PREVIOUS, _DRAFT):
        (folder / name).unlink(missing_ok=True)


def random_states() -> dict[str, Any]:
    """The states of every global random number generator, as a checkpoint holds them."""
    name, keys, *rest = np.random.get_state(legacy=True)
    states = {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def restore_random(states: Mapping[str, Any]) -> None:
    """Set every global random number generator to what `random_states` gave."""
    random.setstate(states["python"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


def _read(path: Path) -> dict[str, Any] | None:
    """The content, or None where the bytes are not what was written."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch itself reads flipped bits without a word
                return None
        # Only tensors and plain values: a file somebody else put there cannot run code.
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, zipfile.BadZipFile, RuntimeError, EOFError, KeyError, ValueError, pickle.UnpicklingError):
        return None
    return content if isinstance(content, dict) and content.get("format") == FORMAT else None
