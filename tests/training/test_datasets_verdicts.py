from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import png
from pair_sets import SIDE, Export, photo
from visiqc.errors import InputError
from visiqc.training.datasets.clipping import area_of, clipped
from visiqc.training.datasets.pairs import PairSet, Relation
from visiqc.training.datasets.verdict_format import read_export
from visiqc.training.datasets.verdicts import read_verdicts

BOX = {"box": [4, 4, 12, 12], "code": "ME-SCR", "origin": "model"}
GOOD = {"answer": "confirmed"}


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path / "export")


def answer(kind: str, *regions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"answer": kind, "regions": list(regions)} | changes


@pytest.mark.parametrize(
    ("outcome", "kind", "defective", "relation"),
    [
        ("PASS", "confirmed", False, Relation.SAME),
        ("REVIEW", "confirmed", True, Relation.SAME),
        ("REJECT", "dismissed", False, Relation.SAME),
        ("PASS", "missed", True, Relation.SAME),
        ("WRONG_SAMPLE", "confirmed", None, Relation.OTHER),
        ("WRONG_SAMPLE", "dismissed", None, Relation.SAME),
        ("RETAKE", "dismissed", None, Relation.SAME),
    ],
)
def test_what_an_answer_teaches(
    export: Export, outcome: str, kind: str, defective: bool | None, relation: Relation
) -> None:
    export.upload(outcome, answer(kind))
    (pair,) = read_verdicts(export.written()).pairs
    assert (pair.defective, pair.relation, pair.lot, pair.sku) == (defective, relation, "L-1", "R-1")


def test_typed_regions_keep_code_and_origin_and_dismissed_ones_stand_apart(export: Export) -> None:
    nothing = {"polygon": [[20, 20], [30, 20], [25, 30]], "dismissed": True}
    export.upload("REVIEW", answer("typed", BOX, nothing))
    (pair,) = read_verdicts(export.written()).pairs
    assert [(region.code, region.origin) for region in pair.regions] == [("ME-SCR", "model")]
    assert pair.regions[0].polygon == ((4, 4), (12, 4), (12, 12), (4, 12))
    assert len(pair.dismissed) == 1
    assert pair.codes == ("ME-SCR",)


def test_a_false_alarm_is_a_good_photo_with_its_alarm_kept(export: Export) -> None:
    export.upload("REVIEW", answer("dismissed", BOX))
    (pair,) = read_verdicts(export.written()).pairs
    assert (pair.regions, len(pair.dismissed), pair.codes) == ((), 1, ())


def test_an_answer_that_was_superseded_does_not_count(export: Export) -> None:
    export.upload("REVIEW", answer("confirmed", BOX), answer("dismissed", supersedes="a0"))
    (pair,) = read_verdicts(export.written()).pairs
    assert (pair.defective, pair.regions) == (False, ())


def test_a_false_alarm_beside_a_missed_defect_is_a_defect(export: Export) -> None:
    export.upload("REVIEW", answer("dismissed"), answer("missed", BOX))
    (pair,) = read_verdicts(export.written()).pairs
    assert (pair.defective, len(pair.regions)) == (True, 1)


def test_what_teaches_nothing_is_left_out_and_counted(export: Export) -> None:
    export.upload("PASS", GOOD)
    export.upload("PASS")
    export.upload("RETAKE", GOOD)
    export.upload("REVIEW", answer("confirmed"), answer("dismissed"))
    found = read_verdicts(export.written())
    assert len(found.pairs) == 1
    assert {note[2:] for note in found.notes if note.startswith("1 ")} == {
        "uploads that nobody answered, left out",
        "photos that are unusable, left out",
        "uploads that inspectors disagree about, left out",
    }


def test_regions_are_clipped_to_their_photo_and_counted(export: Export) -> None:
    outside = {"box": [SIDE + 2, 0, SIDE + 9, 9]}
    export.upload("REVIEW", answer("confirmed", {"box": [40, 40, 90, 44]}, outside))
    found = read_verdicts(export.written())
    assert found.pairs[0].regions[0].polygon == ((40, 40), (SIDE, 40), (SIDE, 44), (40, 44))
    assert "1 regions clipped to their photo" in found.notes
    assert "1 regions outside of their photo or without area, dropped" in found.notes


def test_a_missing_or_exchanged_photo_is_named_skipped_and_counted(export: Export) -> None:
    for _ in range(3):
        export.upload("PASS", GOOD)
    gone, other = (export.folder / export.values["uploads"][n]["photo"] for n in (0, 1))
    gone.unlink()
    other.write_bytes(png(photo(99)))
    found = read_verdicts(export.written(), max_unreadable=2)
    assert len(found.pairs) == 1
    assert f"photos/{gone.stem[:12]}….png" in " ".join(found.notes)
    with pytest.raises(InputError, match="2 photos cannot be read"):
        read_verdicts(export.written(), max_unreadable=1)


Spoil = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda v: v.update(format=2), "has format 2, this version reads 1"),
        (lambda v: v.update(remarks=""), "remarks: Unexpected keyword argument"),
        (lambda v: v["uploads"][0].update(golden_version=7), "upload u1 names golden R-1 version 7"),
        (lambda v: v["uploads"][0].update(photo="../secret.png"), "wanted photos/<sha256>"),
        (lambda v: v["uploads"].append(v["uploads"][0]), "upload u1 stands twice"),
        (lambda v: v["uploads"][0]["answers"][0].update(codes=["XX-YYY"]), "upload u1: .* no code 'XX-YYY'"),
        (lambda v: v["uploads"][0]["answers"][0].update(supersedes="a9"), "supersedes 'a9', which is not there"),
        (lambda v: v["uploads"][0]["answers"][0].update(answer="dismissed"), "dismisses a PASS"),
        (lambda v: v["uploads"][0]["answers"][0].update(given_at="2026-11-24T09:00:00+08:00"), "must be UTC"),
        (lambda v: v["uploads"][0]["answers"][0].update(regions=[{"code": "unknown"}]), "a polygon or a box"),
        (lambda v: v.update(uploads=[]), "nothing to learn from"),
    ],
)
def test_a_bad_export_is_refused_by_name(export: Export, spoil: Spoil, message: str) -> None:
    export.upload("PASS", GOOD)
    spoil(export.values)
    with pytest.raises(InputError, match=message):
        read_verdicts(export.written())


def test_the_example_in_the_docs_is_an_export(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/verdict-export.md").read_text(encoding="utf-8")
    (tmp_path / "export.json").write_text(text.partition("```json\n")[2].partition("```")[0], encoding="utf-8")
    (upload,) = read_export(tmp_path).uploads
    assert [region.dismissed for region in upload.answers[0].regions] == [False, True]


def test_answers_that_supersede_each_other_are_refused(export: Export) -> None:
    export.upload("PASS", answer("confirmed", supersedes="a1"), answer("confirmed", supersedes="a0"))
    with pytest.raises(InputError, match="in a circle"):
        read_verdicts(export.written())


def test_the_digest_follows_photos_and_answers(export: Export) -> None:
    export.upload("PASS", GOOD)
    first = read_verdicts(export.written())
    export.values["uploads"][0]["answers"][0]["author"] = "p2"
    again: PairSet = read_verdicts(export.written())
    assert first.digest != again.digest
    assert again.digest == read_verdicts(export.written()).digest


def test_a_triangle_over_a_corner_loses_what_lies_outside() -> None:
    inside = clipped(((-10, 5), (5, -10), (20, 20)), (20, 20))
    assert all(0 <= x <= 20 and 0 <= y <= 20 for x, y in inside)
    assert area_of(inside) == pytest.approx(200)
