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
    assert ran.out.startswith("2 photos found: 2 imported, 0 were there already\n2 photos scored here\n")
    assert "PO-7 L1:\n  pre-shipment: 2 units, 2 photos: " in ran.out
    shown = visiqc("lot", "show", "PO-7", "L1", "--json")
    units = json.loads(shown.out)["milestones"][-1]["units"]
    assert [(unit["unit"], unit["missing"], unit["pending"]) for unit in units] == [(1, [], []), (2, [], [])]
    assert all(unit["outcome"] for unit in units)
    text = visiqc("lot", "show", "PO-7", "L1").out
    assert re.match(r"PO-7 L1: signet, judged by golden version 1; opened .*\n  raw-material: no photo\n", text)
    assert f"front {units[0]['outcome']}" in text


def test_importing_twice_changes_nothing(visiqc: Run, home: Path, laid: Path) -> None:
    visiqc("lot", "import", laid, "--sku", "signet")
    before = visiqc("lot", "show", "PO-7", "L1", "--json").out
    ran = visiqc("lot", "import", laid)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "2 photos found: 0 imported, 2 were there already")
    assert visiqc("lot", "show", "PO-7", "L1", "--json").out == before


def test_a_file_of_another_lot_is_imported_and_named_with_where_it_came_first(
    visiqc: Run, home: Path, laid: Path
) -> None:
    assert visiqc("lot", "import", laid, "--sku", "signet", "--no-score").err.count("the same file") == 0
    (laid / "PO-7" / "L1").rename(laid / "PO-7" / "L2")
    ran = visiqc("lot", "import", laid, "--sku", "signet", "--no-score")
    assert ran.code == 0
    said = "the same file as unit 1, front, milestone pre-shipment, lot L1 of order PO-7"
    assert f"PO-7/L2/pre-shipment/1-front.jpg: it was taken in and is {said}" in ran.err
    assert "2 photos came before elsewhere as the same file, as named above" in ran.out
    shown = visiqc("lot", "show", "PO-7", "L2").out
    assert "2 open; 2 files that came before" in shown
    assert f"unit 1, view front: {said}" in shown
    assert "! 2 photos are files that came before" in shown
    shipment = json.loads(visiqc("lot", "show", "PO-7", "L2", "--json").out)["milestones"][-1]
    assert [file["unit"] for file in shipment["repeated_files"]] == [unit["unit"] for unit in shipment["units"]]
    assert (shipment["repeated"], shipment["repeated_files"][0]["first"]["message"]) == (2, said)


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
    assert "14 photos found: 2 imported, 0 were there already, 10 could not be used, 2 not in lot.csv\n" in ran.out
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
        (lambda folder: (folder / "lot.csv").write_text("order,lot\n", encoding="utf-16"), "save it as CSV in UTF-8"),
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
    assert "3 photos found: 2 imported, 0 were there already, 1 could not be used\n" in ran.out


def test_a_view_that_is_mistyped_for_a_whole_folder_is_said_once_and_can_be_corrected(
    visiqc: Run, home: Path, laid: Path
) -> None:
    files = sorted((laid / "PO-7" / "L1" / "pre-shipment").iterdir())
    mistyped = [file.rename(file.with_name(file.name.replace("front", "frnt"))) for file in files]
    ran = visiqc("lot", "import", laid, "--sku", "signet", "--no-score")
    assert ran.code == 3
    assert ran.err.count("frnt' ") + ran.err.count("frnt',") == 1
    assert "2 photos are named after the view 'frnt', which version 1 of signet does not have" in ran.err
    assert "did you mean front?" in ran.err
    assert "correct the name in the list or in their names and import again" in ran.err
    assert ran.out.startswith("2 photos found: 0 imported, 0 were there already, 2 left out for their view\n")
    assert visiqc("order", "list").out == ""
    for file, name in zip(mistyped, files, strict=True):
        file.rename(name)
    ran = visiqc("lot", "import", laid, "--sku", "signet", "--no-score")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "2 photos found: 2 imported, 0 were there already")


def test_photos_of_a_view_that_the_golden_lacks_are_taken_where_that_is_meant(
    visiqc: Run, home: Path, laid: Path, photos: list[Path]
) -> None:
    shutil.copy(photos[2], laid / "PO-7" / "L1" / "pre-shipment" / "2-hallmark.jpg")
    ran = visiqc("lot", "import", laid, "--sku", "signet", "--no-score")
    assert "3 photos found: 2 imported, 0 were there already, 1 left out for their view\n" in ran.out
    ran = visiqc("lot", "import", laid, "--no-score", "--any-view")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "3 photos found: 1 imported, 2 were there already")
    assert "hallmark open" in visiqc("lot", "show", "PO-7", "L1").out
    assert visiqc("lot", "import", laid, "--no-score").out.startswith(
        "3 photos found: 0 imported, 3 were there already"
    )


def counts_of(out: str) -> tuple[int, list[int]]:
    """How many photos an import found, and the counts that it says of them."""
    found, _, counts = out.splitlines()[0].partition(" photos found: ")
    return int(found), [int(count.split()[0]) for count in counts.split(", ")]


