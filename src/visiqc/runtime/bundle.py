"""Where the models and sample photos that ship with VisiQC lie, installed or in a checkout."""

from __future__ import annotations

from pathlib import Path

from visiqc.errors import NotFound

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def bundled_models() -> Path:
    """The folder of models that ship: `<task>/<version>/{card.yaml, model.onnx}`.

    Raises:
        NotFound: The installation is incomplete.
    """
    return _bundled("models", in_checkout="models")


def bundled_samples() -> Path:
    """The folder of sample photos that ship, all renders of our own.

    Raises:
        NotFound: The installation is incomplete.
    """
    return _bundled("samples", in_checkout="data/samples")


def find_model(task: str, version: str, *, home: Path | None = None) -> Path:
    """The folder of one model; a model promoted under `home` goes before the one that ships.

    Args:
        task: What it is for, such as `trunk` or `identity`.
        version: Its version, such as `lite0-1`.
        home: `VISIQC_HOME`, with promoted models in `models/<task>/<version>/`; None = bundled ones alone.

    Raises:
        NotFound: No such model; the message names those there are.
    """
    roots = [*([home / "models"] if home else []), bundled_models()]
    for root in roots:
        if version in _versions(root / task):
            return root / task / version
    there = sorted({version for root in roots for version in _versions(root / task)})
    raise NotFound(f"no {task} model {version!r}; there are: {', '.join(there) or 'none'}")


def _versions(folder: Path) -> set[str]:
    """Versions in a folder of models. Names are compared, never joined, so a name cannot leave the folder."""
    if not folder.is_dir():
        return set()
    return {entry.name for entry in folder.iterdir() if (entry / "card.yaml").is_file()}


def _bundled(name: str, *, in_checkout: str) -> Path:
    places = [_PACKAGE / "_bundle" / name]
    if (_CHECKOUT / "pyproject.toml").is_file():
        places.append(_CHECKOUT / in_checkout)
    for place in places:
        if place.is_dir():
            return place
    raise NotFound(f"the {name} that ship with VisiQC are missing; install the wheel again, or work in a full checkout")
