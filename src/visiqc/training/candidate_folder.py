"""A candidate's folder, written anew: only the card of a model that stands there already stays."""

from __future__ import annotations

import shutil
from pathlib import Path

from visiqc.errors import IntegrityError, NotFound
from visiqc.runtime.cards import ModelCard, VerifiedModel, verified_model, write_card
from visiqc.storage.disk import disk_errors


def leave_only(folder: Path, name: str) -> None:
    """Remove all that stands in a folder, but for what has this name; where there is no folder there is nothing to do.

    Raises:
        Unavailable: A file may not be removed.
    """
    others = [one for one in folder.iterdir() if one.name != name] if folder.is_dir() else []
    with disk_errors("the candidate's folder cannot be written"):
        for one in others:
            shutil.rmtree(one, ignore_errors=True) if one.is_dir() else one.unlink(missing_ok=True)


def write_model(folder: Path, card: ModelCard, content: bytes) -> ModelCard:
    """Write a model and its card into `folder`, and return the card that stands there then.

    Where the very model stands there already, its card stays. Once a promotion was tried, card and model lie in the
    home, where versions never change; a run that is only calibrated again would name another commit and other minutes.

    Raises:
        Unavailable: What stands there cannot be read.
    """
    before = _standing(folder)
    if before is not None and before.card.sha256 == card.sha256:
        return before.card
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.file).write_bytes(content)
    write_card(card, folder)
    return card


def _standing(folder: Path) -> VerifiedModel | None:
    """The model in the folder; None where there is none that is whole."""
    try:
        return verified_model(folder)
    except (NotFound, IntegrityError):
        return None
