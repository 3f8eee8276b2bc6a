"""The way to MLflow, and nothing else: where it is, whether it answers, and how each kind of entry is sent.

Every entry may be sent twice and counts once: MLflow takes an equal metric (step, time, value), parameter or tag for
the one it has, files are replaced by themselves, a run is found by its key and a model version by its digest.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from visiqc.settings import cache_folder
from visiqc.training.offline import Entry, paths_of

PATIENCE = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""MLflow's own settings that a training must not wait for; each can be set otherwise in the environment."""
RUN_KEY = "visiqc.run"
_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
_NO_ADDRESS = "MLFLOW_TRACKING_URI is no address; wanted is one like http://server:5000"
_KNOCK_S = 3.0
_BATCH, _TEXT = 100, 5000
_REFUSALS = frozenset(
    {
        "INVALID_PARAMETER_VALUE",
        "BAD_REQUEST",
        "MALFORMED_REQUEST",
        "RESOURCE_DOES_NOT_EXIST",
        "RESOURCE_ALREADY_EXISTS",
    }
)


class Away(Exception):
    """MLflow is out of reach at present; the text says how."""


class Unsent(Away):
    """What this run has cannot be sent at present, though others may be; the text says why."""


class Withheld(Unsent):
    """MLflow answers, but the run or its experiment was deleted there; the text says what to do."""


class Refused(Exception):
    """MLflow will never take this; the text says why."""


def tracking_uri() -> str:
    """`MLFLOW_TRACKING_URI`, or SQLite in `VISIQC_CACHE`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{cache_folder().absolute() / 'mlflow.sqlite3'}"


class Store:
    """A connection.

    Args:
        uri: Of the tracking store; its registry is the same one.

    Raises:
        Away: Nobody answers there, the address is none that MLflow knows, or what opens it is missing.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        _knock(uri)
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        if uri.startswith("sqlite:") and uri == tracking_uri() and not os.environ.get("MLFLOW_TRACKING_URI"):
            cache_folder().mkdir(parents=True, exist_ok=True)
        try:
            with translated():
                from mlflow.tracking import MlflowClient

                self.client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        except Unsent as err:
            raise Away(str(err)) from err  # whoever is sent there meets it
        except Refused as err:
            # A refused entry is left out, but an address that is mistyped refuses all that every run has.
            raise Away(f"{_NO_ADDRESS} ({err})") from err

    def run(self, experiment: str, key: str, name: str) -> str:
        """The id of the run with that key, made if need be.

        Args:
            experiment: Made if need be.
            key: Of the run, unlike any other's.
            name: That people see.

        Raises:
            Away: MLflow is out of reach now.
            Withheld: It takes no run in the experiment.
        """
        try:
            with translated():
                number = self._experiment(experiment)
                found = self.client.search_runs([number], f"tags.`{RUN_KEY}` = '{key}'", max_results=1)
                if found:
                    self.client.update_run(found[0].info.run_id, status="RUNNING")
                    return str(found[0].info.run_id)
                return str(self.client.create_run(number, tags={RUN_KEY: key}, run_name=name).info.run_id)
        except Refused as err:
            # Of one entry a refusal is final; this one would throw away all that a run has, which can still be sent.
            raise Withheld(
                f"MLflow takes no run in the experiment {experiment!r} ({err}); where it was deleted, restore it with "
                "mlflow experiments restore, or give the log up: delete what is called offline… in the run's folder"
            ) from err

    def send(self, run: str, entry: Entry) -> str:
        """Send one entry.

        Returns:
            The version, for a model; else empty.

        Raises:
            Away: MLflow is out of reach now.
            Withheld: The run was deleted there.
            Refused: It will never take this.
        """
        if gone := [path.name for path in paths_of(entry) if not path.exists()]:
            raise Refused(f"{gone[0]} is gone")
        try:
            with translated():
                if entry["kind"] == "register":
                    from visiqc.training.registry import register

                    return register(self.client, run, entry)
                getattr(self, f"_send_{entry['kind']}")(run, entry)
        except Refused:
            self._require(run)  # whatever is sent to a deleted run is refused
            raise
        return ""

    def _require(self, run: str) -> None:
        """Raise `Withheld` for a run that is no longer there."""
        try:
            with translated():
                there = self.client.get_run(run).info.lifecycle_stage == "active"
        except Refused:
            there = False
        if not there:
            raise Withheld(f"the run {run} was deleted in MLflow; restore it with mlflow runs restore")

    def _experiment(self, name: str) -> str:
        found = self.client.get_experiment_by_name(name)
        if found:
            return str(found.experiment_id)
        # A database alone has no place of its own for files; a server has.
        local = (cache_folder() / "artifacts").absolute().as_uri() if self.uri.startswith("sqlite:") else None
        return str(self.client.create_experiment(name, artifact_location=local))

    def _send_params(self, run: str, entry: Entry) -> None:
        from mlflow.entities import Param

        params = [Param(_name(key), str(value)[:_TEXT]) for key, value in entry["values"].items()]
        for part in _parts(params):
            self.client.log_batch(run, params=part)

    def _send_tags(self, run: str, entry: Entry) -> None:
        from mlflow.entities import RunTag

        tags = [RunTag(_name(key), str(value)[:_TEXT]) for key, value in entry["values"].items()]
        for part in _parts(tags):
            self.client.log_batch(run, tags=part)

    def _send_metrics(self, run: str, entry: Entry) -> None:
        from mlflow.entities import Metric

        at, step = round(entry["at"] * 1000), entry["step"] or 0
        metrics = [Metric(_name(key), float(value), at, step) for key, value in entry["values"].items()]
        for part in _parts(metrics):
            self.client.log_batch(run, metrics=part)

    def _send_file(self, run: str, entry: Entry) -> None:
        path, folder = Path(entry["path"]), entry["folder"]
        if path.is_dir():
            self.client.log_artifacts(run, str(path), "/".join(part for part in (folder, path.name) if part))
        else:
            self.client.log_artifact(run, str(path), folder or None)

    def _send_end(self, run: str, entry: Entry) -> None:
        self.client.set_terminated(run, status=entry["status"], end_time=round(entry["at"] * 1000))


