"""What a run was made with: the commit, and the machine in words that name no machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Commit(NamedTuple):
    """Of the code that runs.

    Attributes:
        name: 40 hex digits; empty where the code stands in no checkout of its own.
        dirty: Whether files under control differ from it.
    """

    name: str
    dirty: bool


def commit() -> Commit:
    """The commit this very code stands at; of an installed wheel, or without git, none."""
    here = Path(__file__)
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return Commit("", dirty=False)  # a checkout around an installed copy is somebody else's
    name = _git(here.parent, "rev-parse", "HEAD") or ""
    return Commit(name, dirty=bool(_git(here.parent, "status", "--porcelain", "--untracked-files=no")))


def system() -> Mapping[str, str]:
    """Processor, system and versions."""
    found = {
        "system.python": platform.python_version(),
        "system.platform": f"{platform.system()} {platform.machine()}",
        "system.cpus": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system.visiqc": importlib.metadata.version("visiqc"),
    }
    if importlib.util.find_spec("torch"):
        import torch

        found["system.torch"] = torch.__version__
        if torch.cuda.is_available():
            names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
            found["system.gpus"] = ", ".join(names)
    return found


def machine() -> str:
    """What it ran on, in words that name no machine."""
    found = system()
    gpus = found.get("system.gpus", "")
    return f"{found['system.cpus']} cores{f', {gpus}' if gpus else ', no GPU'}"


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None where it refuses or is not there."""
    try:
        ran = subprocess.run(  # noqa: S603 - our own arguments
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git stands where the user has it
            check=False,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
