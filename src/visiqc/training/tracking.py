"""What is kept of a run, for people: figures, plots and models; in its folder always, in MLflow where it is there."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from visiqc.training.mlflow_store import flat
from visiqc.training.provenance import commit, system
from visiqc.training.run_folder import claimed, runs_folder, write_whole
from visiqc.training.sending import Sender, send_all

FIGURES, LOG = "figures", "log.jsonl"
log = structlog.get_logger("visiqc.training")


class Tracker:
    """One run. It never stops training: what cannot be sent is kept, in `offline.jsonl`, and sent later.

    Args:
        folder: Of the run; None = keeps nothing at all.
        sender: Of the run's entries; None = without MLflow.
    """

    def __init__(self, folder: Path | None = None, sender: Sender | None = None) -> None:
        self._folder, self._sender = folder, sender

    def params(self, values: Mapping[str, Any]) -> None:
        """Keep what decides the run; nested mappings become `fit.epochs`."""
        self._put({"kind": "params", "values": {name: _text(value) for name, value in flat(values).items()}})

    def metrics(self, values: Mapping[str, float], *, step: int | None = None, at: float | None = None) -> None:
        """Keep figures.

        Args:
            values: By name, such as `val/score`.
            step: The epoch.
            at: Seconds since 1970; the same figures told twice with the same time are kept once.
        """
        row = {
            "step": step,
            "at": time.time() if at is None else at,
            "values": {k: float(v) for k, v in values.items()},
        }
        self._note(row)
        self._put({"kind": "metrics", **row})

    def tags(self, values: Mapping[str, str]) -> None:
        """Keep short texts people search by."""
        self._put({"kind": "tags", "values": dict(values)})

    def data(self, digests: Mapping[str, str]) -> None:
        """Keep which data the run learns from: SHA-256 by the set's name."""
        self.tags({f"data.{name}": digest for name, digest in digests.items()})

    def file(self, path: Path, folder: str = "") -> None:
        """Keep a file, or a folder with all in it.

        Args:
            path: Of the file or folder, as it is now.
            folder: In the run; empty = at the top.
        """
        self._put({"kind": "file", "path": str(path.absolute()), "folder": folder})

    def figure(self, png: bytes, name: str) -> None:
        """Keep a picture, in `figures/` of the run's folder too.

        Args:
            png: Its bytes.
            name: Of the file, such as `roc.png`.
        """
        if self._folder is None:
            return
        path = self._folder / FIGURES / name
        try:
            write_whole(path, png)
        except OSError as err:
            log.warning("a figure cannot be written", figure=name, error=err.strerror)
            return
        self.file(path, FIGURES)

    def register(
        self,
        name: str,
        model: Path,
        *,
        alias: str = "challenger",
        tags: Mapping[str, str] | None = None,
        beside: Sequence[Path] = (),
    ) -> str:
        """Put a model in the registry: the folder it stands in, with its card.

        Args:
            name: Such as `visiqc-defect`.
            model: The ONNX file in the candidate's folder.
            alias: That the version gets.
            tags: Of the version.
            beside: Folders that go with it, such as `fleet/<version>`; they keep that name.

        Returns:
            The version; empty while the registry is away, or without MLflow.
        """
        entry = {
            "kind": "register",
            "path": str(model.absolute()),
            "name": name,
            "alias": alias,
            "tags": dict(tags or {}),
            "beside": [str(folder.absolute()) for folder in beside],
        }
        return self._put(entry)

    def end(self, status: str) -> None:
        """The run is over: `FINISHED`, `FAILED` or `KILLED`."""
        self._put({"kind": "end", "status": status, "at": time.time()})
        if self._sender:
            self._sender.flush()

    def _put(self, entry: Mapping[str, Any]) -> str:
        return self._sender.put(entry) if self._sender else ""

    def _note(self, row: Mapping[str, Any]) -> None:
        if self._folder is None:
            return
        path, line = self._folder / LOG, json.dumps(row) + "\n"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.read_text(encoding="utf-8").endswith(line):
                return  # told again after a kill
            with path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as err:
            log.warning("the run's log cannot be written", error=err.strerror)


@contextmanager
def open_tracker(experiment: str, run_folder: Path, *, wanted: bool = True) -> Iterator[Tracker]:
    """The tracker of one run, which goes on where a killed one stopped.

    What earlier runs could not send is sent first.

    Args:
        experiment: Its name in MLflow.
        run_folder: Of the run, for this process alone while the block runs.
        wanted: False = keep the run in its folder only.

    Raises:
        Conflict: Another run is at work in the folder.
        Unavailable: The folder cannot be written.
    """
    with claimed(run_folder):
        if not wanted or not importlib.util.find_spec("mlflow"):
            yield Tracker(run_folder)
            return
        tracker = Tracker(run_folder, Sender(run_folder, experiment))
        code = commit()
        code_tags = {"git.commit": code.name or "unknown", "git.dirty": str(code.dirty).lower()}
        tracker.tags({**system(), **code_tags})
        send_all(runs_folder())
        try:
            yield tracker
        except KeyboardInterrupt:
            tracker.end("KILLED")
            raise
        except BaseException:
            tracker.end("FAILED")
            raise
        tracker.end("FINISHED")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