@contextmanager
def translated() -> Iterator[None]:
    """Raise `Away` or `Refused` for whatever MLflow and the libraries under it raise.

    MLflow opens stores through drivers and plugins that raise errors of their own, and no training may end with one:
    what nobody knows counts as `Unsent`, which loses nothing and holds back no other run.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as err:
        kind = Refused if err.error_code in _REFUSALS else Away
        raise kind(_sentence(err)) from err
    except (SQLAlchemyError, OSError) as err:  # requests' errors are OSErrors
        raise Away(_sentence(err)) from err
    except ImportError as err:
        raise Unsent(f"MLflow needs a package that is not there ({_sentence(err)}); install it") from err
    except Exception as err:
        raise Unsent(f"{type(err).__name__}: {_sentence(err)}") from err


def _knock(uri: str) -> None:
    """Ask for a connection first: MLflow itself tries a database that is gone for a quarter of an hour."""
    try:
        parts = urlsplit(uri)
        port = _PORTS.get(parts.scheme.partition("+")[0])
        if port is None or not parts.hostname:
            return
        port = parts.port or port
        socket.create_connection((parts.hostname, port), timeout=_KNOCK_S).close()
    except OSError as err:
        raise Away(f"{parts.hostname}:{port} does not answer ({_sentence(err)})") from err
    except ValueError:  # what it says may be a part of a password
        raise Away(f"{_NO_ADDRESS}, with signs such as / in a password written as %2F") from None


def _sentence(err: Exception) -> str:
    text = str(err).strip().partition("\n")[0]
    return re.sub(r"://[^/@\s]+@", "://", text)[:300] or type(err).__name__  # a password stands before the @


def _name(key: str) -> str:
    return re.sub(r"[^\w\-. :/]", "_", key)[:250]


def _parts(items: list[Any]) -> Iterable[list[Any]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one: `{"fit": {"epochs": 3}}` is `{"fit.epochs": 3}`."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) and value else {f"{prefix}{key}": value}
    return found
