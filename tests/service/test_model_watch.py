from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from builders import a_model_set, digest_of, members
from services import NamedModel, Scoring, a_service, memory_parts, photos, wait_until
from visiqc.domain.model_set import ModelSet
from visiqc.domain.verdict import Verdict
from visiqc.errors import IntegrityError, Unavailable
from visiqc.inspection.parts import Models, Parts
from visiqc.service import model_watch
from visiqc.service.app import create_app
from visiqc.service.metrics import Metrics
from visiqc.service.model_watch import ModelWatch, PartsKeeper
from visiqc.settings import Settings

FIRST, SECOND = a_model_set(), a_model_set(id="set-2", supersedes="set-1", members=members("halo-2"))


def parts_of(chosen: ModelSet, parts: Parts) -> Parts:
    """Parts with models that have the digests of a set, and nothing else."""
    named = {task: NamedModel(ref.digest) for task, ref in chosen.members.models.items()}
    fleet = SimpleNamespace(digest=chosen.members.fleet.digest)
    return replace(parts, models=Models(**named), fleet=fleet)  # type: ignore[arg-type]


@dataclass
class Loader:
    """Loads what it is asked, or fails as it was told."""

    fails: Exception | None = None
    asked: list[ModelSet | None] = field(default_factory=list)

    def __call__(self, chosen: ModelSet | None, parts: Parts) -> Parts:
        self.asked.append(chosen)
        if self.fails:
            raise self.fails
        assert chosen is not None
        return parts_of(chosen, parts)


@dataclass
class Watched:
    keeper: PartsKeeper
    loader: Loader
    metrics: Metrics
    watch: ModelWatch

    @property
    def records(self) -> Any:
        return self.keeper.current.records


@pytest.fixture
def watched() -> Watched:
    keeper, loader, metrics = PartsKeeper(memory_parts()), Loader(), Metrics()
    return Watched(keeper, loader, metrics, ModelWatch(keeper, loader, metrics, every_s=0.01))


def test_without_a_promotion_nothing_is_loaded(watched: Watched) -> None:
    before = watched.keeper.current
    watched.watch.look()
    watched.watch.look()
    assert (watched.loader.asked, watched.keeper.current) == ([], before)


def test_a_promoted_set_takes_over_once(watched: Watched) -> None:
    watched.watch.look()
    for row in (FIRST, SECOND):
        watched.records.add_model_set(row)
        watched.watch.look()
        watched.watch.look()
        assert watched.keeper.current.models.digests == row.members.model_digests
    assert watched.loader.asked == [FIRST, SECOND]
    text = watched.metrics.exposition().decode()
    assert "visiqc_model_swaps_total 2.0" in text
    assert digest_of("identity halo-2")[:12] in text
    assert digest_of("identity halo-1")[:12] not in text


def test_a_service_that_was_started_with_the_promoted_set_loads_nothing(watched: Watched) -> None:
    watched.records.add_model_set(FIRST)
    watched.keeper.put(parts_of(FIRST, watched.keeper.current))
    watched.watch.look()
    assert watched.loader.asked == []


def test_a_set_promoted_while_the_service_started_takes_over(watched: Watched) -> None:
    watched.records.add_model_set(FIRST)
    watched.watch.look()
    assert watched.loader.asked == [FIRST]


def test_a_set_that_cannot_be_loaded_leaves_the_old_one_and_says_so(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = watched.keeper.current
    watched.records.add_model_set(FIRST)
    watched.loader.fails = IntegrityError("model defect halo-1 was changed")
    watched.watch.look()
    watched.watch.look()
    assert (len(watched.loader.asked), watched.keeper.current, watched.watch.behind) == (1, before, True)
    text = watched.metrics.exposition().decode()
    assert "visiqc_models_behind 1.0" in text
    assert "visiqc_model_load_failures_total 1.0" in text
    monkeypatch.setattr(model_watch, "RETRY_S", -1)
    watched.loader.fails = None
    watched.watch._again_at = 0
    watched.watch.look()
    assert (watched.watch.behind, watched.keeper.current.models.digests) == (False, FIRST.members.model_digests)
    assert "visiqc_models_behind 0.0" in watched.metrics.exposition().decode()


def test_returning_to_the_set_that_still_scores_ends_being_behind(watched: Watched) -> None:
    watched.records.add_model_set(FIRST)
    watched.watch.look()
    watched.records.add_model_set(SECOND)
    watched.loader.fails = Unavailable("no memory")
    watched.watch.look()
    assert watched.watch.behind
    watched.records.add_model_set(
        replace(SECOND, id="set-3", supersedes="set-2", members=FIRST.members, move="rolled_back", restores="set-1")
    )
    watched.watch.look()
    assert not watched.watch.behind
    assert len(watched.loader.asked) == 2


def test_a_database_that_is_out_of_reach_is_asked_again(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise Unavailable("the database is busy")

    with monkeypatch.context() as patch:
        patch.setattr(watched.records, "current_model_set", gone)
        watched.watch.look()
    watched.records.add_model_set(FIRST)
    watched.watch.look()
    assert watched.loader.asked == [FIRST]


def test_the_watch_outlives_a_mistake_and_ends_when_told(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_watch, "RETRY_S", 0.0)
    watched.loader.fails = ZeroDivisionError()
    watched.watch.start()
    watched.records.add_model_set(FIRST)
    wait_until(lambda: len(watched.loader.asked) >= 2)
    watched.loader.fails = None
    wait_until(lambda: watched.keeper.current.models.digests == FIRST.members.model_digests)
    watched.watch.stop()
    assert not any(thread.name == "model-watch" and thread.is_alive() for thread in threading.enumerate())


def test_a_photo_under_way_is_finished_with_the_models_it_began_with() -> None:
    began, swapped, given = threading.Event(), threading.Event(), []
    inner = Scoring()

    def score(upload_id: str, parts: Parts) -> Verdict:
        given.append(parts)
        began.set()
        assert swapped.wait(10)
        return inner(upload_id, parts)

    parts = a_service().parts
    app = create_app(parts, Settings(), open_access=True, score=score)
    with TestClient(app, base_url="http://127.0.0.1") as client, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client.post, "/v1/score", data={"sku": "halo-1"}, files=photos("a.jpg"))
        assert began.wait(10)
        renewed = parts_of(FIRST, parts)
        app.state.shop.keeper.put(renewed)
        swapped.set()
        assert sending.result().json()["scores"][0]["status"] == "done"
        client.post("/v1/score", data={"sku": "halo-1"}, files=photos("b.jpg"))
    assert (given[0] is parts, given[1] is renewed) == (True, True)


def test_being_behind_is_told_by_readyz_and_does_not_take_the_service_out_of_rotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = a_service(model_poll_s=0.1, home=tmp_path)
    with service.client() as client:
        service.parts.records.add_model_set(FIRST)  # whose files lie nowhere
        wait_until(lambda: client.get("/readyz").json()["checks"]["models"] == "behind")
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)


def test_where_settings_name_models_nothing_is_looked_for() -> None:
    assert Settings(defect="none").names_models
    with a_service(defect="none").client():
        assert not any(thread.name == "model-watch" and thread.is_alive() for thread in threading.enumerate())