def test_the_counts_of_an_import_add_up_to_the_files_that_were_found(
    visiqc: Run, home: Path, laid: Path, photos: list[Path]
) -> None:
    visiqc("lot", "import", laid, "--sku", "signet", "--no-score")
    place = laid / "PO-7" / "L1" / "pre-shipment"
    for name, photo in {
        "3-front.jpg": photos[2],
        "4-frnt.jpg": photos[3],
        "IMG_0001.jpg": photos[3],
        "old/5-front.jpg": photos[3],
        "../6-front.jpg": photos[3],
        "../../7-front.JPG": photos[3],
    }.items():
        (place / name).parent.mkdir(exist_ok=True)
        shutil.copy(photo, place / name)
    (place / "8-front.jpg").write_bytes(photos[3].read_bytes()[:3000])
    (place / "readme.txt").write_text("not a photo")
    ran = visiqc("lot", "import", laid, "--no-score")
    found, counts = counts_of(ran.out)
    assert (found, counts) == (9, [1, 2, 2, 1, 3])
    assert sum(counts) == len([file for file in laid.rglob("*") if file.suffix.lower() == ".jpg"])
    assert "3 photos are not in a folder <order>/<lot>/<milestone> and were left out; move them there: " in ran.err
    assert "PO-7/7-front.JPG, PO-7/L1/6-front.jpg, PO-7/L1/pre-shipment/old/5-front.jpg" in ran.err
    assert ran.code == 3


def test_photos_that_the_list_does_not_name_are_counted_and_told_once(
    visiqc: Run, home: Path, tmp_path: Path, photos: list[Path]
) -> None:
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    for n, photo in enumerate(photos):
        shutil.copy(photo, folder / "more" / f"{n}.jpg")
    place = "PO-7,L1,signet,pre-shipment"
    (folder / "lot.csv").write_text(f"{HEADER}{place},1,front,./more/0.jpg\n{place},x,front,more/1.jpg\n")
    ran = visiqc("lot", "import", folder, "--no-score")
    found, counts = counts_of(ran.out)
    assert (found, counts) == (len(photos), [1, 0, 1, 2])
    assert ran.err.count("2 photos are not named in lot.csv") == 1
    assert "add a line for each that belongs to a lot: more/2.jpg, more/3.jpg" in ran.err
    (folder / "lot.csv").write_text(f"{HEADER}{place},1,front,more/0.jpg\n")
    assert visiqc("lot", "import", folder, "--no-score").code == 0


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


def test_whoever_opens_and_imports_is_on_the_record(
    visiqc: Run, home: Path, laid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "maria")
    visiqc("order", "open", "PO-7")
    visiqc("lot", "open", "PO-7", "L1", "--sku", "signet", "--by", "Ana Böhm")
    visiqc("lot", "import", laid, "--no-score")
    records = records_in(home)
    assert {records.upload(each.upload_id).sent_by.name for each in records.photo_results("PO-7", "L1")} == {"maria"}
    records.close()
    assert re.search(r"PO-7  \S+ \S+ UTC by maria  raw-material", visiqc("order", "list").out)
    assert re.search(r"PO-7 L1: signet; opened \S+ \S+ UTC by Ana Böhm\n", visiqc("lot", "show", "PO-7", "L1").out)
    assert json.loads(visiqc("lot", "show", "PO-7", "L1", "--json").out)["made_by"] == "Ana Böhm"


def test_on_a_computer_without_user_names_a_lot_needs_by_and_a_score_does_not(
    visiqc: Run, home: Path, scratched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise OSError("no username set in the environment")

    monkeypatch.setattr("getpass.getuser", nobody)
    ran = visiqc("order", "open", "PO-7")
    assert (ran.code, "name yourself with --by" in ran.err) == (3, True)
    assert visiqc("order", "open", "PO-7", "--by", "maria").code == 0
    assert visiqc("score", "signet", scratched).code in {0, 10, 11}


def test_what_is_not_there_is_named(visiqc: Run, home: Path) -> None:
    ran = visiqc("lot", "show", "PO-9", "L1")
    assert (ran.code, "no order 'PO-9'" in ran.err) == (4, True)
    assert visiqc("order", "list").err.startswith("There is no order")


def test_retry_has_photos_that_failed_scored_by_the_next_import_and_leaves_the_others_alone(
    visiqc: Run, home: Path, laid: Path
) -> None:
    visiqc("lot", "import", laid, "--sku", "signet", "--no-score")
    records = records_in(home)
    failed, other = (each.upload_id for each in records.photo_results("PO-7", "L1"))
    records.fail(failed, "its bytes are damaged")
    again = visiqc("lot", "import", laid)
    assert (again.code, "1-front.jpg: it was taken in and cannot be scored: its bytes are damaged" in again.err) == (
        3,
        True,
    )
    assert "1 photo could not be scored; visiqc lot retry has them tried again" in again.out
    verdict = records.verdict(other)
    ran = visiqc("lot", "retry", "PO-7", "L1")
    assert (ran.code, ran.out) == (0, "1 photos wait for their score again\n")
    assert [upload.id for upload in records.pending()] == [failed]
    assert visiqc("lot", "import", laid).code == 0
    assert records.verdict(failed) is not None
    assert records.verdicts(other) == (verdict,)
    assert visiqc("lot", "retry", "PO-7", "L1").out == "0 photos wait for their score again\n"
    records.close()


def test_retry_of_a_lot_that_is_not_there_names_it(visiqc: Run, home: Path) -> None:
    visiqc("order", "open", "PO-7")
    ran = visiqc("lot", "retry", "PO-7", "L9")
    assert (ran.code, "order PO-7 has no lot 'L9'" in ran.err) == (4, True)


def test_what_was_imported_without_scores_is_scored_by_the_next_import(visiqc: Run, home: Path, laid: Path) -> None:
    visiqc("lot", "import", laid, "--sku", "signet", "--no-score")
    ran = visiqc("lot", "import", laid)
    assert ran.out.startswith("2 photos found: 0 imported, 2 were there already\n2 photos scored here\n")


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
