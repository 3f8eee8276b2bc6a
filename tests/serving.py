"""`visiqc serve` in a process of its own, as a person runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

VISIQC = (sys.executable, "-c", "import sys; from visiqc.cli import main; sys.exit(main())")


@contextmanager
def serving(env: Mapping[str, str], log: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server on a free port: its address and its process; killed at the end if it still runs."""
    command = [*VISIQC, "serve", "--port", "0", *arguments]
    with log.open("w") as stderr, subprocess.Popen(command, env=env, stdout=-1, stderr=stderr, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert "http://" in said, log.read_text()
            yield "http://" + said.partition("http://")[2].split(",")[0], process
        finally:
            process.kill()
