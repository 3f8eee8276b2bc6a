from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bench import photo_of, scored, scratched, sent
from builders import a_calibration, a_model_set, members
from pictures import board
from visiqc.domain.calibration import Calibration
from visiqc.domain.model_set import Members, ModelRef, Move
from visiqc.errors import InputError, NotFound
from visiqc.inspection import calibrate
from visiqc.inspection.calibrate import Specimen, calibrate_golden, specimen_score
from visiqc.inspection.inspect import ranking_for
from visiqc.inspection.parts import Parts, SentPhoto


def a_board(n: int, *, name: str = "") -> SentPhoto:
    return sent(name or f"board-{n}.jpg", photo_of(board(), n % 7, 1 - 0.01 * (n % 5), noise=100 + n))


def piece(name: str, *photos: SentPhoto) -> Specimen:
    return Specimen(name=name, photos=photos)


def accepted_before(parts: Parts, count: int, *, score: float = 0.6, fleet: str = "") -> Calibration:
    """A calibration of `count` specimens that nobody has to photograph."""
    digests = tuple(f"{n:064x}" for n in range(count))
    fleet = fleet or parts.fleet.digest
    return parts.records.add_calibration(
        a_calibration(sku="board", scores=(score,) * count, photo_digests=digests, id=f"before-{count}", fleet=fleet)
    )


