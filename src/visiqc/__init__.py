"""VisiQC compares factory photos with the approved golden sample.

>>> import visiqc                                             # doctest: +SKIP
>>> parts = visiqc.build_parts(visiqc.Settings(home="qc"))    # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Settings": "visiqc.settings",
    "build_parts": "visiqc.bootstrap",
    "enrol_golden": "visiqc.inspection.enrol",
    "approve_golden": "visiqc.inspection.enrol",
    "score_bytes": "visiqc.inspection.inspect",
    "SentPhoto": "visiqc.inspection.parts",
    "Outcome": "visiqc.domain.outcome",
}
__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604 - names of the lazy table below


def __getattr__(name: str) -> Any:
    """Public names are imported when first used: `import visiqc` alone stays cheap."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'visiqc' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
