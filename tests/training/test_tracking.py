from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from visiqc.errors import Conflict, IntegrityError, NotFound, Unavailable
from visiqc.training.mlflow_store import Away, Store, Unsent, tracking_uri, translated
from visiqc.training.offline import QUEUE, Outbox
from visiqc.training.registry import fetch, set_alias, version_of
from visiqc.training.sending import FIRST_WAIT_S, Sender, send_all
from visiqc.training.tracking import Tracker, open_tracker

# MLflow's own imports warn; what VisiQC does with it must not.
pytestmark = pytest.mark.filterwarnings("ignore:::(?!visiqc)")
PNG = b"\x89PNG and so on"


def rows(cache: Path, query: str) -> list[tuple[Any, ...]]:
    """What stands in the store, asked without MLflow."""
    connection = sqlite3.connect(cache / "mlflow.sqlite3")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def a_sidecar(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "fleet.json").write_text("{}", encoding="utf-8")
    return folder


def a_candidate(folder: Path, *, scale: float = 2.0) -> Path:
    """A candidate's folder with a model of one multiplication and a card; the model's path."""
    folder.mkdir(parents=True, exist_ok=True)
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "k"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor("k", TensorProto.FLOAT, [], [scale])],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx"
    )
    (folder / "card.yaml").write_text(f"scale: {scale}\n")
    return folder / "model.onnx"


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_without_mlflow_a_run_is_a_folder(tmp_path: Path) -> None:
    with open_tracker("tests", tmp_path, wanted=False) as tracker:
        tracker.metrics({"val/score": 0.5}, step=0, at=1.0)
        tracker.metrics({"val/score": 0.5}, step=0, at=1.0)
        tracker.figure(PNG, "roc.png")
        assert tracker.register("visiqc-defect", tmp_path / "model.onnx") == ""
    assert (tmp_path / "figures" / "roc.png").read_bytes() == PNG
    assert (tmp_path / "log.jsonl").read_text() == '{"step": 0, "at": 1.0, "values": {"val/score": 0.5}}\n'
    assert not (tmp_path / QUEUE).exists()


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        open_tracker("tests", tmp_path, wanted=False),
        pytest.raises(Conflict, match="another run is at work in"),
        open_tracker("tests", tmp_path, wanted=False),
    ):
        pass


def test_a_run_stands_in_the_local_store(cache: Path) -> None:
    run = cache / "runs" / "one"
    with open_tracker("tests", run) as tracker:
        tracker.params({"fit": {"epochs": 3}, "name": "small", "sizes": [1, 2]})
        tracker.metrics({"val/score": 0.5, "odd, name": float("nan")}, step=0, at=12.5)
        tracker.data({"renders": "ab" * 32})
        tracker.figure(PNG, "roc.png")
    assert dict(rows(cache, "select key, value from params")) == {
        "fit.epochs": "3", "name": "small", "sizes": "[1, 2]",
    }  # fmt: skip
    assert sorted(rows(cache, "select key, value, step, timestamp, is_nan from metrics")) == [
        ("odd_ name", 0.0, 0, 12500, 1),
        ("val/score", 0.5, 0, 12500, 0),
    ]
    tags = dict(rows(cache, "select key, value from tags"))
    assert tags["data.renders"] == "ab" * 32
    assert {"git.commit", "git.dirty", "system.python", "system.torch", "system.cpus"} < set(tags)
    assert rows(cache, "select status, name from runs") == [("FINISHED", "one")]
    assert [path.read_bytes() for path in (cache / "artifacts").rglob("roc.png")] == [PNG]
    assert not (run / QUEUE).exists()


