"""`visiqc rescore` with real models, real processes and a real home."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench import blob_file
from builders import a_calibration, a_review
from cli.conftest import SIGNET
from commands import Run
from services import a_service, wait_until
from small_models import a_candidate
from visiqc.batch.rescore_hold import RescoreHold
from visiqc.bootstrap import build_parts, build_records
from visiqc.cli.rescore_models import asked_models
from visiqc.domain.inspection_queue import QueueFilter
from visiqc.domain.outcome import Outcome
from visiqc.domain.rescore import RescoreRequest, Selection
from visiqc.domain.review import Decision
from visiqc.domain.verdict import Verdict
from visiqc.inspection.inspect import accept_photos, verdict_of
from visiqc.inspection.parts import Parts, SentPhoto
from visiqc.runtime.models import DEFAULT_TRUNK, SHIPPED
from visiqc.settings import Settings
from visiqc.storage.records import SqlRecords

PHOTOS = ("jig-good-2.jpg", "jig-defective-4.jpg", "guided-wrong-sample-10.jpg", "guided-unusable-7.jpg")


@dataclass(frozen=True)
class History:
    """A home in which photos of the signet were scored long ago, by models that are gone, and all passed."""

    home: Path
    parts: Parts
    ids: dict[str, str]

    def verdicts(self, name: str) -> list[Verdict]:
        return list(self.parts.records.verdicts(self.ids[name]))

    def rows(self) -> int:
        records = self.parts.records
        assert isinstance(records, SqlRecords)
        with records._database.reading() as connection:
            return sum(connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one() for t in TABLES)


TABLES = ("rescores", "rescore_photos", "rescore_ends", "verdicts", "calibrations", "golden_features")


@pytest.fixture
def history(home: Path) -> History:
    return a_history(home, PHOTOS)


def a_history(home: Path, names: tuple[str, ...]) -> History:
    parts = build_parts(Settings(home=home, threads=1))
    sent = [SentPhoto(name=name, content=(SIGNET / "uploads" / name).read_bytes()) for name in names]
    ids = {}
    for upload in accept_photos("signet", sent, parts):
        ids[upload.photo_name] = upload.id
        found = verdict_of(upload, parts.records.golden("signet", 1), parts)
        passed = replace(found, outcome=Outcome.PASS, reasons=(), regions=(), model_digests=("gone",))
        parts.records.add_verdict(passed)
    return History(home, parts, ids)


def table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def test_history_is_scored_again_and_told_with_what_changed(history: History, visiqc: Run, tmp_path: Path) -> None:
    ran = visiqc("rescore", "--processes", 2, "--out", "found")
    assert ran.code == 0, ran.err
    assert "4 of 4 photos were scored again, 2 changed their outcome" in ran.out
    found, out = {name: history.verdicts(name) for name in PHOTOS}, tmp_path / "found"
    assert [len(both) for both in found.values()] == [2] * 4
    assert {both[0].outcome for both in found.values()} == {Outcome.PASS}, "the verdict of record stays"
    rows = {row["photo_name"]: row for row in table(out / "rescore.csv")}
    assert {name: row["outcome_now"] for name, row in rows.items()} == {n: b[1].outcome for n, b in found.items()}
    differ = [row["photo_name"] for row in table(out / "differences.csv")]
    assert set(differ) == {name for name, both in found.items() if both[1].outcome is not Outcome.PASS}
    page = (out / "differences.html").read_text()
    assert [page.index(name) for name in differ] == sorted(page.index(name) for name in differ)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["photos"] == {"planned": 4, "scored": 4, "errors": 0, "changed": 2}
    assert manifest["files"]["differences.csv"]["photos"] == 2


def test_asked_again_nothing_is_scored_twice(history: History, visiqc: Run) -> None:
    visiqc("rescore", "--processes", 1)
    before = {name: history.verdicts(name) for name in PHOTOS}
    ran = visiqc("rescore", "--processes", 1)
    assert "4 of 4 photos were scored again, 2 changed" in ran.out
    assert {name: history.verdicts(name) for name in PHOTOS} == before


def test_it_is_told_how_often_old_and_new_models_agree_with_inspectors(history: History, visiqc: Run) -> None:
    for name, decision in zip(
        PHOTOS, (Decision.ACCEPT, Decision.REJECT, Decision.REJECT, Decision.RETAKE), strict=True
    ):
        history.parts.records.add_review(a_review(id=name, upload_id=history.ids[name], decision=decision))
    ran = visiqc("rescore", "--processes", 1, "--out", "found")
    assert "of 4 of them that inspectors answered, the verdicts of record agreed with 1 and contradicted 2" in ran.out
    manifest = json.loads(Path("found/manifest.json").read_text())["inspectors"]
    assert manifest["before"] == {"photos": 4, "agreed": 1, "contradicted": 2}
    assert f"the new ones agree with {manifest['now']['agreed']} and" in ran.out
    decisions = {row["photo_name"]: row["decision"] for row in table(Path("found/rescore.csv"))}
    assert decisions[PHOTOS[3]] == "retake"


def test_accepted_pieces_that_photos_are_not_held_against_are_told(history: History, visiqc: Run) -> None:
    history.parts.records.add_calibration(a_calibration(sku="signet", fleet="gone"))
    ran = visiqc("rescore", "--processes", 1)
    assert ran.code == 0
    assert "visiqc: signet version 1: 3 pieces were counted before their photos were kept" in ran.err


def test_the_same_rescore_at_once_is_refused_in_one_sentence_and_nothing_is_done(history: History, visiqc: Run) -> None:
    members, _ = asked_models(Settings(home=history.home, threads=1), [])
    request, before = RescoreRequest(selection=Selection(), members=members), history.rows()
    with RescoreHold(request, history.parts.records, history.parts.clock, renew_s=0.1):
        ran = visiqc("rescore", "--processes", 1)
        assert "by these models before" in visiqc("rescore", "--dry-run").out, "a plan may be looked at"
    assert (ran.code, history.rows()) == (4, before)
    assert "this re-score is being done already, by process" in ran.err
    assert visiqc("rescore", "--processes", 1).code == 0


def test_a_dry_run_prints_the_plan_and_writes_nothing(history: History, visiqc: Run, tmp_path: Path) -> None:
    before, folders = history.rows(), sorted(tmp_path.iterdir())
    ran = visiqc("rescore", "--dry-run", "--processes", 2)
    assert ran.code == 0
    assert "4 of every photo; 0 of them were scored by these models before" in ran.out
    assert "signet version 1: 4 photos" in ran.out
    assert "with 2 processes" in ran.out
    assert (history.rows(), sorted(tmp_path.iterdir())) == (before, folders)


def test_photos_that_vanished_or_changed_are_results_and_the_others_are_scored(history: History, visiqc: Run) -> None:
    gone, broken = (history.parts.records.upload(history.ids[name]).photo_digest for name in PHOTOS[:2])
    blob_file(history.home, gone).unlink()
    file = blob_file(history.home, broken)
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])
    ran = visiqc("rescore", "--processes", 1, "--out", "found")
    assert (ran.code, "2 of 4 photos were scored again" in ran.out) == (3, True)
    errors = {row["photo_name"]: row["error"] for row in table(Path("found/rescore.csv")) if row["error"]}
    assert set(errors) == set(PHOTOS[:2])
    assert gone in errors[PHOTOS[0]]
    assert "is not the" in errors[PHOTOS[1]]


def test_photos_keep_the_version_they_were_accepted_under_unless_another_is_named(
    history: History, visiqc: Run
) -> None:
    assert "golden version 9 of signet" in visiqc("rescore", "--golden-version", 9, "--dry-run").err
    assert "not approved: signet version 2" in visiqc("rescore", "--golden-version", 2).err
    visiqc("golden", "approve", "signet", 2)  # supersedes version 1
    assert "signet version 1: 4 photos" in visiqc("rescore", "--dry-run").out
    assert visiqc("rescore", "--golden-version", 2, "--processes", 1).code == 0
    assert [verdict.golden_version for verdict in history.verdicts(PHOTOS[0])] == [1, 2]


def test_what_cannot_be_selected_is_said(history: History, visiqc: Run) -> None:
    asked = {
        ("--order", "PO-9"): (4, "PO-9"),
        ("--lot", "L1"): (3, "name its order too"),
        ("--sku", "no-such"): (4, "no-such"),
        ("--since", "2999-01-01"): (3, "no photo with a verdict is selected"),
        ("--models", "no-such"): (4, "no-such"),
        ("--models", "defect/no-such"): (4, "no-such"),
    }
    for options, (code, said) in asked.items():
        ran = visiqc("rescore", *options)
        assert (ran.code, said in ran.err) == (code, True), ran.err


def test_since_is_a_moment_anywhere_on_earth_as_the_tables_write_it(history: History, visiqc: Run) -> None:
    for since in ("2000-01-02T01:30+08:00", "2000-01-01T17:30:00.000001Z", "2000-01-01 17:30"):
        ran = visiqc("rescore", "--dry-run", "--since", since)
        assert "received since 2000-01-01 17:30 UTC" in ran.out, ran.err
    for since in ("yesterday", "2026-13-01", "0001-01-01T00:00+08:00"):
        ran = visiqc("rescore", "--dry-run", "--since", since)
        assert (ran.code, "wanted a date such as 2026-03-02" in ran.err.replace("\n", " ")) == (2, True), ran.err


def test_models_are_asked_for_as_candidates_by_version_or_as_an_earlier_set(
    history: History, visiqc: Run, tmp_path: Path
) -> None:
    a_candidate(tmp_path / "run" / "candidate", "halo-1")

    def models_of(*wanted: str) -> str:
        ran = visiqc("rescore", "--dry-run", *(word for each in wanted for word in ("--models", each)))
        assert ran.code == 0, ran.err
        return next(line.split(maxsplit=1)[1] for line in ran.out.splitlines() if line.startswith("models"))

    halo = f"trunk lite0-1, identity halo-1, defect halo-1, mask {SHIPPED[DEFAULT_TRUNK].mask}, fleet halo-1"
    assert models_of("run") == halo
    assert models_of("identity/halo-1", "defect/halo-1") == halo
    assert models_of() == models_of("shipped") != halo
    mixed = visiqc("rescore", "--models", "run", "--models", "identity/halo-1")
    assert (mixed.code, "either versions or candidates" in mixed.err) == (3, True)
    assert visiqc("rescore", "--models", "run", "--processes", 1).code == 0
    assert {len(history.verdicts(name)) for name in PHOTOS} == {2}


def test_what_passed_and_is_flagged_now_waits_for_an_inspector_with_the_reason(history: History, visiqc: Run) -> None:
    records = history.parts.records
    assert records.queue(QueueFilter()) == ()
    ran = visiqc("rescore", "--processes", 1, "--to-queue")
    assert "2 photos that are riskier now are in the inspectors' queue" in ran.out
    flagged = [item.upload_id for item in records.queue(QueueFilter())]
    assert {records.upload(upload_id).photo_name for upload_id in flagged} == {
        name for name in PHOTOS if history.verdicts(name)[1].outcome is not Outcome.PASS
    }
    with a_service(parts=history.parts).client() as client:
        sheet = client.get(f"/v1/scores/{flagged[0]}/sheet").json()
        page = client.get("/queue").text
    now = history.verdicts(records.upload(flagged[0]).photo_name)[1].outcome
    assert (sheet["outcome"], sheet["rescored"]["outcome"]) == ("PASS", now)
    assert re.fullmatch(rf"re-scored on .* by trunk .*: {now}; passed at the time", sheet["rescored"]["said"])
    assert sheet["rescored"]["reasons"]
    assert page.count("re-scored") == 2
    assert "nothing new for inspectors" in visiqc("rescore", "--processes", 1, "--to-queue").out


COMMAND = [sys.executable, "-c", "from visiqc.cli import main; raise SystemExit(main())"]
MANY = tuple(sorted(file.name for file in (SIGNET / "uploads").glob("*.jpg")))


def done_of(home: Path) -> int:
    """How many photos of the latest run have a result."""
    query = (
        "SELECT count(verdict_seq) FROM rescore_photos WHERE rescore_id = (SELECT id FROM rescores ORDER BY seq DESC)"
    )
    with closing(sqlite3.connect(home / "visiqc.sqlite3")) as database:
        return int(database.execute(query).fetchone()[0])


@pytest.mark.slow
def test_kill_9_of_the_whole_command_at_any_moment_and_the_same_command_is_exact(home: Path) -> None:
    history, chance, left = a_history(home, MANY), random.Random(5), []
    environment = os.environ | {"VISIQC_HOME": str(home)}
    command = [*COMMAND, "rescore", "--processes", "2", "--out", str(home / "found")]
    for kill in range(4):
        before = done_of(home)
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, start_new_session=True)
        # The first kill comes before any result, the others as soon as there are new ones.
        wait_until(
            lambda before=before, kill=kill, process=process: (
                kill == 0 or done_of(home) > before or process.poll() is not None
            ),
            seconds=60,
        )
        if process.poll() is not None:  # a fast machine is done before the last kills
            process.communicate()
            break
        time.sleep(chance.uniform(0.0, 0.3) if kill else 1.5)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        left.append(len(MANY) - done_of(home))
    assert 0 < left[1] < len(MANY), "it was killed in the middle of its work"
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    records = build_records(Settings(home=home))
    assert {name: len(records.verdicts(history.ids[name])) for name in MANY} == dict.fromkeys(MANY, 2)
    found = {row["photo_name"]: row["outcome_now"] for row in table(home / "found" / "rescore.csv")}
    assert sorted(found) == list(MANY)
    uploads = [records.upload(history.ids[name]) for name in MANY[:3]]
    honest = [verdict_of(upload, records.golden("signet", 1), history.parts) for upload in uploads]
    assert found.items() >= {verdict.photo_name: verdict.outcome for verdict in honest}.items()


def children_of(process: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds a command's workers in /proc")
def test_two_same_commands_at_once_do_the_work_once(home: Path) -> None:
    history = a_history(home, MANY)
    environment = os.environ | {"VISIQC_HOME": str(home)}
    command = [*COMMAND, "rescore", "--processes", "1"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as first:
        wait_until(lambda: done_of(home) > 0 or first.poll() is not None, seconds=60)
        workers = children_of(first.pid)
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)  # the first is still at it, however slow the second is
        second = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        first.communicate()
    assert (first.returncode, second.returncode) == (0, 4), second.stderr
    assert "wait for it to end, then give the same command again" in second.stderr
    assert {name: len(history.verdicts(name)) for name in MANY} == dict.fromkeys(MANY, 2)
