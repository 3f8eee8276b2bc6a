"""`visiqc lot` and `visiqc order`, with the models and the database that ship."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import jpeg
from commands import Run
from pictures import plate
from services import wait_until
from serving import VISIQC
from visiqc.storage.database import open_database
from visiqc.storage.records import SqlRecords
from visiqc.vision.types import Photo

HEADER = "order,lot,sku,milestone,unit,view,photo\n"


@pytest.fixture
def photos(scratched: Path) -> list[Path]:
    """Photos of signet rings, good and bad."""
    return sorted(scratched.parent.glob("jig-*.jpg"))[:4]


@pytest.fixture
def laid(tmp_path: Path, photos: list[Path]) -> Path:
    """A folder laid out by names, with the photos of two units."""
    for n, photo in enumerate(photos[:2], start=1):
        place = tmp_path / "in" / "PO-7" / "L1" / "pre-shipment"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, place / f"{n}-front.jpg")
    return tmp_path / "in"


def records_in(home: Path) -> SqlRecords:
    return SqlRecords(open_database(f"sqlite:///{home / 'visiqc.sqlite3'}"))


def test_a_folder_is_imported_scored_and_shown(visiqc: Run, home: Path, laid: Path) -> None:
    ran = visiqc("lot", "import", laid, "--sku", "signet")
    assert ran.code == 0, ran.err
    assert "2 photos imported, 0 were there already, 2 scored here" in ran.out
    assert "PO-7 L1:\n  pre-shipment: 2 units, 2 photos: " in ran.out
    shown = visiqc("lot", "show", "PO-7", "L1", "--json")
    units = json.loads(shown.out)["milestones"][-1]["units"]
    assert [(unit["unit"], unit["missing"], unit["pending"]) for unit in units] == [(1, [], []), (2, [], [])]
    assert all(unit["outcome"] for unit in units)
    text = visiqc("lot", "show", "PO-7", "L1").out
    assert text.startswith("PO-7 L1: signet, judged by golden version 1\n  raw-material: no photo\n")
    assert f"front {units[0]['outcome']}" in text


def test_importing_twice_changes_nothing(visiqc: Run, home: Path, laid: Path) -> None:
    visiqc("lot", "import", laid, "--sku", "signet")
    before = visiqc("lot", "show", "PO-7", "L1", "--json").out
    ran = visiqc("lot", "import", laid)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "0 photos imported, 2 were there already, 0 scored here")
    assert visiqc("lot", "show", "PO-7", "L1", "--json").out == before


def test_broken_lines_are_named_with_their_number_and_the_rest_is_imported(
    visiqc: Run, home: Path, tmp_path: Path, photos: list[Path]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n, photo in enumerate(photos):
        shutil.copy(photo, folder / f"{n}.jpg")
    (folder / "broken.jpg").write_bytes(photos[0].read_bytes()[:3000])
    place = "PO-7,L1,signet,pre-shipment"
    lines = {
        2: f"{place},1,front,0.jpg",
        3: f"{place},one,front,1.jpg",
        4: f"{place},2,front",
        5: f'{place},3,"front,1.jpg',
        6: "",
        7: f"{place},4,front,gone.jpg",
        8: f"{place},5,front,broken.jpg",
        9: f"{place},6,front,0.jpg",
        10: "PO-7,L1,signet,later,7,front,1.jpg",
        11: "PO-7,L1,other,pre-shipment,8,front,1.jpg",
        12: f"{place},9,front,../../secret.jpg",
        13: "PO-7,L2,nothing,pre-shipment,1,front,1.jpg",
        14: f"{place},10,front,1.jpg",
    }
    (folder / "lot.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines.values()))
    ran = visiqc("lot", "import", folder, "--no-score")
    assert ran.code == 3
    said = {}
    for line in ran.err.splitlines():
        if line.startswith("visiqc: lot.csv line "):
            number, _, why = line.removeprefix("visiqc: lot.csv line ").partition(": ")
            said[int(number)] = why
    for number, why in {
        3: "the unit must be a number from 1, got 'one'",
        4: "wanted 7 columns",
        5: "not a line of CSV",
        7: "no such file",
        8: "broken.jpg: ",
        9: "this very file is the photo of unit 1, view front already",
        10: "has no milestone 'later'",
        11: "is of the product signet, not other",
        12: "inside the folder",
        13: "no golden sample of 'nothing'",
    }.items():
        assert why in said.pop(number)
    assert said == {}
    assert "2 photos imported, 0 were there already, 0 scored here" in ran.out
    assert "10 lines could not be used" in ran.out
    assert "2 units, 2 photos: 2 open" in ran.out


def test_lot_csv_may_be_a_spreadsheets_and_goes_before_names(
    visiqc: Run, home: Path, laid: Path, photos: list[Path]
) -> None:
    shutil.copy(photos[2], laid / "x.jpg")
    text = (HEADER + "PO-7,L1,signet,pre-shipment,7,front,x.jpg\n").replace(",", ";").replace("\n", "\r\n")
    (laid / "lot.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert visiqc("lot", "import", laid, "--no-score").code == 0
    (milestone,) = [
        m for m in json.loads(visiqc("lot", "show", "PO-7", "L1", "--json").out)["milestones"] if m["units"]
    ]
    assert [unit["unit"] for unit in milestone["units"]] == [7]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda folder: folder.rmdir(), "no such folder"),
        (lambda folder: None, "nothing to import"),
        (lambda folder: (folder / "lot.csv").write_text("order,lot\n"), "has no column 'sku'"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_with_advice(
    visiqc: Run, home: Path, tmp_path: Path, prepare: Callable[[Path], object], said: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    prepare(folder)
    ran = visiqc("lot", "import", folder)
    assert ran.code == 3
    assert said in ran.err


def test_names_that_do_not_say_unit_and_view_are_named(visiqc: Run, home: Path, laid: Path, photos: list[Path]) -> None:
    shutil.copy(photos[2], laid / "PO-7" / "L1" / "pre-shipment" / "IMG_0001.jpg")
    ran = visiqc("lot", "import", laid, "--sku", "signet", "--no-score")
    assert ran.code == 3
    assert "PO-7/L1/pre-shipment/IMG_0001.jpg: not named <unit>-<view>" in ran.err
    assert "2 photos imported" in ran.out


def test_without_a_product_the_lot_must_be_open(visiqc: Run, home: Path, laid: Path) -> None:
    ran = visiqc("lot", "import", laid, "--no-score")
    assert ran.code == 3
    assert "name it with --sku, or open the lot first: visiqc lot open PO-7 L1" in ran.err
    assert visiqc("order", "open", "PO-7", "--milestone", "pre-shipment").out == "PO-7 is open: pre-shipment\n"
    opened = visiqc("lot", "open", "PO-7", "L1", "--sku", "signet", "--units", "3", "--view", "front", "--view", "back")
    assert opened.out == "PO-7 L1 is open for signet\n"
    assert visiqc("lot", "import", laid, "--no-score").code == 0
    assert "L1                       signet                   3 units" in visiqc("order", "list").out
    assert "missing back" in visiqc("lot", "show", "PO-7", "L1").out


def test_what_is_not_there_is_named(visiqc: Run, home: Path) -> None:
    ran = visiqc("lot", "show", "PO-9", "L1")
    assert (ran.code, "no order 'PO-9'" in ran.err) == (4, True)
    assert visiqc("order", "list").err.startswith("There is no order")


def test_what_was_imported_without_scores_is_scored_by_the_next_import(visiqc: Run, home: Path, laid: Path) -> None:
    visiqc("lot", "import", laid, "--sku", "signet", "--no-score")
    ran = visiqc("lot", "import", laid)
    assert "0 photos imported, 2 were there already, 2 scored here" in ran.out


@pytest.mark.slow
def test_a_unit_judged_by_two_golden_versions_is_named_and_the_advice_that_is_given_mends_it(
    visiqc: Run, home: Path, tmp_path: Path, photos: list[Path]
) -> None:
    place = tmp_path / "in" / "PO-7" / "L1" / "pre-shipment"
    place.mkdir(parents=True)
    shutil.copy(photos[0], place / "1-front.jpg")
    visiqc("lot", "import", tmp_path / "in", "--sku", "signet")
    visiqc("golden", "approve", "signet", "2", "--by", "anna")
    shutil.move(place / "1-front.jpg", tmp_path / "sent.jpg")
    shutil.copy(photos[1], place / "1-front.jpg")
    visiqc("lot", "import", tmp_path / "in")
    text = visiqc("lot", "show", "PO-7", "L1").out
    assert "judged by golden versions 1 (1 photo) and 2 (1 photo)" in text
    assert "views judged by different golden versions" in text
    again, shown = re.findall(r"visiqc ((?:rescore|lot show) [^;]*?)[;.] ", text)
    assert visiqc(*again.split(), "--processes", "1").code == 0
    mended = visiqc(*shown.split()).out
    assert mended.startswith("PO-7 L1: signet, as golden version 2 judged it")
    assert "different golden versions" not in mended
    assert visiqc("lot", "show", "PO-7", "L1").out == text, "verdicts of record stay"


def plates(folder: Path, count: int, shot: Callable[[int], Photo]) -> None:
    folder.mkdir(parents=True)
    for n in range(1, count + 1):
        (folder / f"{n}-front.jpg").write_bytes(jpeg(shot(n)))


@pytest.mark.slow
def test_an_import_killed_with_9_goes_on_where_it_was(visiqc: Run, home: Path, tmp_path: Path) -> None:
    from bench import photo_of

    plates(tmp_path / "in" / "PO-7" / "L1" / "pre-shipment", 12, lambda n: photo_of(plate(), n, noise=n))
    environment = {**os.environ, "VISIQC_HOME": str(home)}
    command = [*VISIQC, "lot", "import", str(tmp_path / "in"), "--sku", "signet"]
    records = records_in(home)
    with subprocess.Popen(command, env=environment, stdout=-1, stderr=-1) as process:
        wait_until(lambda: records.orders() and len(records.photo_results("PO-7", "L1")) >= 3, 60)
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert 3 <= len(records.photo_results("PO-7", "L1")) < 12
    ran = visiqc("lot", "import", tmp_path / "in", "--sku", "signet")
    assert ran.code == 0
    results = records.photo_results("PO-7", "L1")
    assert sorted(result.photo.unit for result in results) == [*range(1, 13)]
    assert all(len(records.verdicts(result.upload_id)) == 1 for result in results)
    records.close()
