"""`visiqc score`, with the models and the database that ship."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from builders import a_verdict
from commands import Run
from visiqc.bootstrap import now
from visiqc.cli.exits import OUTCOME_CODES
from visiqc.domain.outcome import Outcome
from visiqc.domain.upload import Upload
from visiqc.inspection.inspect import accept_photos
from visiqc.inspection.parts import Parts, SentPhoto


def test_a_verdict_is_printed_and_its_code_returned(visiqc: Run, home: Path, scratched: Path) -> None:
    ran = visiqc("score", "signet", scratched)
    outcome = Outcome(ran.out.split()[0])
    assert ran.code == OUTCOME_CODES[outcome]
    for figure in ("score ", "alignment ", "identity ", "golden     signet version 1, view front", "time "):
        assert f"  {figure}" in ran.out


def test_json_is_one_document_and_nothing_else(visiqc: Run, home: Path, scratched: Path) -> None:
    ran = visiqc("score", "signet", scratched.parent, "--json")
    document = json.loads(ran.out)
    photos = document["photos"]
    assert [Path(photo["file"]).name for photo in photos] == sorted(file.name for file in scratched.parent.iterdir())
    codes = [OUTCOME_CODES[Outcome(photo["verdict"]["outcome"])] for photo in photos]
    assert ran.code == document["exit_code"] == max(codes)


def test_an_unreadable_photo_does_not_lose_the_others(visiqc: Run, home: Path, scratched: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(scratched.read_bytes()[:3000])
    ran = visiqc("score", "signet", "broken.jpg", scratched, "gone.jpg", "--json")
    assert ran.code == 3
    assert "visiqc: broken.jpg: " in ran.err
    assert "visiqc: gone.jpg: no such file" in ran.err
    assert [bool(photo["verdict"]) for photo in json.loads(ran.out)["photos"]] == [False, True, False]


def test_heatmaps_of_two_photos_of_one_name_are_two_files(
    visiqc: Run, home: Path, scratched: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    shutil.copy(scratched.with_name("jig-defective-6.jpg"), tmp_path / "other" / scratched.name)
    ran = visiqc("score", "signet", scratched, f"other/{scratched.name}", "--heatmaps", "maps")
    assert sorted(file.name for file in (tmp_path / "maps").iterdir()) == [
        "jig-defective-4-2.heatmap.jpg",
        "jig-defective-4.heatmap.jpg",
    ]
    assert "  heatmap    maps/jig-defective-4-2.heatmap.jpg" in ran.out


def test_the_contact_sheet_shows_compared_and_other_photos(
    visiqc: Run, home: Path, scratched: Path, tmp_path: Path
) -> None:
    blurred = scratched.parents[2] / "gala-studs" / "uploads" / "jig-unusable-6.jpg"
    ran = visiqc("score", "signet", scratched, blurred, "--sheet", "out/sheet.html")
    assert "contact sheet: out/sheet.html" in ran.err
    page = (tmp_path / "out" / "sheet.html").read_text()
    assert page.count("<article>") == 2
    assert page.count("not compared") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["pendant", "SCRATCHED"], 4, "pendant"),
        (["signet", "SCRATCHED", "--golden-version", "2"], 4, "not approved"),
        (["signet", "SCRATCHED", "--golden-version", "9"], 4, "9"),
        (["signet"], 2, "PHOTO"),
        (["signet", "empty"], 3, "there is no photo in this folder"),
        (["../etc", "SCRATCHED"], 3, "not a usable SKU"),
        (["signet", "SCRATCHED", "--heatmaps", "taken"], 5, "taken"),
    ],
)
def test_a_mistake_is_named_and_has_its_code(
    visiqc: Run, home: Path, scratched: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "taken").write_text("a file")
    ran = visiqc("score", *(str(scratched) if argument == "SCRATCHED" else argument for argument in arguments))
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_model_with_one_byte_changed_is_refused(
    visiqc: Run, home: Path, scratched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from visiqc.runtime.bundle import bundled_models

    promoted = home / "models" / "trunk" / "lite0-1"
    shutil.copytree(bundled_models() / "trunk" / "lite0-1", promoted)
    content = bytearray((promoted / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (promoted / "model.onnx").write_bytes(content)
    monkeypatch.setenv("VISIQC_TRUNK", "lite0-1")
    ran = visiqc("score", "signet", scratched)
    assert ran.code == 5
    assert "Traceback" not in ran.err


def test_a_photo_that_another_worker_took_first_is_left_to_it_and_its_verdict_is_the_answer(
    visiqc: Run, home: Path, scratched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_by_another(sku: str, photos: list[SentPhoto], parts: Parts, **more: int) -> tuple[Upload, ...]:
        accepted = accept_photos(sku, photos, parts, **more)
        (held,) = parts.records.lease("another", now=now(), until=now() + timedelta(9), upload_id=accepted[0].id)
        theirs = a_verdict(id=held.id, sku=sku, outcome=Outcome.WRONG_SAMPLE, software="another worker", made_at=now())
        threading.Timer(0.5, parts.records.add_verdict, [theirs]).start()
        return accepted

    monkeypatch.setattr("visiqc.inspection.inspect.accept_photos", taken_by_another)
    monkeypatch.setattr("visiqc.batch.scoring.score_upload", lambda *_: pytest.fail("scored while another held it"))
    ran = visiqc("score", "signet", scratched)
    assert (ran.code, ran.out.split()[0]) == (OUTCOME_CODES[Outcome.WRONG_SAMPLE], "WRONG_SAMPLE")