@pytest.fixture
def fixed_scores(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Scores by specimen name, instead of comparing photos."""
    scores: dict[str, float] = {}

    def look_up(specimen: Specimen, *_: object) -> float:
        return scores[specimen.name]

    monkeypatch.setattr(calibrate, "specimen_score", look_up)
    return scores


def test_a_piece_of_several_photos_counts_once_with_its_worst_score(own_shop: Parts) -> None:
    good, bad = a_board(1), sent("scratch.jpg", photo_of(scratched(board()), 1, noise=2))
    golden = own_shop.records.current_golden("board")
    bank = own_shop.banks.get(golden.bank_digest)
    alone = [specimen_score(piece("one", photo), bank, golden, own_shop) for photo in (good, bad)]
    result = calibrate_golden("board", [piece("both", good, bad)], own_shop)
    assert result.calibration.scores == (max(alone),)
    assert result.added == 1
    assert len(result.calibration.photo_digests) == 2
    assert result.wanted_next == 28


def test_what_cannot_count_is_left_out_by_name_with_the_reason(own_shop: Parts) -> None:
    golden_photo = own_shop.blobs.get(own_shop.records.current_golden("board").photos[0].digest)
    white = sent("white.jpg", photo_of(board()) * 0 + 255)
    specimens = [
        piece("new", a_board(1)),
        piece("the golden", SentPhoto(name="g.jpg", content=golden_photo)),
        piece("again", a_board(2), a_board(1, name="other-name.jpg")),
        piece("white", a_board(3), white),
        piece("no photo"),
        piece("broken", SentPhoto(name="b.jpg", content=b"nothing")),
    ]
    result = calibrate_golden("board", specimens, own_shop)
    assert result.added == len(result.calibration.scores) == 1
    said = dict(result.left_out)
    assert list(said) == ["the golden", "again", "white", "no photo", "broken"]
    assert said["the golden"] == said["again"] == "one of its photos is a golden photo or was counted before"
    assert said["white"].startswith("RETAKE: ")
    assert said["no photo"] == "it has no photo"


def test_scores_that_another_fleet_scaled_count_no_more(own_shop: Parts, fixed_scores: dict[str, float]) -> None:
    accepted_before(own_shop, 60, fleet="of an earlier release")
    golden = own_shop.records.current_golden("board")
    assert ranking_for(golden, own_shop).stage == 0
    fixed_scores["a"] = 0.5
    again = calibrate_golden("board", [piece("a", a_board(1))], own_shop)
    assert again.calibration.scores == (0.5,)
    assert again.calibration.fleet == own_shop.fleet.digest


def test_another_design_never_calibrates(own_shop: Parts) -> None:
    other = piece("other", sent("other.jpg", photo_of(board(seed=1), 3)))
    strict = replace(own_shop.fleet, same_accepted=9.0, same_sure=9.0)  # nothing is the golden
    with pytest.raises(InputError, match="other: WRONG_SAMPLE"):
        calibrate_golden("board", [other], replace(own_shop, fleet=strict))
    assert own_shop.records.calibration("board", 1) is None


def test_when_nothing_counts_nothing_is_kept(own_shop: Parts) -> None:
    for specimens, said in (([], "none was named"), ([piece("broken", SentPhoto(name="b", content=b""))], "broken: ")):
        with pytest.raises(InputError, match=f"no accepted piece could be counted:\n{said}"):
            calibrate_golden("board", specimens, own_shop)
    assert own_shop.records.calibration("board", 1) is None


def test_from_29_pieces_on_verdicts_rest_on_them(own_shop: Parts) -> None:
    accepted_before(own_shop, 27)
    before = scored("board", a_board(8), own_shop)
    result = calibrate_golden("board", [piece(str(n), a_board(n)) for n in (1, 2)], own_shop)
    assert (len(result.calibration.scores), result.added, result.wanted_next) == (29, 2, 30)
    after = scored("board", a_board(9), own_shop)
    assert before.calibration
    assert after.calibration
    assert (before.calibration.stage, before.calibration.provisional) == (0, True)
    report = after.calibration
    assert (report.stage, report.n, report.source) == (1, 29, result.calibration.id)
    assert (report.alpha_review, report.provisional) == (0.10, False)


def test_a_second_calibration_adds_to_the_first(own_shop: Parts, fixed_scores: dict[str, float]) -> None:
    fixed_scores |= {"a": 0.9, "b": 0.4}
    first = calibrate_golden("board", [piece("a", a_board(1))], own_shop)
    second = calibrate_golden("board", [piece("a again", a_board(1)), piece("b", a_board(2))], own_shop)
    assert (first.calibration.scores, second.calibration.scores) == ((0.9,), (0.4, 0.9))
    assert second.left_out == (("a again", "one of its photos is a golden photo or was counted before"),)
    assert own_shop.records.calibration("board", 1) == second.calibration
    assert second.calibration.photo_digests[:1] == first.calibration.photo_digests


def test_pieces_counted_by_somebody_else_meanwhile_are_not_lost(
    own_shop: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def score_slowly(specimen: Specimen, *_: object) -> float:
        if specimen.name == "a":  # while it is scored, another process calibrates with the very same piece
            monkeypatch.setattr(calibrate, "specimen_score", lambda *_: 0.5)
            calibrate_golden("board", [piece("theirs", a_board(1))], own_shop)
            monkeypatch.setattr(calibrate, "specimen_score", score_slowly)
        return 0.7

    monkeypatch.setattr(calibrate, "specimen_score", score_slowly)
    result = calibrate_golden("board", [piece("a", a_board(1)), piece("b", a_board(2))], own_shop)
    assert result.calibration.scores == (0.5, 0.7)
    assert (result.added, [name for name, _ in result.left_out]) == (1, ["a"])


def test_pieces_scored_while_other_models_came_in_force_are_said_to_count_later(
    own_shop: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def promoted_meanwhile(*_: object) -> float:
        own_shop.records.add_model_set(a_model_set())
        return 0.7

    monkeypatch.setattr(calibrate, "specimen_score", lambda *_: 0.6)
    assert not calibrate_golden("board", [piece("a", a_board(1))], own_shop).overtaken
    monkeypatch.setattr(calibrate, "specimen_score", promoted_meanwhile)
    result = calibrate_golden("board", [piece("b", a_board(2))], own_shop)
    assert (result.overtaken, result.calibration.scores) == (True, (0.6, 0.7))


def in_use(parts: Parts) -> Members:
    """What these parts score with, as a set."""
    trunk, identity, fleet = (
        ModelRef(version="lite0-1", digest=each.digest)
        for each in (parts.models.trunk, parts.models.identity, parts.fleet)
    )
    return members(trunk=trunk, identity=identity, defect=None, fleet=fleet)


def test_models_that_came_in_force_before_the_first_piece_was_scored_are_told_too(
    own_shop: Parts, fixed_scores: dict[str, float]
) -> None:
    fixed_scores |= dict.fromkeys("abcd", 0.7)

    def told(n: int, *, named: bool = False) -> bool:
        return calibrate_golden("board", [piece("abcd"[n], a_board(n))], own_shop, named=named).overtaken

    own_shop.records.add_model_set(a_model_set(members=in_use(own_shop)))
    assert not told(0), "what is in force is what was used"
    own_shop.records.add_model_set(a_model_set(id="set-2", supersedes="set-1"))
    assert told(1)
    assert not told(2, named=True), "where the settings name the models it does not matter"
    back = {"move": Move.ROLLED_BACK, "shipped": True, "members": members("shipped-1")}
    own_shop.records.add_model_set(a_model_set(id="set-3", supersedes="set-2", **back))
    assert told(3), "a return to what ships counts as well"


def test_what_ships_may_be_newer_than_when_it_was_returned_to(own_shop: Parts, fixed_scores: dict[str, float]) -> None:
    fixed_scores["a"] = 0.7
    own_shop.records.add_model_set(a_model_set(move=Move.ROLLED_BACK, shipped=True))
    assert not calibrate_golden("board", [piece("a", a_board(1))], own_shop).overtaken


@pytest.mark.parametrize(
    ("before", "wanted"), [(0, 28), (28, 30), (57, 1), (58, 90), (148, 150), (297, 1), (298, 0), (400, 0)]
)
def test_it_says_how_many_pieces_the_next_stage_wants(
    own_shop: Parts, fixed_scores: dict[str, float], before: int, wanted: int
) -> None:
    if before:
        accepted_before(own_shop, before)
    fixed_scores["a"] = 0.7
    assert calibrate_golden("board", [piece("a", a_board(1))], own_shop).wanted_next == wanted


def test_progress_names_each_piece_and_ends(own_shop: Parts, fixed_scores: dict[str, float]) -> None:
    fixed_scores |= {"a": 0.5, "b": 0.5}
    told: list[tuple[str, int, int]] = []
    tell: Callable[[str, int, int], None] = lambda *step: told.append(step)  # noqa: E731 - the callback's own type
    calibrate_golden("board", [piece("a", a_board(1)), piece("b", a_board(2))], own_shop, progress=tell)
    assert told == [("a", 0, 2), ("b", 1, 2), ("done", 2, 2)]


def test_what_is_not_enrolled_cannot_be_calibrated(own_shop: Parts) -> None:
    with pytest.raises(NotFound, match="ring"):
        calibrate_golden("ring", [piece("a", a_board(1))], own_shop)