def test_a_run_that_goes_on_is_the_same_run(cache: Path) -> None:
    run = cache / "runs" / "one"

    def broken() -> None:
        with open_tracker("tests", run) as tracker:
            tracker.metrics({"a": 1.0}, step=0, at=1.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert rows(cache, "select status from runs") == [("FAILED",)]
    with open_tracker("tests", run) as tracker:
        assert rows(cache, "select status from runs") == [("RUNNING",)]
        tracker.metrics({"a": 1.0}, step=0, at=1.0)
        tracker.metrics({"a": 2.0}, step=1, at=2.0)
    assert rows(cache, "select status from runs") == [("FINISHED",)]
    assert rows(cache, "select step, value from metrics order by step") == [(0, 1.0), (1, 2.0)]


def test_a_server_that_is_gone_stops_nothing_and_gets_all_of_it_later(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{unused_port()}")
    outside = tmp_path / "notes.txt"
    outside.write_text("a note")
    run, started = cache / "runs" / "one", time.monotonic()
    with open_tracker("tests", run) as tracker:
        for epoch in range(5):
            tracker.metrics({"a": epoch / 2}, step=epoch, at=float(epoch))
        tracker.figure(PNG, "roc.png")
        tracker.file(outside, "notes")
        model = a_candidate(run / "candidate" / "defect" / "1")
        sidecars = [a_sidecar(run / "candidate" / "fleet" / "1"), a_sidecar(tmp_path / "fleet" / "2")]
        assert tracker.register("visiqc-defect", model, beside=sidecars) == ""
    assert time.monotonic() - started < 20
    outside.unlink()
    shutil.rmtree(tmp_path / "fleet")
    kinds = [json.loads(line)["kind"] for line in (run / QUEUE).read_text().splitlines()]
    assert kinds == ["tags", *["metrics"] * 5, "file", "file", "register", "end"]

    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (cache / "runs" / "one").rename(cache / "runs" / "moved")
    assert send_all(cache / "runs") == {"moved": 0}
    assert rows(cache, "select step, value from metrics order by step") == [(n, n / 2) for n in range(5)]
    assert rows(cache, "select status from runs") == [("FINISHED",)]
    assert {path.name for path in (cache / "artifacts").rglob("*.*")} > {"roc.png", "notes.txt", "model.onnx"}
    assert version_of("visiqc-defect", "challenger") == "1"
    got = fetch("visiqc-defect", "challenger", tmp_path / "got")
    assert sorted(path.parent.name for path in got.rglob("fleet.json")) == ["1", "2"]
    assert [path.name for path in (cache / "runs" / "moved").glob("offline*")] == []


def test_a_sidecar_that_is_gone_holds_nothing_else_back(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{unused_port()}")
    run = cache / "runs" / "one"
    with open_tracker("tests", run) as tracker:
        sidecar = a_sidecar(run / "candidate" / "fleet" / "1")
        tracker.register("visiqc-defect", a_candidate(run / "candidate" / "defect" / "1"), beside=[sidecar])
        tracker.metrics({"a": 1.0}, step=1, at=1.0)
    shutil.rmtree(sidecar)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert send_all(cache / "runs") == {"one": 0}
    assert rows(cache, "select step, value from metrics") == [(1, 1.0)]


def test_what_was_sent_before_a_kill_is_not_there_twice(cache: Path) -> None:
    run = cache / "runs" / "one"
    outbox = Outbox(run)
    model = a_candidate(run / "candidate")
    for epoch in range(3):
        outbox.add({"kind": "metrics", "values": {"a": 1.0}, "step": epoch, "at": 5.0})
    outbox.add({"kind": "register", "name": "visiqc-defect", "path": str(model), "alias": "challenger", "tags": {}})
    content = (run / QUEUE).read_text()
    assert Sender(run, "tests").flush() == 0
    (run / QUEUE).write_text(content)  # as if the process had died before it noted what it sent
    assert Sender(run, "tests").flush() == 0
    assert rows(cache, "select step from metrics order by step") == [(0,), (1,), (2,)]
    assert rows(cache, "select version from model_versions") == [(1,)]
    assert rows(cache, "select count(*) from runs") == [(1,)]


def test_half_a_line_left_by_a_kill_is_dropped(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.add({"kind": "end", "number": 1})
    with (tmp_path / QUEUE).open("a") as file:
        file.write('{"kind": "en')
    again = Outbox(tmp_path)
    again.add({"kind": "end", "number": 2})
    assert [entry["number"] for entry in again.waiting()] == [1, 2]


def test_an_entry_that_found_no_room_leaves_nothing_for_the_next_to_be_written_behind(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.add({"kind": "end", "number": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / QUEUE).stat().st_size + 20, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            outbox.add({"kind": "end", "number": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    outbox.add({"kind": "end", "number": 3})
    assert [json.loads(line)["number"] for line in (tmp_path / QUEUE).read_text().splitlines()] == [1, 3]


@pytest.mark.parametrize("damaged", [b'{"kind": "en{"kind": "end"}', b"\0\0\xff", b"7"])
def test_a_damaged_line_is_named_and_what_stands_behind_it_is_sent(
    tmp_path: Path, damaged: bytes, logged: list[MutableMapping[str, Any]]
) -> None:
    whole = [json.dumps({"kind": "end", "number": number}).encode() for number in (1, 2)]
    (tmp_path / QUEUE).write_bytes(b"\n".join([whole[0], damaged, whole[1], b""]))
    outbox = Outbox(tmp_path)
    assert len(outbox) == 3
    assert [entry["number"] for entry in outbox.waiting()] == [1, 2]
    assert [(entry["run"], entry["line"]) for entry in logged] == [(tmp_path.name, 2)]
    assert not outbox


@pytest.mark.parametrize("barred", [".lock", QUEUE])
def test_a_folder_that_may_not_be_used_is_named_and_the_others_are_sent(
    cache: Path, barred: str, logged: list[MutableMapping[str, Any]]
) -> None:
    for name in ("a-colleagues", "own"):
        Outbox(cache / "runs" / name).add({"kind": "tags", "values": {"of": name}})
    place = cache / "runs" / "a-colleagues" / barred
    place.unlink(missing_ok=True)
    place.mkdir()  # nobody, not even root, opens a folder as a file
    assert send_all(cache / "runs") == {"a-colleagues": None, "own": 0}
    assert ("of", "own") in rows(cache, "select key, value from tags")
    assert [entry["run"] for entry in logged if "passed over" in entry["event"]] == ["a-colleagues"]


def test_the_log_of_a_deleted_experiment_waits_until_it_is_restored(
    cache: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    run, client = cache / "runs" / "one", Store(tracking_uri()).client
    with open_tracker("tests", run) as tracker:
        tracker.params({"a": 1})
    number = client.get_experiment_by_name("tests").experiment_id
    client.delete_experiment(number)
    with open_tracker("tests", run) as tracker:
        tracker.params({"b": 2})
    Outbox(cache / "runs" / "two").add({"kind": "tags", "values": {"of": "two"}})
    assert send_all(cache / "runs") == {"one": 3, "two": 0}
    assert ("of", "two") in rows(cache, "select key, value from tags")
    said = next(entry["error"] for entry in logged if "nothing more of this run" in entry["event"])
    assert "no run in the experiment 'tests'" in said
    assert "mlflow experiments restore" in said
    client.restore_experiment(number)
    assert send_all(cache / "runs") == {"one": 0}
    assert rows(cache, "select key, value from params order by key") == [("a", "1"), ("b", "2")]


def test_a_run_that_is_deleted_while_it_trains_goes_on_in_another(cache: Path) -> None:
    with open_tracker("tests", cache / "runs" / "one") as tracker:
        tracker.metrics({"a": 0.0}, step=0, at=0.0)
        ((deleted,),) = rows(cache, "select run_uuid from runs")
        Store(tracking_uri()).client.delete_run(deleted)
        for step in (1, 2):
            tracker.metrics({"a": 1.0}, step=step, at=1.0)
    ((other, status),) = rows(cache, "select run_uuid, status from runs where lifecycle_stage = 'active'")
    assert (other != deleted, status) == (True, "FINISHED")
    assert rows(cache, f"select step from metrics where run_uuid = '{other}' order by step") == [(1,), (2,)]


def test_a_server_that_is_away_is_asked_again_only_after_a_while(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[str] = []

    def away(self: Store, uri: str) -> None:
        tried.append(uri)
        raise Away("gone")

    monkeypatch.setattr(Store, "__init__", away)
    now = [0.0]
    sender = Sender(tmp_path, "tests", clock=lambda: now[0])
    for moment in (0, 1, FIRST_WAIT_S - 1, FIRST_WAIT_S + 1, 2 * FIRST_WAIT_S):
        now[0] = moment
        sender.put({"kind": "tags", "values": {}})
    assert len(tried) == 2
    assert len(Outbox(tmp_path)) == 5


def test_an_entry_the_server_refuses_is_left_out_and_the_rest_is_sent(
    cache: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    with open_tracker("tests", cache / "runs" / "one") as tracker:
        tracker.params({"a": 1})
        tracker.params({"a": 2})
        tracker.file(cache / "nowhere.txt")
        tracker.tags({"b": "c"})
    assert rows(cache, "select value from params") == [("1",)]
    assert ("b", "c") in rows(cache, "select key, value from tags")
    assert sum("refuses an entry" in entry["event"] for entry in logged) == 2


def test_a_full_disk_for_the_log_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: list[MutableMapping[str, Any]]
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    tracker = Tracker(tmp_path)
    monkeypatch.setattr(Path, "open", full)
    tracker.metrics({"a": 1.0}, step=0)
    tracker.figure(PNG, "a.png")
    assert sum("cannot be written" in entry["event"] for entry in logged) == 2


def test_a_driver_that_is_not_installed_stops_nothing_and_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch, logged: list[MutableMapping[str, Any]]
) -> None:
    monkeypatch.setitem(sys.modules, "MySQLdb", None)  # as where it is not installed
    with socket.create_server(("127.0.0.1", 0)) as door:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"mysql://127.0.0.1:{door.getsockname()[1]}/mlflow")
        with open_tracker("tests", cache / "runs" / "one") as tracker:
            tracker.metrics({"a": 1.0}, step=0)
    assert len(Outbox(cache / "runs" / "one")) == 3
    assert any("MySQLdb" in entry["error"] and "install it" in entry["error"] for entry in logged)


def test_a_package_that_a_store_of_files_needs_stops_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    Store(tracking_uri()).client.create_experiment("tests", artifact_location="s3://nowhere/files")
    run = cache / "runs" / "one"
    with open_tracker("tests", run) as tracker:
        tracker.figure(PNG, "roc.png")
        tracker.metrics({"a": 1.0}, step=0)
    assert [json.loads(line)["kind"] for line in (run / QUEUE).read_text().splitlines()] == ["file", "metrics", "end"]


def test_a_run_that_lacks_a_package_holds_no_other_back(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    Store(tracking_uri()).client.create_experiment("elsewhere", artifact_location="s3://nowhere/files")
    with open_tracker("elsewhere", cache / "runs" / "a") as tracker:
        tracker.figure(PNG, "roc.png")
    Outbox(cache / "runs" / "b").add({"kind": "tags", "values": {"of": "b"}})
    assert send_all(cache / "runs") == {"a": 2, "b": 0}


@pytest.mark.parametrize("address", ["localhost:5000", "./mlruns", "ftp://server/mlflow"])
def test_a_mistyped_address_loses_no_log(
    cache: Path, monkeypatch: pytest.MonkeyPatch, address: str, logged: list[MutableMapping[str, Any]]
) -> None:
    Outbox(cache / "runs" / "earlier").add({"kind": "tags", "values": {"of": "earlier"}})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with open_tracker("tests", cache / "runs" / "now") as tracker:
        tracker.metrics({"a": 1.0}, step=0)
    assert any("MLFLOW_TRACKING_URI is no address" in str(entry.get("error")) for entry in logged)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert len(Outbox(cache / "runs" / "now")) == 3
    assert send_all(cache / "runs") == {"earlier": 0, "now": 0}


def test_what_only_a_library_knows_counts_as_unsent() -> None:
    with pytest.raises(Unsent, match="KeyError: 'region'"), translated():
        raise KeyError("region")


@pytest.mark.parametrize("address", ["http://server:50x0", "http://[::1", "postgresql://me:pa/ss@server/mlflow"])
def test_an_address_that_is_none_is_refused_without_a_word_of_it(address: str) -> None:
    with pytest.raises(Away, match=r"^MLFLOW_TRACKING_URI is no address; wanted is one like http://") as said:
        Store(address)
    assert said.value.__cause__ is None


def test_a_password_in_an_address_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{unused_port()}")
    with pytest.raises(Away) as caught:
        Store(tracking_uri())
    assert "secret" not in str(caught.value)


def test_a_registered_candidate_comes_back_byte_for_byte(cache: Path, tmp_path: Path) -> None:
    run = cache / "runs" / "one"
    with open_tracker("tests", run) as tracker:
        first = a_candidate(run / "candidate" / "defect" / "1")
        assert tracker.register("visiqc-defect", first, tags={"data": "abc"}) == "1"
        second = a_candidate(run / "candidate" / "defect" / "2", scale=3.0)
        assert tracker.register("visiqc-defect", second) == "2"
    set_alias("visiqc-defect", "1", "champion")
    assert (version_of("visiqc-defect", "champion"), version_of("visiqc-defect", "challenger")) == ("1", "2")
    folder = fetch("visiqc-defect", "champion", tmp_path / "champion")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in first.parent.iterdir()
    }
    assert fetch("visiqc-defect", "2", tmp_path / "2").joinpath("card.yaml").read_text() == "scale: 3.0\n"


def test_what_belongs_to_a_candidate_is_registered_with_it(cache: Path, tmp_path: Path) -> None:
    sidecar = a_sidecar(tmp_path / "candidate" / "fleet" / "halo-1")
    model = a_candidate(tmp_path / "candidate" / "defect" / "1")
    with open_tracker("tests", cache / "runs" / "one") as tracker:
        assert [tracker.register("visiqc-defect", model, beside=[sidecar]) for _ in range(2)] == ["1", "1"]
        (sidecar / "cohort.npy").write_bytes(b"another")
        assert tracker.register("visiqc-defect", model, beside=[sidecar]) == "2"
    got = fetch("visiqc-defect", "challenger", tmp_path / "got")
    assert (got / "fleet" / "halo-1" / "fleet.json").read_text(encoding="utf-8") == "{}"
    assert (got / "card.yaml").is_file()


def test_a_registered_model_that_changed_is_refused(cache: Path, tmp_path: Path) -> None:
    with open_tracker("tests", cache / "runs" / "one") as tracker:
        tracker.register("visiqc-defect", a_candidate(tmp_path / "candidate"))
    stored = next((cache / "artifacts").rglob("model.onnx"))
    stored.write_bytes(stored.read_bytes()[:-1] + b"?")
    with pytest.raises(IntegrityError, match="version 1 of visiqc-defect: the model's bytes are not those"):
        fetch("visiqc-defect", "challenger", tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_what_the_registry_lacks_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match=r"the registry has no visiqc-defect called 'champion'"):
        version_of("visiqc-defect", "champion")
    with pytest.raises(NotFound, match="no version 7 of visiqc-defect"):
        set_alias("visiqc-defect", "7", "champion")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(Unavailable, match=r"the model registry is out of reach: 127\.0\.0\.1:"):
        version_of("visiqc-defect", "champion")


@pytest.fixture
def server(cache: Path, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """The address of an MLflow server, and what starts it."""
    port = unused_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{cache / 'mlflow.sqlite3'}",
        "--artifacts-destination",
        str(tmp_path / "art"),
    ]
    env = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, env=env, start_new_session=True, **quiet)  # type: ignore[call-overload]
        started.append(process)
        for _ in range(600):
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            time.sleep(0.2)
        raise TimeoutError

    yield f"http://127.0.0.1:{port}", start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.slow
def test_a_server_that_goes_and_freezes_in_the_middle_gets_everything_once(
    cache: Path, server: tuple[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address, start = server
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    process, run = start(), cache / "runs" / "one"
    with open_tracker("tests", run) as tracker:
        tracker.metrics({"a": 0.0}, step=0, at=0.0)
        tracker.figure(PNG, "roc.png")
        assert not (run / QUEUE).exists()
        os.killpg(process.pid, signal.SIGSTOP)  # takes connections, answers nothing
        begun = time.monotonic()
        tracker.metrics({"a": 1.0}, step=1, at=1.0)
        assert time.monotonic() - begun < 30
        assert (run / QUEUE).exists()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        tracker.metrics({"a": 2.0}, step=2, at=2.0)
        tracker.register("visiqc-defect", a_candidate(run / "candidate" / "defect" / "1"))
    assert len(Outbox(run)) == 4
    start()
    assert send_all(cache / "runs") == {"one": 0}
    assert rows(cache, "select step, value from metrics order by step") == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert rows(cache, "select status from runs") == [("FINISHED",)]
    got = fetch("visiqc-defect", "challenger", tmp_path / "got")
    assert (got / "model.onnx").read_bytes() == (run / "candidate" / "defect" / "1" / "model.onnx").read_bytes()
