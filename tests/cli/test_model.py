"""`visiqc model` as a person runs it; the comparison itself is tested where it is made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench import other_models
from builders import a_reason
from commands import Run
from small_models import a_candidate, a_defect_card, a_defect_graph, put_model
from visiqc.bootstrap import build_parts, build_records
from visiqc.domain.model_set import ModelSet
from visiqc.domain.outcome import Outcome
from visiqc.domain.review import Decision
from visiqc.inspection.inspect import accept_photos, verdict_of
from visiqc.inspection.parts import SentPhoto
from visiqc.inspection.reviewing import Author, review_photo
from visiqc.runtime.bundle import bundled_models, bundled_samples
from visiqc.runtime.models import DEFAULT_TRUNK, SHIPPED
from visiqc.settings import Settings
from visiqc.storage.records import SqlRecords


@dataclass
class Comparison:
    """What stands in for a comparison, which takes minutes; `asked` are the arguments of the last one."""

    worse: bool = False
    asked: tuple[Any, ...] = ()

    def text(self) -> str:
        return f"image AUROC  champion 0.970  challenger 0.9{0 if self.worse else 8}0"

    def as_json(self) -> dict[str, Any]:
        return {"worse": self.worse}

    def __call__(self, *asked: Any, keep: Path, progress: Callable[[int, int, str], None]) -> Comparison:
        self.asked = asked
        progress(1, 1, "signet")
        return self


@pytest.fixture
def comparison(monkeypatch: pytest.MonkeyPatch) -> Comparison:
    found = Comparison()
    module = SimpleNamespace(compare_models=found)
    monkeypatch.setitem(sys.modules, "visiqc.evaluation.model_comparison", module)
    return found


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    return a_candidate(tmp_path / "run" / "candidate", "halo-1").parent


def rows(home: Path) -> tuple[ModelSet, ...]:
    records = build_records(Settings(home=home))
    found = records.model_sets()
    cast("SqlRecords", records).close()
    return found


def digests(home: Path) -> tuple[str, ...]:
    parts = build_parts(Settings(home=home, device="cpu", threads=1))
    cast("SqlRecords", parts.records).close()
    return (*parts.models.digests, parts.fleet.digest)


def test_what_ships_is_listed_and_in_force(visiqc: Run) -> None:
    ran = visiqc("model", "list")
    assert ran.code == 0
    starred = [line.split()[1:3] for line in ran.out.splitlines() if line.startswith("*")]
    ships = SHIPPED[DEFAULT_TRUNK]
    heads = {("identity", ships.identity), ("defect", ships.defect), ("mask", ships.mask), ("fleet", ships.defect)}
    assert {tuple(one) for one in starred} == {("trunk", DEFAULT_TRUNK), *heads}
    assert "nothing was promoted yet" in ran.out
    assert "Nothing was promoted yet" in visiqc("model", "history").err


def test_a_sidecar_of_the_same_models_in_the_home_is_not_in_force_by_lying_there(visiqc: Run, home: Path) -> None:
    ships = str(SHIPPED[DEFAULT_TRUNK].defect)
    shutil.copytree(bundled_models() / "fleet" / ships, home / "models" / "fleet" / "trial-1")
    starred = [line.split()[1:3] for line in visiqc("model", "list").out.splitlines() if line.startswith("*")]
    assert ["fleet", ships] in starred
    assert ["fleet", "trial-1"] not in starred


def test_a_card_is_shown_as_it_stands(visiqc: Run) -> None:
    ran = visiqc("model", "show", "trunk", "lite0-1")
    assert ran.out == (bundled_models() / "trunk" / "lite0-1" / "card.yaml").read_text(encoding="utf-8")
    assert visiqc("model", "show", "trunk", "lite9").code == 4


def test_promoted_listed_rolled_back(visiqc: Run, home: Path, candidate: Path, comparison: Comparison) -> None:
    before = digests(home)
    ran = visiqc("model", "promote", candidate, "--by", "anna", "--yes")
    assert (ran.code, ran.err.count("Traceback")) == (0, 0), ran.err
    assert f"identity halo-1, defect halo-1, mask {SHIPPED[DEFAULT_TRUNK].mask}, fleet halo-1" in ran.out
    assert "challenger 0.980" in ran.out
    assert "1 approved golden versions are ready" in ran.out
    folder, champion, challenger = comparison.asked
    assert folder == bundled_samples()
    assert (*champion[0].digests, champion[1].digest) == before
    (row,) = rows(home)
    assert digests(home) == row.members.digests == (*challenger[0].digests, challenger[1].digest) != before
    listed = visiqc("model", "list").out
    assert "* defect    halo-1" in listed
    assert f"promoted {row.made_at:%Y-%m-%d %H:%M} UTC by anna (set {row.id[:8]})" in listed
    back = visiqc("model", "rollback", "--why", "too many alarms", "--by", "ben")
    assert back.code == 0, back.err
    assert "In force: what ships with VisiQC; returned to" in back.out
    assert digests(home) == before
    history = visiqc("model", "history").out.splitlines()
    assert [line[0] for line in history] == ["*", " "]
    assert "back to shipped" in history[0]
    assert '"too many alarms"' in history[0]
    assert visiqc("model", "rollback").code == 4
    again = visiqc("model", "rollback", "--to", row.id[:8])
    assert again.code == 0, again.err
    assert digests(home) == row.members.digests


def test_a_set_lies_in_the_home_as_a_whole(visiqc: Run, home: Path, candidate: Path, comparison: Comparison) -> None:
    assert visiqc("model", "promote", candidate, "--yes").code == 0
    there = {str(file.relative_to(home / "models")) for file in (home / "models").rglob("*") if file.is_file()}
    models = {f"{model}/{file}" for model in MODELS for file in ("card.yaml", "model.onnx")}
    assert there == models | {"fleet/halo-1/fleet.json", "fleet/halo-1/cohort.npy"}


MODELS = ("trunk/lite0-1", "identity/halo-1", "defect/halo-1", f"mask/{SHIPPED[DEFAULT_TRUNK].mask}")


def test_a_worse_challenger_is_refused_with_the_table_and_changes_nothing(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison
) -> None:
    comparison.worse = True
    before = digests(home)
    ran = visiqc("model", "promote", candidate, "--yes")
    assert ran.code == 4
    assert "challenger 0.900" in ran.out
    assert "is worse than what is in force" in ran.err
    assert (rows(home), digests(home)) == ((), before)
    ran = visiqc("model", "promote", candidate, "--override", "knows the new alloy", "--yes")
    assert ran.code == 0
    (row,) = rows(home)
    assert (row.overridden, row.why, row.comparison["worse"]) == (True, "knows the new alloy", True)
    assert 'although worse: "knows the new alloy"' in visiqc("model", "history").out


def test_a_challenger_that_passes_what_an_inspector_rejected_is_refused_by_the_name_of_the_photo(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison, scratched: Path
) -> None:
    parts = build_parts(Settings(home=home, device="cpu", threads=1))
    (upload,) = accept_photos("signet", [SentPhoto(name="ring.jpg", content=scratched.read_bytes())], parts)
    seen = verdict_of(upload, parts.records.golden("signet", 1), parts)
    models, fleet = other_models("halo-1")
    passed = replace(seen, outcome=Outcome.PASS, reasons=(), model_digests=(*models.digests, fleet.digest))
    passed = replace(passed, calibration=replace(seen.calibration, source=fleet.digest))
    for verdict in (replace(seen, outcome=Outcome.REVIEW, reasons=(a_reason(),)), passed):
        parts.records.add_verdict(verdict)
    review_photo(upload.id, Decision.REJECT, parts, author=Author(id="user-1", name="Ana (inspector)"))
    cast("SqlRecords", parts.records).close()

    ran = visiqc("model", "promote", candidate, "--yes")
    assert (ran.code, "is worse than what is in force" in ran.err, rows(home)) == (4, True, ())
    assert f"it passes ring.jpg ({upload.id})" in ran.out
    assert visiqc("model", "promote", candidate, "--override", "a stain, wiped off", "--yes").code == 0
    (row,) = rows(home)
    assert (row.overridden, row.comparison["answered"]["lost"]) == (True, [upload.id])


def test_where_nobody_can_be_asked_yes_must_have_been_said(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False))
    ran = visiqc("model", "promote", candidate)
    assert (ran.code, rows(home)) == (2, ())
    assert "say --yes" in " ".join(ran.err.split())


def test_heads_without_a_sidecar_of_their_own_are_refused(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison
) -> None:
    shutil.rmtree(candidate / "candidate" / "fleet")
    ran = visiqc("model", "promote", candidate, "--yes")
    assert ran.code == 4
    assert "no fleet sidecar that was built with exactly these models" in ran.err
    assert "training/calibrate_fleet.py" in ran.err


def test_two_candidates_complete_each_other_and_what_is_in_force(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison
) -> None:
    root = candidate / "candidate"
    named = [root / task / "halo-1" for task in ("identity", "defect", "fleet")]
    assert visiqc("model", "promote", *named, "--yes").code == 0
    ran = visiqc("model", "promote", *named, "--yes")
    assert (ran.code, "in force already" in ran.err) == (4, True)


def test_another_content_under_a_version_that_exists_is_refused(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison, tmp_path: Path
) -> None:
    assert visiqc("model", "promote", candidate, "--yes").code == 0
    content = a_defect_graph(seed=7)
    other = put_model(tmp_path / "other", a_defect_card(content, "halo-1"), content)
    ran = visiqc("model", "promote", other, "--yes")
    assert (ran.code, "versions never change" in ran.err) == (4, True)


def test_with_models_named_in_the_environment_nothing_is_promoted(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISIQC_DEFECT", "none")
    for arguments in (("promote", candidate, "--yes"), ("rollback",)):
        ran = visiqc("model", *arguments)
        assert (ran.code, "unset them" in ran.err) == (4, True)
    assert "what VISIQC_TRUNK, VISIQC_IDENTITY, VISIQC_DEFECT and VISIQC_MASK name" in visiqc("model", "list").out


def test_a_broken_champion_does_not_stop_a_rollback(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison
) -> None:
    before = digests(home)
    assert visiqc("model", "promote", candidate, "--yes").code == 0
    model = home / "models" / "defect" / "halo-1" / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    assert visiqc("model", "list").code == 0
    assert visiqc("score", "signet", bundled_samples() / "dora-signet" / "uploads" / "jig-defective-4.jpg").code == 5
    assert visiqc("model", "rollback").code == 0
    assert digests(home) == before


def test_goldens_can_be_made_ready_again_by_hand(visiqc: Run, home: Path) -> None:
    ran = visiqc("model", "refit")
    assert (ran.code, "1 approved golden versions are ready" in ran.out) == (0, True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own, of its own dependencies
def test_a_registered_challenger_is_promoted_and_becomes_champion(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from visiqc.errors import NotFound
    from visiqc.training import registry
    from visiqc.training.tracking import open_tracker

    root = candidate / "candidate"
    with open_tracker("defect", tmp_path / "run") as tracker:
        number, _ = (
            tracker.register(
                f"visiqc-{task}", root / task / "halo-1" / "model.onnx", beside=[root / "fleet" / "halo-1"]
            )
            for task in ("defect", "identity")
        )
    both = ("--registry", "visiqc-defect@challenger", "--registry", "visiqc-identity@challenger")
    ran = visiqc("model", "promote", *both, "--yes")
    assert ran.code == 0, ran.err
    assert rows(home)[0].members.fleet.version == "halo-1"
    assert f"champion stands for version 1 of visiqc-identity, version {number} of visiqc-defect." in ran.out
    # What ships was never registered: the alias must not go on naming what no longer scores.
    assert visiqc("model", "rollback").code == 0
    with pytest.raises(NotFound):
        registry.version_of("visiqc-defect", "champion")
    # A folder is found by its digest. MLflow is away at first, and the set is in force already when it is back.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert visiqc("model", "promote", candidate, "--yes").code == 0
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert "champion stands for" in visiqc("model", "refit").out
    assert registry.version_of("visiqc-defect", "champion") == number
    registry.clear_alias("visiqc-defect", "champion")
    again = visiqc("model", "promote", *both, "--yes")
    assert (again.code, "in force already" in again.out) == (0, True), again.err
    assert registry.version_of("visiqc-defect", "champion") == number
    assert visiqc("model", "rollback").code == 0
    assert visiqc("model", "promote", candidate, "--yes").code == 0
    assert registry.version_of("visiqc-identity", "champion") == "1"
    assert visiqc("model", "rollback").code == 0
    ran = visiqc("model", "promote", root / "identity" / "halo-1", root / "fleet" / "halo-1", *both[:2], "--yes")
    assert ran.code == 0, ran.err
    assert rows(home)[0].members.defect is not None
    assert registry.version_of("visiqc-defect", "champion") == number
    assert visiqc("model", "promote", "--registry", "visiqc-defect@nobody", "--yes").code == 4
    assert visiqc("model", "promote", "--registry", "visiqc-defect", "--yes").code == 3


def test_where_mlflow_is_away_the_models_change_all_the_same_and_it_is_said_what_to_do(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = visiqc("model", "promote", candidate, "--yes")
    assert (ran.code, "MLflow" in ran.out + ran.err) == (0, False), "no registry was ever made"
    assert not (tmp_path / "cache" / "mlflow.sqlite3").exists()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    ran = visiqc("model", "rollback")
    (line,) = [line for line in ran.err.splitlines() if "champion" in line]
    assert (ran.code, line.endswith("once it answers: visiqc model refit")) == (0, True)
    assert rows(home)[-1].shipped


@pytest.mark.slow
@pytest.mark.parametrize("where", ["copying", "moved", "fitting", "committing"])
def test_a_promotion_that_is_killed_leaves_the_old_set_in_force_and_can_be_done_again(
    visiqc: Run, home: Path, candidate: Path, comparison: Comparison, where: str
) -> None:
    before = digests(home)
    child = [sys.executable, Path(__file__).with_name("child_that_promotes.py"), home, candidate, where]
    ended = subprocess.run(child, capture_output=True, text=True, env=os.environ, timeout=120, check=False)
    assert ended.returncode == -9, ended.stderr
    assert (rows(home), digests(home)) == ((), before)
    assert visiqc("model", "list").code == 0
    ran = visiqc("model", "promote", candidate, "--yes")
    assert ran.code == 0, ran.err
    assert digests(home) == rows(home)[0].members.digests != before
