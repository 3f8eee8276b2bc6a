"""The models people may choose from, in MLflow's registry: `visiqc-defect`, `visiqc-identity`, `visiqc-mask`.

`challenger` is what was trained last, `champion` what is in force. A version holds the candidate's folder, byte for
byte, inside a model that MLflow's own tools load too.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visiqc.errors import IntegrityError, NotFound, Unavailable
from visiqc.storage.disk import disk_errors
from visiqc.training.mlflow_store import Away, Refused, Store, tracking_uri, translated
from visiqc.training.offline import Entry

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

DIGEST, WHOLE, FILES, MODEL_FILE = "visiqc.sha256", "visiqc.whole", "visiqc.files", "visiqc.model"


def version_of(name: str, alias: str) -> str:
    """The version an alias stands for.

    Raises:
        NotFound: There is no such model or alias.
        Unavailable: The registry is out of reach.
    """
    return str(_found(_store(), name, alias).version)


def set_alias(name: str, version: str, alias: str) -> None:
    """Let an alias, such as `champion`, stand for a version; it leaves the one it stood for.

    Raises:
        NotFound: There is no such model or version.
        Unavailable: The registry is out of reach.
    """
    store = _store()
    try:
        with translated():
            store.client.set_registered_model_alias(name, alias, version)
    except Refused as err:
        raise NotFound(f"the registry has no version {version} of {name}: {err}") from err
    except Away as err:
        raise Unavailable(f"the model registry is out of reach: {err}") from err


def is_there() -> bool:
    """Whether there may be a registry; one in a database file that is not there yet holds nothing, and none is made."""
    uri = tracking_uri()
    return not uri.startswith("sqlite:") or Path(uri.removeprefix("sqlite:///")).is_file()


def version_with(name: str, digest: str) -> str | None:
    """The newest version whose model file has this SHA-256; None where there is none.

    Raises:
        Unavailable: The registry is out of reach.
    """
    store = _store()
    try:
        with translated():
            found = store.client.search_model_versions(f"name='{name}'")
    except (Away, Refused) as err:
        raise Unavailable(f"the model registry is out of reach: {err}") from err
    return max((str(each.version) for each in found if each.tags.get(DIGEST) == digest), key=int, default=None)


def clear_alias(name: str, alias: str) -> None:
    """Let an alias stand for nothing, whether or not it stood for something.

    Raises:
        Unavailable: The registry is out of reach.
    """
    store = _store()
    try:
        with suppress(Refused), translated():
            store.client.delete_registered_model_alias(name, alias)
    except Away as err:
        raise Unavailable(f"the model registry is out of reach: {err}") from err


def fetch(name: str, alias: str, into: Path) -> Path:
    """Give a candidate's folder back as it was registered.

    Args:
        name: Such as `visiqc-defect`.
        alias: Such as `challenger`, or the number of a version.
        into: Folder for the files; made if need be.

    Returns:
        `into`, with `model.onnx`, `card.yaml` and whatever else stood beside them.

    Raises:
        NotFound: There is no such model, alias or version.
        IntegrityError: The model's bytes are not those that were registered.
        Unavailable: The registry is out of reach, or the disk.
    """
    store = _store()
    version = _found(store, name, alias)
    with tempfile.TemporaryDirectory() as scratch, disk_errors("the model cannot be fetched"):
        try:
            with translated():
                from mlflow.artifacts import download_artifacts

                uri = store.client.get_model_version_download_uri(name, version.version)
                got = Path(download_artifacts(artifact_uri=uri, dst_path=scratch, tracking_uri=store.uri))
        except (Away, Refused) as err:
            raise Unavailable(f"version {version.version} of {name} cannot be fetched: {err}") from err
        _require_digest(got, version.tags, f"version {version.version} of {name}")
        into.mkdir(parents=True, exist_ok=True)
        for file in version.tags[FILES].split("\n"):
            _require_inside(file, name)
            (into / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(got / file, into / file)
    return into


def register(client: MlflowClient, run: str, entry: Entry) -> str:
    """Register the folder a model file stands in; the same file of the same run gives the same version again.

    Args:
        client: Of MLflow.
        run: Its id.
        entry: With `path`, `name`, `alias` and `tags`, and `beside`: folders that belong to it.

    Returns:
        The version.
    """
    name, model = entry["name"], Path(entry["path"])
    beside = [Path(each) for each in entry.get("beside", ())]
    digest, whole = _sha256(model), _joint(model, beside)
    client_has = {each.tags.get(WHOLE): each.version for each in _versions(client, name, run)}
    version = client_has.get(whole)
    if version is None:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "model"
            files = _pack(model, beside, folder)
            client.log_artifacts(run, str(folder), f"registered/{name}/{whole[:8]}")
        _make_name(client, name)
        tags = {**entry["tags"], DIGEST: digest, WHOLE: whole, FILES: "\n".join(files), MODEL_FILE: model.name}
        source = f"{client.get_run(run).info.artifact_uri}/registered/{name}/{whole[:8]}"
        version = client.create_model_version(name, source, run_id=run, tags=tags).version
    client.set_registered_model_alias(name, entry["alias"], version)
    return str(version)


def _joint(model: Path, beside: Sequence[Path]) -> str:
    """SHA-256 of the model and of what belongs to it: another sidecar makes another version."""
    files = [model, *(path for folder in beside for path in sorted(folder.rglob("*")) if path.is_file())]
    return hashlib.sha256("".join(_sha256(path) for path in files).encode()).hexdigest()


def _pack(model: Path, beside: Sequence[Path], folder: Path) -> list[str]:
    """A folder that MLflow loads as an ONNX model, with the candidate's own files, unchanged, in it; their names."""
    import mlflow.onnx
    import onnx
    from mlflow.models import ModelSignature
    from mlflow.types import Schema

    loaded = onnx.load(str(model))
    signature = ModelSignature(Schema(_specs(loaded.graph.input)), Schema(_specs(loaded.graph.output)))
    mlflow.onnx.save_model(
        loaded,
        str(folder),
        pip_requirements=["onnxruntime"],  # inferring them takes ten seconds and installs nothing better
        signature=signature,
        save_as_external_data=False,
    )
    places = {model.parent: Path(), **{each: Path(each.parent.name) / each.name for each in beside}}
    for source, place in places.items():
        shutil.copytree(source, folder / place, dirs_exist_ok=True)
    found = ((place, path.relative_to(source)) for source, place in places.items() for path in source.rglob("*"))
    return sorted((place / path).as_posix() for place, path in found if (folder / place / path).is_file())


