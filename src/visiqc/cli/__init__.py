"""The `visiqc` command. Every subcommand imports what it needs when it runs, so that `visiqc --help` is quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, cast

from visiqc.cli.exits import STOPPED, UNAVAILABLE, USAGE, code_of
from visiqc.errors import VisiQCError


def main() -> int:
    """Run the command line; the exit code is returned, or raised as `SystemExit` where parsing ends it.

    Errors become one sentence on stderr. With `VISIQC_DEBUG=1` in the environment the traceback comes before it.
    """
    from visiqc.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a character shows "?" instead of failing
            stream.reconfigure(errors="replace")
    try:
        app()
    except VisiQCError as err:
        return _said(str(err), code_of(err))
    except KeyboardInterrupt:
        return _said("stopped", STOPPED)
    except OSError as err:
        where = f"{os.fsdecode(err.filename)}: " if isinstance(err.filename, (str, bytes)) else ""
        return _said(f"{where}{err.strerror or err}", UNAVAILABLE)
    except ValueError as err:
        if (faults := _setting_faults(err)) is None:
            raise
        return _said(faults, USAGE)
    return 0


def _said(message: str, code: int) -> int:
    if os.environ.get("VISIQC_DEBUG", "") not in {"", "0"}:
        import traceback

        traceback.print_exc()
    print(f"visiqc: {message}", file=sys.stderr)
    return code


def _setting_faults(error: ValueError) -> str | None:
    """What is wrong with the `VISIQC_…` environment, if that is what `error` says."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError) or error.title != "Settings":
        return None
    faults = cast("Iterable[dict[str, Any]]", error.errors(include_url=False))
    return "; ".join(
        f"VISIQC_{'_'.join(str(part) for part in fault['loc']).upper()}={fault['input']}: {fault['msg']}"
        for fault in faults
    )
