from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from photographer import a_shot, is_deaf, photograph, unprepared
from visiqc.errors import Unavailable
from visiqc.evaluation.rendered_sets import MANIFEST
from visiqc.rendering.folder import is_finished, keep, read_record
from visiqc.rendering.jobs import Rendered, _Work, render_all
from visiqc.rendering.shots import Shot

CHILD = Path(__file__).parents[1] / "photographer.py"
SHOTS = [a_shot(f"disc-{sku}", f"uploads/{number}") for sku in range(3) for number in range(4)]


def rendered(shots: list[Shot], folder: Path, workers: int = 1) -> Rendered:
    return render_all(shots, folder, workers=workers, photographer=photograph)


def test_every_shot_is_taken_once_and_the_progress_says_so(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    done = render_all(
        SHOTS, tmp_path, workers=2, photographer=photograph, progress=lambda _, *counts: told.append(counts)
    )
    assert all(is_finished(tmp_path, shot) for shot in SHOTS)
    assert (done.already, done.taken, done.failures) == (0, 12, ())
    assert told == [(number, 12) for number in range(13)]
    assert done.seconds["draw"] == 3.0


def test_photos_are_taken_by_as_many_other_processes_as_asked(tmp_path: Path) -> None:
    rendered(SHOTS[:8], tmp_path, workers=2)
    at = {read_record(tmp_path, shot)["measured"]["process"] for shot in SHOTS[:8]}
    assert 1 <= len(at) <= 2
    assert os.getpid() not in at


def test_a_product_stays_with_its_process_and_an_idle_one_helps_with_the_product_that_has_most_left() -> None:
    work = _Work(SHOTS[:6])
    assert [work.next_for(0).sku for _ in range(3)] == ["disc-0"] * 3
    assert [work.next_for(1).sku for _ in range(3)] == ["disc-1", "disc-1", "disc-0"]
    assert work.next_for(0) is None


def test_finished_shots_are_not_taken_again(tmp_path: Path) -> None:
    rendered(SHOTS[:4], tmp_path)
    again = rendered(SHOTS[:6], tmp_path)
    assert (again.already, again.taken) == (4, 2)
    assert rendered(SHOTS[:6], tmp_path).taken == 0


def test_a_stale_manifest_goes_before_the_first_photo_comes(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("{}")
    rendered(SHOTS[:1], tmp_path)
    assert not (tmp_path / MANIFEST).exists()


def test_a_shot_that_fails_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    bad = [a_shot("bad", "uploads/1", attribute="refuse"), a_shot("bad", "uploads/2", attribute="mistake")]
    done = rendered([*bad, *SHOTS[:3]], tmp_path)
    assert done.taken == 3
    assert {(failure.shot.name, str(failure.error)) for failure in done.failures} == {
        ("uploads/1", "stone 7.0 mm is larger than its setting 6.5 mm"),
        ("uploads/2", "division by zero"),
    }
    assert not is_finished(tmp_path, bad[0])


def test_ctrl_c_reaches_this_process_alone_so_that_no_renderer_hands_back_half_a_picture(tmp_path: Path) -> None:
    before = dict(os.environ)
    rendered(SHOTS[:8], tmp_path, workers=2)
    assert all(read_record(tmp_path, shot)["measured"]["deaf"] for shot in SHOTS[:8])
    assert not is_deaf()
    assert dict(os.environ) == before


def test_a_process_killed_by_the_system_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    shots = [*SHOTS[:3], a_shot("bad", "uploads/1", attribute="die")]
    with pytest.raises(Unavailable, match=r"killed.*run the same command again"):
        rendered(shots, tmp_path)
    assert rendered(SHOTS[:3], tmp_path).already == 3


def test_what_every_process_would_trip_over_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"^Mitsuba is not installed$"):
        render_all(SHOTS, tmp_path, workers=2, photographer=photograph, prepare=unprepared)


def test_a_disk_that_refuses_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "disc-0").write_text("a file in the way")
    with pytest.raises(Unavailable, match=r"^disc-0/uploads/0 cannot be written: .*a file"):
        rendered(SHOTS[:4], tmp_path)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run of 40 slow shots in a process of its own, somewhere in the middle."""
    command = [sys.executable, str(CHILD), str(tmp_path), "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        end = time.monotonic() + 60
        while len(records(tmp_path)) < 7:
            assert run.poll() is None, run.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.01)
        yield run


def records(folder: Path) -> list[Path]:
    return sorted(folder.rglob("uploads/*.json"))


def test_kill_9_half_way_ends_all_and_the_same_call_completes(tmp_path: Path, running: subprocess.Popen[str]) -> None:
    running.kill()
    running.wait()
    time.sleep(0.3)  # its processes end with it
    survivors = records(tmp_path)
    time.sleep(0.3)
    assert records(tmp_path) == survivors
    before = {path: path.stat().st_mtime_ns for path in survivors}
    done = subprocess.run([sys.executable, str(CHILD), str(tmp_path), "10"], capture_output=True, text=True, check=True)
    already, taken = map(int, done.stdout.split())
    assert already == len(survivors) < 40
    assert already + taken == 40 == len(records(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in survivors} == before
    assert list(tmp_path.rglob(".*.part")) == []


def test_ctrl_c_stops_at_once_and_quietly(running: subprocess.Popen[str]) -> None:
    start = time.monotonic()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=20)
    assert time.monotonic() - start < 5
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert said.count("Traceback") == 1  # of this script; the command line has its own word for it


def test_a_half_written_shot_is_taken_again(tmp_path: Path) -> None:
    shot = SHOTS[0]
    keep(tmp_path, shot, photograph(shot))
    (tmp_path / "disc-0" / "truth" / "uploads" / "0.png").unlink()
    assert rendered([shot], tmp_path).taken == 1