def _specs(values: Any) -> list[Any]:
    import onnx
    from mlflow.types import TensorSpec

    specs = []
    for value in values:
        tensor = value.type.tensor_type
        shape = tuple(each.dim_value or -1 for each in tensor.shape.dim)
        specs.append(TensorSpec(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type), shape, value.name))
    return specs


def _versions(client: MlflowClient, name: str, run: str) -> list[Any]:
    return list(client.search_model_versions(f"name='{name}' and run_id='{run}'"))


def _make_name(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as err:
        if err.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _store() -> Store:
    try:
        return Store(tracking_uri())
    except ImportError as err:
        raise Unavailable('MLflow is not installed; run: pip install "visiqc[train]"') from err
    except (Away, Refused) as err:
        raise Unavailable(f"the model registry is out of reach: {err}") from err


def _found(store: Store, name: str, alias: str) -> Any:
    try:
        with translated():
            if alias.isdigit():
                return store.client.get_model_version(name, alias)
            return store.client.get_model_version_by_alias(name, alias)
    except Refused as err:
        raise NotFound(f"the registry has no {name} called {alias!r}: {err}") from err
    except Away as err:
        raise Unavailable(f"the model registry is out of reach: {err}") from err


def _require_digest(folder: Path, tags: Any, what: str) -> None:
    if DIGEST not in tags or FILES not in tags:
        raise NotFound(f"{what} was not registered by VisiQC; its digest is missing")
    if _sha256(folder / tags[MODEL_FILE]) != tags[DIGEST]:
        raise IntegrityError(f"{what}: the model's bytes are not those that were registered")


def _require_inside(file: str, name: str) -> None:
    if Path(file).is_absolute() or ".." in Path(file).parts:
        raise IntegrityError(f"{name}: the registry names a file outside the model's folder: {file}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
